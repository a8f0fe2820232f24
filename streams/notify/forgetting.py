"""What `notify` knows of somebody who is erased: notifications on their way and past, and what they tell. Pure."""

from collections.abc import Sequence

from schemas.notices import Acknowledged, Awaited, Escalated, Notice
from streams.engine.state import Overlay
from streams.notify.answering import ANSWERING
from streams.notify.jobs import FACTS, JOBS, OPEN
from streams.privacy.forgetting import Subject


def forget_fact(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Remove what notifications tell, if it is of the subject."""
    fact = state.peek(FACTS, key)
    if fact is None or not _is_of(fact.notice, subject):
        return ()
    state.delete(FACTS, key)
    return ("facts",)


def forget_job(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Remove a notification that is about a ticket of the subject, or whose facts are all gone. It is not sent."""
    job = state.peek(JOBS, key)
    if job is None:
        return ()
    gone = job.is_open and job.facts and all(state.get(FACTS, fact.encode()) is None for fact in job.facts)
    if not gone and not subject.is_ticket(job.tenant, job.ticket_id):
        return ()
    state.delete(JOBS, key)
    if state.get(OPEN, key):
        state.delete(OPEN, key)
    return ("notifications",)


def forget_answering(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Remove whether a ticket was answered automatically."""
    tenant, _, ticket_id = key.decode("utf-8", "surrogatepass").partition("/")
    if state.peek(ANSWERING, key) is None or not subject.is_ticket(tenant, ticket_id):
        return ()
    state.delete(ANSWERING, key)
    return ("answered",)


def _is_of(notice: Notice, subject: Subject) -> bool:
    if isinstance(notice, Escalated):
        escalation = notice.escalation
        return subject.is_ticket(escalation.tenant, escalation.ticket_id) or subject.is_person(
            escalation.tenant, "customer", escalation.customer_id
        )
    if isinstance(notice, Acknowledged):
        return (
            subject.is_ticket(notice.tenant, notice.ticket_id)
            or subject.is_person(notice.tenant, "customer", notice.customer_id)
            or subject.is_person(notice.tenant, "email", notice.email)
            or subject.is_person(notice.tenant, "phone", notice.phone)
        )
    if isinstance(notice, Awaited):
        return subject.is_ticket(notice.tenant, notice.ticket_id) or subject.is_person(
            notice.tenant, "customer", notice.customer_id
        )
    return False
