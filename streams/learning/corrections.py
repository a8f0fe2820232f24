"""What people corrected in ClickHouse, as texts to learn from."""

from datetime import UTC, datetime
from typing import Final

from sinks.clickhouse.stored import read_rows
from streams.learning.examples import Example, TextKind, mood

_FIELD: Final = {"sentiment": "label", "category": "category"}


def corrected(url: str, kind: TextKind, tenant: str | None) -> list[Example]:
    """The messages of the view `corrected_messages`, of one tenant or of all, in the order in which they were
    corrected; subject and text are one, as the stage `score` reads them. Raises QueryFailed and CannotOpen.
    """
    # The command checks a tenant's name: it holds no quotation mark.
    of_tenant = f" AND tenant = '{tenant}'" if tenant else ""
    rows = read_rows(
        url,
        "SELECT value, subject, text, toUnixTimestamp64Milli(corrected_at) AS at FROM corrected_messages "  # noqa: S608
        f"WHERE field = '{_FIELD[kind]}'{of_tenant} ORDER BY corrected_at, event_id",
    )
    return [
        Example(
            "\n".join(part for part in (row["subject"], row["text"]) if part and part.strip()),
            mood(row["value"]) if kind == "sentiment" else row["value"],
            datetime.fromtimestamp(int(row["at"]) / 1000, UTC),
        )
        for row in rows
    ]
