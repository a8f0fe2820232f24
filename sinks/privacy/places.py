"""Which tables have what of a person, and the statements that find and remove it. Pure."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from clickhouse_connect.driver.binding import format_query_value as quoted

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


class Statement(NamedTuple):
    """How many rows of a table are meant, and what is done about them."""

    table: str
    counting: str
    change: str


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
    for needle in (*subject.names, *subject.tickets):
        meant = f"target = {quoted(needle)}"
        if len(needle) >= _LONG:
            meant = f"position(target, {quoted(needle)}) > 0 OR position(detail, {quoted(needle)}) > 0"
        changed = ", ".join(
            f"{column} = replaceAll({column}, {quoted(needle)}, {quoted(alias)})" for column in ("target", "detail")
        )
        yield Statement(
            "audit",
            f"SELECT count() FROM audit WHERE {meant}",
            f"ALTER TABLE audit UPDATE {changed} WHERE {meant} {_WAIT}",
        )
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
    """Dead letters that have one of its ids or addresses, and are not another tenant's."""
    own = f"JSONExtractString(value, 'tenant') IN ('', {quoted(subject.tenant)})"
    for needles in parts(subject.in_json):
        listed = quoted(list(needles))
        yield f"(multiSearchAny(value, {listed}) OR multiSearchAny(ifNull(key, ''), {listed})) AND {own}"


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
