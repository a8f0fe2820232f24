"""Which tables have what of a person, and the statements that find and remove it. Pure."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from clickhouse_connect.driver.binding import format_query_value as quoted

from sinks.clickhouse import letters

#: Rows of one ticket, with its id. The last ones tell whose ticket it is: as long as they are there a run can go on.
OF_TICKETS: Final = (
    "notifications",
    "corrections",
    "suggestion_uses",
    "enrichments",
    "shadow_scores",
    "predictions",
    "predictions_newest",
    "assignments",
    "events_by_time",
    "escalations",
    "scored_events",
)
#: Those of them that name the customer.
NAMING: Final = ("scored_events", "escalations", "events_by_time")
#: Anonymous, or about the program: they stay as they are. `alerts` name tickets, by ids that lead nowhere any more.
STAYING: Final = ("windows", "alerts", "inserted_days", "reanalyses", "migrations", "migrated_columns", "erased")
#: Dealt with in ways of their own.
SPECIAL: Final = ("tickets_begun", "phrases_by_day", "dead_letters", "audit")
_WAIT: Final = "SETTINGS mutations_sync = 2"
_AT_A_TIME: Final = 1_000
_LONG: Final = 5
# Beside an id stands no letter or digit that would make it another id. Those of an escape are none, in JSON or in an
# address of the web: they stand for what is between words.
_BEFORE: Final = r"\b|_|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}"
_AFTER: Final = r"\b|_"

Value = TypeVar("Value")


class Subject(NamedTuple):
    """Somebody of a tenant: every id and address that is the person's, as it may stand in a row, and the tickets."""

    tenant: str
    names: tuple[str, ...]
    tickets: tuple[str, ...]

    @property
    def needles(self) -> tuple[str, ...]:
        """What is looked for in texts: all but what is so short that it stands in others' texts by chance."""
        return tuple(each for each in (*self.names, *self.tickets) if len(each) >= _LONG)

    @property
    def in_json(self) -> tuple[str, ...]:
        """What is looked for in records: short ids too, as JSON has them."""
        return (*self.needles, *(f'"{each}"' for each in (*self.names, *self.tickets) if len(each) < _LONG))

    def is_in(self, record: bytes) -> bool:
        """Whether a record has any of them, as the query for dead letters finds it."""
        return any(
            each.encode() in record and re.search(naming([each]).encode(), record) is not None for each in self.in_json
        )


class Statement(NamedTuple):
    """How many rows of a table are meant, and what is done about them."""

    table: str
    counting: str
    change: str


def naming(names: Sequence[str]) -> str:
    """A regular expression, the same for ClickHouse and for Python's bytes, of texts that have one of the names as a
    whole: within a longer run of letters and digits it is another name. Of a single one the groups 1 and 2 are what was
    read beside it.
    """
    by_edges: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        edges = _BEFORE if _is_of_run(name[:1]) else "", _AFTER if _is_of_run(name[-1:]) else ""
        by_edges[edges].append(re.escape(name))
    return "|".join(f"({before})(?:{'|'.join(some)})({after})" for (before, after), some in by_edges.items())


def tickets_of(tenant: str, names: Sequence[str]) -> str:
    """A query for the ids of the tickets that are a customer's by these ids."""
    parts = " UNION DISTINCT ".join(
        f"SELECT ticket_id FROM {table} WHERE tenant = {quoted(tenant)} AND customer_id IN {_listed(names)}"
        for table in NAMING
    )
    return f"SELECT DISTINCT ticket_id FROM ({parts}) ORDER BY ticket_id"


def removing(subject: Subject, alias: str) -> Iterator[Statement]:
    """What removes a subject, in an order in which it may stop anywhere and be done again. `alias` takes the place of
    ids in the audit, which itself must stay.
    """
    tenant = quoted(subject.tenant)
    for table in OF_TICKETS[:-1]:
        yield from _delete(table, subject, customers=table in NAMING)
    for tickets in parts(subject.tickets):
        hashes = ", ".join(f"cityHash64({quoted(each)})" for each in tickets)
        yield _deletion("tickets_begun", f"tenant = {tenant} AND ticket IN ({hashes})")
        days = (
            f"tenant = {tenant} AND day IN (SELECT toDate(occurred_at) FROM scored_events "
            f"WHERE tenant = {tenant} AND ticket_id IN {_listed(tickets)})"
        )
        yield _deletion("phrases_by_day", days)
    for found in _letters(subject):
        yield _deletion("dead_letters", found)
    yield from _unnaming(subject, alias)
    yield from _delete(OF_TICKETS[-1], subject, customers=True)


