"""Read a changelog partition back: its rows and the position that was committed with them."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import Brokers, client_arguments
from streams.engine.log import Position, Recovered, Refused

# No table's tag is zero, so no row has this key.
POSITION_KEY = b"\0position"
STUCK_SECONDS = 30.0
READ_RECORDS = 20_000
STOP_SECONDS = 2.0


class PositionRow(NamedTuple):
    """The position as it stands in the changelog, with the number of partitions that the state was made for."""

    position: Position
    partitions: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PositionRow).decode


def encode_position(position: Position, partitions: int) -> bytes:
    """The value of the position row."""
    return _encode(PositionRow(position, partitions))


async def recover(
    brokers: Brokers,
    changelog: TopicPartition,
    source: TopicPartition,
    partitions: int,
    reached: Callable[[int], None],
) -> Recovered:
    """The rows as they stand now. Call it after fencing: the changelog then has no other writer. `reached` is told the
    position in the changelog as it moves.

    Raises Refused when the rows were made from another input: a different number of partitions, or a topic that was
    made anew.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers),
        group_id=None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
        max_partition_fetch_bytes=8 << 20,
    )
    try:
        await consumer.start()
        consumer.assign([changelog, source])
        consumer.pause(source)
        rows = await _read_rows(consumer, changelog, reached)
        raw = rows.pop(POSITION_KEY, None)
        if raw is None:
            return Recovered(rows, None)
        recorded = _decode(raw)
        if recorded.partitions != partitions:
            raise Refused(
                f"{source.topic} has {partitions} partitions, but the state of {changelog.topic} was made for "
                f"{recorded.partitions}: keys would meet the wrong state. Set the partitions back, or "
                f"{_start_anew(changelog)}"
            )
        await _check_same_topic(consumer, source, recorded.position, changelog)
        return Recovered(rows, recorded.position)
    finally:
        await stop_consumer(consumer, STOP_SECONDS)


async def _read_rows(
    consumer: AIOKafkaConsumer, changelog: TopicPartition, reached: Callable[[int], None]
) -> dict[bytes, bytes]:
    """Every live row. The end is the high watermark of a fetch made after fencing, because `end_offsets` of a
    read-committed consumer is the last stable offset; it is reached when the position is, because transaction markers
    occupy offsets too.
    """
    rows: dict[bytes, bytes] = {}
    await consumer.seek_to_beginning(changelog)
    end: int | None = None
    moved_at, position = _now(), -1
    while end is None or position < end:
        fetched = await consumer.getmany(changelog, timeout_ms=100, max_records=READ_RECORDS)
        _fold(rows, fetched.get(changelog, ()))
        end = end if end is not None else consumer.highwater(changelog)
        at = await consumer.position(changelog)
        if at != position:
            moved_at, position = _now(), at
            reached(position)
        elif _now() - moved_at > STUCK_SECONDS:
            raise TimeoutError(f"{changelog.topic}-{changelog.partition}: no progress at {position} of {end}")
        await asyncio.sleep(0)
    return rows


def _fold(rows: dict[bytes, bytes], records: "list[ConsumerRecord[bytes, bytes]] | tuple[()]") -> None:
    for record in records:
        if record.value is None:
            rows.pop(record.key, None)
        else:
            rows[record.key] = record.value


async def _check_same_topic(
    consumer: AIOKafkaConsumer, source: TopicPartition, position: Position, changelog: TopicPartition
) -> None:
    """Refuse an input that was deleted and made anew: it is shorter than the position, or holds another record at its
    place. The consumer has both partitions, and the source paused: to be assigned another one it would drop fetches
    that are under way, and a consumer that is told to stop in that moment does not notice it (aiokafka 0.14).
    """
    if position.last_offset < 0:
        return
    first = (await consumer.beginning_offsets([source]))[source]
    end = (await consumer.end_offsets([source]))[source]
    same = end > position.last_offset
    if same and first <= position.last_offset:
        consumer.pause(changelog)
        consumer.seek(source, position.last_offset)
        consumer.resume(source)
        found = (await consumer.getmany(source, timeout_ms=5_000, max_records=1)).get(source, [])
        same = not found or found[0].offset != position.last_offset or found[0].timestamp == position.last_timestamp
    if not same:
        raise Refused(
            f"{source.topic}-{source.partition} is not the log that the state of {changelog.topic} was made from: "
            f"the record at offset {position.last_offset} is another one or gone. Was the topic deleted and made anew? "
            f"Then {_start_anew(changelog)}"
        )


def _start_anew(changelog: TopicPartition) -> str:
    return (
        f"start anew: stop all workers, delete {changelog.topic} and the stage's consumer group, and run "
        "`ticketpulse topics apply`."
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
