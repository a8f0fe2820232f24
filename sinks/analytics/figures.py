"""What every figure of analytics has in common, as it travels in JSON: times are RFC 3339 in UTC, a share or an average
is null where it would be of nothing.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from sinks.analytics.selection import Selection


class Part(BaseModel):
    """A piece of an answer; it is never changed."""

    model_config = ConfigDict(frozen=True)


class Answer(Part):
    """Of which tenant and span; `tickets_url` lists the tickets that were looked at."""

    tenant: str
    since: datetime
    until: datetime
    tickets_url: str


def about(selection: Selection) -> dict[str, str | datetime]:
    """The fields of an `Answer`."""
    return {
        "tenant": selection.tenant,
        "since": selection.since,
        "until": selection.until,
        "tickets_url": selection.tickets(),
    }
