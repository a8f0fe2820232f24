"""Which tenants there are, what they may send and what they sent: one row for each, of what several places know."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from streams.tenancy.tenant_file import Quota, TenantFile
from streams.tenancy.usage_counts import Used

# What an event costs `score` whatever it says, in bytes of text: 31 µs where a byte takes 0.65 (docs/tenancy.md).
EVENT_AS_TEXT: Final = 50


class Stored(NamedTuple):
    """Rows of events in ClickHouse, and when the last of them came in: ISO 8601, UTC."""

    rows: int
    last: str


class Scored(NamedTuple):
    """Events that came in within a span and are stored, each once; and the bytes of their subjects and texts."""

    events: int
    text_bytes: int


class Known(NamedTuple):
    """A tenant of `tenant ls`. `own` tells whether the file has a table of it; rates and counts of 0 are no limit."""

    tenant: str
    own: bool
    events_per_second: float
    burst: float
    bytes_per_second: float
    bytes_burst: float
    events_per_day: int
    bytes_per_day: int
    rows: int | None
    last: str | None


class Usage(NamedTuple):
    """A tenant of `tenant usage`. `share` is of what scoring cost, estimated: 0 to 1. None is not known."""

    tenant: str
    events: int | None
    text_bytes: int | None
    share: float | None
    accepted_events: int | None
    accepted_bytes: int | None
    refused_events: int | None
    refused_bytes: int | None
    rows: int | None


def known_tenants(file: TenantFile | None, stored: Mapping[str, Stored] | None) -> list[Known]:
    """Those with a table and those with rows, by name."""
    named = file.tenants if file else {}
    return [_known(name, file, (stored or {}).get(name), stored is None) for name in _names(named, stored or {})]


def usage_of(
    scored: Mapping[str, Scored] | None, used: Mapping[str, Used] | None, stored: Mapping[str, Stored] | None
) -> list[Usage]:
    """Those who sent something, whoever cost most first; then by name. What is None is not known of anybody."""
    costs = {tenant: each.text_bytes + EVENT_AS_TEXT * each.events for tenant, each in (scored or {}).items()}
    names = _names(scored or {}, used or {})
    total = sum(costs.values())
    rows = [_usage(name, scored, used, stored, costs.get(name, 0) / total if total else 0.0) for name in names]
    return sorted(rows, key=lambda row: -costs.get(row.tenant, 0))


def _names(*of: Iterable[str]) -> Collection[str]:
    return sorted({name for each in of for name in each})


def _known(tenant: str, file: TenantFile | None, stored: Stored | None, away: bool) -> Known:
    quota = file.quota(tenant) if file else Quota()
    events, sizes = quota.rates
    return Known(
        tenant,
        file is not None and tenant in file.tenants,
        events.rate,
        events.at_once if events.rate else 0.0,
        sizes.rate,
        sizes.at_once if sizes.rate else 0.0,
        quota.events_per_day,
        quota.bytes_per_day,
        None if away else stored.rows if stored else 0,
        stored.last if stored else None,
    )


def _usage(
    tenant: str,
    scored: Mapping[str, Scored] | None,
    used: Mapping[str, Used] | None,
    stored: Mapping[str, Stored] | None,
    share: float,
) -> Usage:
    sent = None if scored is None else scored.get(tenant, Scored(0, 0))
    came = None if used is None else used.get(tenant, Used())
    accepted, refused = came or (None, None)
    return Usage(
        tenant,
        None if sent is None else sent.events,
        None if sent is None else sent.text_bytes,
        None if sent is None else round(share, 4),
        None if accepted is None else accepted.events,
        None if accepted is None else accepted.bytes,
        None if refused is None else refused.events,
        None if refused is None else refused.bytes,
        None if stored is None else stored[tenant].rows if tenant in stored else 0,
    )
