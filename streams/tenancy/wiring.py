"""The file of tenants of the settings, in a process: quotas at the gateway, labels everywhere."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sinks.prometheus import TENANT_BYTES_QUOTA, TENANT_LABELS, TENANT_QUOTA, WINDOWS
from streams.config import Settings
from streams.tenancy.day_counts import DayCounts
from streams.tenancy.quotas import Quotas
from streams.tenancy.tenant_file import LOOK_SECONDS, FollowedTenants, TenantFile
from streams.tenancy.usage_counts import UsageCounts, hour_of

# For whoever looks; what counts is today.
KEPT: Final = timedelta(days=40)


def quotas_of(settings: Settings) -> Quotas | None:
    """What a gateway counts by; None where no file of tenants is named. Raises FileError for one that is wrong, and
    OSError or sqlite3.Error where counts of days cannot be kept.
    """
    if settings.tenants is None:
        return None
    followed = FollowedTenants(settings.tenants, time.monotonic, show)
    oldest, file = _now() - KEPT, counts_file(settings)
    days, usage = DayCounts(file, oldest.date().isoformat()), UsageCounts(file, _now, hour_of(oldest))
    return Quotas(followed.current, days, time.monotonic, _now, usage)


def counts_file(settings: Settings) -> Path:
    """Where this machine counts what tenants send."""
    return settings.local_dir / "quotas.sqlite"


def _now() -> datetime:
    return datetime.now(UTC)


def follow_tenants(settings: Settings) -> Callable[[], Coroutine[Any, Any, None]] | None:
    """What keeps the labels of a process as the file says, for ever; None where none is named. Raises FileError."""
    if settings.tenants is None:
        return None
    followed = FollowedTenants(settings.tenants, time.monotonic, show)

    async def follow() -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            followed.current()

    return follow


def show(file: TenantFile) -> None:
    """Give the file's tenants series of their own, and tell their quotas."""
    TENANT_LABELS.adopt(file.labelled, file.metrics.most)
    WINDOWS.reserve(file.labelled)
    gauges = (TENANT_QUOTA, TENANT_BYTES_QUOTA)
    for gauge in gauges:
        gauge.clear()
    for tenant in file.tenants:
        for gauge, rated in zip(gauges, file.quota(tenant).rates, strict=True):
            if rated.rate:
                gauge.labels(tenant).set(rated.rate)
