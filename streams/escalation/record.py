"""The record of an escalation: everything that the person needs who is called. Pure."""

import string
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from schemas.escalations import NUMBER, Escalation, Evidence, Said, escalation_id
from schemas.scored import Label, ScoredEvent
from schemas.spans import in_words
from schemas.windows import HUNDREDTHS
from streams.escalation.compiled import ReadyPolicy, evidence, terms_of
from streams.escalation.deciding import Decision, higher
from streams.escalation.facts import FACTS, Moment, Value
from streams.escalation.policy import Policy, Rule
from streams.escalation.requested import Line, told_by
from streams.escalation.signals import text_of
from streams.scoring.readings import GENERAL

SUMMARY_MESSAGES: Final = 5
SUMMARY_CHARS: Final = 100
CONTEXT_MESSAGES: Final = 10
TEXT_CHARS: Final = 500
URGENT_MARK: Final = "URGENT: "


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One text of a conversation as it is kept. `number` counts from 0 up, `at` is in Unix milliseconds, `score` in
    hundredths, -1 for none.
    """

    number: int
    event_id: str
    at: int
    speaker: str
    text: str
    score: int = -1
    label: Label | None = None


class Case(NamedTuple):
    """A ticket at the moment at which it escalates. `messages` are its last ones, oldest first; `before` is the
    conversation as it was before the rule raised its priority.
    """

    tenant: str
    ticket_id: str
    moment: Moment
    messages: Sequence[Message]
    arm: str | None = None


def escalation_of(case: Case, decision: Decision, policy: ReadyPolicy) -> Escalation:
    """The record of a new escalation."""
    event, known, rule = case.moment.event, case.moment.conversation, decision.ready.rule
    last = next((each for each in reversed(case.messages) if each.speaker == "customer"), None)
    session = f"{known.opened_by:016x}"
    priority = higher(rule.then.priority, known.priority)
    within = _respond_within(rule, policy.policy, priority)
    occurred_at = time_of(case.moment.now)
    sentiment = event.sentiment if event is not None and event.voice == "customer" else None
    category = rule.then.category or (event.category if event is not None else known.category)
    label = case.moment.label if sentiment else (last.label if last else None)
    told = told_by(event)
    emotion = told.emotion or (event.reading.emotion if event is not None else None)
    is_angry = label == "very_negative" or emotion in policy.policy.angry
    proof = evidence_of(decision, case.moment)
    filled = Texts(case, rule.name, within, subject_of(policy.policy, category, is_angry=is_angry), proof.terms)
    reason = filled.fill(rule.then.reason)
    reply = rule.then.reply or (policy.policy.replies.angry if is_angry else policy.policy.replies.other)
    return Escalation(
        escalation_id=escalation_id(case.tenant, case.ticket_id, session, known.episode, rule.name),
        tenant=case.tenant,
        ticket_id=case.ticket_id,
        session=session,
        episode=known.episode,
        event_id=event.event_id if event is not None else (last.event_id if last else ""),
        correlation_id=_correlation(event, last),
        policy=policy.name,
        policy_version=policy.version,
        arm=case.arm,
        rule=rule.name,
        scorer=event.scorer if event is not None else "",
        model_epoch=event.model_epoch if event is not None else 0,
        reason=reason,
        evidence=proof,
        occurred_at=occurred_at,
        channel=event.channel if event is not None else known.channel,
        category=category or GENERAL,
        priority_before=known.priority,
        priority=priority,
        status=known.status,
        score=sentiment.score if sentiment else _points(last),
        label=label,
        emotion=emotion,
        journey_stage=event.journey_stage if event is not None else None,
        subject=filled.subject,
        text=(text_of(event) if event is not None else (last.text if last else ""))[:TEXT_CHARS],
        summary=_summary(case.messages or told.messages) or tuple(map(_line, told.summary[:SUMMARY_MESSAGES])),
        messages=tuple(map(said_of, case.messages[-CONTEXT_MESSAGES:]))
        or tuple(Said(occurred_at, each.speaker, each.text) for each in told.messages[-CONTEXT_MESSAGES:]),
        keywords=told.keywords or (event.reading.keywords if event is not None else ()),
        customer_id=known.customer_id,
        email=known.email,
        phone=known.phone,
        source_type=event.source_type if event is not None else None,
        source_reference_id=event.source_reference_id if event is not None else None,
        queue=rule.then.queue,
        notify=rule.then.notify,
        respond_within=within // 1000,
        respond_by=time_of(case.moment.now + within),
        reply=filled.fill(reply),
        note=filled.fill(rule.then.note or policy.policy.note, reason=reason),
        updated_at=occurred_at,
    )


def raised(record: Escalation, case: Case, decision: Decision, policy: ReadyPolicy) -> Escalation:
    """The record after a rule found the ticket more urgent than the escalation says. Its cause stays the first."""
    rule = decision.ready.rule
    priority = higher(rule.then.priority, record.priority)
    within = _respond_within(rule, policy.policy, priority)
    event = case.moment.event
    filled = Texts(case, rule.name, within, record.subject, terms_of(event) if event is not None else ())
    return msgspec.structs.replace(
        record,
        revision=record.revision + 1,
        raised_by=(*record.raised_by, rule.name),
        reason=f"{record.reason} {filled.fill(rule.then.reason)}",
        priority=priority,
        notify=tuple(dict.fromkeys((*record.notify, *rule.then.notify))),
        queue=rule.then.queue or record.queue,
        respond_within=within // 1000,
        respond_by=min(record.respond_by, time_of(case.moment.now + within)),
        updated_at=time_of(case.moment.now),
    )


def said_of(message: Message) -> Said:
    """A kept message as it is told."""
    return Said(time_of(message.at), message.speaker, message.text, _points(message))


def evidence_of(decision: Decision, moment: Moment) -> Evidence:
    """What the decision rests on, the other rules that held included."""
    found = evidence(decision.ready, moment)
    return msgspec.structs.replace(found, also=decision.also) if decision.also else found


class Texts:
    """Fills a policy's texts in. `within` is in milliseconds. The number stays in braces until it is known."""

    def __init__(self, case: Case, rule: str, within: int, subject: str, terms: Sequence[str]) -> None:
        self.subject = subject
        self._moment = case.moment
        self._named = {
            "number": NUMBER,
            "ticket_id": case.ticket_id,
            "customer_id": case.moment.conversation.customer_id or "unknown",
            "rule": rule,
            "respond_within": in_words(within),
            "subject": subject,
            "terms": ", ".join(terms[:3]) or "no single term",
        }

    def fill(self, text: str, **more: str) -> str:
        """The text with what it names in braces."""
        return text.format_map({name: self._value(name, more) for name in _names_in(text)})

    def _value(self, name: str, more: dict[str, str]) -> str:
        if name in more:
            return more[name]
        if name in self._named:
            return self._named[name]
        return _in_words(FACTS[name].read(self._moment), FACTS[name].kind)


