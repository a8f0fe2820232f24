"""A history played to two policies at once. Pure: texts come in as events, scorers as arguments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from schemas.escalations import Escalation
from schemas.events import TicketEvent, ticket_key
from schemas.readings import PresetName
from streams.backtest.cases import Cases
from streams.backtest.pipeline import Pipeline
from streams.backtest.report import HistoryFigures, Known, Played, Report, report
from streams.backtest.tickets import Tickets
from streams.escalation.policy import Policy
from streams.score import Received, score_events
from streams.scoring import Explainer
from streams.scoring.readings import Reader


class Preset(NamedTuple):
    """How texts are scored and read."""

    scorer: Explainer
    reader: Reader


class _Side:
    def __init__(self, policy: Policy, event_ids: int) -> None:
        self.policy = policy
        self.pipeline = Pipeline(policy, event_ids)
        self.cases = Cases()

    def played(self) -> Played:
        return Played(self.policy, self.cases, self.pipeline.duplicates, self.pipeline.failed)


class BackTest:
    """Plays events to two policies. `presets` holds those that the policies read by.

    What is kept: the conversations that each policy remembers (seven days, usually), some figures of every ticket, and
    every escalation with an excerpt of its text.
    """

    def __init__(self, one: Policy, other: Policy, presets: Mapping[PresetName, Preset], event_ids: int = 100) -> None:
        self._one, self._other = _Side(one, event_ids), _Side(other, event_ids)
        # Policies that read by the same preset share the work.
        self._presets = {name: presets[name] for name in dict.fromkeys((one.reads, other.reads))}
        self._tickets = Tickets()
        self._events = 0
        self._begin: TicketEvent | None = None
        self._end: TicketEvent | None = None

    @property
    def cases(self) -> tuple[Cases, Cases]:
        """What each policy has escalated so far."""
        return self._one.cases, self._other.cases

    def play(self, events: Sequence[TicketEvent]) -> None:
        """Play events, in the order of their times, also from call to call."""
        if not events:
            return
        self._events += len(events)
        self._begin, self._end = self._begin or events[0], events[-1]
        received = [Received(event, event.occurred_at) for event in events]
        scored = {name: score_events(received, *preset) for name, preset in self._presets.items()}
        for place, event in enumerate(events):
            now = round(event.occurred_at.timestamp() * 1000)
            for side in (self._one, self._other):
                self._take(side, side.pipeline.pass_time(now))
            self._tickets.add(event)
            for side in (self._one, self._other):
                self._take(side, side.pipeline.apply(scored[side.policy.reads][place]))

    def report(
        self, source: str, unreadable: int = 0, told: Mapping[bytes, bool] | None = None, examples: int = 3
    ) -> Report:
        """What was found. The clock stops with the last event: what would be due after it is not known. `told` are
        outcomes by ticket key, where somebody knows them.
        """
        begin, end = ((each.occurred_at if each else None) for each in (self._begin, self._end))
        if end is not None:
            for side in (self._one, self._other):
                self._take(side, side.pipeline.pass_time(round(end.timestamp() * 1000) + 1))
        history = HistoryFigures(
            source=source,
            events=self._events,
            unreadable=unreadable,
            tickets=len(self._tickets),
            begin=begin,
            end=end,
        )
        known = Known(len(self._tickets), *self._tickets.outcomes(told))
        return report(history, self._one.played(), self._other.played(), known, examples)

    def _take(self, side: _Side, records: Iterable[Escalation]) -> None:
        for record in records:
            side.cases.add(record, self._tickets.resolved(ticket_key(record.tenant, record.ticket_id)))
