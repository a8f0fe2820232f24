"""A policy made ready to decide: its conditions as functions. Pure."""

from collections.abc import Callable
from itertools import chain
from typing import Final, NamedTuple

from schemas.escalations import Evidence
from schemas.events import PRIORITIES
from schemas.scored import LABELS, Label, ScoredEvent
from streams.conversations import Conversation, Memory
from streams.escalation.facts import FACTS, GROWING, Moment, Value
from streams.escalation.policy import FactCondition, Group, Policy, Rule, SignalCondition, SignalRule
from streams.scoring.matcher import Matcher
from streams.scoring.readers.substrings import has_any
from streams.scoring.word_lists import WordList
from streams.scoring.words import lowered

Test = Callable[[Moment], bool]

_DAY_MS: Final = 86_400_000


class ReadyRule(NamedTuple):
    """A rule, whether it holds, how much it weighs among several, and the facts that it asks for."""

    rule: Rule
    holds: Test
    rank: int
    facts: tuple[str, ...]


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
            ReadyRule(rule, _group(rule.when), PRIORITIES.index(rule.then.priority), tuple(_facts(rule.when)))
            for rule in policy.rules
        )
        self.growths = tuple(sorted({growth for rule in policy.rules for growth in _growths(rule.when)}))
        self._signals = _signals(policy)
        self.has_risk = bool(policy.risk)
        self._risk = tuple((part.points, _group(part.when)) for part in policy.risk)

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
        given: list[str] = []
        # One signal may be a condition of another: those that were found so far are seen by the tests that follow.
        moment = moment._replace(signals=given)
        for name, is_given in self._signals:
            if is_given(moment):
                given.append(name)
        return tuple(given)

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
        due = [
            since + growth.span
            for growth in self.growths
            if (since := GROWING[growth.fact](conversation)) and since + growth.span > after
        ]
        return min(due, default=None)


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


def _group(group: Group) -> Test:
    all_of, any_of, none_of = ([_test(each) for each in part] for part in (group.all, group.any, group.none))

    # Loops, because a generator for each group of each rule would be a third of what a decision takes.
    def all_hold(moment: Moment) -> bool:
        for test in all_of:  # noqa: SIM110
            if not test(moment):
                return False
        return True

    def holds(moment: Moment) -> bool:
        return (
            all_hold(moment)
            and (not any_of or any(test(moment) for test in any_of))
            and not any(test(moment) for test in none_of)
        )

    return holds if any_of or none_of else all_hold


def _test(condition: FactCondition | SignalCondition | Group) -> Test:
    if isinstance(condition, Group):
        return _group(condition)
    if isinstance(condition, SignalCondition):
        return _heard(condition)
    return _compared(condition)


def _heard(condition: SignalCondition) -> Test:
    name, times, within = condition.signal, condition.times, condition.within
    if times == 1 and within is None:
        return lambda moment: name in moment.signals

    def holds(moment: Moment) -> bool:
        heard = moment.conversation.signals.get(name)
        if heard is None or name not in moment.signals:
            return False
        if within is None:
            return heard.times >= times
        return sum(at * 1000 > moment.now - within for at in heard.at) >= times

    return holds


def _compared(condition: FactCondition) -> Test:
    read = FACTS[condition.fact].read
    tests = [_comparison(name, wanted) for name, wanted in condition.comparisons().items()]
    if len(tests) == 1:
        test = tests[0]

        def holds_one(moment: Moment) -> bool:
            value = read(moment)
            return value is not None and test(value)

        return holds_one

    def holds(moment: Moment) -> bool:
        value = read(moment)
        return value is not None and all(test(value) for test in tests)

    return holds


def _comparison(name: str, wanted: object) -> Callable[[Value], bool]:
    comparisons: dict[str, Callable[[Value], bool]] = {
        "is": lambda value: value == wanted,
        "in": lambda value: value in wanted,  # type: ignore[operator]
        "not_in": lambda value: value not in wanted,  # type: ignore[operator]
        "below": lambda value: value < wanted,  # type: ignore[operator]
        "at_most": lambda value: value <= wanted,  # type: ignore[operator]
        "above": lambda value: value > wanted,  # type: ignore[operator]
        "at_least": lambda value: value >= wanted,  # type: ignore[operator]
    }
    return comparisons[name]


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


def _signals(policy: Policy) -> tuple[tuple[str, Test], ...]:
    """The signals that some condition asks for, those with conditions of their own after those that they may need."""
    asked = {
        condition.signal
        for group in chain(
            (rule.when for rule in policy.rules),
            (part.when for part in policy.risk),
            (signal.when for signal in policy.signals.values() if signal.when is not None),
        )
        for condition in group.conditions()
        if isinstance(condition, SignalCondition)
    }
    read = [(name, _read(name)) for name in sorted(asked - set(policy.signals))]
    return (*read, *((name, _given(name, signal)) for name, signal in policy.signals.items() if name in asked))


def _read(name: str) -> Test:
    return lambda moment: moment.event is not None and name in moment.event.reading.signals


def _given(name: str, signal: SignalRule) -> Test:
    said = _phrases(name, signal)
    when = _group(signal.when) if signal.when is not None else None

    def given(moment: Moment) -> bool:
        if moment.event is None:
            return False
        return bool(said and said(text_of(moment.event))) or bool(when and when(moment))

    return given


def _phrases(name: str, signal: SignalRule) -> Callable[[str], bool] | None:
    if not signal.phrases:
        return None
    if signal.match == "anywhere":
        phrases = [lowered(phrase) for phrase in signal.phrases]
        return lambda text: has_any(lowered(text), phrases)
    matcher = Matcher([WordList(name=name, hit="", miss="", entries=signal.phrases)])
    return lambda text: bool(matcher.find(text))


def text_of(event: ScoredEvent) -> str:
    """Subject and text, as they were scored."""
    return "\n".join(part for part in (event.subject, event.text) if part)