@lru_cache(maxsize=1_000)
def _names_in(text: str) -> tuple[str, ...]:
    """What a text names in braces. A policy has few texts, another system's request has one of its own."""
    return tuple(name for _, name, _, _ in string.Formatter().parse(text) if name)


def _in_words(value: Value | None, kind: str) -> str:
    if value is None:
        return "unknown"
    if kind == "span" and isinstance(value, int | float):
        return in_words(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value).replace("_", " ")


def _respond_within(rule: Rule, policy: Policy, priority: str) -> int:
    """Milliseconds."""
    return promised(policy, priority) if rule.then.respond_within is None else rule.then.respond_within


def promised(policy: Policy, priority: str) -> int:
    """Within how many milliseconds an answer is promised where no rule says it."""
    return policy.respond.urgent if priority == "urgent" else policy.respond.other


def subject_of(policy: Policy, category: str, *, is_angry: bool) -> str:
    """What a ticket of a category is called."""
    subject = policy.subjects.get(category) or (category or GENERAL).replace("_", " ").capitalize()
    return f"{URGENT_MARK if is_angry else ''}{subject}"


def _correlation(event: ScoredEvent | None, last: Message | None) -> str:
    if event is None:
        return last.event_id if last else ""
    return event.correlation_id or event.event_id


def _summary(messages: Sequence[Message | Line]) -> tuple[str, ...]:
    return tuple(f"{each.speaker.capitalize()}: {_line(each.text)}" for each in messages[-SUMMARY_MESSAGES:])


def _line(text: str) -> str:
    return " ".join(text.split())[:SUMMARY_CHARS]


def _points(message: Message | None) -> float | None:
    return None if message is None or message.score < 0 else message.score / HUNDREDTHS


def time_of(milliseconds: int) -> datetime:
    """UTC, of Unix milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
