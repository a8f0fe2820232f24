"""A helpdesk: keeps tickets as the real ones do, speaks as a vendor's contract says, and fails where it is told to."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.helpdesk.contract import Contract, Fits
from tests.helpdesk.http_server import HANG_UP, Asked, HttpServer, Reply

_MARK = re.compile(r"t[pcn][0-9a-f]{20}")


@dataclass
class Ticket:
    """What is known of one. `opening` is everything that it was created with."""

    id: str
    opening: str = ""
    priority: Any = None
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    contact: str | None = None


@dataclass
class Fault:
    """What is answered instead, once: to a request of the entry of this name, after `passes` of them. `after` says that
    the helpdesk has done it then.
    """

    entry: str
    reply: Reply = HANG_UP
    after: bool = False
    passes: int = 0


class Desk:
    """The tickets, and the server in front of them. `broken` is what was not as the contract says."""

    def __init__(self, vendor: str, first_id: str = "101") -> None:
        self.contract = Contract(vendor)
        self.tickets: dict[str, Ticket] = {}
        self.asked: list[str] = []
        self.targets: list[str] = []
        self.broken: list[str] = []
        self.faults: list[Fault] = []
        # An entry of this name is not answered at all; `is_silent` once it was asked for.
        self.silent: str | None = None
        self.is_silent = asyncio.Event()
        # Searches for tickets find nothing yet.
        self.lags = False
        self.contacts: dict[str, str] = {}
        self._next = first_id
        self._kept: dict[str, tuple[bytes, Reply]] = {}
        self.server = HttpServer(self._answer)

    def add(self, id: str) -> Ticket:
        """A ticket that a customer has opened there."""
        self.tickets[id] = Ticket(id)
        return self.tickets[id]

    @property
    def only(self) -> Ticket:
        """The ticket, of which there must be one."""
        (ticket,) = self.tickets.values()
        return ticket

    async def _answer(self, asked: Asked) -> Reply:
        self.targets.append(asked.target)
        fits = self.contract.check(asked)
        if not isinstance(fits, Fits):
            self.broken += fits
            return Reply(400, b'{"error":"RequestBreaksContract"}')
        name = fits.entry["name"]
        self.asked.append(name)
        if name == self.silent:
            self.is_silent.set()
            await asyncio.Event().wait()
        fault = next((each for each in self.faults if each.entry == name), None)
        if fault is None or fault.passes:
            if fault is not None:
                fault.passes -= 1
            return self._do(fits, asked)
        self.faults.remove(fault)
        if fault.after:
            self._do(fits, asked)
        return fault.reply

    def _do(self, fits: Fits, asked: Asked) -> Reply:
        key = asked.headers.get("idempotency-key")
        if key in self._kept:
            body, reply = self._kept[key]
            return reply if body == asked.body else Reply(400, b'{"error":"IdempotentRequestError"}')
        work: Callable[[Fits, Asked], tuple[int | None, dict[str, Any]]] = getattr(self, f"_{fits.entry['does']}")
        status, values = work(fits, asked)
        if status is not None:
            return Reply(status, b'{"error":"no such record"}')
        answer = _rendered(fits.entry.get("answer"), values)
        reply = Reply(fits.entry["status"], json.dumps(answer).encode() if "answer" in fits.entry else b"")
        if key is not None:
            self._kept[key] = (asked.body, reply)
        return reply

    def _find(self, fits: Fits, _: Asked) -> tuple[int | None, dict[str, Any]]:
        """Tickets with a mark, or those of a contact."""
        slots = fits.slots
        if self.lags:
            return None, {"tickets": []}
        if "words" in slots:
            (mark,) = _MARK.findall(slots["words"])
            found = [ticket for ticket in self.tickets.values() if mark in ticket.opening]
        else:
            contact = self.contacts.get(slots["who"]) if "who" in slots else slots["contact"]
            found = [ticket for ticket in self.tickets.values() if contact and ticket.contact == contact]
            if "who" in slots and contact is None:
                return 400, {}
        return None, {"tickets": [self._shown(ticket) for ticket in found]}

    def _find_contact(self, fits: Fits, _: Asked) -> tuple[int | None, dict[str, Any]]:
        found = self.contacts.get(fits.slots["who"])
        return None, {"contacts": [{"contact": int(found)}] if found else []}

    def _create_contact(self, fits: Fits, _: Asked) -> tuple[int | None, dict[str, Any]]:
        named = [fits.slots[name] for name in ("who", "email") if name in fits.slots]
        if any(each in self.contacts for each in named):
            return 422, {}
        id = str(500 + len(self.contacts))
        self.contacts |= dict.fromkeys(named, id)
        return None, {"contact": int(id)}

    def _create(self, fits: Fits, asked: Asked) -> tuple[int | None, dict[str, Any]]:
        prefix, number = re.fullmatch(r"(.*?)(\d+)", self._next).groups()  # type: ignore[union-attr]
        ticket = Ticket(self._next, asked.body.decode())
        self._next = f"{prefix}{int(number) + 1}"
        self.tickets[ticket.id] = ticket
        who = fits.slots.get("who") or fits.slots.get("other")
        contact = fits.slots.get("contact")
        ticket.contact = str(contact) if contact is not None else who and self.contacts.setdefault(who, f"c-{who}")
        self._write(ticket, fits.slots)
        return None, self._shown(ticket)

    def _read(self, fits: Fits, _: Asked) -> tuple[int | None, dict[str, Any]]:
        ticket = self.tickets.get(str(fits.slots["id"]))
        return (404, {}) if ticket is None else (None, self._shown(ticket))

    def _update(self, fits: Fits, _: Asked) -> tuple[int | None, dict[str, Any]]:
        ticket = self.tickets.get(str(fits.slots["id"]))
        if ticket is None:
            return 404, {}
        self._write(ticket, fits.slots)
        return None, self._shown(ticket)

    def _write(self, ticket: Ticket, slots: dict[str, Any]) -> None:
        ticket.priority = slots.get("priority", ticket.priority)
        ticket.flags = list(slots.get("flags", ticket.flags))
        added, removed = _list(slots.get("add")), _list(slots.get("remove"))
        kept = [each for each in ticket.flags if each not in removed]
        ticket.flags = list(dict.fromkeys((*kept, *added)))
        if "note" in slots:
            ticket.notes.append(slots["note"])

    def _shown(self, ticket: Ticket) -> dict[str, Any]:
        marks = _MARK.findall(ticket.opening)
        return {
            "id": int(ticket.id) if ticket.id.isdigit() else ticket.id,
            "mark": next((mark for mark in marks if mark.startswith("tp")), None),
            "opening": ticket.opening,
            "priority": ticket.priority,
            "flags": ticket.flags,
            "notes": [{"note": note} for note in reversed(ticket.notes)],
        }


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _rendered(answer: Any, values: dict[str, Any]) -> Any:
    """The contract's answer: "$name" is a value, {"$each": name, "as": …} a list of what each of a list looks like."""
    if isinstance(answer, str) and answer.startswith("$"):
        return values[answer[1:]]
    if isinstance(answer, list):
        return [_rendered(each, values) for each in answer]
    if isinstance(answer, dict):
        if "$each" in answer:
            return [_rendered(answer["as"], values | each) for each in values[answer["$each"]]]
        return {name: _rendered(each, values) for name, each in answer.items()}
    return answer
