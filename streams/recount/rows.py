"""The stored rows that windows are made of, and the stored windows, as ClickHouse gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.readings import Reading
from schemas.scored import ScoredEvent, Sentiment
from schemas.windows import COUNTS_BY, HUNDREDTHS, NO_SCORE, SUMS, Totals, WindowKey
from sinks.clickhouse.stored import PAGE_ROWS, read_events, read_rows
from streams.recount.counting import Cause, Days, Kept, Raised, Stored
from streams.windows import WindowRules

# Rows that were imported without a log have partitions from here on: none that a log has.
IMPORTED_FROM = 1 << 31
# Ticket by ticket, as the log has them.
_PLACE = ("ticket", "log_partition", "log_offset")


class Rows:
    """Reads one database. Raises QueryFailed or CannotOpen."""

    def __init__(self, url: str, rules: WindowRules, page_rows: int = PAGE_ROWS) -> None:
        self._url = url
        self._rules = rules
        self._page_rows = page_rows

    def occupied(self, days: Days) -> list[int]:
        """The beginnings of the spans of the largest size in which anything happened or is stored, in order: years may
        lie between two of them.
        """
        return [int(row["begin"]) for row in read_rows(self._url, occupied_sql(days, self._rules))]

    def events(self, days: Days) -> Iterator[Kept]:
        """Every event, up to the end of these days, of the tickets that have any in them: ticket by ticket, as the log
        has them.
        """
        yield from map(kept, read_events(self._url, *_events_of(days, self._rules), _PLACE, self._page_rows))

    def escalations(self, days: Days) -> Iterator[Raised]:
        """Every escalation of these days."""
        yield from map(raised, read_rows(self._url, escalations_sql(days)))

    def windows(self, days: Days) -> dict[WindowKey, Stored]:
        """Every stored window of these days and of the sizes of the rules."""
        return dict(map(window, read_rows(self._url, windows_sql(days, self._rules))))


def events_sql(days: Days, rules: WindowRules) -> str:
    """All rows of `Rows.events` at once, for `kept`."""
    columns, at, where = _events_of(days, rules)
    return (
        f"SELECT {columns}, log_partition, log_offset, {at} AS at FROM scored_events_now "  # noqa: S608
        f"WHERE {where} ORDER BY {', '.join(_PLACE)}"
    )


def occupied_sql(days: Days, rules: WindowRules) -> str:
    """All rows of `Rows.occupied`. Rows that were replaced since count too, which costs a look at nothing."""
    size = rules.sizes[-1]
    times = (
        (f"intDiv({_at(rules)}, 1000)", "scored_events", _earliest(days)),
        ("toUnixTimestamp(occurred_at)", "escalations", "1"),
        ("toUnixTimestamp(start)", "windows", "1"),
    )
    spans = " UNION ALL ".join(
        f"SELECT DISTINCT intDiv(toInt64({second}), {size}) * {size} AS begin "  # noqa: S608
        f"FROM {table} WHERE {_of(days)} AND {bound} AND begin >= {days.begin} AND begin < {days.end}"
        for second, table, bound in times
    )
    return f"SELECT DISTINCT begin FROM ({spans}) ORDER BY begin"  # noqa: S608


def escalations_sql(days: Days) -> str:
    """All rows of `Rows.escalations`, for `raised`."""
    return (
        "SELECT tenant, ticket_id, event_id, toUnixTimestamp64Milli(occurred_at) AS at, channel, category, "  # noqa: S608
        f"priority_before FROM escalations_now WHERE {_of(days)} "
        f"AND at >= {days.begin * 1000} AND at < {days.end * 1000}"
    )


def windows_sql(days: Days, rules: WindowRules) -> str:
    """All rows of `Rows.windows`, for `window`."""
    return (
        f"SELECT tenant, size, toUnixTimestamp(start) AS begin, dimension, value, revision, final, version, "  # noqa: S608
        f"score_min, score_max, {', '.join((*SUMS, *COUNTS_BY))} FROM windows_now WHERE {_of(days)} "
        f"AND begin >= {days.begin} AND begin < {days.end} AND size IN ({', '.join(map(str, rules.sizes))})"
    )


def _events_of(days: Days, rules: WindowRules) -> tuple[str, str, str]:
    """Columns, time and condition."""
    at = _at(rules)
    columns = (
        "tenant, ticket_id, event_id, type, channel, category, priority, voice, author, status, agent_id, product, "
        "journey_stage, satisfaction, scored, score, toString(label) AS label_name, emotion, urgency, "
        "toUnixTimestamp64Milli(occurred_at) AS occurred, toUnixTimestamp64Milli(appended_at) AS appended, "
        "cityHash64(tenant, ticket_id) AS ticket"
    )
    tickets = (
        f"SELECT tenant, ticket_id FROM scored_events WHERE {_of(days)} AND {_earliest(days)} "  # noqa: S608
        f"AND {at} >= {days.begin * 1000} AND {at} < {days.end * 1000}"
    )
    return columns, at, f"{_of(days)} AND at < {days.end * 1000} AND (tenant, ticket_id) IN ({tickets})"


def _at(rules: WindowRules) -> str:
    """The time that an event counts at, in Unix milliseconds."""
    ahead = rules.future_tolerance * 1000
    return f"least(toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(appended_at) + {ahead})"


def _earliest(days: Days) -> str:
    # An event's own time is never before the one that it counts at, so this bound lets months be passed over.
    return f"occurred_at >= fromUnixTimestamp64Milli({days.begin * 1000}, 'UTC')"


def _of(days: Days) -> str:
    # The command checks a tenant's name against the schema: it holds no quotation mark.
    return "1" if days.tenant is None else f"tenant = '{days.tenant}'"


def kept(row: dict[str, Any]) -> Kept:
    """A scored event as windows count it, of a row of `events_sql`."""
    occurred, appended = int(row["occurred"]), int(row["appended"])
    sentiment = None
    if row["scored"]:
        # Windows count a score and its label; the figures behind them do not matter here.
        sentiment = Sentiment(float(row["score"]), row["label_name"], 0.0, 0.0, 0.0)
    event = ScoredEvent(
        event_id=row["event_id"],
        tenant=row["tenant"],
        ticket_id=row["ticket_id"],
        type=row["type"],
        channel=row["channel"],
        category=row["category"],
        priority=row["priority"] or None,
        voice=row["voice"],
        author=row["author"] or None,
        agent_id=row["agent_id"] or None,
        product=row["product"] or None,
        journey_stage=row["journey_stage"] or None,
        status=row["status"] or None,
        satisfaction=row["satisfaction"] or None,
        sentiment=sentiment,
        reading=Reading(emotion=row["emotion"] or None, urgency=row["urgency"]),
        occurred_at=_time(occurred),
        received_at=_time(appended),
    )
    return Kept(event, occurred, appended)


def raised(row: dict[str, Any]) -> Raised:
    """An escalation, of a row of `escalations_sql`."""
    cause = Cause(row["tenant"], row["ticket_id"], row["event_id"], int(row["at"]))
    return Raised(cause, row["channel"], row["category"], row["priority_before"])


def window(row: dict[str, Any]) -> tuple[WindowKey, Stored]:
    """A stored window, of a row of `windows_sql`."""
    return _key(row), _stored(row)


def _key(row: dict[str, Any]) -> WindowKey:
    return WindowKey(row["tenant"], int(row["size"]), int(row["begin"]), row["dimension"], row["value"])


def _stored(row: dict[str, Any]) -> Stored:
    fields = {
        **{name: row[name] for name in (*SUMS, *COUNTS_BY)},
        "score_min": _hundredths(row["score_min"]),
        "score_max": _hundredths(row["score_max"]),
    }
    # Whole numbers of 64 bits and the keys of maps are texts.
    totals = msgspec.convert([fields[name] for name in Totals.__struct_fields__], Totals, strict=False)
    return Stored(totals, int(row["revision"]), bool(row["final"]), int(row["version"]))


def _hundredths(points: float | str | None) -> int:
    return NO_SCORE if points is None else round(float(points) * HUNDREDTHS)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
