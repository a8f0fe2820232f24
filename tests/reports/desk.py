"""Two weeks of a support desk: the complaints that come with the product, played through the stages into a database.

Nothing in it is left to chance or to the clock, so the figures are the same each time.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, takewhile

from schemas.events import TicketEvent, ticket_key
from schemas.scored import encode_event
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from streams import topics
from streams.config import Settings
from streams.demo.feed import conversations, history, load_complaints
from streams.engine.log import Outgoing
from streams.stages import build_stage
from streams.topics import STORED
from tests.unit.records import Appended, Partition

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
END = BEGIN + 2 * WEEK
SEED = 389
# Events a second: so that the bundled complaints fill two weeks once.
RATE = 0.0027
STAGES = ("score", "track", "registry", "trends")
_STEP = timedelta(hours=1)
# Nobody looks at a minute of a desk that has ten events an hour.
SETTINGS = Settings(window_sizes=(3_600, 86_400), watched_size=3_600)
_AT_ONCE = 5_000


def events() -> Iterator[TicketEvent]:
    """What happens at the desk, in order."""
    steps = conversations(load_complaints(), SEED, "desk")
    return takewhile(lambda event: event.occurred_at < END, history(steps, RATE, BEGIN))


def messages(of: Iterable[TicketEvent]) -> Iterator[Message]:
    """What the stages publish of it for the database, as they would have then."""
    stages = {stage: Partition(build_stage(stage, SETTINGS)) for stage in STAGES}
    inputs = {build_stage(stage, SETTINGS).input: stage for stage in STAGES}
    offsets: defaultdict[str, int] = defaultdict(int)

    def publish(sent: Iterable[Outgoing], now: int) -> Iterator[Message]:
        waiting = list(sent)
        while waiting:
            one = waiting.pop(0)
            offsets[one.topic] += 1
            record = Appended(offsets[one.topic], now, one.key, one.value, tuple(one.headers))
            if one.topic in STORED:
                yield Message(one.topic, 0, record.offset, now, one.key, one.value, one.headers)
            if one.topic in inputs:
                waiting += stages[inputs[one.topic]].process(record)

    for end, together in groupby(of, key=lambda event: _end_of_step(event.occurred_at)):
        now = round(end.timestamp() * 1000)
        for event in together:
            at = round(event.occurred_at.timestamp() * 1000)
            offsets[topics.EVENTS] += 1
            key = ticket_key(event.tenant, event.ticket_id)
            record = Appended(offsets[topics.EVENTS], at, key, encode_event(event))
            yield from publish(stages["score"].process(record), at)
        for name in ("track", "trends"):
            yield from publish(stages[name].tick(now, idle=True), now)


def _end_of_step(moment: datetime) -> datetime:
    return BEGIN + ((moment - BEGIN) // _STEP + 1) * _STEP


def store(url: str, of: Iterable[Message]) -> None:
    """Into a database that is made for it."""

    async def write() -> None:
        sink = ClickHouseSink(lambda: connect(url), STORED)
        try:
            every = list(of)
            for begin in range(0, len(every), _AT_ONCE):
                await sink.write(every[begin : begin + _AT_ONCE])
        finally:
            await sink.close()

    client = connect(url)
    migrate(client)
    client.close()
    asyncio.run(write())
