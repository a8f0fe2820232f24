"""Gauges of the newest final window: which window is shown, for how long, and for how many tenants and channels."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from schemas.windows import Totals, Watermark, WindowAggregate, WindowKey, WindowPartial, aggregate, encode
from sinks.window_gauges import Figure, Source, WindowGauges
from streams.engine.stage import Output
from streams.engine.telemetry import PrometheusWatch
from streams.trends import TrendsStage
from tests.unit.records import NINE, RULES, Appended, Partition

NINE_SECONDS = NINE // 1000
HERE, THERE = Source("trends", 0), Source("trends", 1)
LATER = NINE + 3_600_000
FIGURES = {
    "events": Figure("Events.", lambda window: window.totals.events),
    "share": Figure("Share.", lambda window: window.negative_share),
}


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NINE

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def window(
    events: int, *, tenant: str = "acme", channel: str = "", start: int = 0, revision: int = 1, scored: int = 0
) -> WindowAggregate:
    key = WindowKey(tenant, 60, NINE_SECONDS + start, "channel" if channel else "overall", channel)
    return aggregate(key, Totals(events=events, scored=scored, negative=scored), revision, final=True)


def scrape(gauges: WindowGauges) -> list[str]:
    registry = CollectorRegistry()
    registry.register(gauges)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_the_newest_window_is_shown_whatever_the_order(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock)
    for number, start in enumerate((0, 120, 60)):
        assert gauges.show(HERE, window(number, start=start), LATER)
    assert scrape(gauges) == ['events{channel="all",size="60",tenant="acme"} 1.0']


def test_a_later_revision_of_the_same_window_replaces_it_and_an_earlier_one_does_not(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock)
    for revision in (2, 3, 1):
        gauges.show(HERE, window(revision, revision=revision), LATER)
    assert scrape(gauges) == ['events{channel="all",size="60",tenant="acme"} 3.0']


def test_a_figure_that_a_window_does_not_have_is_no_longer_shown(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock)
    gauges.show(HERE, window(4, scored=4, channel="email"), LATER)
    assert scrape(gauges)[1:] == ['share{channel="email",size="60",tenant="acme"} 1.0']
    gauges.show(HERE, window(4, start=60, channel="email"), LATER)
    assert scrape(gauges) == ['events{channel="email",size="60",tenant="acme"} 4.0']


def test_a_window_is_shown_until_its_time_is_over(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock)
    gauges.show(HERE, window(1), LATER)
    clock.now = LATER - 1
    assert len(scrape(gauges)) == 1
    clock.now = LATER
    assert scrape(gauges) == []


def test_what_a_partition_told_goes_with_it(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock)
    gauges.show(HERE, window(1, tenant="acme"), LATER)
    gauges.show(THERE, window(2, tenant="other"), LATER)
    gauges.forget(HERE)
    assert scrape(gauges) == ['events{channel="all",size="60",tenant="other"} 2.0']


def test_tenants_are_bounded_and_one_that_has_nothing_to_show_makes_room(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock, tenants=2)
    assert [gauges.show(HERE, window(1, tenant=name), LATER) for name in ("a", "b", "c")] == [True, True, False]
    assert gauges.show(HERE, window(2, tenant="a", start=60), LATER)
    clock.now = LATER
    assert gauges.show(HERE, window(1, tenant="c", start=3600), LATER + 1)
    assert scrape(gauges) == ['events{channel="all",size="60",tenant="c"} 1.0']


def test_channels_are_bounded_and_all_of_them_together_are_none(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock, channels=2)
    told = [gauges.show(HERE, window(1, channel=channel), LATER) for channel in ("email", "", "chat", "fax")]
    assert told == [True, True, True, False]


def test_an_old_window_takes_no_room(clock: Clock) -> None:
    gauges = WindowGauges(FIGURES, clock, tenants=1)
    assert gauges.show(HERE, window(1, tenant="replayed"), NINE)
    assert gauges.show(HERE, window(1, tenant="acme"), LATER)


# -- which windows the stage shows


def partial(dimension: str, value: str, start: int = 0) -> Appended:
    key = WindowKey("acme", 60, NINE_SECONDS + start, dimension, value)
    return Appended(0, NINE, key.encode(), encode(WindowPartial(0, key, Totals(events=1))))


def mark(seconds: int) -> Appended:
    return Appended(0, NINE, b"watermark", encode(Watermark(0, 1, NINE + seconds * 1000)))


@pytest.mark.parametrize(
    ("dimension", "value", "shown"),
    [("overall", "", True), ("channel", "email", True), ("category", "billing", False), ("priority", "high", False)],
)
def test_final_windows_are_shown_overall_and_by_channel(dimension: str, value: str, shown: bool) -> None:
    trends = Partition(TrendsStage(RULES))
    trends.process(partial(dimension, value))
    trends.tick(NINE)
    assert trends.shown == []
    trends.process(mark(60 + RULES.allowed_lateness))
    trends.tick(NINE)
    assert [(each.window.value, each.window.final) for each in trends.shown] == [(value, True)] * shown


def test_a_window_is_shown_until_the_one_after_the_next_is_overdue() -> None:
    trends = Partition(TrendsStage(RULES))
    trends.process(partial("overall", ""), mark(60 + RULES.allowed_lateness))
    trends.tick(NINE)
    [(_, until)] = trends.shown
    after_the_next = NINE + (3 * 60 + RULES.allowed_lateness) * 1000
    assert after_the_next < until <= after_the_next + 120_000


# -- what a worker exports


@pytest.fixture
def watch(clock: Clock) -> PrometheusWatch:
    return PrometheusWatch(TrendsStage(RULES), "ticketpulse-trends", clock)


def exported(name: str) -> dict[str, float]:
    """Every series of a metric that this process has, by its labels."""
    lines = (line.rsplit(" ", 1) for line in generate_latest().decode().splitlines() if line.startswith(name))
    return {series.removeprefix(name): float(value) for series, value in lines}


def test_a_worker_shows_what_was_committed_until_it_gives_the_partition_up(watch: PrometheusWatch) -> None:
    output = Output()
    far = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
    output.show(window(7, tenant="shown-by-a-worker"), far)
    series = '{channel="all",size="60",tenant="shown-by-a-worker"}'
    watch.applied(0, 0, output, 0.0, 0.0)
    assert exported("helpdesk_window_events")[series] == 7
    assert exported("helpdesk_window_end_timestamp_seconds")[series] == NINE_SECONDS + 60
    watch.given_up(1)
    assert series in exported("helpdesk_window_events")
    watch.given_up(0)
    assert series not in exported("helpdesk_window_events")


def test_what_is_left_out_is_counted(watch: PrometheusWatch) -> None:
    output = Output()
    far = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
    for number in range(23):
        output.show(window(1, tenant=f"tenant-{number}"), far)
    before = exported("helpdesk_windows_left_out_total")['{stage="trends"}']
    watch.applied(0, 0, output, 0.0, 0.0)
    after = exported("helpdesk_windows_left_out_total")['{stage="trends"}']
    watch.given_up(0)
    assert after - before == 3


def test_counters_that_alerts_watch_begin_at_zero(watch: PrometheusWatch) -> None:
    letters = exported("helpdesk_dead_letters_total")
    assert letters['{reason="processing_failed",stage="trends"}'] == 0
    assert exported("helpdesk_unread_records_expired_total")['{stage="trends"}'] == 0
    assert exported("helpdesk_alerts_total")['{kind="silence",severity="critical",state="resolved"}'] == 0


def standing(**firing: int) -> Output:
    output = Output()
    output.stand(
        "alerts_firing", Counter({("spike", measure, "warning"): number for measure, number in firing.items()})
    )
    return output


def test_alerts_that_fire_are_those_of_all_partitions_at_their_last_ticks(watch: PrometheusWatch) -> None:
    def firing() -> dict[str, float]:
        found = exported("helpdesk_alerts_firing")
        series = {name: f'{{kind="spike",measure="{name}",severity="warning"}}' for name in ("one", "other")}
        return {name: found[labels] for name, labels in series.items()}

    def tick(partition: int, output: Output) -> None:
        watch.ticked(partition, 0, lag=0, newest=NINE, output=output)

    tick(0, standing(one=2, other=1))
    tick(1, standing(one=1))
    assert firing() == {"one": 3, "other": 1}
    # A tick that failed tells nothing of it, and nothing has changed.
    tick(0, Output())
    assert firing() == {"one": 3, "other": 1}
    tick(0, standing(one=1))
    assert firing() == {"one": 2, "other": 0}
    watch.given_up(1)
    assert firing() == {"one": 1, "other": 0}
    # Another owner tells what it reads in the state.
    tick(1, standing(one=1, other=4))
    assert firing() == {"one": 2, "other": 4}
    watch.given_up(0)
    watch.given_up(1)
    assert firing() == {"one": 0, "other": 0}


def test_the_lag_in_seconds_is_of_the_partition_that_is_furthest_behind(watch: PrometheusWatch, clock: Clock) -> None:
    def lag() -> float:
        return exported("helpdesk_lag_seconds")['{stage="trends"}']

    watch.ticked(0, 0, lag=5, newest=NINE - 90_000, output=Output())
    watch.ticked(1, 0, lag=1, newest=NINE - 2_000, output=Output())
    # An old record where nothing waits is silence and no lag.
    watch.ticked(2, 0, lag=0, newest=NINE - 3_600_000, output=Output())
    assert lag() == 90
    watch.given_up(0)
    assert lag() == 2
    watch.ticked(1, 0, lag=0, newest=NINE, output=Output())
    assert lag() == 0
