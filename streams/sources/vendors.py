"""The helpdesks whose webhooks are taken: how each proves who it is, and how its webhooks are read."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.rejections import Rejected
from streams.sources import chatwoot, freshdesk, jira, signatures, zammad, zendesk
from streams.sources.fields import Json, Read
from streams.sources.signatures import Check


class Vendor(NamedTuple):
    """`check` says what is wrong with a request's signature; `read` makes events of its JSON, for a tenant."""

    name: str
    check: Check
    read: Callable[[Json, str], Read | Rejected]

    @property
    def setting(self) -> str:
        """The variable that has its secret."""
        return f"TICKETPULSE_{self.name.upper()}_WEBHOOK_SECRET"


VENDORS: Final[Mapping[str, Vendor]] = MappingProxyType(
    {
        vendor.name: vendor
        for vendor in (
            Vendor("zendesk", signatures.zendesk, zendesk.read),
            Vendor("freshdesk", signatures.shared_secret, freshdesk.read),
            Vendor("jira", signatures.jira, jira.read),
            Vendor("chatwoot", signatures.chatwoot, chatwoot.read),
            Vendor("zammad", signatures.zammad, zammad.read),
        )
    }
)
