"""Whether a webhook comes from who it says, by the secret that both have. Pure; comparisons take constant time.

Header names are lower case. A check returns what is wrong, without any of the values, or None.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

# How old a signed time may be, or how far ahead: vendors send again within minutes, with a new time.
WINDOW: Final = timedelta(minutes=5)

Headers = Mapping[str, str]
Check = Callable[[bytes, Headers, bytes, datetime], str | None]


def zendesk(secret: bytes, headers: Headers, body: bytes, now: datetime) -> str | None:
    """Base64 of HMAC-SHA256 over the time and the body
    (developer.zendesk.com/documentation/webhooks/verifying, read on 2026-11-22).
    """
    stamp = headers.get("x-zendesk-webhook-signature-timestamp", "")
    digest = hmac.digest(secret, stamp.encode("latin-1", "replace") + body, hashlib.sha256)
    if wrong := _compared(headers, "X-Zendesk-Webhook-Signature", base64.b64encode(digest)):
        return wrong
    return _in_time(stamp, "X-Zendesk-Webhook-Signature-Timestamp", now)


def chatwoot(secret: bytes, headers: Headers, body: bytes, now: datetime) -> str | None:
    """HMAC-SHA256 in hexadecimal over the time in Unix seconds, a dot and the body (Chatwoot's API document of its
    webhooks, read on 2026-11-22).
    """
    stamp = headers.get("x-chatwoot-timestamp", "")
    signed = stamp.encode("latin-1", "replace") + b"." + body
    if wrong := _compared(headers, "X-Chatwoot-Signature", _hexadecimal(secret, signed, "sha256")):
        return wrong
    return _in_time(stamp, "X-Chatwoot-Timestamp", now)


def jira(secret: bytes, headers: Headers, body: bytes, now: datetime) -> str | None:
    """HMAC-SHA256 in hexadecimal over the body (developer.atlassian.com/cloud/jira/platform/webhooks, read on
    2026-11-22).
    """
    return _compared(headers, "X-Hub-Signature", _hexadecimal(secret, body, "sha256"))


def zammad(secret: bytes, headers: Headers, body: bytes, now: datetime) -> str | None:
    """HMAC-SHA1 in hexadecimal over the body (admin-docs.zammad.org, Webhook Payload, read on 2026-11-22)."""
    return _compared(headers, "X-Hub-Signature", _hexadecimal(secret, body, "sha1"))


def shared_secret(secret: bytes, headers: Headers, body: bytes, now: datetime) -> str | None:
    """The secret itself in a header, for who cannot sign: whoever sees a request can repeat it."""
    return _compared(headers, "X-Webhook-Secret", secret)


def _hexadecimal(secret: bytes, signed: bytes, algorithm: str) -> bytes:
    return f"{algorithm}={hmac.digest(secret, signed, algorithm).hex()}".encode()


def _compared(headers: Headers, name: str, wanted: bytes) -> str | None:
    given = headers.get(name.lower())
    if not given:
        return f"{name} is missing"
    if not hmac.compare_digest(given.encode("latin-1", "replace"), wanted):
        return f"{name} is not what the secret makes of this request: is it the same on both sides?"
    return None


def _in_time(stamp: str, name: str, now: datetime) -> str | None:
    try:
        at = datetime.fromtimestamp(int(stamp), UTC) if stamp.isdigit() else datetime.fromisoformat(stamp)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return f"{name} is no time"
    if abs(now - at) > WINDOW:
        return f"{name} is more than {WINDOW.seconds // 60} minutes from our clock: an old request, or a wrong clock"
    return None
