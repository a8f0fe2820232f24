"""How many texts sound how."""

from typing import Final

from clickhouse_connect.driver.client import Client

from schemas.scored import LABELS, Label
from sinks.analytics.facts import bound, texts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

HUNDRED: Final = 100


class LabelCount(Part):
    """`percentage` is of all texts, 0 to 100."""

    label: Label
    count: int
    percentage: float
    tickets_url: str


class Distribution(Answer):
    """All five labels, the worst first; their counts add up to `total`, the scored texts of customers."""

    total: int
    distribution: list[LabelCount]


def read_distribution(client: Client, selection: Selection) -> Distribution:
    """Of the texts of the selection."""
    sql = f"SELECT toString(label) AS name, count() AS texts FROM {texts(selection)} GROUP BY name"
    counts = {row["name"]: row["texts"] for row in ask(client, sql, bound(selection))}
    total = sum(counts.values())
    return Distribution(
        **about(selection),
        total=total,
        distribution=[
            LabelCount(
                label=label,
                count=counts.get(label, 0),
                percentage=percentage(counts.get(label, 0), total),
                tickets_url=selection.tickets(has=label),
            )
            for label in LABELS
        ],
    )


def percentage(part: int, whole: int) -> float:
    """0 to 100, with two decimals; 0 of nothing."""
    return round(HUNDRED * part / whole, 2) if whole else 0.0
