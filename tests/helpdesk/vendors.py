"""The five helpdesks as the tests know them, and what is written to them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from msgspec.structs import replace
from pydantic import SecretStr

from schemas.escalations import Escalation
from schemas.notices import Escalated
from schemas.notifications import Kind, Notification
from sinks.helpdesk.provider import HelpdeskProvider
from sinks.notify.base import Receipt
from sinks.notify.samples import notification_of, sample
from sinks.notify.targets import HelpdeskTarget
from tests.helpdesk.desk import Desk

SECRETS = {"env:USER": SecretStr("agent@example.com"), "env:TOKEN": SecretStr("s3cret-token")}


class Vendor(NamedTuple):
    """`known_id` is an id as tickets have there, `urgent` and `high` how it calls those priorities, `create` and `note`
    the requests by which a ticket and a note come.
    """

    system: str
    settings: dict[str, str | int | bool]
    known_id: str
    urgent: Any
    high: Any
    create: str
    note: str
    has_user: bool = True


VENDORS = (
    Vendor("zendesk", {}, "41", "urgent", "high", "create ticket", "update ticket"),
    Vendor("freshdesk", {}, "41", 4, 3, "create ticket", "create note", has_user=False),
    Vendor(
        "jira",
        {"project": "HELP", "service_desk": "10", "request_type": "25"},
        "HELP-41",
        "Highest",
        "High",
        "create customer request",
        "create request comment",
    ),
    Vendor(
        "chatwoot",
        {"account": 7, "inbox": 3},
        "41",
        "urgent",
        "high",
        "create conversation",
        "create message",
        has_user=False,
    ),
    Vendor(
        "zammad",
        {"group": "Support", "customer": "unknown@example.com"},
        "41",
        "3 high",
        "3 high",
        "create ticket",
        "create article",
        has_user=False,
    ),
)
ZENDESK = VENDORS[0]


class Scene(NamedTuple):
    """A helpdesk and the provider that writes to it."""

    desk: Desk
    provider: HelpdeskProvider


@asynccontextmanager
async def scene_of(vendor: Vendor, *, seconds: float = 60.0) -> AsyncIterator[Scene]:
    """Both while they run. At the end, every request must have been as the vendor's contract says."""
    desk = Desk(vendor.system, first_id=vendor.known_id.replace("41", "101"))
    async with desk.server:
        provider = provider_of(vendor, desk.server.url, seconds)
        try:
            yield Scene(desk, provider)
        finally:
            await provider.close()
    assert desk.broken == []


def provider_of(vendor: Vendor, url: str, seconds: float = 60.0, **changes: Any) -> HelpdeskProvider:
    """The provider of a target there."""
    return HelpdeskProvider("desk", target_of(vendor, url, seconds, **changes), SECRETS.__getitem__)


def target_of(vendor: Vendor, url: str, seconds: float = 60.0, **changes: Any) -> HelpdeskTarget:
    """A target as `notify.toml` has it."""
    written: Mapping[str, Any] = {
        "kind": "helpdesk",
        "system": vendor.system,
        "url": url,
        "token": "env:TOKEN",
        "settings": vendor.settings,
        "timeout": f"{round(seconds)}s",
        **({"user": "env:USER"} if vendor.has_user else {}),
        **changes,
    }
    return HelpdeskTarget.model_validate(written)


def told(kind: Kind = "escalation", **changes: Any) -> Notification:
    """A notification of an escalation that begins, is raised or is resolved, with other fields."""
    (notice,) = sample(kind).notices
    assert isinstance(notice, Escalated)
    return notification_of(Escalated(escalation=replace(notice.escalation, **changes)), kind)


def from_helpdesk(vendor: Vendor) -> dict[str, Any]:
    """What an event of a ticket that is there says of where it came from."""
    return {"source_type": vendor.system, "source_reference_id": vendor.known_id}


def said_by(notification: Notification) -> Escalation:
    """The escalation of a notification of one."""
    (notice,) = notification.notices
    assert isinstance(notice, Escalated)
    return notice.escalation


async def anew(vendor: Vendor, desk: Desk, notification: Notification) -> Receipt:
    """What comes of it in a process that has only begun."""
    provider = provider_of(vendor, desk.server.url)
    try:
        return await provider.deliver(notification)
    finally:
        await provider.close()
