"""Where a desk should look first."""

from typing import Final

from clickhouse_connect.driver.client import Client

from schemas.events import Status
from sinks.analytics.facts import EVENTS, bound, of_tickets
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.narrowing import Narrowing
from sinks.analytics.selection import Selection
from sinks.analytics.tickets import Listed, Ticket, count_tickets, read_tickets
from sinks.dashboard.asking import ask

OPEN: Final[tuple[Status, ...]] = ("new", "open", "in_progress", "awaiting_customer")
REPEAT_TICKETS: Final = 3
SHOWN: Final = 20
# Those without news for longest first.
UNRESOLVED_CRITICAL: Final = Listed(narrowing=Narrowing(has="critical"), statuses=OPEN, sort="oldest", limit=SHOWN)

_REPEATING: Final = f"""
SELECT customer_id, uniqExact(ticket) AS tickets, count() OVER () AS customers
FROM {{events}} AND customer_id != ''
GROUP BY customer_id
HAVING tickets >= {REPEAT_TICKETS}
ORDER BY tickets DESC, customer_id
LIMIT {SHOWN}
"""


class Problem(Part):
    """How many tickets have it, and up to 20 of them: the worst-scored first, of the unresolved those
    without news for longest.
    """

    tickets: int
    tickets_url: str
    shown: list[Ticket]


class RepeatCustomer(Part):
    """Somebody with several tickets in the span."""

    customer_id: str
    tickets: int
    tickets_url: str


class Problems(Answer):
    """Tickets with a very negative text; with a resolution after more than 48 hours; that were escalated; that are
    urgent or critical and not resolved. And how many customers have three tickets or more, with the 20 that have most.
    """

    strongly_negative: Problem
    slow_resolution: Problem
    escalated: Problem
    unresolved_critical: Problem
    repeat_customers: int
    most_tickets: list[RepeatCustomer]


def read_problems(client: Client, selection: Selection) -> Problems:
    """Of the selection's tickets."""
    worst = Listed(sort="negative_first", limit=SHOWN)
    customers = ask(client, _REPEATING.replace("{events}", f"{EVENTS} {of_tickets(selection)}"), bound(selection))
    return Problems(
        **about(selection),
        strongly_negative=_problem(client, selection, worst.narrowed(Narrowing(has="very_negative"))),
        slow_resolution=_problem(client, selection, worst.narrowed(Narrowing(has="slow_resolution"))),
        escalated=_problem(client, selection, worst.narrowed(Narrowing(has="escalations"))),
        unresolved_critical=_problem(client, selection, UNRESOLVED_CRITICAL),
        repeat_customers=customers[0]["customers"] if customers else 0,
        most_tickets=[
            RepeatCustomer(
                customer_id=row["customer_id"],
                tickets=row["tickets"],
                tickets_url=selection.tickets(customer=row["customer_id"]),
            )
            for row in customers
        ],
    )


def _problem(client: Client, selection: Selection, listed: Listed) -> Problem:
    return Problem(
        tickets=count_tickets(client, selection, listed),
        tickets_url=listed.address(selection),
        shown=read_tickets(client, selection, listed).tickets,
    )
