"""A mail to a ticket event. Pure: bytes and the time at which the server got them in, an event out."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from schemas.events import MAX_EVENT_BYTES, TicketEvent, event_from, ticket_key
from schemas.rejections import Reason, Rejected
from schemas.scored import encode_event
from streams.sources.automatic import MACHINES, automatic_of
from streams.sources.mime import address_in, attachments_in, header, mail_of, text_in
from streams.sources.threads import NAMESPACE, message_id_of, thread_of, ticket_of

# How far the sender's clock may be from the server's before it is not believed: ahead, and behind, which is also how
# long a mail may have been on its way.
AHEAD: Final = timedelta(minutes=5)
BEHIND: Final = timedelta(days=7)
MAX_SUBJECT: Final = 1_000
MAX_ATTACHMENTS: Final = 100
CUT_MARK: Final = "\n[…]"
# As much as is added when the stages write an event again, and the frame of its record.
_ROOM: Final = 64 * 1024


class MailRules(NamedTuple):
    """What a mailbox's owner says of it. `agents` are addresses, or domains with "@" before them, in lower case, whose
    mails are answers to customers; `own_lists` the ids of lists that are support addresses themselves.
    """

    tenant: str = "default"
    agents: frozenset[str] = frozenset()
    own_lists: frozenset[str] = frozenset()
    by_subject: bool = False


class Outgoing(NamedTuple):
    """What goes to the log for a mail. `rejected` says why it is no event: the record is one that `score` buries."""

    event_id: str
    key: bytes
    value: bytes
    automatic: bool = False
    rejected: Rejected | None = None


def outgoing_of(raw: bytes, received_at: datetime, rules: MailRules, *, is_whole: bool = True) -> Outgoing:
    """The record for a mail, of at most MAX_EVENT_BYTES; always the same for the same mail. Never raises.

    `received_at` is aware. A mail that is not `is_whole` was cut by whoever read it.
    """
    try:
        mail = mail_of(raw)
        event = read_mail(mail, received_at, rules, is_whole=is_whole)
    # The parser fails in many ways, and one mail must not stop the others.
    except Exception as error:
        event = Rejected(Reason.FAILED, "mail", f"cannot be taken apart ({type(error).__name__})")
    if isinstance(event, Rejected):
        return rejected(raw, received_at, event, rules)
    value = _encode(event)
    key = ticket_key(event.tenant, event.ticket_id)
    return Outgoing(event.event_id, key, value, event.author == "system")


def read_mail(
    mail: Message, received_at: datetime, rules: MailRules, *, is_whole: bool = True
) -> TicketEvent | Rejected:
    """The event that a mail is. Rejected is one that says nothing: no subject, no text and no attachment."""
    sender = address_in(mail, "From")
    thread = thread_of(mail, message_id_of(mail) or _made_up_id(mail))
    subject = header(mail, "Subject")[:MAX_SUBJECT]
    automatic = automatic_of(mail, sender.address, rules.own_lists)
    occurred_at, doubted = _occurred_at(mail, received_at)
    by_agent = _is_of(sender.address, rules.agents)
    metadata: dict[str, Any] = {"message_id": thread.message_id}
    if thread.in_reply_to:
        metadata["in_reply_to"] = thread.in_reply_to
    if sender.name:
        metadata["from_name"] = sender.name[:200]
    reply_to = address_in(mail, "Reply-To").address
    if reply_to and reply_to != sender.address:
        metadata["reply_to"] = reply_to
    if automatic:
        metadata["automatic"] = automatic
    if doubted:
        metadata["date"] = doubted
    if not is_whole:
        metadata["cut"] = "mail"
    fields: dict[str, Any] = {
        "event_id": str(uuid.uuid5(NAMESPACE, f"{rules.tenant}/{thread.message_id}")),
        "tenant": rules.tenant,
        "ticket_id": ticket_of(thread, subject, by_subject=rules.by_subject),
        "type": _type_of(by_agent=by_agent, is_first=thread.is_first),
        "channel": "email",
        "occurred_at": occurred_at,
        "subject": subject or None,
        "text": text_in(mail).strip() or None,
        "attachments": attachments_in(mail)[:MAX_ATTACHMENTS],
        "source_type": "mailbox",
        "metadata": metadata,
    }
    if automatic in MACHINES:
        # Its words are nobody's; the ticket has them, and nobody waits for an answer to them.
        fields["author"] = "system"
    elif by_agent:
        fields |= {"author": "agent", "agent_id": sender.address}
    elif sender.address:
        fields |= {"email": sender.address, "customer_id": sender.address[:256]}
    return event_from({name: value for name, value in fields.items() if value is not None}, received_at)


def _type_of(*, by_agent: bool, is_first: bool) -> str:
    if by_agent:
        return "agent_reply"
    return "created" if is_first else "message"


def _is_of(address: str, agents: frozenset[str]) -> bool:
    return address in agents or f"@{address.rpartition('@')[2]}" in agents


def _occurred_at(mail: Message, received_at: datetime) -> tuple[datetime, str | None]:
    """When it was written: as Date says, if that can be; else when it was received, and what Date said."""
    said = header(mail, "Date")
    if not said:
        return received_at, None
    try:
        moment = parsedate_to_datetime(said)
        # A date without a zone is UTC: RFC 5322 has "-0000" for that.
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        believed = received_at - BEHIND <= moment <= received_at + AHEAD
    except (ValueError, TypeError, OverflowError, IndexError):
        believed = False
    return (moment, None) if believed else (received_at, said[:100])


def _made_up_id(mail: Message) -> str:
    """For a mail without a Message-ID: by what it is, so that the same mail has the same one."""
    digest = hashlib.sha256()
    for name in ("From", "To", "Date", "Subject", "Content-Type"):
        digest.update(header(mail, name).encode() + b"\0")
    digest.update(text_in(mail).encode())
    for each in attachments_in(mail):
        digest.update(repr(sorted(each.items())).encode())
    return f"<{digest.hexdigest()}@no-message-id>"


def _encode(event: TicketEvent) -> bytes:
    """The event as JSON. A text that is too long for one is cut, and `metadata.cut_characters` tells by how much."""
    value = encode_event(event)
    text = event.text or ""
    keep = len(text)
    while len(value) > MAX_EVENT_BYTES - _ROOM:
        # JSON takes up to six bytes for a character: what is too much is known only when it is written.
        keep = min(keep * 3 // 4, MAX_EVENT_BYTES)
        event.text = text[:keep] + CUT_MARK
        event.metadata = {**event.metadata, "cut_characters": len(text) - keep}
        value = encode_event(event)
    return value


def rejected(raw: bytes, received_at: datetime, why: Rejected, rules: MailRules) -> Outgoing:
    """A record that says of which mail it is and what is wrong, and that is no event: without anything to read in it.

    It becomes a dead letter like any other. The mail itself stays in the mailbox.
    """
    try:
        known = message_id_of(mail_of(raw))
    except Exception:
        known = None
    message_id = known or f"<{hashlib.sha256(raw).hexdigest()}@no-message-id>"
    event_id = str(uuid.uuid5(NAMESPACE, f"{rules.tenant}/{message_id}"))
    event = TicketEvent(
        event_id=event_id,
        tenant=rules.tenant,
        ticket_id=f"mail-{uuid.uuid5(NAMESPACE, message_id)}",
        channel="email",
        occurred_at=received_at,
        source_type="mailbox",
        metadata={"message_id": message_id, "unreadable": str(why)},
    )
    return Outgoing(event_id, ticket_key(rules.tenant, event.ticket_id), encode_event(event), rejected=why)
