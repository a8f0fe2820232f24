"""The events of a comparison, and how they are put on a topic: at once as a backlog, or one by one on a schedule."""

import asyncio
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer

from streams.engine.partitioner import partition_of
from tests.parity.texts import texts_of

CHARACTERS: Final = 100
MESSAGES: Final = 4
# Tickets that are talked about at the same time.
AT_A_TIME: Final = 500
CHANNELS: Final = ("email", "chat", "phone", "social", "in_app", "whatsapp", "web")
# Events are spread over so many seconds before the newest, so that there is more than one window of each size.
SPREAD_SECONDS: Final = 5_400
_COMPLAINTS: Final = Path(__file__).parents[1] / "data" / "complaints.jsonl"
_BATCH_BYTES: Final = 512 * 1024

Event = dict[str, Any]


def events_of(count: int, phase: str, until: float, seed: int = 7) -> list[Event]:
    """`count` events of tickets of four messages, in the order of their time up to `until` (Unix seconds).

    Texts are 100 characters of real complaints, from a word's begin on, hardly two of them the same. The ids begin
    with `phase`; the same arguments give the same events.
    """
    choose = random.Random(seed)
    words = " ".join(" ".join(texts_of(_COMPLAINTS)).split())
    begins = [place + 1 for place, character in enumerate(words[:-CHARACTERS]) if character == " "]
    tickets = list(range(AT_A_TIME))
    said = [0] * AT_A_TIME
    events = []
    for number in range(count):
        place = choose.randrange(AT_A_TIME)
        begin = choose.choice(begins)
        events.append(
            {
                "event_id": f"{phase}-{number:08d}",
                "ticket_id": f"{phase}-T{tickets[place]:07d}",
                "type": "message" if said[place] else "created",
                "status": "open",
                "channel": CHANNELS[tickets[place] % len(CHANNELS)],
                "customer_id": f"customer-{tickets[place] % 10_000:05d}",
                "occurred_at": round(until - SPREAD_SECONDS * (count - number) / count, 3),
                "text": words[begin : begin + CHARACTERS],
            }
        )
        said[place] += 1
        if said[place] == MESSAGES:
            tickets[place], said[place] = tickets[place] + AT_A_TIME, 0
    return events


def key_of(event: Event) -> bytes:
    """The key under which an event travels: its ticket's."""
    return f"default/{event['ticket_id']}".encode()


class Feeder:
    """Appends events to a topic, each to the partition of its key."""

    def __init__(self, brokers: str, topic: str, partitions: int) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=brokers, acks="all", compression_type="lz4", max_batch_size=_BATCH_BYTES
        )
        self._topic = topic
        self._partitions = partitions

    async def __aenter__(self) -> "Feeder":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def backlog(self, events: Sequence[Event]) -> None:
        """All at once; returns when they are on the topic."""
        await self.records((key_of(event), orjson.dumps(event)) for event in events)

    async def records(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """The same of keys and values."""
        batches: dict[int, list[tuple[bytes, bytes]]] = {}
        for key, value in records:
            batches.setdefault(partition_of(key, value, self._partitions), []).append((key, value))
        for partition, entries in batches.items():
            batch = self._producer.create_batch()
            for key, value in entries:
                if batch.append(timestamp=None, key=key, value=value) is None:
                    await self._producer.send_batch(batch, self._topic, partition=partition)
                    batch = self._producer.create_batch()
                    batch.append(timestamp=None, key=key, value=value)
            await self._producer.send_batch(batch, self._topic, partition=partition)
        await self._producer.flush()

    async def steady(self, events: Sequence[Event], rate: float) -> Mapping[str, float]:
        """One by one, `rate` a second whatever else happens; the time at which each was due, by its id."""
        began = time.monotonic()
        due: dict[str, float] = {}
        for number, event in enumerate(events):
            at = began + number / rate
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            key, value = key_of(event), orjson.dumps(event)
            partition = partition_of(key, value, self._partitions)
            due[event["event_id"]] = at
            await self._producer.send(self._topic, value, key, partition=partition)
        await self._producer.flush()
        return due
