"""What to do: findings with the figures that they rest on. Pure.

A threshold that is passed for certain (all of the 95 % interval lies beyond it) is something to act on; one that may be
passed by chance is something to watch. A change is told only when it is more than chance.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sinks.reports.evidence import Evidence, Group
from sinks.reports.figures_in_words import duration, percent
from sinks.reports.intervals import Counted, Interval, of_difference, of_growth, of_mean, of_share, quantile
from sinks.reports.model import Figure, Finding, Level

TECHNICAL_SHARE: Final = 0.30
RESOLUTION_SECONDS: Final = 24 * 3_600.0
NEGATIVE_SHARE: Final = 0.20
REPEAT_SHARE: Final = 0.10
ESCALATED_SHARE: Final = 0.05
TECHNICAL: Final = frozenset({"technical", "technical_issue"})
# Of fewer tickets a share says nothing that a list of them would not say better.
FEW: Final = 20
_TICKETS: Final = 8
_TOPICS: Final = 5
# Less of a change in tickets is not worth a word, however certain.
_GROWTH: Final = 0.10
_ORDER: Final[dict[Level, int]] = {"act": 0, "watch": 1, "good": 2}


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What rests on enough to act comes first, then what may be chance, then what has become better."""
    made = (
        *_critical(evidence),
        *_unanswered(evidence),
        *_negative(evidence),
        *_where_to_begin(evidence),
        *_negative_changed(evidence),
        *_categories_changed(evidence),
        *_escalated(evidence),
        *_escalated_changed(evidence),
        *_slow(evidence),
        *_technical(evidence),
        *_repeated(evidence),
        *_volume(evidence),
        *_topics(evidence),
    )
    return tuple(sorted(made, key=lambda each: _ORDER[each.level]))


def _level(interval: Interval, threshold: float) -> Level:
    return "act" if interval.low > threshold else "watch"


def _beyond(counted: Counted, threshold: float) -> Interval | None:
    """The interval of a share that is beyond a threshold, of enough to say so."""
    share = counted.share
    return of_share(counted) if share is not None and share > threshold and counted.among >= FEW else None


def _share(name: str, counted: Counted, before: Counted | None = None) -> Figure:
    interval = of_share(counted)
    return Figure(
        name=name,
        value=counted.share,
        unit="share",
        low=interval.low,
        high=interval.high,
        before=before.share if before else None,
    )


def _count(name: str, number: float, before: float | None = None) -> Figure:
    # Where nothing was before, nothing has changed.
    return Figure(name=name, value=number, unit="count", before=before or None)


def _chance(level: Level) -> str:
    return "" if level == "act" else " With so few tickets that may be chance: look again in the next report."


def _negative(evidence: Evidence) -> Iterator[Finding]:
    now = evidence.now
    interval = _beyond(now.negatives, NEGATIVE_SHARE)
    if interval is None:
        return
    level = _level(interval, NEGATIVE_SHARE)
    yield Finding(
        key="negative_share",
        level=level,
        title=f"{percent(now.negatives.share or 0)} of what customers write is negative",
        text=f"More than {percent(NEGATIVE_SHARE)} is a sign that something is wrong with more than single tickets."
        f"{_chance(level)}",
        rests_on=(
            _share("negative messages", now.negatives, evidence.before.negatives),
            _count("messages", now.messages, evidence.before.messages),
        ),
        tickets=evidence.worst[:_TICKETS],
        behind=now.behind,
    )


def _where_to_begin(evidence: Evidence) -> Iterator[Finding]:
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
            _share(f"negative, {first.name}", first.negatives),
            _share("negative, all others", rest.negatives),
            _count(f"negative messages, {first.name}", first.negative),
        ),
        behind=first.behind,
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


def _negative_changed(evidence: Evidence) -> Iterator[Finding]:
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
        rests_on=(_share("negative messages", now, before),),
        behind=evidence.now.behind,
    )


def _categories_changed(evidence: Evidence) -> Iterator[Finding]:
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
                    _share(f"negative, {now.name}", now.negatives, then.negatives),
                    _count(f"messages, {now.name}", now.messages, then.messages),
                ),
                behind=now.behind,
            )


def _points(change: Interval) -> str:
    return f"{change.low * 100:+.1f} to {change.high * 100:+.1f} percentage points"


