"""What the helpdesk is told of an escalation: the values that the templates of a mapping may name. Pure."""

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from pydantic import JsonValue

from schemas.escalations import Escalation
from schemas.notifications import Notification
from sinks.helpdesk.references import contact_mark, fallback_reference, note_mark, ticket_mark
from sinks.notify.facts import Facts
from sinks.notify.inert import calling_nobody, one_line

# Of what `values_of` gives; settings, and what a request takes from its answer, come on top.
NAMES: Final = frozenset(
    {
        "anonymous",
        "category",
        "channel",
        "contact_mark",
        "customer",
        "description",
        "description_html",
        "email",
        "fallback",
        "id",
        "mark",
        "name",
        "note",
        "note_html",
        "note_mark",
        "number",
        "ours",
        "priority",
        "subject",
        "tenant",
        "ticket_id",
    }
)
_LINE: Final = 200
# What helpdesks take for their own: Zendesk's placeholders, "{{ticket.id}}", and Jira's mentions, "[~ann]".
_LIVE: Final = re.compile(r"\{(?=\{)|\[(?=~)")
_NO_SPACE: Final = "\u200b"


def values_of(notification: Notification, escalation: Escalation, facts: Facts) -> dict[str, JsonValue]:
    """The values by name; `priority` is still ours. `email` is the customer's address, `name` what to call whoever
    has it, `anonymous` the mark of a customer without one. `ours` becomes true for a ticket that we have created.
    """
    email = _address(escalation.email)
    description = _dead(_description(notification, escalation, facts))
    note = _dead("\n".join((*_note(facts), "", note_mark(notification, escalation))))
    customer = _dead(facts.customer or "Customer")
    return {
        "anonymous": None if email else contact_mark(escalation),
        "category": facts.category,
        "channel": facts.channel,
        "contact_mark": contact_mark(escalation),
        "customer": customer,
        "description": description,
        "description_html": _html(description),
        "email": email,
        "fallback": fallback_reference(notification),
        "id": None,
        "mark": ticket_mark(escalation),
        "name": customer if email else None,
        "note": note,
        "note_html": _html(note),
        "note_mark": note_mark(notification, escalation),
        "number": facts.number,
        "ours": None,
        "priority": escalation.priority,
        "subject": _dead(one_line(facts.subject or f"Escalated: {facts.why}", _LINE)),
        "tenant": escalation.tenant,
        "ticket_id": one_line(escalation.ticket_id, _LINE),
    }


def _note(facts: Facts) -> Iterator[str]:
    match facts.kind:
        case "resolved":
            yield "The escalation is resolved."
            if facts.resolution:
                yield facts.resolution
        case "raised":
            yield f"Raised to {facts.priority}: {facts.why}"
        case _:
            yield f"Escalated: {facts.why}"
    yield _about(facts)
    if facts.kind == "resolved":
        return
    if facts.note:
        yield from ("", facts.note)
    if facts.summary:
        yield from ("", "What was said last:", *facts.summary)


def _about(facts: Facts) -> str:
    due = f"answer due {facts.due:%Y-%m-%d %H:%M} UTC" if facts.due and facts.kind != "resolved" else ""
    said = (facts.ticket, facts.priority, facts.category, facts.channel, due)
    return " · ".join(each for each in said if each)


def _description(notification: Notification, escalation: Escalation, facts: Facts) -> str:
    """What a created ticket begins with. It holds the marks by which it is found, by us and by people."""
    known_as = f"{facts.ticket} · {fallback_reference(notification)} · {ticket_mark(escalation)}"
    return "\n".join((facts.text or facts.subject or facts.why, "", known_as))


def _address(written: str | None) -> str | None:
    """An address that a helpdesk may take for one; what is none is left out, because it would refuse the ticket."""
    address = (written or "").strip()
    return address if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", address) and address.isprintable() else None


def _dead(text: str) -> str:
    return _LIVE.sub(lambda found: found[0] + _NO_SPACE, calling_nobody(text))


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
