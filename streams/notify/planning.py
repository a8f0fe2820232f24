"""A step becomes notifications: one for each target that is told of it, or the reason why it is not. Pure."""

import re
from typing import Final

from msgspec.structs import replace

from schemas.notices import Acknowledged, Escalated
from schemas.notifications import notification_id
from sinks.notify.targets import EmailTarget, SmsTarget
from streams.engine.state import Overlay
from streams.notify.book import NOBODY, NotifyBook, is_for_customers, is_machine
from streams.notify.jobs import JOBS, Job, hold, keep, learn, next_place, note_address, release, within_a_day
from streams.notify.ledger import Ledger, address_of
from streams.notify.steps import Step

# An escalation gets its number a moment after it has begun, and nobody likes to be told twice.
NUMBER_MS: Final = 2_000
# So does one whose ticket is given to agents, if somebody can take it.
ASSIGNEE_MS: Final = 5_000
OVER: Final = "over before it was told"
TOGETHER: Final = "told together with others"
NOT_SET_UP: Final = "no target is set up: it would have been sent"
# Nobody reads these, or a machine answers: an acknowledgement would come back for ever.
_MACHINES: Final = re.compile(r"(mailer-daemon|postmaster|bounces?|(no|do-?not)[-_.]?reply)([-+_.].*)?", re.IGNORECASE)


def plan(
    step: Step, at: int, book: NotifyBook, state: Overlay, ledger: Ledger, *, refused: str = "", said: str = ""
) -> bool:
    """Plan what `step`, appended at `at`, asks for. What was planned before stays, but tells what is newest. Returns
    whether anything is to be sent that was not before.

    With `refused` nothing is sent, and the ledger says that; with `said` it says why what is sent is.
    """
    newer = learn(step.fact, step.notice, state)
    told = book.told(step, at)
    if not book.targets or (refused and not told):
        told = (NOBODY,)
    is_news = False
    for name in told:
        identity = notification_id(step.tenant, step.kind, step.once, name)
        known = state.get(JOBS, identity.encode())
        if known is None:
            _plan_one(identity, name, step, at, book, state, ledger, refused, said)
            planned = state.get(JOBS, identity.encode())
            is_news |= planned is not None and planned.is_open
        elif newer and known.state == "waiting" and known.attempt == 0 and not _lacks(step):
            _hasten(identity, known, at, state)
    return is_news


def _plan_one(
    identity: str,
    name: str,
    step: Step,
    at: int,
    book: NotifyBook,
    state: Overlay,
    ledger: Ledger,
    refused: str,
    said: str,
) -> None:
    target = book.targets.get(name)
    if step.before and not is_machine(target) and not _was_told(step, name, at, state, ledger):
        return
    ready_at = at + _lacks(step)
    job = Job(
        place=next_place(state),
        kind=step.kind,
        tenant=step.tenant,
        about=(step.about,),
        facts=(step.fact,),
        target=name,
        ticket_id=step.ticket_id,
        planned_at=at,
        ready_at=ready_at,
        fresh_at=at,
    )
    hold(step.fact, step.notice, state)
    reason = refused or _why_not(name, step, at, book, state)
    if reason is None:
        ledger.write(identity, job, at, reason=said)
    else:
        suppress(identity, job, at, reason, state, ledger)


def suppress(
    identity: str, job: Job, now: int, reason: str, state: Overlay, ledger: Ledger, reference: str | None = None
) -> None:
    """It is not sent, and the ledger says why."""
    done = replace(job, state="suppressed", fresh_at=now)
    ledger.write(identity, done, now, reason=reason, reference=reference)
    release(done, state)


def _was_told(step: Step, name: str, at: int, state: Overlay, ledger: Ledger) -> bool:
    """Whether somebody was told of what is over now. What still waits for that needs not be told any more."""
    was_told = False
    for kind, once in step.before:
        identity = notification_id(step.tenant, kind, once, name)
        job = state.get(JOBS, identity.encode())
        if job is None:
            continue
        if job.state == "waiting" and job.attempt == 0:
            suppress(identity, job, at, OVER, state, ledger)
        else:
            was_told |= job.state != "suppressed" or job.reason == TOGETHER
    return was_told


def _why_not(name: str, step: Step, at: int, book: NotifyBook, state: Overlay) -> str | None:
    """Why a target is not told; None when it is."""
    if not book.targets:
        return NOT_SET_UP
    target = book.targets.get(name)
    if target is None:
        return f"there is no target {name!r}"
    if isinstance(target, EmailTarget | SmsTarget) and is_for_customers(target):
        return _why_not_a_customer(step, target, at, book, state)
    return None


def _why_not_a_customer(
    step: Step, target: EmailTarget | SmsTarget, at: int, book: NotifyBook, state: Overlay
) -> str | None:
    """The same, where a customer is told. An address that is written to is counted."""
    if not isinstance(step.notice, Acknowledged):
        return "customers are told that their words have come, and what a help article says, and nothing else"
    address = address_of(step.notice, target)
    why = "" if address else f"the customer's {'phone' if isinstance(target, SmsTarget) else 'address'} is not known"
    if address and isinstance(target, EmailTarget):
        why = _no_reader(address, book)
    if not why and within_a_day(address, at, state) >= target.per_address_a_day:
        why = f"{target.per_address_a_day} a day to one address: more may be two machines that answer each other"
    if why:
        return why
    note_address(address, at, state)
    return None


def _no_reader(address: str, book: NotifyBook) -> str:
    """Why nobody reads at an address; empty when somebody may."""
    written = address.strip()
    local, _, domain = written.rpartition("@")
    if not local or not domain or any(character.isspace() or ord(character) < 32 for character in written):
        return "the customer's address is none"
    if _MACHINES.fullmatch(local):
        return "nobody reads at the customer's address"
    smtp = book.smtp
    ours = {each.casefold() for each in (smtp.sender, smtp.reply_to) if each} if smtp else set()
    # Addresses may have a name in front: Support <support@example.com>.
    if any(address.casefold() == each.rpartition("<")[2].rstrip(">") for each in ours):
        return "the customer's address is our own"
    return ""


def _lacks(step: Step) -> int:
    """How long to wait for what people want to read and is not yet known: a number, and who has the ticket."""
    if not isinstance(step.notice, Escalated):
        return 0
    escalation = step.notice.escalation
    if escalation.assignee == "" and escalation.state == "open":
        return ASSIGNEE_MS
    return NUMBER_MS if escalation.number is None else 0


def _hasten(identity: str, job: Job, at: int, state: Overlay) -> None:
    if job.ready_at - job.planned_at in (NUMBER_MS, ASSIGNEE_MS):
        keep(identity, replace(job, ready_at=min(job.ready_at, at)), state)
