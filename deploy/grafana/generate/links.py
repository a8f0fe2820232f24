"""Where a figure leads: to the tickets behind it, and from a ticket to its conversation."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

OVERVIEW, CHANNEL, ESCALATIONS = "ticketpulse-overview", "ticketpulse-channel", "ticketpulse-escalations"
SPIKES, AGENTS, PIPELINE, TICKETS = (
    "ticketpulse-spikes",
    "ticketpulse-agents",
    "ticketpulse-pipeline",
    "ticketpulse-tickets",
)

_SPAN = "${__url_time_range}&${tenant:queryparam}&var-page=${page:percentencode}"
_CHANNEL = "${channel:queryparam}"
_CATEGORY = "${category:queryparam}"


def to_tickets(title: str = "Tickets behind this", **variables: str | Sequence[str]) -> DashboardLink:
    """To the table of tickets, for the same span and filters; `variables` of that dashboard are set besides."""
    return _to(TICKETS, title, variables)


def to_channel(title: str = "Look closer", **variables: str | Sequence[str]) -> DashboardLink:
    """To the drill-down of channels, for the same span and filters."""
    return _to(CHANNEL, title, variables)


def to_board(uid: str, title: str, **variables: str | Sequence[str]) -> DashboardLink:
    """To another dashboard, for the same span and filters."""
    return _to(uid, title, variables)


def to_conversation(ticket: str = "") -> list[DashboardLink]:
    """From a ticket to what was said, here, and to all that is known of it, on the product's page.

    `ticket` is its id as an address has it; the row's column `ticket` unless given.
    """
    ticket = ticket or cell("ticket")
    return [
        to_tickets("What was said", ticket=ticket),
        _link(
            "Its conversation on the page", f"${{page}}/?tenant=${{tenant:percentencode}}#ticket?id={ticket}"
        ).target_blank(True),
    ]


def cell(column: str) -> str:
    """What the row that was clicked has in a column, for an address."""
    return f"${{__data.fields.{column}:percentencode}}"


def _to(uid: str, title: str, variables: Mapping[str, str | Sequence[str]]) -> DashboardLink:
    lists = {name: [value] if isinstance(value, str) else value for name, value in variables.items()}
    given = [f"var-{name}={value}" for name, values in lists.items() for value in values]
    kept = [_CHANNEL] * ("channel" not in variables) + [_CATEGORY] * ("category" not in variables)
    return _link(title, f"/d/{uid}?" + "&".join([_SPAN, *kept, *given]))


def _link(title: str, url: str) -> DashboardLink:
    return DashboardLink(title).type(DashboardLinkType.LINK).url(url)
