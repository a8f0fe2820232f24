"""Predictions of open tickets: `python -m tests.bench.predictions [TICKETS]`.

Models are trained on a made desk; the tickets are open ones in the embedded ClickHouse, each with a message and most
with a reply. Reading, foretelling and encoding are measured; nothing is sent to a broker.
"""

import asyncio
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from threadpoolctl import threadpool_limits

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.record_writer import Headers
from streams.predictions.running import Rounds
from streams.predictions.shelved import Shelved
from tests.predictions.conftest import WEEKLY
from tests.predictions.made_history import MadeHistory
from tests.predictions.serve_predictions import shelve

TICKETS = 10_000
_UNTIL = datetime(2026, 9, 1, tzinfo=UTC)
_EVENTS = """
INSERT INTO scored_events (tenant, ticket_id, event_id, type, channel, priority, category, voice, status, customer_id,
    occurred_at, received_at, appended_at, text, scored, score, label, polarity, urgency, emotion, scorer,
    log_partition, log_offset, version)
WITH cityHash64(number) AS h
SELECT 'default', concat('T-', toString(number)), concat('e-', toString(number), '-', toString(place)),
    if(place = 0, 'created', 'agent_reply'), ['email', 'chat', 'web', 'phone'][h % 4 + 1],
    ['low', 'medium', 'medium', 'high', 'urgent'][h % 5 + 1],
    ['billing', 'technical', 'account', 'general'][intDiv(h, 8) % 4 + 1], if(place = 0, 'customer', 'agent'),
    if(place = 0, 'new', ''), if(place = 0, concat('c-', toString(h % 4000)), ''),
    toDateTime64({until:UInt32}, 3, 'UTC') - toIntervalSecond(3600 + h % 600000) + toIntervalSecond(place * 1800) AS at,
    at, at, if(place = 0, concat('My card has not arrived, reference ', toString(h), '. Where is the transfer?'), ''),
    place = 0, toDecimal64(h % 1000 / 100, 2), if(place = 0, 'neutral', 'unset'), (h % 2000) / 1000 - 1,
    ['low', 'medium', 'high'][h % 3 + 1], if(h % 4 = 0, 'angry', ''), 'made', number % 8, number * 2 + place, 1
FROM numbers({tickets:UInt64}) ARRAY JOIN [0, 1] AS place
WHERE place = 0 OR h % 3 > 0
"""


class Nowhere:
    """Takes records, and counts their bytes."""

    size = 0

    async def start(self) -> None:
        """Nothing to connect to."""

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Count."""
        self.size += len(value)

    async def stop(self) -> None:
        """Nothing to end."""


def run(tickets: int, folder: Path) -> dict[str, float]:
    """Seconds of the clock and of processors."""
    url = f"chdb://{folder / 'clickhouse'}"
    shelf = shelve(MadeHistory(), folder / "models")
    client = connect(url)
    migrate(client)
    client.command(_EVENTS, parameters={"until": int(_UNTIL.timestamp()), "tickets": tickets})
    writer = Nowhere()
    rounds = Rounds(
        url=url, writer=writer, models=Shelved(shelf, print), rules=WEEKLY, now=lambda: _UNTIL + timedelta(seconds=1)
    )
    began, used = time.monotonic(), time.process_time()
    done = asyncio.run(rounds.once(asyncio.Event()))
    seconds, processor = time.monotonic() - began, time.process_time() - used
    client.close()
    return {
        "tickets": done,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "tickets_per_processor_second": round(done / processor),
        "bytes_a_record": round(writer.size / done),
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    with threadpool_limits(1), tempfile.TemporaryDirectory(prefix="ticketpulse-bench-") as made:
        print(run(int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS, Path(made)))
