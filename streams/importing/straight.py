"""Events straight to ClickHouse, without a broker: scored, tracked and counted as if they had been appended when they
happened.

Nobody is told of anything. Escalations are decided by the policy on the clock that the events move, as in a back-test;
they get no numbers, because the pipeline gives those in an order of its own. Windows are counted from the stored rows.
What is written again is the same rows, so that an import that was stopped is simply done again.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Final, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.escalations import Escalation, encode_escalation
from schemas.events import TicketEvent, ticket_key
from schemas.scored import ScoredEvent, decode_scored, encode_event
from sinks.base import Message
from sinks.clickhouse.blocks import Shape, insert, shape_of
from sinks.clickhouse.native import NativeWriter
from sinks.rows import TABLES, to_parts
from streams import topics
from streams.backtest.pipeline import Pipeline
from streams.erasing.guarding import without_erased
from streams.privacy.loading import load_keys
from streams.reanalysis.running import settled_by
from streams.reanalysis.scoring import Model, loaded
from streams.recount.rebuilding import in_parts, rebuild
from streams.recount.rows import IMPORTED_FROM
from streams.score import Received, score_by_book
from streams.windows import WindowRules

_AT_A_TIME: Final = 500

_BLOCK_ROWS: Final = 10_000
_PLACES: Final = 100_000


class Means(NamedTuple):
    """What an import works with; `show` is told how many events are stored."""

    client: Client
    executor: Executor
    processes: int
    model: Model
    rules: WindowRules
    event_ids: int
    now: datetime
    show: Callable[[int], None] = lambda events: None


class Stored(NamedTuple):
    """What an import has left in ClickHouse. `duplicates` are events whose id their ticket had seen already."""

    events: int
    scored: int
    escalations: int
    windows: int
    duplicates: int
    refused: int


def store(events: Iterable[TicketEvent], means: Means) -> Stored:
    """Store events, which come in the order of their times, and the windows of their days. Raises clickhouse_connect's
    errors.
    """
    events = without_erased(events, means.client, load_keys(means.model.privacy_keys))
    writer = _Writer(means.client)
    pipeline = Pipeline(means.model.book(), means.event_ids)
    days: Counter[int] = Counter()
    largest = means.rules.sizes[-1]
    scored = count = 0
    last: int | None = None
    for some in _scored(events, means):
        for event in some:
            last = round(event.occurred_at.timestamp() * 1000)
            writer.escalate(pipeline.pass_time(last))
            writer.escalate(pipeline.apply(event))
            writer.add(event, last)
            days[last // 1000 // largest * largest] += 1
            scored += event.sentiment is not None
        count += len(some)
        means.show(count)
    writer.flush()
    days.update({at // 1000 // largest * largest for at in writer.raised_at})
    rebuilt = rebuild(
        means.client,
        in_parts(days, means.rules, None),
        means.rules,
        means.executor,
        means.processes,
        settled=settled_by(means.now, means.rules),
    )
    windows = sum(rebuilt)
    return Stored(count, scored, len(writer.raised), windows, pipeline.duplicates, writer.refused)


def score(model: Model, lines: Sequence[bytes]) -> list[bytes]:
    """Events as JSON, scored. For another process."""
    book, presets, models, redaction = loaded(model)
    events = [_decode(line) for line in lines]
    scored = score_by_book([Received(event, event.occurred_at) for event in events], book, presets, models)
    if not redaction.is_off:
        scored, _ = redaction.events(scored)
    return [encode_event(event) for event in scored]


def _scored(events: Iterable[TicketEvent], means: Means) -> Iterator[list[ScoredEvent]]:
    """The events in their order, with their scores."""
    waiting: deque[Future[list[bytes]]] = deque()
    rest = iter(events)
    try:
        while some := [encode_event(event) for event in islice(rest, _AT_A_TIME)]:
            waiting.append(means.executor.submit(score, means.model, some))
            if len(waiting) > 2 * means.processes:
                yield list(map(decode_scored, waiting.popleft().result()))
        while waiting:
            yield list(map(decode_scored, waiting.popleft().result()))
    finally:
        for future in waiting:
            future.cancel()


class _Writer:
    """Collects rows and stores them block by block. `raised` are the ids of escalations, `raised_at` their times."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tables = {name: _Table(client, name) for name in ("scored_events", "escalations")}
        self._last_place: dict[bytes, int] = {}
        self.raised: set[str] = set()
        self.raised_at: set[int] = set()
        self.refused = 0

    def add(self, event: ScoredEvent, at: int) -> None:
        """Take a scored event in, as a log would have had it."""
        key = ticket_key(event.tenant, event.ticket_id)
        number = int.from_bytes(blake2b(key, digest_size=4).digest(), "big")
        place = self._place(key, at)
        value = encode_event(event)
        self._put("scored_events", Message(topics.SCORED, IMPORTED_FROM | number, place, at, key, value))

    def escalate(self, records: Iterable[Escalation]) -> None:
        """Take the revisions of escalations in. The last one is the row."""
        for record in records:
            self.raised.add(record.escalation_id)
            self.raised_at.add(round(record.occurred_at.timestamp() * 1000))
            plain = msgspec.structs.replace(record, number=None)
            at = round(record.updated_at.timestamp() * 1000)
            value = encode_escalation(plain)
            self._put("escalations", Message(topics.ESCALATIONS, 0, record.revision, at, None, value))

    def flush(self) -> None:
        """Store what is collected."""
        for table in self._tables.values():
            self.refused += table.store(self._client)

    def _place(self, key: bytes, at: int) -> int:
        """Milliseconds, put off where the ticket has an event there: places of a ticket differ and rise with time."""
        digest = blake2b(key, digest_size=8).digest()
        place = max(at, self._last_place.get(digest, 0) + 1)
        if len(self._last_place) >= _PLACES:
            # Events come in the order of their times: only what was put off past this one matters still.
            self._last_place = {each: last for each, last in self._last_place.items() if last >= at}
        self._last_place[digest] = place
        return place

    def _put(self, name: str, message: Message) -> None:
        table = self._tables[name]
        table.messages.append(message)
        if len(table.messages) >= _BLOCK_ROWS:
            self.flush()


class _Table:
    """Messages of one table, to be stored together."""

    def __init__(self, client: Client, name: str) -> None:
        self._name = name
        self._shape: Shape = shape_of(client, name, list(TABLES[name].columns([])))
        self._writer: NativeWriter = self._shape.writer()
        self.messages: list[Message] = []

    def store(self, client: Client) -> int:
        """Store them; returns how many cannot be a row."""
        blocks, _, unusable = to_parts(self._name, self.messages, self._writer.block)
        insert(client, self._shape, b"".join(blocks))
        self.messages.clear()
        return len(unusable)


_decode = msgspec.json.Decoder(TicketEvent).decode
