"""What ClickHouse keeps of both readings, and of what people said of the same messages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.corrections import Field
from schemas.shadow import ShadowKind
from sinks.clickhouse.stored import read_rows
from streams.comparing.figures import Pair

# The newest of more are compared: a week of 1,000 messages an hour.
MOST: Final = 200_000
FIELDS: Final[dict[ShadowKind, Field]] = {"sentiment": "label", "category": "category"}


class Asked(NamedTuple):
    """Which messages. A tenant's name and versions hold no quotation mark: they are checked before."""

    kind: ShadowKind
    tenant: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    challenger: str | None = None
    champion: str | None = None


class Match(NamedTuple):
    """Who ran beside whom, on how many messages, until when."""

    champion: str
    challenger: str
    messages: int
    until: str


def matches(url: str, asked: Asked) -> list[Match]:
    """All that ran beside each other in that span, the newest first. Raises QueryFailed or CannotOpen."""
    rows = read_rows(
        url,
        "SELECT champion, challenger, toString(count()) AS messages, toString(max(occurred_at)) AS until "  # noqa: S608
        f"FROM shadow_scores_now WHERE {_where(asked)} "
        "GROUP BY champion, challenger ORDER BY max(log_offset) DESC, until DESC",
    )
    return [Match(row["champion"], row["challenger"], int(row["messages"]), row["until"]) for row in rows]


def read_pairs(url: str, asked: Asked) -> list[Pair]:
    """The newest messages, each once, with what people say of them now. Raises as `matches` does."""
    rows = read_rows(
        url,
        "SELECT shown.tenant AS tenant, shown.ticket_id AS ticket_id, shown.event_id AS event_id, champion_class, "  # noqa: S608
        "challenger_class, probability, said.new AS corrected "
        f"FROM (SELECT * FROM shadow_scores_now WHERE {_where(asked)} ORDER BY occurred_at DESC LIMIT {MOST}) AS shown "
        f"LEFT JOIN (SELECT * FROM corrections_standing WHERE field = '{FIELDS[asked.kind]}') AS said "
        "ON said.tenant = shown.tenant AND said.ticket_id = shown.ticket_id AND said.event_id = shown.event_id "
        "ORDER BY shown.occurred_at DESC, shown.ticket_id, shown.event_id",
    )
    return [
        Pair(
            row["tenant"],
            row["ticket_id"],
            row["event_id"],
            row["champion_class"],
            row["challenger_class"],
            float(row["probability"]),
            row["corrected"] or "",
        )
        for row in rows
    ]


def read_texts(url: str, asked: Asked, most: int) -> dict[tuple[str, str, str], str]:
    """The texts of the newest messages, subject and words, by tenant, ticket and event. Raises as `matches` does."""
    rows = read_rows(
        url,
        "SELECT tenant, ticket_id, event_id, subject, text FROM scored_events_now "  # noqa: S608
        "WHERE (tenant, ticket_id, event_id) IN (SELECT tenant, ticket_id, event_id FROM shadow_scores_now "
        f"WHERE {_where(asked)} ORDER BY occurred_at DESC LIMIT {most})",
    )
    return {(row["tenant"], row["ticket_id"], row["event_id"]): _words(row) for row in rows}


def read_text(url: str, tenant: str, ticket: str, event: str) -> str:
    """The text of one message, or nothing. Raises as `matches` does."""
    quoted = (each.replace("\\", "\\\\").replace("'", "\\'") for each in (tenant, ticket, event))
    rows = read_rows(
        url,
        "SELECT subject, text FROM scored_events_now WHERE (tenant, ticket_id, event_id) = "  # noqa: S608
        "(" + ", ".join(f"'{each}'" for each in quoted) + ")",
    )
    return _words(rows[0]) if rows else ""


def _words(row: dict[str, Any]) -> str:
    return "\n".join(part for part in (row["subject"], row["text"]) if part and part.strip())


def _where(asked: Asked) -> str:
    return " AND ".join(_conditions(asked))


def _conditions(asked: Asked) -> Iterator[str]:
    yield f"kind = '{asked.kind}'"
    for name in ("tenant", "challenger", "champion"):
        if (value := getattr(asked, name)) is not None:
            yield f"{name} = '{value}'"
    for moment, comparison in ((asked.begin, ">="), (asked.end, "<")):
        if moment is not None:
            yield f"occurred_at {comparison} fromUnixTimestamp64Milli({round(moment.timestamp() * 1000)}, 'UTC')"
