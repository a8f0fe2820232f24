"""Which tenants are labels of metrics, so that a name which anybody may choose cannot make series without end."""

from collections.abc import Collection
from typing import Final

OTHER: Final = "other"
MOST: Final = 20


class TenantLabels:
    """Tenants with series of their own: those named, and of all others the first that come; the rest is `other`."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._own: frozenset[str] = frozenset()
        self._came: set[str] = set()

    def adopt(self, own: Collection[str], most: int) -> None:
        """From now on these have series, and so many others. Who has one keeps it."""
        self._own, self._most = frozenset(own), most

    def label(self, tenant: str) -> str:
        """The tenant, or `other`."""
        if tenant in self._own or tenant in self._came:
            return tenant
        if len(self._came) >= self._most:
            return OTHER
        self._came.add(tenant)
        return tenant
