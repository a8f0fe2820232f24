"""A notification as a mail. Pure.

Nobody can write a header: addresses are parsed and not pasted, a subject is one line before it comes here, and what
looks like an encoded word ("=?utf-8?q?=0D=0ABcc:...?=") is none when it goes: `email` would decode it, and write the
line end that it hides. What would go out is compared with what was meant all the same.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, NamedTuple

from schemas.notices import Acknowledged, Reported
from schemas.notifications import Notification
from sinks.notify.wording import Words

ATTACHMENT: Final = "conversation.txt"
# As a header would hold it; what is longer than a line may be is no id.
_MESSAGE_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")
_ADDRESS_CHARS: Final = 254
# How an encoded word begins, and what shows as the same and is none.
_ENCODED: Final = "=?"
_NOT_ENCODED: Final = "=\u200b?"

# An id is never cut and never encoded, however long: it would name no mail any more.
_headers = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    _headers.map_to_type(_name, MessageIDHeader)  # type: ignore[arg-type]  # header classes are mixins of BaseHeader
POLICY: Final = SMTP.clone(header_factory=_headers)


class Envelope(NamedTuple):
    """From whom and to whom. All are addresses as `address_of` makes them."""

    sender: Address
    recipients: Sequence[Address]
    reply_to: Address | None = None


class NoAddress(ValueError):
    """It cannot be an address. The error does not show it."""


def address_of(written: str) -> Address:
    """One mail address without a name; what is international in its domain as DNS has it. Raises NoAddress for
    anything else, letters outside of ASCII before the "@" too, which few servers take.
    """
    name, _, domain = written.rpartition("@")
    try:
        if (
            len(written) > _ADDRESS_CHARS
            or _ENCODED in written
            or any(ord(each) < 33 or each in '<>",;\x7f' for each in written)
        ):
            raise NoAddress
        address = Address(addr_spec=f"{name}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError):
        raise NoAddress("no mail address") from None
    if not address.username or not address.domain:
        raise NoAddress("no mail address")
    return address


def mail_of(
    notification: Notification, words: Words, envelope: Envelope, at: datetime, *, attach: bool, to_customer: bool
) -> EmailMessage:
    """The mail: text, the same as HTML, and with `attach` the conversation, or the report as a page of its own: mail
    programs show neither its charts nor its style. Every attempt has the same Message-ID.
    """
    mail = EmailMessage(policy=POLICY)
    mail["From"] = envelope.sender
    mail["To"] = tuple(envelope.recipients)
    if envelope.reply_to is not None:
        mail["Reply-To"] = envelope.reply_to
    mail["Subject"] = words.subject.replace(_ENCODED, _NOT_ENCODED)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = notification.message_id
    # RFC 3834: no machine answers what a machine sent. Exchange knows its own header only.
    mail["Auto-Submitted"] = "auto-replied" if to_customer else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    answered = _answered(notification)
    if answered:
        mail["In-Reply-To"] = answered
        mail["References"] = answered
    # Every server takes lines of this encoding, whatever stands in them.
    mail.set_content(words.text, cte="quoted-printable")
    mail.add_alternative(words.html, subtype="html", cte="quoted-printable")
    if attach and words.conversation:
        mail.add_attachment(words.conversation, filename=ATTACHMENT, cte="quoted-printable")
    for notice in notification.notices if attach else ():
        if isinstance(notice, Reported) and notice.html:
            name = f"report-{notice.begin:%Y-%m-%d}-{notice.end:%Y-%m-%d}.html"
            mail.add_attachment(notice.html, subtype="html", filename=name, cte="base64")
    return mail


def on_the_wire(mail: EmailMessage) -> bytes:
    """The mail as it is sent. Raises ValueError if it had other headers than were meant."""
    try:
        written = mail.as_bytes(policy=mail.policy)
    except MessageError:
        # Newer versions of Python look themselves.
        raise ValueError("a header would break out of its line") from None
    if BytesHeaderParser().parsebytes(written).keys() != mail.keys():
        raise ValueError("a header would break out of its line")
    return written


def _answered(notification: Notification) -> str | None:
    first = notification.notices[0]
    known = first.in_reply_to if isinstance(first, Acknowledged) else None
    return known if known and _MESSAGE_ID.fullmatch(known) and _ENCODED not in known else None
