"""Notices as JSON, signed, to an address of the customer's own."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
from pydantic import SecretStr

from schemas.notices import Notice
from schemas.notifications import Kind, Notification
from sinks.notify.base import Receipt
from sinks.notify.posting import Poster
from sinks.notify.targets import WebhookTarget

SIGNATURE: Final = "X-Ticketpulse-Signature"
TIMESTAMP: Final = "X-Ticketpulse-Timestamp"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"


class Hook(msgspec.Struct, frozen=True):
    """The body. It says the same in every attempt; `notices` are as in schemas/notices.py."""

    notification_id: str
    tenant: str
    kind: Kind
    about: tuple[str, ...]
    ticket_id: str | None
    notices: tuple[Notice, ...]
    version: int = 1


class WebhookProvider:
    """POSTs to one address, under the notification's id as idempotency key."""

    def __init__(
        self,
        target: WebhookTarget,
        name: str,
        secret: SecretStr,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises ValueError for an address that is none."""
        self.name = name
        self._secret = secret
        self._now = now
        self._poster = Poster(target.url, target.timeout / 1000, now)

    async def deliver(self, notification: Notification) -> Receipt:
        """One POST. Raises NotDelivered."""
        body = body_of(notification)
        timestamp = int(self._now().timestamp())
        headers = {
            TIMESTAMP: str(timestamp),
            SIGNATURE: signature(self._secret, timestamp, body),
            IDEMPOTENCY_KEY: notification.notification_id,
        }
        await self._poster.post(body, headers)
        return Receipt()

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()


def body_of(notification: Notification) -> bytes:
    """A Hook as JSON."""
    return msgspec.json.encode(
        Hook(
            notification.notification_id,
            notification.tenant,
            notification.kind,
            notification.about,
            notification.ticket_id,
            notification.notices,
        )
    )


def signature(secret: SecretStr, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over "{timestamp}.{body}", in hex. The time is in it so that an old request cannot be sent again."""
    signed = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()}"
