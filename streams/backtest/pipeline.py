"""The way from a scored event to an escalation, in memory, on a clock that the events move. Pure."""

from collections import deque
from typing import Final

from schemas.escalations import Escalation, decode_escalation
from schemas.events import ticket_key
from schemas.scored import ScoredEvent, encode_event
from streams import topics
from streams.engine.log import Outgoing
from streams.engine.offline import Given, OfflinePartition
from streams.engine.stage import Output
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.policy import Policy
from streams.registry import RegistryStage
from streams.track import TrackStage
from streams.track.timers import first_due
from streams.windows import WindowRules

# No escalation depends on a window: one a day costs the least.
_RULES: Final = WindowRules(sizes=(86_400,))
# A tick looks at a few hundred rows for what may be forgotten. With one for so many events, and one an hour, no more
# is kept than the conversations that are remembered.
_EVENTS_A_TICK: Final = 100
_HOUR_MS: Final = 3_600_000


class Pipeline:
    """`track` and `registry` as they run live, under one policy for everyone, or as a book says.

    An event is appended when it occurred. What live takes a moment takes none here: the registry answers at once, and
    a timer goes off at the end of its five seconds. `event_ids` is how many ids of each ticket are remembered.
    """

    def __init__(self, policy: Policy | PolicyBook, event_ids: int) -> None:
        book = policy if isinstance(policy, PolicyBook) else _silent(policy)
        self._track = OfflinePartition(TrackStage(book, event_ids, _RULES), topics.DEAD_LETTERS)
        self._registry = OfflinePartition(RegistryStage(), topics.DEAD_LETTERS)
        self._offset = 0
        self._ticked = 0
        self._since_tick = 0
        self.duplicates = 0
        self.failed = 0

    def apply(self, event: ScoredEvent) -> list[Escalation]:
        """What an event escalates or raises. Events come in the order of their times, and the clock goes there first:
        see `pass_time`.
        """
        now = round(event.occurred_at.timestamp() * 1000)
        record = self._given(ticket_key(event.tenant, event.ticket_id), encode_event(event), now)
        escalations = self._outcome(self._track.process([record], now), now)
        self._since_tick += 1
        if self._since_tick >= _EVENTS_A_TICK or now - self._ticked >= _HOUR_MS:
            escalations += self._tick(now)
        return escalations

    def pass_time(self, until: int) -> list[Escalation]:
        """What the clock alone escalates before `until` (Unix milliseconds)."""
        escalations: list[Escalation] = []
        while (due := first_due(self._track.view())) < until:
            escalations += self._tick(max(due, self._ticked))
        return escalations

    def _tick(self, now: int) -> list[Escalation]:
        self._ticked, self._since_tick = now, 0
        self._outcome(self._registry.tick(now), now)
        return self._outcome(self._track.tick(now), now)

    def _outcome(self, output: Output, now: int) -> list[Escalation]:
        """The escalations of an output, and of what the registry's answers to it lead to."""
        escalations: list[Escalation] = []
        outputs = deque([output])
        while outputs:
            output = outputs.popleft()
            self.duplicates += output.counts[("duplicates",)]
            for sent in output.records:
                if sent.topic == topics.ESCALATIONS:
                    escalations.append(decode_escalation(sent.value or b""))
                elif sent.topic == topics.REGISTRY:
                    outputs.append(self._registry.process([self._sent(sent, now)], now))
                elif sent.topic == topics.SCORED:
                    outputs.append(self._track.process([self._sent(sent, now)], now))
                elif sent.topic == topics.DEAD_LETTERS:
                    self.failed += 1
        return escalations

    def _sent(self, sent: Outgoing, now: int) -> Given:
        given = self._given(sent.key, sent.value, now)
        return given._replace(headers=sent.headers)

    def _given(self, key: bytes | None, value: bytes | None, now: int) -> Given:
        self._offset += 1
        return Given(self._offset, now, key, value)


def _silent(policy: Policy) -> PolicyBook:
    """Nobody is told of anything, and no escalation depends on that."""
    silent = policy.model_copy(update={"acknowledge": None, "remind": None, "late": None})
    return PolicyBook({policy.name: silent}, BookFile(default=policy.name))
