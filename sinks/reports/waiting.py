"""How long tickets took to be resolved, and how many customers there were: what is asked for reports alone.

Of the same rows as analytics' own figures (`sinks/analytics/per_ticket.py`, `facts.py`).
"""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import EVENTS, bound, of_tickets
from sinks.analytics.figures import Part
from sinks.analytics.per_ticket import per_ticket
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

# Upper ends of the steps (hours) that resolutions are counted in; what took longer is the last one.
STEPS: Final = (1, 4, 8, 24, 48, 72, 168)
_HOUR_MS: Final = 3_600_000

_TIMES: Final = """
SELECT count() AS resolutions, avg(took) / 1000 AS mean, stddevSamp(took) / 1000 AS deviation,
    sumMap(map(arrayFirstIndex(step -> took <= step, {steps:Array(Int64)}), 1)) AS by_step
FROM (SELECT arrayJoin(resolutions) AS took FROM {tickets})
"""
_CUSTOMERS: Final = "SELECT uniqExact(customer_id) AS customers FROM {events} AND customer_id != ''"


class Waiting(Part):
    """`mean` and `deviation` of all resolutions in seconds; `by_step` counts them for each of `STEPS` and beyond."""

    resolutions: int
    mean: float | None
    deviation: float | None
    by_step: tuple[int, ...]
    customers: int


def read_waiting(client: Client, selection: Selection) -> Waiting:
    """Of the selection's tickets. Raises clickhouse_connect's errors when the database does not answer."""
    steps = [hours * _HOUR_MS for hours in STEPS]
    [took] = ask(client, _TIMES.replace("{tickets}", per_ticket(selection)), bound(selection, steps=steps))
    customers = _CUSTOMERS.replace("{events}", f"{EVENTS} {of_tickets(selection)}")
    [counted] = ask(client, customers, bound(selection))
    number = took["resolutions"]
    return Waiting(
        resolutions=number,
        mean=took["mean"] if number else None,
        deviation=took["deviation"] if number > 1 else None,
        # 0 is what no step holds.
        by_step=tuple(took["by_step"].get(place, 0) for place in (*range(1, len(STEPS) + 1), 0)),
        customers=counted["customers"],
    )
