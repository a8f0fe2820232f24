"""Which ticket a mail belongs to: by the thread that it is in, or by what its subject names."""

import re
import uuid
from email.message import Message
from typing import Final, NamedTuple

from streams.sources.mime import forwarded_in, header

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "mails.ticketpulse")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]+>")
# Headers that a mail program has broken may hold anything; nobody answers to so many mails.
_MAX_REFERENCES: Final = 200
_MAX_ID_CHARS: Final = 998

_MARK: Final = re.compile(r"\[#([A-Za-z0-9][\w.:/-]{0,127})\]")
_TICKET: Final = re.compile(r"\bTKT-[0-9a-f]{8,16}\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\bTKT-\d{4}-\d{4,9}\b", re.IGNORECASE)


class Thread(NamedTuple):
    """`message_id` is the mail's own, `root` that of the first mail of the thread, its own if it begins one.
    `in_reply_to` is the one that it answers to. All are written with their angle brackets.
    """

    message_id: str
    root: str
    in_reply_to: str | None = None

    @property
    def is_first(self) -> bool:
        """Whether the mail answers to no other."""
        return self.root == self.message_id


def thread_of(mail: Message, message_id: str) -> Thread:
    """The thread of a mail that is known by `message_id`. A report on a mail that was sent is in that mail's thread."""
    found = _thread(mail, message_id)
    if not found.is_first or mail.get_content_type() != "multipart/report":
        return found
    for returned in forwarded_in(mail):
        sent = message_id_of(returned)
        if sent is not None:
            return found._replace(root=_thread(returned, sent).root, in_reply_to=sent)
    return found


def _thread(mail: Message, message_id: str) -> Thread:
    references = _MESSAGE_ID.findall(header(mail, "References"))[:_MAX_REFERENCES]
    answered = _MESSAGE_ID.findall(header(mail, "In-Reply-To"))
    earlier = [each[:_MAX_ID_CHARS] for each in [*references, *answered] if each != message_id]
    last = answered[0] if answered else references[-1] if references else None
    return Thread(message_id, earlier[0] if earlier else message_id, last[:_MAX_ID_CHARS] if last else None)


def message_id_of(mail: Message) -> str | None:
    """The Message-ID with its brackets; None for a mail that has none."""
    text = header(mail, "Message-ID")
    found = _MESSAGE_ID.search(text)
    if found:
        return found[0][:_MAX_ID_CHARS]
    bare = text.strip("<> ").replace(" ", "")
    return f"<{bare}>"[:_MAX_ID_CHARS] if bare else None


def ticket_of(thread: Thread, subject: str, *, by_subject: bool) -> str:
    """The ticket's id. With `by_subject`, "[#id]" or "TKT-…" in the subject names it before the thread does.

    A number as escalations have them (TKT-2026-0001) is no ticket's id, so the thread comes before it.
    """
    if by_subject:
        if found := _MARK.search(subject):
            return found[1]
        if found := _TICKET.search(subject):
            return "TKT-" + found[0][4:].lower()
        if thread.is_first and (found := _NUMBER.search(subject)):
            return found[0].upper()
    return f"mail-{uuid.uuid5(NAMESPACE, thread.root)}"
