"""The stored rows that windows are made of, and the stored windows, as ClickHouse gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from schemas.scored import ScoredEvent, Sentiment
from schemas.windows import HUNDREDTHS, NO_SCORE, SUMS, Totals, WindowKey
from sinks.clickhouse.stored import PAGE_ROWS, read_events, read_rows
from streams.recount.counting import Cause, Days, Kept, Raised, Stored
from streams.windows import WindowRules


class Rows:
    """Reads one database. Raises QueryFailed or CannotOpen."""

    def __init__(self, url: str, rules: WindowRules, page_rows: int = PAGE_ROWS) -> None:
        self._url = url
        self._rules = rules
        self._page_rows = page_rows

    def events(self, days: Days) -> Iterator[Kept]:
        """Every event that counts in these days, in the order of its times."""
        ahead = self._rules.future_tolerance * 1000
        at = f"least(toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(appended_at) + {ahead})"
        columns = (
            "tenant, ticket_id, event_id, type, channel, category, priority, voice, status, satisfaction, scored, "
            "score, toString(label) AS label_name, toUnixTimestamp64Milli(occurred_at) AS occurred, "
            "toUnixTimestamp64Milli(appended_at) AS appended"
        )
        # An event's own time is never before the one that it counts at, so this bound lets months be passed over.
        earliest = f"occurred_at >= fromUnixTimestamp64Milli({days.begin * 1000}, 'UTC')"
        where = f"{_of(days)} AND {earliest} AND at >= {days.begin * 1000} AND at < {days.end * 1000}"
        yield from map(_kept, read_events(self._url, columns, at, where, self._page_rows))

    def escalations(self, days: Days) -> Iterator[Raised]:
        """Every escalation of these days."""
        rows = read_rows(
            self._url,
            "SELECT tenant, ticket_id, event_id, toUnixTimestamp64Milli(occurred_at) AS at, channel, category, "  # noqa: S608
            f"priority_before FROM escalations_now WHERE {_of(days)} "
            f"AND at >= {days.begin * 1000} AND at < {days.end * 1000}",
        )
        for row in rows:
            cause = Cause(row["tenant"], row["ticket_id"], row["event_id"], int(row["at"]))
            yield Raised(cause, row["channel"], row["category"], row["priority_before"])

    def windows(self, days: Days) -> dict[WindowKey, Stored]:
        """Every stored window of these days and of the sizes of the rules."""
        rows = read_rows(
            self._url,
            f"SELECT tenant, size, toUnixTimestamp(start) AS begin, dimension, value, revision, final, version, "  # noqa: S608
            f"score_min, score_max, {', '.join(SUMS)} FROM windows_now WHERE {_of(days)} "
            f"AND begin >= {days.begin} AND begin < {days.end} AND size IN ({', '.join(map(str, self._rules.sizes))})",
        )
        return {_key(row): _stored(row) for row in rows}


def _of(days: Days) -> str:
    # The command checks a tenant's name against the schema: it holds no quotation mark.
    return "1" if days.tenant is None else f"tenant = '{days.tenant}'"


def _kept(row: dict[str, Any]) -> Kept:
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
        status=row["status"] or None,
        satisfaction=row["satisfaction"] or None,
        sentiment=sentiment,
        occurred_at=_time(occurred),
        received_at=_time(appended),
    )
    return Kept(event, occurred, appended)


def _key(row: dict[str, Any]) -> WindowKey:
    return WindowKey(row["tenant"], int(row["size"]), int(row["begin"]), row["dimension"], row["value"])


def _stored(row: dict[str, Any]) -> Stored:
    totals = Totals(
        **{name: int(row[name]) for name in SUMS},
        score_min=_hundredths(row["score_min"]),
        score_max=_hundredths(row["score_max"]),
    )
    return Stored(totals, int(row["revision"]), bool(row["final"]), int(row["version"]))


def _hundredths(points: float | str | None) -> int:
    return NO_SCORE if points is None else round(float(points) * HUNDREDTHS)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
