"""What is due goes out: in order, not in quiet hours, not more than a target wants, and what comes together as one
message. And what came of it. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from schemas.notices import SenderReady, Tried, encode_notice
from schemas.notifications import notification_id
from sinks.notify.targets import Target
from streams.engine.state import Overlay
from streams.notify.book import NotifyBook, is_machine
from streams.notify.hours import end_of
from streams.notify.jobs import FACTS, JOBS, ONLY, SENDER, SENT, Job, hold, next_place, open_jobs, release, told_by
from streams.notify.ledger import Ledger
from streams.notify.planning import TOGETHER, suppress
from streams.notify.steps import step_of

_MINUTE_MS: Final = 60_000
# A digest tells at most so many, because nobody reads more, and of so many bytes, because a record holds no more.
DIGEST_MAX: Final = 50
DIGEST_BYTES: Final = 1_000_000
# How many a target is sent before it is known what came of the first.
UNDER_WAY: Final = 20
_QUIET: Final = "waits: quiet hours"
# For a target that is in the book no more.
_RETRY: Final = (30_000, 60_000, 120_000)
_ATTEMPTS: Final = 4


class Waiting(NamedTuple):
    """A job that is open, by its id."""

    identity: str
    job: Job


def send_due(now: int, book: NotifyBook, state: Overlay, ledger: Ledger) -> None:
    """Ask for everything to be sent that is due, if there is somebody to ask."""
    if state.get(SENDER, ONLY) is None:
        return
    queues: defaultdict[str, list[Waiting]] = defaultdict(list)
    for identity, job in open_jobs(state):
        queues[job.target].append(Waiting(identity, job))
    for name, queue in queues.items():
        target = book.targets.get(name)
        if target is not None:
            _send_to(target, name, queue, now, state, ledger)
            continue
        for identity, job in queue:
            if job.state == "waiting":
                suppress(identity, job, now, f"there is no target {name!r} any more", state, ledger)


def take_sender(ready: SenderReady, at: int, state: Overlay, ledger: Ledger) -> None:
    """Ask this sender from now on, and at once for what another has not answered."""
    if state.get(SENDER, ONLY) == ready.sender:
        return
    state.put(SENDER, ONLY, ready.sender)
    for identity, job in open_jobs(state):
        if job.state == "sending":
            ledger.write(identity, job, at, reason=job.reason, send=True)


def overdue(now: int, book: NotifyBook, state: Overlay) -> Counter[tuple[str, ...]]:
    """How many open jobs each target has whose time came over a minute ago: nobody sends, or it takes fewer."""
    late: Counter[tuple[str, ...]] = Counter({(name,): 0 for name in book.targets})
    for _, job in open_jobs(state):
        target = book.targets.get(job.target)
        late[job.target,] += job.ready_at + (target.group if target else 0) < now - _MINUTE_MS
    return late


def take_answer(tried: Tried, at: int, book: NotifyBook, state: Overlay, ledger: Ledger) -> str | None:
    """What came of an attempt. Returns why it is given up, if it is. An answer that comes twice changes nothing."""
    job = state.get(JOBS, tried.notification_id.encode())
    if job is None or job.state != "sending" or job.attempt != tried.attempt:
        return None
    after = _after(job, tried, book.targets.get(job.target), at)
    ledger.write(
        tried.notification_id,
        after,
        at,
        reason=tried.reason,
        reference=tried.reference,
        provider_ms=tried.provider_ms,
    )
    if after.state == "sent":
        release(after, state)
    # What is given up is held on to: whoever sends the dead letter back wants it told.
    return tried.reason if after.state == "failed" else None


def _after(job: Job, tried: Tried, target: Target | None, at: int) -> Job:
    """A job after an attempt."""
    if tried.sent:
        return replace(job, state="sent", fresh_at=at)
    spans, attempts = (target.retry, target.attempts) if target else (_RETRY, _ATTEMPTS)
    if tried.permanent or job.attempt >= attempts:
        return replace(job, state="failed", fresh_at=at)
    span = max(spans[min(job.attempt, len(spans)) - 1], round((tried.retry_after or 0) * 1000))
    return replace(job, state="waiting", ready_at=at + span, fresh_at=at)


def try_again(tried: Tried, at: int, state: Overlay, ledger: Ledger) -> bool:
    """Begin anew with one that was given up; whether it was."""
    job = state.get(JOBS, tried.notification_id.encode())
    if job is None or job.state != "failed":
        return False
    again = replace(job, state="waiting", attempt=0, ready_at=at, fresh_at=at)
    ledger.write(tried.notification_id, again, at, reason="tried again on request")
    return True


def _send_to(target: Target, name: str, queue: Sequence[Waiting], now: int, state: Overlay, ledger: Ledger) -> None:
    under_way = sum(job.state == "sending" for _, job in queue)
    ready = _ready(_woken(queue, target, now, state), now)
    if target.quiet is not None and ready and (until := end_of(target.quiet, now)) is not None:
        ready = _let_rest(ready, target, until, now, state, ledger)
    sent = tuple(at for at in state.get(SENT, name.encode()) or () if at > now - _MINUTE_MS)
    left = min(target.per_minute - len(sent), UNDER_WAY - under_way)
    messages = _messages(target, ready, now, state)
    for message in messages[: max(left, 0)]:
        waiting = message[0] if len(message) == 1 else _digest(message, now, state, ledger)
        job = replace(waiting.job, state="sending", attempt=waiting.job.attempt + 1, ready_at=now, fresh_at=now)
        ledger.write(waiting.identity, job, now, send=True)
        sent = (*sent, now)
        state.put(SENT, name.encode(), sent)
    if target.per_minute <= len(sent):
        said = f"waits: more than {target.per_minute} a minute"
        for message in messages[max(left, 0) :]:
            for identity, job in message:
                if job.reason != said:
                    ledger.write(identity, job, now, reason=said)


def _woken(queue: Sequence[Waiting], target: Target, now: int, state: Overlay) -> Sequence[Waiting]:
    """What rests does so no more when it has become urgent: what says that may not overtake it, and would rest too."""
    if target.quiet is None:
        return queue
    due = {about for _, job in queue if job.state == "waiting" and job.ready_at <= now for about in _about(job)}
    return [
        Waiting(identity, replace(job, ready_at=now))
        if job.reason == _QUIET and not due.isdisjoint(_about(job)) and _is_urgent(job, target, state)
        else Waiting(identity, job)
        for identity, job in queue
    ]


def _is_urgent(job: Job, target: Target, state: Overlay) -> bool:
    """Whether it is told in quiet hours too."""
    return target.quiet is not None and any(
        step_of(notice).priority in target.quiet.unless for notice in told_by(job, state)
    )


def _ready(queue: Sequence[Waiting], now: int) -> list[Waiting]:
    """Those whose time has come, and before which nothing about the same is still open: an end does not overtake."""
    ready: list[Waiting] = []
    open_before: set[tuple[str, str]] = set()
    for waiting in queue:
        job = waiting.job
        if job.state == "waiting" and job.ready_at <= now and open_before.isdisjoint(_about(job)):
            ready.append(waiting)
        open_before.update(_about(job))
    return ready


def _about(job: Job) -> list[tuple[str, str]]:
    # Sessions are named by events, whose ids are a tenant's own.
    return [(job.tenant, about) for about in job.about]


def _let_rest(
    ready: Sequence[Waiting], target: Target, until: int, now: int, state: Overlay, ledger: Ledger
) -> list[Waiting]:
    """Put off what may wait for the end of the quiet hours; returns the rest."""
    awake = []
    for waiting in ready:
        if _is_urgent(waiting.job, target, state):
            awake.append(waiting)
        else:
            ledger.write(waiting.identity, replace(waiting.job, ready_at=until), now, reason=_QUIET)
    return awake


def _messages(target: Target, ready: Sequence[Waiting], now: int, state: Overlay) -> list[Sequence[Waiting]]:
    """What is told in one message each. Who collects waits from the first that came."""
    if not target.group or is_machine(target):
        return [[waiting] for waiting in ready]
    messages: list[Sequence[Waiting]] = []
    together: defaultdict[str, list[Waiting]] = defaultdict(list)
    for waiting in ready:
        # What failed before keeps its name, by which it is known where it may have arrived; tenants are kept apart.
        # A report is a message of its own: many together would be larger than a record may be.
        if waiting.job.attempt or len(waiting.job.facts) > 1 or waiting.job.kind == "report":
            messages.append([waiting])
        else:
            together[waiting.job.tenant].append(waiting)
    for several in together.values():
        if now >= min(waiting.job.planned_at for waiting in several) + target.group:
            messages += _digestible(several, state)
    return messages


def _digestible(several: Sequence[Waiting], state: Overlay) -> Iterator[Sequence[Waiting]]:
    """Cut into what one digest tells."""
    together: list[Waiting] = []
    held = 0
    for waiting in several:
        size = sum(len(encode_notice(notice)) for notice in told_by(waiting.job, state))
        if together and (len(together) == DIGEST_MAX or held + size > DIGEST_BYTES):
            yield together
            together, held = [], 0
        together.append(waiting)
        held += size
    yield together


def _digest(message: Sequence[Waiting], now: int, state: Overlay, ledger: Ledger) -> Waiting:
    """One job that tells what several would have told."""
    first = message[0].job
    members = "/".join(waiting.identity for waiting in message)
    identity = notification_id(first.tenant, first.kind, f"digest/{members}", first.target)
    facts = tuple(dict.fromkeys(fact for waiting in message for fact in waiting.job.facts))
    digest = replace(
        first,
        place=next_place(state),
        about=tuple(dict.fromkeys(about for waiting in message for about in waiting.job.about)),
        facts=facts,
        ticket_id=first.ticket_id if len(facts) == 1 else None,
        revision=0,
        planned_at=now,
        fresh_at=now,
    )
    for fact in facts:
        known = state.get(FACTS, fact.encode())
        if known is not None:
            hold(fact, known.notice, state)
    for waiting in message:
        suppress(waiting.identity, waiting.job, now, TOGETHER, state, ledger, reference=identity)
    return Waiting(identity, digest)
