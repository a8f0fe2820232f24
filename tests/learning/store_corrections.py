"""`python -m tests.learning.store_corrections URL COUNT`: corrected messages, into an embedded ClickHouse. In a process
of its own, because the engine opens one path in the life of a process.
"""

import asyncio
import sys
from datetime import timedelta

from schemas.corrections import correction_id
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from tests.contract.messages import NOON, TABLES, correction, scored
from tests.contract.sink_worlds import migrated
from tests.learning.texts import moods


def corrected(count: int, tenant: str) -> list[Message]:
    """Messages and their corrections, of five labels."""
    found = []
    for number, each in enumerate(moods(count)):
        event = f"event-{number}"
        label = f"very_{each.label}" if number % 7 == 0 and each.label != "neutral" else each.label
        found.append(scored(number, tenant=tenant, event_id=event, subject=None, text=each.text))
        found.append(
            correction(
                number,
                tenant=tenant,
                correction_id=correction_id(tenant, "T-1", event, "label", label, "ann", ""),
                event_id=event,
                field="label",
                new=label,
                corrected_at=NOON + timedelta(seconds=number),
            )
        )
    return found


async def store(url: str, count: int, tenant: str = "default") -> None:
    """Write them."""
    with migrated(url):
        sink = ClickHouseSink(lambda: connect(url), TABLES)
        if await sink.write(corrected(count, tenant)):
            raise SystemExit("some were refused")
        await sink.close()


if __name__ == "__main__":
    asyncio.run(store(sys.argv[1], int(sys.argv[2])))
