"""New topics: what customers write about now and did not, or much less, before."""

from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client
from pydantic import BaseModel, ConfigDict

from sinks.dashboard.asking import Bound, ask, from_seconds
from sinks.dashboard.trends import Size

MAX_TOPICS: Final = 12
# Fewer tickets are no topic, and a phrase that is not twice as common as before is none that is new.
LEAST_TICKETS: Final = 5
LEAST_RISE: Final = 2.0
# What counts as now and what as before (seconds), for somebody who looks at windows of a size.
SPANS: Final = {
    Size.FIVE_MINUTES: (3_600, 86_400),
    Size.HOUR: (86_400, 7 * 86_400),
    Size.DAY: (7 * 86_400, 28 * 86_400),
}

_TOPICS = """
SELECT phrase, support, share, usual_share, ratio
FROM new_topics(tenant = {tenant:String}, since = {since:UInt32}, until = {until:UInt32},
    baseline = {baseline:UInt32}, minimum = {least_tickets:UInt32})
WHERE ratio >= {least_rise:Float64}
ORDER BY share * ratio DESC, phrase
LIMIT {rows:UInt32}
"""


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Topic(_Figures):
    """A phrase of `support` tickets. Shares are 0 to 1 of the customers' texts, now and before; `ratio` is of both."""

    phrase: str
    support: int
    share: float
    usual_share: float
    ratio: float


class Topics(_Figures):
    """Phrases in texts from `since` to before `until` whose share is at least twice that from `baseline` to `since`."""

    tenant: str
    size: int
    baseline: datetime
    since: datetime
    until: datetime
    topics: list[Topic]


def read_topics(client: Client, tenant: str, size: Size, now: datetime) -> Topics:
    """As of `now` (aware). Raises clickhouse_connect's errors when the database does not answer."""
    span, before = SPANS[size]
    until = int(now.timestamp()) + 1
    times = {"until": until, "since": until - span, "baseline": until - span - before}
    least: Bound = {"least_tickets": LEAST_TICKETS, "least_rise": LEAST_RISE, "rows": MAX_TOPICS}
    return Topics(
        tenant=tenant,
        size=size,
        **{name: from_seconds(value) for name, value in times.items()},
        topics=[Topic(**row) for row in ask(client, _TOPICS, {"tenant": tenant, **least, **times})],
    )
