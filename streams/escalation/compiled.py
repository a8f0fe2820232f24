"""A policy made ready to decide: its conditions as functions. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.escalations import Evidence
from schemas.events import PRIORITIES
from schemas.scored import LABELS, Label, ScoredEvent
from streams.conversations import Conversation, Memory
from streams.escalation.conditions import Gate, Test, gate_of, test_of
from streams.escalation.facts import FACTS, GROWING, Moment
from streams.escalation.policy import FactCondition, Group, Policy, Rule
from streams.escalation.signals import Signals, text_of
from streams.scoring.matcher import Matcher
from streams.scoring.word_lists import WordList
from streams.scoring.words import words_of

_DAY_MS: Final = 86_400_000


class ReadyRule(NamedTuple):
    """A rule, whether it holds, how much it weighs among several, the facts that it asks for, and what is looked at
    before.
    """

    rule: Rule
    holds: Test
    rank: int
    facts: tuple[str, ...]
    gate: Gate = Gate()


class Growth(NamedTuple):
    """A condition becomes true when a fact has grown over a span (milliseconds)."""

    fact: str
    span: int


class ReadyPolicy:
    """A policy with its conditions as functions."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.name, self.version = policy.name, policy.version
        self.rules = tuple(
            ReadyRule(
                rule,
                test_of(rule.when),
                PRIORITIES.index(rule.then.priority),
                tuple(_facts(rule.when)),
                gate_of(rule.when),
            )
            for rule in policy.rules
        )
        self.growths = tuple(sorted({growth for rule in policy.rules for growth in _growths(rule.when)}))
        self._due = tuple((GROWING[growth.fact], growth.span) for growth in self.growths)
        self._silent = tuple(ready for ready in self.rules if not ready.gate.signals)
        self._signals = Signals(policy)
        self.has_risk = bool(policy.risk)
        self.acknowledges = policy.acknowledge is not None and policy.acknowledge.when != "never"
        answer = policy.auto_answer
        self._stop = (
            Matcher([WordList(name="stop", hit="", miss="", entries=answer.stop)]) if answer and answer.stop else None
        )
        self._risk = tuple((part.points, test_of(part.when)) for part in policy.risk)

    def memory(self, event_ids: int) -> Memory:
        """What is remembered of a conversation under this policy."""
        rule = self.policy.memory
        return Memory(rule.history, event_ids, rule.quiet / _DAY_MS)

    def label(self, event: ScoredEvent) -> Label | None:
        """The event's label under the policy's bands."""
        if event.sentiment is None:
            return None
        if self.policy.bands is None:
            return event.sentiment.label
        return LABELS[sum(event.sentiment.score >= band for band in self.policy.bands)]

    def signals(self, moment: Moment) -> tuple[str, ...]:
        """The signals that a customer's message gives: those that were read from it, and the policy's own."""
        return self._signals.given(moment)

    def is_stopped_by(self, event: ScoredEvent) -> bool:
        """Whether a customer's message has a word after which no machine answers."""
        return self._stop is not None and any(self._stop.find_words(words_of(text_of(event))))

    def candidates(self, moment: Moment) -> Sequence[ReadyRule]:
        """The rules that may hold, in their order: the signals and the score that they ask for are there."""
        said, given = moment.said, moment.signals
        score = said.sentiment.score if said is not None and said.sentiment is not None else None
        rules = [each for each in self.rules if each.gate.signals.issubset(given)] if given else self._silent
        if score is None:
            return [each for each in rules if each.gate.score is None]
        return [each for each in rules if each.gate.score is None or score <= each.gate.score]

    def risk_parts(self, moment: Moment) -> int:
        """The parts of the risk that hold, as bits. Those of the customer's last words hold until there are others:
        how many tickets a customer has is known only after the words were read.
        """
        held = 0 if moment.said is not None else moment.conversation.risk_parts
        for number, (_, holds) in enumerate(self._risk):
            if holds(moment):
                held |= 1 << number
        return held

    def risk(self, parts: int) -> float | None:
        """The points of these parts, at most 1; None for a policy without them."""
        if not self._risk:
            return None
        points = sum(points for number, (points, _) in enumerate(self._risk) if parts >> number & 1)
        return min(round(points, 6), 1.0)

    def next_due(self, conversation: Conversation, after: int) -> int | None:
        """When, after a time, the clock alone may make a rule hold. All in Unix milliseconds."""
        first = None
        for since_when, span in self._due:
            since = since_when(conversation)
            due = since + span
            if since and due > after and (first is None or due < first):
                first = due
        return first


def evidence(rule: ReadyRule, moment: Moment) -> Evidence:
    """What a rule's decision rests on: the facts that it asks for, and the terms that moved the score down."""
    values = {name: value for name in rule.facts if (value := FACTS[name].read(moment)) is not None}
    event = moment.event
    return Evidence(terms_of(event) if event else (), values, tuple(moment.signals))


def terms_of(event: ScoredEvent) -> tuple[str, ...]:
    """The terms that moved an event's score down, the weightiest first, each once whatever its case."""
    terms: dict[str, str] = {}
    for reason in event.reasons:
        if reason.points < 0:
            # Words that one rule rates together are listed in one term.
            for term in filter(None, reason.term.split(", ")):
                terms.setdefault(term.lower(), term)
    return tuple(terms.values())


def _facts(group: Group) -> dict[str, None]:
    return dict.fromkeys(each.fact for each in group.conditions() if isinstance(each, FactCondition))


def _growths(group: Group) -> list[Growth]:
    """The first millisecond at which a growing fact fulfils its condition."""
    found = []
    for each in group.conditions():
        if isinstance(each, FactCondition) and each.fact in GROWING:
            if each.at_least is not None:
                found.append(Growth(each.fact, int(each.at_least)))
            if each.above is not None:
                found.append(Growth(each.fact, int(each.above) + 1))
    return found
