"""Automatic answers: a help article, once a ticket and so often a day. Pure but for the articles, which are in memory.

What is answered is decided here, where the tenant's state is: of one tenant all notices come to one partition, so the
bound of a day is exact however many workers there are. The articles are those that are in force when the notice is
read; what was decided with them is kept in the transaction of the decision, and a replay finds it there.
"""

from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec

from schemas.notices import Acknowledged, Answered, AnswerOver, AnswerWanted
from schemas.notifications import Kind, notification_id
from sinks.suggestions.finding import Found
from streams.engine.state import Overlay, Table
from streams.notify.book import NOBODY, NotifyBook
from streams.notify.jobs import JOBS
from streams.notify.ledger import Ledger
from streams.notify.planning import OVER, plan, suppress
from streams.notify.steps import step_of

_KIND: Final[Kind] = "answer"
_TEXT_CHARS: Final = 4_000
_DAY: Final = "%Y-%m-%d"
SWEEP_ROWS: Final = 250


class Articles(Protocol):
    """Finds articles, as `sinks.suggestions.library.Library` does."""

    def find(self, text: str, tenant: str, language: str | None, *, threshold: float, most: int) -> list[Found]: ...


class Answering(msgspec.Struct, frozen=True, array_like=True):
    """A ticket that was answered automatically, or that is not to be: since when (Unix milliseconds), and why not."""

    at: int
    over: str = ""


ANSWERING = Table(b"w", Answering)
# How many tickets of a tenant were answered on a day, or would have been.
ANSWERED = Table(b"d", int)


def answer(
    wanted: AnswerWanted, at: int, articles: Articles | None, book: NotifyBook, state: Overlay, ledger: Ledger
) -> None:
    """Answer a customer's words that came at a time, if an article does and the day has room. A ticket is answered
    once, whatever becomes of that, and so a replay does nothing.
    """
    asked = wanted.asked
    key = _ticket(asked.tenant, asked.ticket_id)
    if articles is None or state.get(ANSWERING, key) is not None:
        return
    found = articles.find(wanted.text, asked.tenant, asked.language, threshold=wanted.threshold, most=1)
    if not found:
        return
    state.put(ANSWERING, key, Answering(at))
    notice = answered(asked, found[0])
    said = f"{notice.article}{f', {notice.heading}' if notice.heading else ''} answers {notice.share:.0%}"
    day = _day(asked.tenant, at, wanted.dry_run)
    used = state.get(ANSWERED, day) or 0
    if used >= wanted.per_day:
        _refuse(f"more than {wanted.per_day} a day: {said}", notice, at, book, state, ledger)
        return
    if wanted.dry_run:
        _refuse(f"dry run: {said}", notice, at, book, state, ledger)
        state.put(ANSWERED, day, used + 1)
    elif plan(step_of(notice), at, book, state, ledger, said=said):
        state.put(ANSWERED, day, used + 1)


def end(over: AnswerOver, at: int, state: Overlay, ledger: Ledger, book: NotifyBook) -> None:
    """A ticket is answered automatically no more; what waits to be sent is not sent."""
    key = _ticket(over.tenant, over.ticket_id)
    known = state.get(ANSWERING, key)
    state.put(ANSWERING, key, Answering(known.at if known else at, over.why))
    for name in (*book.targets, NOBODY):
        settle(notification_id(over.tenant, _KIND, _once(over.ticket_id), name), at, state, ledger)


def settle(identity: str, at: int, state: Overlay, ledger: Ledger) -> None:
    """Suppress an answer that waits although there is to be none any more."""
    job = state.get(JOBS, identity.encode())
    if job is None or job.kind != _KIND or job.state != "waiting" or job.ticket_id is None:
        return
    known = state.get(ANSWERING, _ticket(job.tenant, job.ticket_id))
    if known is not None and known.over:
        suppress(identity, job, at, f"{OVER}: {known.over}", state, ledger)


def forget(now: int, kept_ms: int, state: Overlay) -> None:
    """Forget tickets and days that are long over."""
    for key, row in state.sweep(ANSWERING, SWEEP_ROWS):
        if row.at < now - kept_ms:
            state.delete(ANSWERING, key)
    before = datetime.fromtimestamp((now - kept_ms) / 1000, UTC).strftime(_DAY).encode()
    for key in state.sweep_keys(ANSWERED, SWEEP_ROWS):
        if key.rpartition(b"/")[2] < before:
            state.delete(ANSWERED, key)


def answered(asked: Acknowledged, found: Found) -> Answered:
    """The answer that a passage is."""
    article, section = found.passage
    return Answered(
        **{**msgspec.structs.asdict(asked), "text": section.text[:_TEXT_CHARS]},
        article=article.name,
        title=article.head.title,
        heading=section.heading,
        url=article.head.url,
        share=found.share,
    )


def _refuse(why: str, notice: Answered, at: int, book: NotifyBook, state: Overlay, ledger: Ledger) -> None:
    plan(step_of(notice), at, book, state, ledger, refused=why)


def _once(ticket_id: str) -> str:
    return f"answer/{ticket_id}"


def _ticket(tenant: str, ticket_id: str) -> bytes:
    return f"{tenant}/{ticket_id}".encode("utf-8", "surrogatepass")


def _day(tenant: str, at: int, dry_run: bool) -> bytes:
    day = datetime.fromtimestamp(at / 1000, UTC).strftime(_DAY)
    return f"{tenant}/{'dry' if dry_run else 'on'}/{day}".encode()
