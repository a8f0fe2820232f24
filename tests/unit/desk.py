"""One preset's scoring, conversations and registry, put together as the pipeline does it."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from schemas.escalations import Escalation, decode_escalation
from schemas.events import TicketEvent
from schemas.readings import PresetName
from schemas.scored import encode_event
from streams import topics
from streams.conversations import Conversation
from streams.engine.log import Outgoing
from streams.escalation.book import PolicyBook, preset_book
from streams.registry import RegistryStage
from streams.score import Received, score_events
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS, MESSAGES
from tests.unit.reading import reader, scorer
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition, rekeyed

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Desk:
    """What happens to tickets under one policy. Each thing happens a minute after the one before it.

    Every method returns the escalations that it made or changed, as they were published.
    """

    def __init__(self, preset: PresetName, book: PolicyBook | None = None) -> None:
        self._preset = preset
        self._track = Partition(TrackStage(book or _book(preset), EVENT_IDS, RULES))
        self._registry = Partition(RegistryStage())
        self._events = 0
        self.now = NINE

    def says(self, text: str, ticket: str = "t1", **fields: Any) -> list[Escalation]:
        """A customer writes."""
        return self.happens(ticket, type="message", text=text, **fields)

    def opens(self, text: str, ticket: str = "t1", **fields: Any) -> list[Escalation]:
        """A customer opens a ticket."""
        return self.happens(ticket, **{"type": "created", "status": "new", "text": text, **fields})

    def answers(self, text: str, author: str = "agent", ticket: str = "t1") -> list[Escalation]:
        """An agent or the bot writes."""
        return self.happens(ticket, type="agent_reply", text=text, author=author)

    def becomes(self, status: str, ticket: str = "t1") -> list[Escalation]:
        """The ticket's status changes."""
        return self.happens(ticket, type="status_changed", status=status)

    def happens(self, ticket: str = "t1", after: int = MINUTE, **fields: Any) -> list[Escalation]:
        """Any event, so many milliseconds after the last one."""
        self._events += 1
        self.now += after
        at = datetime.fromtimestamp(self.now / 1000, UTC)
        known = {"event_id": f"e{self._events}", "ticket_id": ticket, "occurred_at": at, **fields}
        received = Received(msgspec.convert(known, TicketEvent), at)
        (made,) = score_events([received], scorer(self._preset), reader(self._preset))
        return self._settle(self._track.process(rekeyed(encode_event(made), self.now)))

    def waits(self, span: int) -> list[Escalation]:
        """Nothing happens for so many milliseconds."""
        self.now += span
        return self._settle(self._track.tick(self.now))

    def conversation(self, ticket: str = "t1") -> Conversation:
        """What is known of a ticket."""
        known = self._track.row(CONVERSATIONS, f"default/{ticket}".encode())
        assert known is not None
        return known

    def kept_messages(self) -> list[str]:
        """The texts that are kept, in their order."""
        rows = [self._track.row(MESSAGES, key) for key in self._track.keys(MESSAGES)]
        return [row.text for row in sorted(filter(None, rows), key=lambda row: row.number)]

    def _settle(self, sent: list[Outgoing]) -> list[Escalation]:
        """What was published, the registry's answers included."""
        published = [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]
        questions = [Appended(0, self.now, one.key, one.value) for one in sent if one.topic == topics.REGISTRY]
        for answer in self._registry.process(*questions) if questions else []:
            record = Appended(0, self.now, answer.key, answer.value, tuple((n, v or b"") for n, v in answer.headers))
            published += self._settle(self._track.process(record))
        return published


def newest(published: list[Escalation]) -> Escalation:
    """The escalation as it was told last."""
    assert published, "nothing was escalated"
    assert len({one.escalation_id for one in published}) == 1
    return max(published, key=lambda one: one.revision)


@cache
def _book(preset: PresetName) -> PolicyBook:
    return preset_book(preset)
