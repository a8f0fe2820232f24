"""What partition tasks report, as Prometheus metrics."""

import itertools
from collections import Counter as Tally
from collections.abc import Callable
from typing import get_args

from prometheus_client import Counter, Gauge

from schemas import alerts
from schemas.events import tenant_of
from schemas.rejections import Reason
from sinks import prometheus as metrics
from sinks.notify.targets import PROVIDERS
from sinks.window_gauges import Source
from streams import topics
from streams.engine.stage import Output, Stage

# What stages count, by name. The stage is the first label of the ones listed here; others have labels of their own.
_BY_STAGE: dict[str, Counter] = {
    "dead_letters": metrics.DEAD_LETTERS,
    "duplicates": metrics.DUPLICATES,
    "late": metrics.LATE_EVENTS,
    "future": metrics.FUTURE_EVENTS,
    "cut": metrics.CUT_MESSAGES,
    "unwatched": metrics.UNWATCHED,
    "others": metrics.OTHER_VALUES,
    "redacted": metrics.REDACTED,
    "suppressed": metrics.SUPPRESSED,
}
_PLAIN: dict[str, Counter] = {
    "alerts": metrics.ALERTS,
    "assignments": metrics.ASSIGNMENTS,
    "escalations": metrics.ESCALATIONS,
    "notifications": metrics.NOTIFICATIONS,
    "scored": metrics.SCORED,
    "shadowed": metrics.SHADOWED,
    "shadow_left": metrics.SHADOW_LEFT,
    "unscored": metrics.UNSCORED,
}
_STANDING: dict[str, Gauge] = {
    "alerts_firing": metrics.ALERTS_FIRING,
    "notifications_overdue": metrics.NOTIFICATIONS_OVERDUE,
    "tickets_waiting": metrics.TICKETS_WAITING,
    "tickets_wait_long": metrics.TICKETS_WAIT_LONG,
    "tickets_unassignable": metrics.TICKETS_UNASSIGNABLE,
}


class PrometheusWatch:
    """Keeps `streams.engine.partition.Watch`. Gauges are of all partitions of this process together."""

    def __init__(self, stage: Stage, group: str, clock: Callable[[], int]) -> None:
        self._stage = stage
        self._group = group
        self._clock = clock
        self._rows: dict[int, int] = {}
        self._lags: dict[int, int] = {}
        self._behind: dict[int, float] = {}
        self._owned: set[int] = set()
        self._standing: dict[tuple[str, int], Tally[tuple[str, ...]]] = {}
        self._begin_at_zero()

    def took_over(self, partition: int, cause: str, rows: int) -> None:
        """A partition was taken over and its state read back."""
        metrics.TAKEOVERS.labels(self._stage.name, cause).inc()
        metrics.RECOVERED_ROWS.labels(self._stage.name).inc(rows)
        self._owned.add(partition)
        metrics.PARTITIONS_OWNED.labels(self._stage.name).set(len(self._owned))

    def expired(self, partition: int, offsets: int) -> None:
        """Retention was faster than we were."""
        metrics.EXPIRED_RECORDS.labels(self._stage.name).inc(offsets)

    def applied(
        self, partition: int, records: int, output: Output, stage_seconds: float, commit_seconds: float
    ) -> None:
        """A transaction was committed."""
        name = self._stage.name
        if records:
            metrics.EVENTS_IN.labels(name).inc(records)
            metrics.BATCH_RECORDS.labels(name).observe(records)
        metrics.TRANSACTION_SECONDS.labels(name).observe(commit_seconds)
        for topic, sent in Tally(outgoing.topic for outgoing in output.records).items():
            metrics.RECORDS_OUT.labels(name, topic).inc(sent)
        self._count(output, stage_seconds)
        if name == "score":
            # Before it nobody knows whose a record is.
            whose = Tally(tenant_of(each.key) for each in output.records if each.topic == topics.SCORED and each.key)
            for tenant, events in whose.items():
                metrics.TENANT_EVENTS.labels(metrics.TENANT_LABELS.label(tenant)).inc(events)
        for window, until in output.shown:
            if not metrics.WINDOWS.show(Source(name, partition), window, until):
                metrics.WINDOWS_LEFT_OUT.labels(name).inc()

    def _begin_at_zero(self) -> None:
        """Show what is alerted on before it first happens: Prometheus sees no rise in a series that begins with 1."""
        name = self._stage.name
        for reason in Reason:
            metrics.DEAD_LETTERS.labels(name, reason)
        for counter in (metrics.LATE_EVENTS, metrics.EXPIRED_RECORDS, metrics.WINDOWS_LEFT_OUT):
            counter.labels(name)
        if topics.NOTIFICATIONS in self._stage.outputs:
            for provider in PROVIDERS:
                metrics.NOTIFICATIONS.labels(provider, "failed")
        if topics.ALERTS in self._stage.outputs:
            for labels in itertools.product(*map(get_args, (alerts.Kind, alerts.Severity, alerts.State))):
                metrics.ALERTS.labels(*labels)

    def _count(self, output: Output, stage_seconds: float) -> None:
        texts = 0
        for (kind, *labels), number in output.counts.items():
            if kind in _BY_STAGE:
                _BY_STAGE[kind].labels(self._stage.name, *labels).inc(number)
            elif kind == "tenant_bytes":
                # Anybody may think up a tenant's name.
                metrics.TENANT_BYTES.labels(metrics.TENANT_LABELS.label(labels[0])).inc(number)
            else:
                _PLAIN[kind].labels(*labels).inc(number)
            texts += number if kind == "scored" else 0
        for _ in range(texts):
            metrics.SCORING_SECONDS.observe(stage_seconds / texts)

    def ticked(self, partition: int, state_rows: int, lag: int, newest: int | None, output: Output) -> None:
        """A second has passed, and what it led to is committed."""
        self._rows[partition] = state_rows
        self._lags[partition] = lag
        age = 0.0
        if newest is not None:
            age = max(0.0, (self._clock() - newest) / 1000)
            metrics.LAST_EVENT_AGE.labels(self._stage.name).set(age)
        self._behind[partition] = age if lag else 0.0
        for name, counts in output.standing.items():
            self._stand(name, partition, counts)
        self._report_sums()

    def given_up(self, partition: int) -> None:
        """The partition is no longer ours: its rows and lag are somebody else's to report."""
        self._owned.discard(partition)
        self._rows.pop(partition, None)
        self._lags.pop(partition, None)
        self._behind.pop(partition, None)
        metrics.WINDOWS.forget(Source(self._stage.name, partition))
        for name in _STANDING:
            self._stand(name, partition, Tally())
        metrics.PARTITIONS_OWNED.labels(self._stage.name).set(len(self._owned))
        self._report_sums()

    def _stand(self, name: str, partition: int, counts: Tally[tuple[str, ...]]) -> None:
        """Take over what a partition has of something, and show what all of them have together."""
        before = self._standing.pop((name, partition), Tally())
        self._standing[name, partition] = counts
        for labels in before | counts:
            of_all = (each[labels] for (of, _), each in self._standing.items() if of == name)
            _STANDING[name].labels(*labels).set(sum(of_all))

    def _report_sums(self) -> None:
        metrics.STATE_ROWS.labels(self._stage.name).set(sum(self._rows.values()))
        metrics.CONSUMER_LAG.labels(self._group, self._stage.input).set(sum(self._lags.values()))
        metrics.LAG_SECONDS.labels(self._stage.name).set(max(self._behind.values(), default=0.0))
