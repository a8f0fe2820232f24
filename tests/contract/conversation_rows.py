"""A process that serves the page over an embedded ClickHouse, with conversations as the sink writes them.

    python -m tests.contract.conversation_rows FOLDER

Prints its address once it listens, and serves until its standard input ends. A process of its own: one can open the
embedded engine at one path only.
"""

import asyncio
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from schemas.escalations import Evidence
from schemas.scored import Reason
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from tests.browser.serve_page import listen
from tests.contract.messages import NOON, TABLES, escalation, scored

LONG = 600
ODD_IDS = (
    *("a/b", "/", "a//b/", "a..b", "ä ö/ü", "日本", "100%", "a%2Fb", "a?b#c", "'; DROP TABLE escalations --", '"\\'),
    *("tab\there", "line\nbreak", "end\n", "\\N", "a\\tb", "{tenant:String}", "x" * 256),
)


def messages() -> list[Message]:
    """T-1: a customer twice, an agent, resolved; T-2: as long as no answer may be; and one for each odd id."""
    reason = Reason("lexicon", "wrong", -1.5, 15, 20)
    at = NOON
    one = [
        scored(1, reasons=(reason,), confidence=0.8, customer_id="c-1", status="open"),
        scored(2, type="agent_reply", voice="agent", occurred_at=at + timedelta(minutes=1), text="Sorry."),
        scored(3, occurred_at=at + timedelta(minutes=2), sentiment=None, unscored="empty", text="", satisfaction=4),
        scored(4, type="status_changed", status="resolved", occurred_at=at + timedelta(minutes=3), sentiment=None),
        # The same event again: it was sent twice.
        scored(1, reasons=(reason,), confidence=0.8, customer_id="c-1", status="open")._replace(offset=9),
        scored(5, tenant="acme", text="Another tenant's."),
    ]
    records = [
        escalation(1, evidence=Evidence(("wrong",), {"score": 2.05}), summary=("Customer: The invoice is wrong.",)),
        escalation(2, revision=2, number="TKT-2026-0007", evidence=Evidence(("wrong",), {"score": 2.05})),
    ]
    many = [
        scored(100 + number, "T-2", occurred_at=at + timedelta(seconds=number), text="x" * 5_000)
        for number in range(LONG)
    ]
    odd = [scored(10_000 + number, ticket) for number, ticket in enumerate(ODD_IDS)]
    return [*one, *records, *many, *odd]


async def serve(folder: Path) -> None:
    """Fill a database and serve the page over it."""
    url = f"chdb://{folder}"
    client = connect(url)
    migrate(client)
    client.close()
    sink = ClickHouseSink(partial(connect, url), TABLES)
    await sink.write(messages())
    await sink.close()
    await listen(create_page(partial(connect, url, readonly=True)))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