def _escalated(evidence: Evidence) -> Iterator[Finding]:
    counted = evidence.now.escalations
    interval = _beyond(counted, ESCALATED_SHARE)
    if interval is None:
        return
    level = _level(interval, ESCALATED_SHARE)
    yield Finding(
        key="escalation_rate",
        level=level,
        title=f"{percent(counted.share or 0)} of tickets escalate",
        text=f"Above {percent(ESCALATED_SHARE)} either much is wrong, or the policy calls people too often: look at "
        f"what triggers it.{_chance(level)}",
        rests_on=(_share("escalated tickets", counted, evidence.before.escalations),),
        behind=evidence.now.behind,
    )


def _escalated_changed(evidence: Evidence) -> Iterator[Finding]:
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
            rests_on=(_share("escalated tickets", now, before),),
            behind=evidence.now.behind,
        )


def _slow(evidence: Evidence) -> Iterator[Finding]:
    mean = evidence.resolution
    if mean is None or mean.seconds <= RESOLUTION_SECONDS:
        return
    interval = of_mean(mean.seconds, mean.deviation, mean.number)
    level = "watch" if interval is None or mean.number < FEW else _level(interval, RESOLUTION_SECONDS)
    yield Finding(
        key="slow_resolution",
        level=level,
        title=f"A resolution takes {duration(mean.seconds)} on average",
        text=f"That is more than {duration(RESOLUTION_SECONDS)}. The slowest are named; what holds them up often holds "
        f"up others.{_chance(level)}",
        rests_on=(
            Figure(
                name="time to resolution, mean",
                value=mean.seconds,
                unit="seconds",
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                before=evidence.resolution_before.seconds if evidence.resolution_before else None,
            ),
            _count("resolutions", mean.number),
        ),
        tickets=evidence.slow[:_TICKETS],
        behind=evidence.slow_behind,
    )


def _technical(evidence: Evidence) -> Iterator[Finding]:
    found = [each for each in evidence.categories if each.name in TECHNICAL]
    counted = Counted(sum(each.tickets for each in found), evidence.now.tickets)
    interval = _beyond(counted, TECHNICAL_SHARE)
    if interval is None:
        return
    level = _level(interval, TECHNICAL_SHARE)
    yield Finding(
        key="technical_share",
        level=level,
        title=f"{percent(counted.share or 0)} of tickets are technical",
        text=f"More than {percent(TECHNICAL_SHARE)} is a matter for whoever builds the product: show them the tickets."
        f"{_chance(level)}",
        rests_on=(_share("technical tickets", counted),),
        behind=found[0].behind,
    )


def _repeated(evidence: Evidence) -> Iterator[Finding]:
    counted = evidence.customers
    interval = _beyond(counted, REPEAT_SHARE)
    if interval is None:
        return
    level = _level(interval, REPEAT_SHARE)
    yield Finding(
        key="repeat_customers",
        level=level,
        title=f"{percent(counted.share or 0)} of customers had three tickets or more",
        text=f"Who comes back so often was not helped the first time. {_named(evidence.repeating)}{_chance(level)}",
        rests_on=(_share("customers with three tickets or more", counted), _count("customers", counted.among)),
    )


def _named(customers: Sequence[str]) -> str:
    shown = ", ".join(customers[:_TICKETS])
    return f"Most had: {shown}." if shown else "Talk to them before they leave."


def _critical(evidence: Evidence) -> Iterator[Finding]:
    number = evidence.critical.number
    if not number:
        return
    yield Finding(
        key="critical_open",
        level="act",
        title=f"{number:,} urgent {'ticket is' if number == 1 else 'tickets are'} not resolved",
        text=f"The oldest is open for {duration(evidence.oldest)}.",
        rests_on=(
            _count("urgent tickets that are open", number),
            Figure(name="age of the oldest", value=evidence.oldest, unit="seconds"),
        ),
        tickets=evidence.critical.ids[:_TICKETS],
        behind=evidence.critical_behind,
    )


def _unanswered(evidence: Evidence) -> Iterator[Finding]:
    waiting, among = evidence.unanswered
    if not waiting:
        return
    share = Figure(name="escalations without an answer", value=waiting / among, unit="share")
    yield Finding(
        key="escalations_unanswered",
        level="act",
        title=f"{waiting:,.0f} of {among:,.0f} escalations have had no answer",
        text="An escalation calls a person; nobody has answered these yet.",
        rests_on=(share,),
        behind=evidence.unanswered_behind,
    )


def _volume(evidence: Evidence) -> Iterator[Finding]:
    now, before = sum(evidence.volume), sum(evidence.volume_before)
    growth = of_growth(evidence.volume, evidence.volume_before)
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
            rests_on=(_count("tickets", now, before),),
            behind=evidence.now.behind,
        )


def _topics(evidence: Evidence) -> Iterator[Finding]:
    """Those that are more frequent than chance makes them. How many texts there were before is known of the span before
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
