"""Findings about changes and differences: told when they are more than chance. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from sinks.reports.evidence import Evidence, Group
from sinks.reports.figures_in_words import percent
from sinks.reports.intervals import Counted, Interval, of_difference, of_growth, quantile
from sinks.reports.model import Figure, Finding
from sinks.reports.resting import FEW, count_of, share_of

_TOPICS: Final = 5
# Less of a change in tickets is not worth a word, however certain.
_GROWTH: Final = 0.10


def where_to_begin(evidence: Evidence) -> Iterator[Finding]:
    """The category with the most negative messages, if it has more than its size explains."""
    if not evidence.categories or not evidence.now.negative:
        return
    first = max(evidence.categories, key=lambda each: each.negative)
    rest = _rest(evidence.categories, first)
    of_all = first.negative / sum(each.negative for each in evidence.categories)
    if first.tickets < FEW or not rest.tickets or not of_difference(first.negatives, rest.negatives).is_above:
        return
    yield Finding(
        key="where_to_begin",
        level="act",
        title=f"Begin with {first.name}: {percent(of_all)} of all negative messages",
        text="Of no other category do more negative messages come, and of its messages a larger share is negative than "
        "of all others together.",
        rests_on=(
            share_of(f"negative, {first.name}", first.negatives),
            share_of("negative, all others", rest.negatives),
            count_of(f"negative messages, {first.name}", first.negative),
        ),
        behind=first.behind,
    )


def negative_changed(evidence: Evidence) -> Iterator[Finding]:
    """A share of negative messages that is another than before."""
    now, before = evidence.now.negatives, evidence.before.negatives
    if min(now.among, before.among) < FEW:
        return
    change = of_difference(now, before)
    if not (change.is_above or change.is_below):
        return
    yield Finding(
        key="negative_share_changed",
        level="act" if change.is_above else "good",
        title=f"{'More' if change.is_above else 'Less'} of what customers write is negative than before",
        text=f"The share has changed by {_points(change)}; chance alone would seldom do that.",
        rests_on=(share_of("negative messages", now, before),),
        behind=evidence.now.behind,
    )


def categories_changed(evidence: Evidence) -> Iterator[Finding]:
    """Categories whose share of negative messages is another than before."""
    before = {each.name: each for each in evidence.categories_before}
    both = [
        (each, before[each.name])
        for each in evidence.categories
        if each.name in before and min(each.negatives.among, before[each.name].negatives.among) >= FEW
    ]
    # So many are looked at together.
    z = quantile(len(both))
    for now, then in both:
        change = of_difference(now.negatives, then.negatives, z)
        if change.is_above or change.is_below:
            yield Finding(
                key=f"negative_share_changed:{now.name}",
                level="act" if change.is_above else "good",
                title=f"{now.name}: {'more' if change.is_above else 'less'} is negative than before",
                text=f"The share has changed by {_points(change)}. {len(both)} categories were compared, and that is "
                "allowed for.",
                rests_on=(
                    share_of(f"negative, {now.name}", now.negatives, then.negatives),
                    count_of(f"messages, {now.name}", now.messages, then.messages),
                ),
                behind=now.behind,
            )


def escalated_changed(evidence: Evidence) -> Iterator[Finding]:
    """A share of escalated tickets that is another than before."""
    now, before = evidence.now.escalations, evidence.before.escalations
    if min(now.among, before.among) < FEW:
        return
    change = of_difference(now, before)
    if change.is_above or change.is_below:
        yield Finding(
            key="escalation_rate_changed",
            level="act" if change.is_above else "good",
            title=f"{'More' if change.is_above else 'Fewer'} tickets escalate than before",
            text=f"The share has changed by {_points(change)}; chance alone would seldom do that.",
            rests_on=(share_of("escalated tickets", now, before),),
            behind=evidence.now.behind,
        )


def volume(evidence: Evidence) -> Iterator[Finding]:
    """More tickets than before, or fewer."""
    now, before = evidence.now.tickets, evidence.before.tickets
    growth = growth_of(evidence)
    if growth is None or min(now, before) < FEW or abs(now / before - 1) < _GROWTH:
        return
    if growth.is_above or growth.is_below:
        more = growth.is_above
        yield Finding(
            key="volume_changed",
            level="watch" if more else "good",
            title=f"{percent(abs(now / before - 1))} {'more' if more else 'fewer'} tickets than before",
            text=f"The change lies between {growth.low * 100:+.0f} % and {growth.high * 100:+.0f} %, as much as days "
            f"differ from each other allowed for.{' Plan for it, or find what causes it.' if more else ''}",
            rests_on=(count_of("tickets", now, before),),
            behind=evidence.now.behind,
        )


def growth_of(evidence: Evidence) -> Interval | None:
    """Of the number of tickets; none where there were none."""
    steps = evidence.volume, evidence.volume_before
    return of_growth(evidence.now.tickets, evidence.before.tickets, steps)


def topics(evidence: Evidence) -> Iterator[Finding]:
    """New phrases that are more than chance. How many texts there were before is known of the span before
    only, which is no more than they are compared with.
    """
    now, before = evidence.now.messages, evidence.before.messages
    if min(now, before) < FEW:
        return
    z = quantile(len(evidence.topics))
    shown = [
        each
        for each in evidence.topics
        if of_difference(Counted(each.share * now, now), Counted(each.usual * before, before), z).is_above
    ][:_TOPICS]
    if not shown:
        return
    named = ", ".join(f"“{each.phrase}”" for each in shown)
    yield Finding(
        key="new_topics",
        level="watch",
        title=f"Customers write about what they did not before: {named}",
        text="Each of these phrases is at least twice as frequent as in the time before, in five tickets or more, and "
        "that is more than chance.",
        rests_on=tuple(
            Figure(name=f"texts with “{each.phrase}”", value=each.share, unit="share", before=each.usual)
            for each in shown
        ),
    )


def _rest(groups: Sequence[Group], without: Group) -> Group:
    others = [each for each in groups if each is not without]
    return Group(
        "",
        messages=sum(each.messages for each in others),
        negative=sum(each.negative for each in others),
        tickets=sum(each.tickets for each in others),
        escalated=sum(each.escalated for each in others),
    )


def _points(change: Interval) -> str:
    return f"{change.low * 100:+.1f} to {change.high * 100:+.1f} percentage points"
