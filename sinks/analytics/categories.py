"""What tickets are about: how many, how they sound and how they end, for each category and what it falls into."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.cells import Cell, Group, read_breakdown, read_heatmap
from sinks.analytics.distribution import percentage
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.outcomes import Outcome, read_resolution
from sinks.analytics.selection import Selection


class Subcategory(Part):
    """A part of a category: its tickets have a message that is of both."""

    subcategory: str
    tickets: int
    messages: int
    negative_share: float | None
    tickets_url: str


class Category(Part):
    """`percentage` is of all messages, 0 to 100; rates and times are those of `Outcome`, in seconds."""

    category: str
    tickets: int
    messages: int
    percentage: float
    negative_share: float | None
    score_avg: float | None
    escalated_tickets: int
    escalation_rate: float | None
    resolved: int
    resolution_rate: float | None
    resolution_avg: float | None
    satisfaction_avg: float | None
    subcategories: list[Subcategory]
    tickets_url: str


class Categories(Answer):
    """Those with most tickets first. A ticket may count for several."""

    categories: list[Category]


_FELT: Final = {
    "tickets",
    "messages",
    "negative_share",
    "score_avg",
    "escalated_tickets",
    "escalation_rate",
    "tickets_url",
}
_WENT: Final = {"resolved", "resolution_rate", "resolution_avg", "satisfaction_avg"}


def read_categories(client: Client, selection: Selection) -> Categories:
    """Of the selection's messages and tickets."""
    groups = read_breakdown(client, selection, "category").groups
    outcomes = {outcome.value: outcome for outcome in read_resolution(client, selection, "category").groups}
    parts = [cell for cell in read_heatmap(client, selection, "category", "subcategory").cells if cell.column]
    total = sum(group.messages for group in groups)
    return Categories(
        **about(selection), categories=[_category(group, outcomes[group.value], parts, total) for group in groups]
    )


def _category(group: Group, outcome: Outcome, parts: list[Cell], total: int) -> Category:
    return Category(
        category=group.value,
        percentage=percentage(group.messages, total),
        **group.model_dump(include=_FELT),
        **outcome.model_dump(include=_WENT),
        subcategories=[
            Subcategory(
                subcategory=part.column,
                tickets=part.tickets,
                messages=part.messages,
                negative_share=part.negative_share,
                tickets_url=part.tickets_url,
            )
            for part in sorted(parts, key=lambda part: (-part.tickets, part.column))
            if part.row == group.value
        ],
    )