def reading(subject: Subject) -> Iterator[tuple[str, str]]:
    """Queries for all rows of a subject, by table."""
    for table in (*OF_TICKETS, "dead_letters"):
        if table in ("events_by_time", "predictions_newest", "shadow_scores"):
            # What another table has as well.
            continue
        found = " OR ".join(_wheres(table, subject)) or "0"
        yield table, f"SELECT * FROM {table} FINAL WHERE {found}"


def _letters(subject: Subject) -> Iterator[str]:
    """Dead letters that have one of its ids or addresses, and are not another tenant's; one that nobody can read could
    be anybody's.
    """
    own = f"({letters.TENANT} = {quoted(subject.tenant)} OR NOT {letters.IS_OBJECT}) AND NOT ({letters.IS_MARK})"
    for needles in parts(subject.in_json):
        yield f"match(concat(ifNull(key, ''), '\\n', ifNull(value, '')), {quoted(naming(needles))}) AND {own}"


def _unnaming(subject: Subject, alias: str) -> Iterator[Statement]:
    """What puts an alias for ids and addresses in the audit: in entries of the tenant, and in those of none."""
    own = f"tenant IN ('', {quoted(subject.tenant)})"
    for name in (*subject.names, *subject.tickets):
        # A short one stands in other words by chance, as `1` in "POST 201".
        short = len(name) < _LONG
        meant = f"target = {quoted(name)}" if short else _matching(name, "target", "detail")
        changed = f"target = {quoted(alias)}" if short else _replacing(name, alias, "target", "detail")
        yield Statement(
            "audit",
            f"SELECT count() FROM audit WHERE {own} AND ({meant})",
            f"ALTER TABLE audit UPDATE {changed} WHERE {own} AND ({meant}) {_WAIT}",
        )


def _matching(name: str, *columns: str) -> str:
    return " OR ".join(f"match({column}, {quoted(naming([name]))})" for column in columns)


def _replacing(name: str, alias: str, *columns: str) -> str:
    read, written = quoted(naming([name])), quoted(rf"\1{alias}\2")
    # Twice: of two names with one character between them the second is found when the first is gone.
    return ", ".join(
        f"{column} = replaceRegexpAll(replaceRegexpAll({column}, {read}, {written}), {read}, {written})"
        for column in columns
    )


def _is_of_run(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _wheres(table: str, subject: Subject) -> Iterator[str]:
    if table == "dead_letters":
        yield from (f"({found})" for found in _letters(subject))
        return
    tenant = quoted(subject.tenant)
    for tickets in parts(subject.tickets):
        yield f"(tenant = {tenant} AND ticket_id IN {_listed(tickets)})"
    if table in NAMING and subject.names:
        yield f"(tenant = {tenant} AND customer_id IN {_listed(subject.names)})"


def _delete(table: str, subject: Subject, *, customers: bool) -> Iterator[Statement]:
    tenant = quoted(subject.tenant)
    for tickets in parts(subject.tickets):
        yield _deletion(table, f"tenant = {tenant} AND ticket_id IN {_listed(tickets)}")
    if customers and subject.names:
        yield _deletion(table, f"tenant = {tenant} AND customer_id IN {_listed(subject.names)}")


def _deletion(table: str, where: str) -> Statement:
    return Statement(
        table, f"SELECT count() FROM {table} WHERE {where}", f"ALTER TABLE {table} DELETE WHERE {where} {_WAIT}"
    )


def parts(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """As many at a time as one statement may name."""
    for start in range(0, len(values), _AT_A_TIME):
        yield values[start : start + _AT_A_TIME]


def _listed(values: Collection[str]) -> str:
    return f"({', '.join(map(str, map(quoted, values)))})"
