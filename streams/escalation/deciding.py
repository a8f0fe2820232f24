"""Whether a person must look at a ticket now. Pure."""

from typing import NamedTuple

import msgspec

from schemas.events import PRIORITIES, Priority
from schemas.scored import ScoredEvent
from streams.conversations import CLOSED, SKEW_MS, Conversation
from streams.escalation.compiled import ReadyPolicy, ReadyRule
from streams.escalation.facts import Moment
from streams.escalation.policy import REQUESTED, Group, Limits, Rule, Then
from streams.escalation.requested import category_of


class Decision(NamedTuple):
    """The rule that escalates, the names of others that held too, and whether it raises an open escalation."""

    ready: ReadyRule
    also: tuple[str, ...]
    raises: bool


def decide(policy: ReadyPolicy, moment: Moment) -> Decision | None:
    """The rule by which the ticket escalates at this moment, if any.

    A ticket escalates once an episode. A rule, or another system's request, with a higher priority than the escalation
    has raises it.
    """
    event, known = moment.event, moment.conversation
    floor = PRIORITIES.index(known.escalated) if known.escalated else -1
    if event is not None and event.type == "escalation_requested":
        asked = _requested(event)
        return Decision(asked, (), raises=known.escalated is not None) if asked.rank > floor else None
    if event is not None and not (moment.said or _may_cause(event, known)):
        return None
    holding = [
        each
        for each in policy.candidates(moment)
        if each.rank > floor and each.holds(moment) and _is_allowed(each.rule, known, moment.now)
    ]
    if not holding:
        return None
    chosen = max(holding, key=lambda each: each.rank)
    also = tuple(each.rule.name for each in holding if each is not chosen)
    return Decision(chosen, also, raises=known.escalated is not None)


def escalated(conversation: Conversation, rule: Rule, now: int, priority: Priority) -> Conversation:
    """The conversation after a rule has escalated it to a priority."""
    fired = {**conversation.fired, rule.name: (now, conversation.session)}
    since = conversation.escalated_at if conversation.escalated else now
    return msgspec.structs.replace(conversation, escalated=priority, escalated_at=since, priority=priority, fired=fired)


def armed_again(before: Conversation | None, after: Conversation) -> Conversation:
    """The conversation, in its next episode if it was closed while it was escalated. An end from before the
    escalation, by more than clocks may differ, came late and is not the end of it.
    """
    if not after.escalated or after.status not in CLOSED or (before is not None and before.status == after.status):
        return after
    if after.status_at < after.escalated_at - SKEW_MS:
        return after
    return msgspec.structs.replace(after, episode=after.episode + 1, escalated=None, escalated_at=0)


def higher(one: Priority, other: Priority) -> Priority:
    """The higher of two priorities."""
    return max(one, other, key=PRIORITIES.index)


def _may_cause(event: ScoredEvent, known: Conversation) -> bool:
    """Besides a customer's words: a rating, or a change of status other than the end of the work."""
    if event.type == "status_changed":
        return known.status not in CLOSED
    return event.type == "rated"


def _is_allowed(rule: Rule, known: Conversation, now: int) -> bool:
    fired = known.fired.get(rule.name)
    if fired is None:
        return True
    at, session = fired
    limits = rule.limits
    if limits.once == "ticket" or (limits.once == "session" and session == known.session):
        return False
    return limits.cool_down is None or now - at >= limits.cool_down


def _requested(event: ScoredEvent) -> ReadyRule:
    """What another system asked for, as if a rule had found it."""
    asked = event.metadata
    rule = Rule.model_construct(
        name=REQUESTED,
        when=Group.model_construct(),
        then=Then(
            reason=_braces_doubled(str(asked.get("escalation_reason") or "Another system asked for a person.")),
            priority=event.priority or "high",
            category=category_of(event),
        ),
        limits=Limits(),
    )
    return ReadyRule(rule, lambda _: True, PRIORITIES.index(rule.then.priority), ())


def _braces_doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
