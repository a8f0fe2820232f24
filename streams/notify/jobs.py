"""What is remembered of notifications: those on their way, what they tell, and how many have gone. Times are Unix
milliseconds.
"""

from hashlib import blake2b
from typing import Final, Literal

import msgspec

from schemas.notices import Alerted, Escalated, Notice
from schemas.notifications import Kind
from streams.engine.state import Overlay, Table

# `sending` is with whoever sends; what came of it is not known yet.
Stand = Literal["waiting", "sending", "sent", "failed", "suppressed"]
_DAY_MS: Final = 86_400_000


class Job(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One notification. `place` is its place in the order of planning; a digest tells all of `facts`. `revision` is
    that of its last record in the ledger. `fresh_at` is when its last state began.
    """

    place: int
    kind: Kind
    tenant: str
    about: tuple[str, ...]
    facts: tuple[str, ...]
    target: str
    ticket_id: str | None = None
    state: Stand = "waiting"
    planned_at: int
    ready_at: int
    fresh_at: int
    revision: int = 0
    attempt: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done for it."""
        return self.state in ("waiting", "sending")


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """The newest notice of something, and how many jobs tell it or may have to tell it again."""

    notice: Notice
    jobs: int


JOBS = Table(b"j", Job)
FACTS = Table(b"f", Fact)
PLACES = Table(b"p", int)
# Who sends what the partition asks for.
SENDER = Table(b"x", str)
# When something was sent to a target within the last minute, and to a customer's address within the last day.
SENT = Table(b"s", tuple[int, ...])
ADDRESSED = Table(b"a", tuple[int, ...])
# Derived: the jobs that are open.
OPEN = Table(b"o", bool, derived=True)
ONLY: Final = b""


def keep(identity: str, job: Job, state: Overlay) -> None:
    """Remember a job as it is now."""
    key = identity.encode()
    state.put(JOBS, key, job)
    if job.is_open:
        state.put(OPEN, key, True)
    elif state.get(OPEN, key):
        state.delete(OPEN, key)


def open_jobs(state: Overlay) -> list[tuple[str, Job]]:
    """Those that are open, by their ids, in the order in which they were planned."""
    found = ((key.decode(), state.get(JOBS, key)) for key, _ in state.rows(OPEN))
    return sorted(((identity, job) for identity, job in found if job is not None), key=lambda each: each[1].place)


def next_place(state: Overlay) -> int:
    """The place of a job that is planned now."""
    place = (state.get(PLACES, ONLY) or 0) + 1
    state.put(PLACES, ONLY, place)
    return place


def learn(fact: str, notice: Notice, state: Overlay) -> bool:
    """Take over a notice of something that is still to be told; whether it is newer than what was known."""
    known = state.get(FACTS, fact.encode())
    if known is None or revision_of(notice) <= revision_of(known.notice):
        return False
    state.put(FACTS, fact.encode(), Fact(notice, known.jobs))
    return True


def hold(fact: str, notice: Notice, state: Overlay) -> None:
    """One more job tells it."""
    known = state.get(FACTS, fact.encode())
    state.put(FACTS, fact.encode(), Fact(known.notice, known.jobs + 1) if known else Fact(notice, 1))


def release(job: Job, state: Overlay) -> None:
    """A job needs what it tells no more."""
    for fact in job.facts:
        known = state.get(FACTS, fact.encode())
        if known is None:
            continue
        if known.jobs > 1:
            state.put(FACTS, fact.encode(), Fact(known.notice, known.jobs - 1))
        else:
            state.delete(FACTS, fact.encode())


def told_by(job: Job, state: Overlay) -> tuple[Notice, ...]:
    """What it tells, as it is known now."""
    found = (state.get(FACTS, fact.encode()) for fact in job.facts)
    return tuple(fact.notice for fact in found if fact is not None)


def revision_of(notice: Notice) -> int:
    """Of several notices of one thing the one with the highest is the newest."""
    if isinstance(notice, Escalated):
        return notice.escalation.revision
    return notice.alert.revision if isinstance(notice, Alerted) else 0


def within_a_day(address: str, now: int, state: Overlay) -> int:
    """How often an address was written to within a day before `now`."""
    return sum(at > now - _DAY_MS for at in state.get(ADDRESSED, _fingerprint(address)) or ())


def note_address(address: str, now: int, state: Overlay) -> None:
    """It is written to now."""
    key = _fingerprint(address)
    times = state.get(ADDRESSED, key) or ()
    state.put(ADDRESSED, key, (*(at for at in times if at > now - _DAY_MS), now))


def is_old_address(times: tuple[int, ...], now: int) -> bool:
    """Whether nothing was written to it for a day."""
    return all(at <= now - _DAY_MS for at in times)


def _fingerprint(address: str) -> bytes:
    return blake2b(address.strip().casefold().encode("utf-8", "surrogatepass"), digest_size=16).digest()
