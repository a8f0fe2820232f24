"""Some hours of tickets through all stages and the sink, as they stand in a database before anything is scored anew."""

import asyncio
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams import topics
from streams.escalation.book import preset_book
from streams.score import ScoreStage
from streams.stages import load_preset
from streams.track import TrackStage
from streams.trends import TrendsStage
from streams.windows import WindowRules
from tests.unit.records import EVENT_IDS, FURIOUS, NINE, RULES, Partition, raw, rekeyed

MINUTE = 60_000
HOUR = 60 * MINUTE
NOON = datetime.fromtimestamp((NINE + 3 * HOUR) / 1000, UTC)
WORDS = (
    FURIOUS,
    "Thank you, that was quick and friendly.",
    "I was charged twice for one order and nobody answers.",
    "The app crashes when I open the invoice.",
    "Where is my parcel? It was due on Monday.",
    "",
)


class Stored:
    """The stages, live: what is appended goes through all of them and is kept for the sink."""

    def __init__(self, preset: Any = "support", rules: WindowRules = RULES) -> None:
        book = preset_book(preset)
        self.score = Partition(ScoreStage(book, load_preset))
        self.track = Partition(TrackStage(book, EVENT_IDS, rules))
        self.trends = Partition(TrendsStage(rules))
        self.now = NINE
        self.offset = 0
        self.messages: list[Message] = []

    def append(self, **fields: Any) -> None:
        """One event; it happened now unless it says otherwise."""
        self.offset += 1
        fields = {"event_id": f"e{self.offset}", "occurred_at": self.now, **fields}
        for one in self.score.process(raw(self.offset, self.now, **fields)):
            if one.topic == topics.SCORED:
                self._keep(one.topic, one.value or b"")
                self._sent(self.track.process(rekeyed(one.value or b"", self.now)))

    def pass_time(self, milliseconds: int, *, idle: bool = True) -> None:
        """Then one tick of every stage."""
        self.now += milliseconds
        self._sent(self.track.tick(self.now, idle=idle))
        self._sent(self.trends.tick(self.now, idle=idle))

    def take(self) -> list[Message]:
        """What was not taken before."""
        taken, self.messages = self.messages, []
        return taken

    def _sent(self, sent: list[Any]) -> None:
        for one in sent:
            if one.topic in (topics.ESCALATIONS, topics.WINDOWS):
                self._keep(one.topic, one.value or b"")
            elif one.topic == topics.PARTIALS:
                self.trends.process(raw(0, self.now)._replace(key=one.key, value=one.value))

    def _keep(self, topic: str, value: bytes) -> None:
        self.kept = getattr(self, "kept", 0) + 1
        self.messages.append(Message(topic, 0, self.kept, self.now, None, value))


def tickets(preset: Any = "analytics", number: int = 20) -> Stored:
    """Tickets of two tenants over some hours, scored by a preset that is not the usual one, and a quiet day."""
    stored = Stored(preset)
    for each in range(number):
        ticket = {"ticket_id": f"t{each:03}", "tenant": "acme" if each % 4 == 0 else "default"}
        ticket["channel"] = ("email", "chat", "whatsapp")[each % 3]
        stored.append(**ticket, type="created", text=WORDS[each % 5], subject="Help", priority="high")
        stored.pass_time(MINUTE, idle=False)
        stored.append(**ticket, type="agent_reply", text="We look into it.", agent_id=f"a{each % 3}")
        stored.append(**ticket, type="message", text=WORDS[(each + 1) % 5])
        if each % 3 == 0:
            stored.append(**ticket, type="status_changed", status="resolved")
            stored.append(**ticket, type="rated", satisfaction=1 + each % 5)
        stored.pass_time(MINUTE, idle=False)
    for _ in range(27):
        stored.pass_time(HOUR)
    return stored


@cache
def told() -> list[Message]:
    """What the stages have told of these tickets."""
    return tickets().take()


def store(url: str, messages: list[Message]) -> None:
    """Through the sink."""

    async def write() -> None:
        sink = ClickHouseSink(lambda: connect(url), topics.STORED)
        refused = await sink.write(messages)
        await sink.close()
        assert refused == []

    asyncio.run(write())
