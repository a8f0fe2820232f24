"""Findings about thresholds: what is more than it should be. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from sinks.reports.evidence import Evidence
from sinks.reports.figures_in_words import duration, percent
from sinks.reports.intervals import Counted, of_mean
from sinks.reports.model import Figure, Finding
from sinks.reports.resting import FEW, TICKETS, beyond, chance, count_of, level_of, share_of
from sinks.reports.sections.naming import named

TECHNICAL_SHARE: Final = 0.30
RESOLUTION_SECONDS: Final = 24 * 3_600.0
NEGATIVE_SHARE: Final = 0.20
REPEAT_SHARE: Final = 0.10
ESCALATED_SHARE: Final = 0.05
# By the names under which categories are told.
TECHNICAL: Final = frozenset(map(named, ("technical", "technical_issue")))


def critical(evidence: Evidence) -> Iterator[Finding]:
    """Urgent tickets that are not resolved."""
    number = evidence.critical.number
    if not number:
        return
    yield Finding(
        key="critical_open",
        level="act",
        title=f"{number:,} urgent {'ticket is' if number == 1 else 'tickets are'} not resolved",
        text=f"The oldest is open for {duration(evidence.oldest)}.",
        rests_on=(
            count_of("urgent tickets that are open", number),
            Figure(name="age of the oldest", value=evidence.oldest, unit="seconds"),
        ),
        tickets=evidence.critical.ids[:TICKETS],
        behind=evidence.critical_behind,
    )


def unanswered(evidence: Evidence) -> Iterator[Finding]:
    """Escalations that nobody has answered."""
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


def negative(evidence: Evidence) -> Iterator[Finding]:
    """A large share of negative messages."""
    now = evidence.now
    interval = beyond(now.negatives, NEGATIVE_SHARE)
    if interval is None:
        return
    level = level_of(interval, NEGATIVE_SHARE)
    yield Finding(
        key="negative_share",
        level=level,
        title=f"{percent(now.negatives.share or 0)} of what customers write is negative",
        text=f"More than {percent(NEGATIVE_SHARE)} is a sign that something is wrong with more than single tickets."
        f"{chance(level)}",
        rests_on=(
            share_of("negative messages", now.negatives, evidence.before.negatives),
            count_of("messages", now.messages, evidence.before.messages),
        ),
        tickets=evidence.worst[:TICKETS],
        behind=now.behind,
    )


def escalated(evidence: Evidence) -> Iterator[Finding]:
    """A large share of tickets that escalate."""
    counted = evidence.now.escalations
    interval = beyond(counted, ESCALATED_SHARE)
    if interval is None:
        return
    level = level_of(interval, ESCALATED_SHARE)
    yield Finding(
        key="escalation_rate",
        level=level,
        title=f"{percent(counted.share or 0)} of tickets escalate",
        text=f"Above {percent(ESCALATED_SHARE)} either much is wrong, or the policy calls people too often: look at "
        f"what triggers it.{chance(level)}",
        rests_on=(share_of("escalated tickets", counted, evidence.before.escalations),),
        behind=evidence.now.behind,
    )


def slow(evidence: Evidence) -> Iterator[Finding]:
    """Resolutions that take long on average."""
    mean = evidence.resolution
    if mean is None or mean.seconds <= RESOLUTION_SECONDS:
        return
    interval = of_mean(mean.seconds, mean.deviation, mean.number)
    level = "watch" if interval is None or mean.number < FEW else level_of(interval, RESOLUTION_SECONDS)
    yield Finding(
        key="slow_resolution",
        level=level,
        title=f"A resolution takes {duration(mean.seconds)} on average",
        text=f"That is more than {duration(RESOLUTION_SECONDS)}. The slowest are named; what holds them up often holds "
        f"up others.{chance(level)}",
        rests_on=(
            Figure(
                name="time to resolution, mean",
                value=mean.seconds,
                unit="seconds",
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                before=evidence.resolution_before.seconds if evidence.resolution_before else None,
            ),
            count_of("resolutions", mean.number),
        ),
        tickets=evidence.slow[:TICKETS],
        behind=evidence.slow_behind,
    )


def technical(evidence: Evidence) -> Iterator[Finding]:
    """A large share of technical tickets."""
    found = [each for each in evidence.categories if each.name in TECHNICAL]
    counted = Counted(sum(each.tickets for each in found), evidence.now.tickets)
    interval = beyond(counted, TECHNICAL_SHARE)
    if interval is None:
        return
    level = level_of(interval, TECHNICAL_SHARE)
    yield Finding(
        key="technical_share",
        level=level,
        title=f"{percent(counted.share or 0)} of tickets are technical",
        text=f"More than {percent(TECHNICAL_SHARE)} is a matter for whoever builds the product: show them the tickets."
        f"{chance(level)}",
        rests_on=(share_of("technical tickets", counted),),
        behind=found[0].behind,
    )


def repeated(evidence: Evidence) -> Iterator[Finding]:
    """Many customers who come back."""
    counted = evidence.customers
    interval = beyond(counted, REPEAT_SHARE)
    if interval is None:
        return
    level = level_of(interval, REPEAT_SHARE)
    yield Finding(
        key="repeat_customers",
        level=level,
        title=f"{percent(counted.share or 0)} of customers had three tickets or more",
        text=f"Who comes back so often was not helped the first time. {_named(evidence.repeating)}{chance(level)}",
        rests_on=(share_of("customers with three tickets or more", counted), count_of("customers", counted.among)),
    )


def _named(customers: Sequence[str]) -> str:
    shown = ", ".join(customers[:TICKETS])
    return f"Most had: {shown}." if shown else "Talk to them before they leave."
