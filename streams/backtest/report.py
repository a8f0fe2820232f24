"""What a back-test found: figures of each policy, what changes from one to the other, examples. Pure."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple, TypeVar

import msgspec

from schemas.events import PRIORITIES
from streams.backtest.cases import Case, Cases
from streams.backtest.quality import Quality, quality, share, told_apart
from streams.backtest.tickets import Outcome, Source
from streams.escalation.policy import Policy

T = TypeVar("T")


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule did: escalations that it began, and those of other rules that it raised. Of its tickets whose
    outcome is known, `found` needed a person (and nobody knew yet), `wrong` did not.
    """

    rule: str
    escalations: int
    raised: int
    found: int
    wrong: int


class PolicyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy did. `tickets` were escalated at least once, `share` of all of them (0 to 1). `duplicates` are
    events that it dropped as seen, `failed` those that it could not process. Rules are listed with the busiest first.
    """

    name: str
    version: int
    reads: str
    escalations: int
    tickets: int
    share: float | None
    raised: int
    duplicates: int
    failed: int
    by_rule: tuple[RuleFigures, ...]
    by_priority: dict[str, int]
    quality: Quality | None


class Pair(msgspec.Struct, frozen=True):
    """The same stretch of a ticket, escalated by both."""

    one: Case
    other: Case


class Only(msgspec.Struct, frozen=True, kw_only=True):
    """Escalations that one policy makes and the other does not."""

    escalations: int
    tickets: int
    examples: tuple[Case, ...]


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """Escalations of both that differ. `higher` and `lower` tell the other policy's priority, `earlier` and `later` its
    time; one escalation may differ in both ways.
    """

    escalations: int
    higher: int
    lower: int
    earlier: int
    later: int
    examples: tuple[Pair, ...]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """`same` counts escalations of both with the same time and priority; of those `by_another_rule` differ in that."""

    same: int
    by_another_rule: int
    only_one: Only
    only_other: Only
    differing: Differing


class OutcomeFigures(msgspec.Struct, frozen=True):
    """Where outcomes come from, of how many tickets they are `known`, and how many of these `needed` a person."""

    source: Source
    known: int
    needed: int


class HistoryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was played. `unreadable` events were left out."""

    source: str
    events: int
    unreadable: int
    tickets: int
    begin: datetime | None
    end: datetime | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole back-test."""

    history: HistoryFigures
    one: PolicyFigures
    other: PolicyFigures
    changes: Changes
    outcomes: OutcomeFigures


class Played(NamedTuple):
    """A policy after it was played."""

    policy: Policy
    cases: Cases
    duplicates: int
    failed: int


class Known(NamedTuple):
    """What is known of the tickets: how many there are, and which needed a person."""

    tickets: int
    source: Source
    outcomes: Mapping[bytes, Outcome]


def report(history: HistoryFigures, one: Played, other: Played, known: Known, examples: int) -> Report:
    """Compare two policies that were played on the same history; at most so many examples of each kind."""
    return Report(
        history=history,
        one=_figures(one, known),
        other=_figures(other, known),
        changes=_changes(one.cases, other.cases, known.outcomes, examples),
        outcomes=OutcomeFigures(
            known.source, len(known.outcomes), sum(outcome.needed for outcome in known.outcomes.values())
        ),
    )


def _figures(played: Played, known: Known) -> PolicyFigures:
    cases = list(played.cases)
    tickets = {case.key for case in cases}
    return PolicyFigures(
        name=played.policy.name,
        version=played.policy.version,
        reads=played.policy.reads,
        escalations=len(cases),
        tickets=len(tickets),
        share=share(len(tickets), known.tickets),
        raised=sum(bool(case.raised_by) for case in cases),
        duplicates=played.duplicates,
        failed=played.failed,
        by_rule=_by_rule(cases, known.outcomes),
        by_priority={name: count for name in PRIORITIES if (count := sum(case.priority == name for case in cases))},
        quality=quality(cases, known.outcomes) if known.outcomes else None,
    )


def _by_rule(cases: Sequence[Case], outcomes: Mapping[bytes, Outcome]) -> tuple[RuleFigures, ...]:
    began: defaultdict[str, list[Case]] = defaultdict(list)
    raised: defaultdict[str, int] = defaultdict(int)
    for case in cases:
        began[case.rule].append(case)
        for rule in case.raised_by:
            raised[rule] += 1
    rules = sorted({*began, *raised}, key=lambda rule: (-len(began[rule]), -raised[rule], rule))
    figures = []
    for rule in rules:
        found, _, wrong = told_apart(began[rule], outcomes)
        figures.append(
            RuleFigures(
                rule=rule, escalations=len(began[rule]), raised=raised[rule], found=len(found), wrong=len(wrong)
            )
        )
    return tuple(figures)


def _changes(one: Cases, other: Cases, outcomes: Mapping[bytes, Outcome], examples: int) -> Changes:
    left, right = one.by_stretch(), other.by_stretch()
    only_one: list[Case] = []
    only_other: list[Case] = []
    pairs: list[Pair] = []
    for stretch in dict.fromkeys((*left, *right)):
        for mine, theirs in zip_longest(left.get(stretch, ()), right.get(stretch, ())):
            if theirs is None:
                only_one.append(mine)
            elif mine is None:
                only_other.append(theirs)
            else:
                pairs.append(Pair(mine, theirs))
    same = [pair for pair in pairs if _is_same(pair)]
    differing = [pair for pair in pairs if not _is_same(pair)]

    def told(case: Case) -> Case:
        outcome = outcomes.get(case.key)
        return msgspec.structs.replace(case, needed=outcome.needed) if outcome else case

    def only(cases: Sequence[Case]) -> Only:
        shown = spread(sorted(cases, key=lambda case: case.at), lambda case: case.rule, examples)
        tickets = {case.key for case in cases}
        return Only(escalations=len(cases), tickets=len(tickets), examples=tuple(map(told, shown)))

    shown = spread(
        sorted(differing, key=lambda pair: pair.one.at), lambda pair: (pair.one.rule, pair.other.rule), examples
    )
    return Changes(
        same=len(same),
        by_another_rule=sum(pair.one.rule != pair.other.rule for pair in same),
        only_one=only(only_one),
        only_other=only(only_other),
        differing=Differing(
            escalations=len(differing),
            higher=sum(_rank(pair.other) > _rank(pair.one) for pair in differing),
            lower=sum(_rank(pair.other) < _rank(pair.one) for pair in differing),
            earlier=sum(pair.other.at < pair.one.at for pair in differing),
            later=sum(pair.other.at > pair.one.at for pair in differing),
            examples=tuple(Pair(told(pair.one), told(pair.other)) for pair in shown),
        ),
    )


def _is_same(pair: Pair) -> bool:
    return pair.one.at == pair.other.at and pair.one.priority == pair.other.priority


def _rank(case: Case) -> int:
    return PRIORITIES.index(case.priority)


def spread(found: Iterable[T], kind: Callable[[T], Hashable], wanted: int) -> list[T]:
    """So many of them, of every kind the first before of any kind the second."""
    seen: defaultdict[Hashable, int] = defaultdict(int)
    turns: list[tuple[int, T]] = []
    for each in found:
        turns.append((seen[kind(each)], each))
        seen[kind(each)] += 1
    return [each for _, each in sorted(turns, key=lambda turn: turn[0])[:wanted]]
