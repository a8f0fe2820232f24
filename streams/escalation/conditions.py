"""The conditions of a policy as functions over a moment. Pure."""

from collections.abc import Callable
from math import inf
from typing import Any, Final, NamedTuple

from streams.escalation.facts import FACTS, Moment, Value
from streams.escalation.policy import FactCondition, Group, SignalCondition

Test = Callable[[Moment], bool]


def test_of(condition: FactCondition | SignalCondition | Group) -> Test:
    """Whether a condition holds at a moment."""
    if isinstance(condition, Group):
        return _group(condition)
    if isinstance(condition, SignalCondition):
        return _heard(condition)
    return _compared(condition)


class Gate(NamedTuple):
    """What must be so for a group of conditions to hold, as far as it is told at a glance: these signals are given, and
    the score is at most this. None asks for no score.
    """

    signals: frozenset[str] = frozenset()
    score: float | None = None


def gate_of(group: Group) -> Gate:
    """What the conditions that must all hold have in common."""
    signals: set[str] = set()
    score: float | None = None
    for each in group.all:
        if isinstance(each, SignalCondition):
            signals.add(each.signal)
        elif isinstance(each, Group):
            inner = gate_of(each)
            signals |= inner.signals
            score = _least(score, inner.score)
        elif each.fact == "score":
            score = _least(_least(score, each.below), _least(each.at_most, inf))
    return Gate(frozenset(signals), score)


def _least(*bounds: float | None) -> float | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def _group(group: Group) -> Test:
    all_of, any_of, none_of = ([test_of(each) for each in part] for part in (group.all, group.any, group.none))

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

    if any_of or none_of:
        return holds
    return all_of[0] if len(all_of) == 1 else all_hold


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
    tests = [_COMPARISONS[name](read, wanted) for name, wanted in condition.comparisons().items()]
    if len(tests) == 1:
        return tests[0]
    return lambda moment: all(test(moment) for test in tests)


Read = Callable[[Moment], Value | None]

# Each with its reading and its comparison in one function: they are called for every rule and event.
_COMPARISONS: Final[dict[str, Callable[[Read, Any], Test]]] = {
    "is": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value == wanted,
    "in": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value in wanted,
    "not_in": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value not in wanted,
    "below": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value < wanted,
    "at_most": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value <= wanted,
    "above": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value > wanted,
    "at_least": lambda read, wanted: lambda moment: (value := read(moment)) is not None and value >= wanted,
}
