"""What of the ledger asks a sender to send."""

import logging
from collections.abc import Iterable, Iterator

import msgspec

from schemas.notifications import Notification, decode_notification

log = logging.getLogger(__name__)


def asked_of(sender: str, values: Iterable[bytes | None]) -> Iterator[Notification]:
    """The records that ask this sender. One that cannot be read is passed over: ours can."""
    for value in values:
        try:
            notification = decode_notification(value or b"")
        except msgspec.MsgspecError as error:
            log.error("a record of the ledger cannot be read: %s", error)
            continue
        if notification.is_due and notification.sender == sender:
            yield notification
