"""The escalations that a policy makes of a history, as a back-test compares them. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from schemas.escalations import Escalation
from schemas.events import Priority, ticket_key

TEXT_CHARS: Final = 160
REASON_CHARS: Final = 200

# A ticket, and how often it was resolved before: the stretch of its life to which an escalation belongs.
Stretch = tuple[bytes, int]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One escalation. `priority` is its highest, `raised_by` the later rules that raised it, `text` the beginning of
    what caused it. `needed` is whether the ticket needed a person, None where that is not known.
    """

    tenant: str
    ticket_id: str
    at: datetime
    rule: str
    priority: Priority
    raised_by: tuple[str, ...] = ()
    score: float | None = None
    text: str = ""
    reason: str = ""
    needed: bool | None = None

    @property
    def key(self) -> bytes:
        """The ticket's."""
        return ticket_key(self.tenant, self.ticket_id)


class Cases:
    """What a policy has escalated so far."""

    def __init__(self) -> None:
        self._cases: dict[str, tuple[Stretch, Case]] = {}

    def __len__(self) -> int:
        return len(self._cases)

    def __iter__(self) -> Iterator[Case]:
        return (case for _, case in self._cases.values())

    def add(self, record: Escalation, resolved: int) -> None:
        """Take a record in: a new escalation, or a later revision of one. `resolved` is how often the ticket was."""
        known = self._cases.get(record.escalation_id)
        if known is None:
            stretch = ticket_key(record.tenant, record.ticket_id), resolved
            self._cases[record.escalation_id] = stretch, _case(record)
        elif record.raised_by != known[1].raised_by:
            raised = msgspec.structs.replace(known[1], priority=record.priority, raised_by=record.raised_by)
            self._cases[record.escalation_id] = known[0], raised

    def by_stretch(self) -> dict[Stretch, list[Case]]:
        """The escalations of each stretch in their order. There is seldom more than one: a ticket that was forgotten
        may escalate again.
        """
        found: dict[Stretch, list[Case]] = {}
        for stretch, case in self._cases.values():
            found.setdefault(stretch, []).append(case)
        return found


def _case(record: Escalation) -> Case:
    return Case(
        tenant=record.tenant,
        ticket_id=record.ticket_id,
        at=record.occurred_at,
        rule=record.rule,
        priority=record.priority,
        raised_by=record.raised_by,
        score=record.score,
        text=" ".join(record.text.split())[:TEXT_CHARS],
        reason=record.reason[:REASON_CHARS],
    )
