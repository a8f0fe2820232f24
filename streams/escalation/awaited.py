"""When somebody must be told that a ticket waits: reminders, and warnings before something is late. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from schemas.events import PRIORITIES, Status
from schemas.notices import Overdue
from streams.conversations import REMINDED, RESOLUTION_WARNED, RESPONSE_WARNED, Conversation
from streams.escalation.policy import LARGEST_SHARE, Late, OwnTargets, Policy
from streams.windows import Targets

# In these there is something to do here; a ticket that waits for its customer is let alone until it is back.
WORKED_ON: Final[tuple[Status, ...]] = ("new", "open", "in_progress")
BITS: Final[dict[Overdue, int]] = {
    "reminder": REMINDED,
    "response_due": RESPONSE_WARNED,
    "resolution_due": RESOLUTION_WARNED,
}


class Due(NamedTuple):
    """What is to be told of a ticket at a time, and when it will be late. Unix milliseconds."""

    what: Overdue
    at: int
    late_at: int


class _Span(NamedTuple):
    """Milliseconds since the ticket was opened."""

    told: int
    late: int


class Awaiting:
    """What a policy wants to be told of tickets that wait. The targets are the settings', in seconds."""

    def __init__(self, policy: Policy, respond: Targets, resolve: Targets) -> None:
        remind, late = policy.remind, policy.late
        self._remind = remind if remind is not None and remind.only != "none" else None
        self._respond = _spans(late, late.respond_within, respond) if late is not None and late.response else None
        self._resolve = _spans(late, late.resolve_within, resolve) if late is not None and late.resolution else None
        self._notify: dict[Overdue, tuple[str, ...]] = {
            "reminder": remind.notify if remind else (),
            "response_due": late.notify if late else (),
            "resolution_due": late.notify if late else (),
        }
        self.is_wanted = bool(self._remind or self._respond or self._resolve)

    def next_due(self, known: Conversation) -> int | None:
        """When the next thing is to be told, if nothing happens before; it may have been already."""
        return min((due.at for due in self._open(known)), default=None)

    def due(self, known: Conversation, now: int) -> list[Due]:
        """What is to be told by now."""
        return [due for due in self._open(known) if due.at <= now]

    def notify(self, what: Overdue) -> tuple[str, ...]:
        """The channels that the policy tells of it; none: those of the escalation."""
        return self._notify[what]

    def _open(self, known: Conversation) -> Iterator[Due]:
        since, warned = known.open_since, known.warned
        if not since or known.status not in WORKED_ON:
            return
        remind = self._remind
        if remind and not warned & REMINDED and (remind.only == "all" or known.escalated):
            yield Due("reminder", since + remind.after, since + remind.after)
        if self._respond and not warned & RESPONSE_WARNED and not known.first_reply_at:
            span = self._respond[known.priority]
            yield Due("response_due", since + span.told, since + span.late)
        if self._resolve and not warned & RESOLUTION_WARNED:
            span = self._resolve[known.priority]
            yield Due("resolution_due", since + span.told, since + span.late)


def concerns(before: Conversation, after: Conversation) -> bool:
    """Whether what is due may have changed with an event: few change it."""
    return (
        before.open_since != after.open_since
        or before.status != after.status
        or before.priority != after.priority
        or before.first_reply_at != after.first_reply_at
        or before.escalated != after.escalated
    )


def _spans(late: Late, own: OwnTargets, targets: Targets) -> Mapping[str, _Span]:
    """By priority."""
    spans: dict[str, _Span] = {}
    for priority in PRIORITIES:
        target = getattr(own, priority) or getattr(targets, priority) * 1000
        ahead = round(late.warn_before * target) if isinstance(late.warn_before, float) else late.warn_before
        # Of a short target a warning would come with the ticket.
        spans[priority] = _Span(target - min(ahead, int(target * LARGEST_SHARE)), target)
    return spans
