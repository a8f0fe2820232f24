"""How an experiment stands at a moment: figures of its arms, each against the control, and what follows. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from schemas.experiments import Experiment, Measured, MetricName, Running
from sinks.analytics.facts import milliseconds
from sinks.dashboard.asking import from_milliseconds
from sinks.experiments.comparing import Comparison, Found, compare
from sinks.experiments.metrics import METRICS
from sinks.experiments.sequential import mismatch
from sinks.experiments.tickets import Settled

# harmed: a guardrail is surely worse. loser: a metric is. winner: a metric is surely better, and none worse. futile: no
# metric is as much better as would matter. undecided: the time is over, and none of these is certain.
Verdict = Literal["broken", "harmed", "loser", "winner", "futile", "undecided", "running"]
State = Literal["planned", "running", "stopped", "over"]
# Below it the tickets do not fall to the arms as they are dealt: something is wrong with the experiment itself.
MISMATCH_ALPHA: Final = 0.001
_DAY: Final = 86_400_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Plotted(_Part):
    """The difference and its interval after so much time."""

    at: datetime
    difference: float
    low: float
    high: float


class Against(_Part):
    """An arm against the control in one metric; shares are 0 to 1, times seconds. `low` and `high` hold at every look,
    and none is given before there is enough to go by. `p` is valid at every look. `found` is what is certain.
    """

    metric: MetricName
    title: str
    arm: str
    role: Literal["metric", "guardrail"]
    better: Literal["up", "down"]
    smallest: float
    alpha: float
    tickets: int
    control_tickets: int
    value: float | None
    control_value: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float
    found: Found
    found_at: datetime | None
    is_safe: bool
    over_time: tuple[Plotted, ...]


class ArmStanding(_Part):
    """One arm. `settled` are the tickets of which the outcome is known; `pages_a_day` is what all tickets would cost
    under it. `paused_since`: it takes no tickets.
    """

    name: str
    policy: str
    share: float
    tickets: int
    settled: int
    escalations: int
    pages_a_day: float | None
    paused_since: datetime | None
    verdict: Verdict | None
    says: str


class Standing(_Part):
    """An experiment at a moment. `mismatch_p` is the always-valid p-value of "dealt as planned"; `astray` counts
    tickets with an escalation that was decided on under another arm than theirs.
    """

    name: str
    about: str
    tenant: str
    channels: tuple[str, ...]
    state: State
    start: datetime
    end: datetime
    at: datetime
    settle_seconds: float
    control: str
    on_harm: Literal["recommend", "stop"]
    alpha: float
    mismatch_p: float
    astray: int
    arms: tuple[ArmStanding, ...]
    against: tuple[Against, ...]


def standing_of(running: Running, tickets: Sequence[Settled], now: datetime) -> Standing:
    """`tickets` in the order in which they began; `now` is aware."""
    about = running.experiment
    at = milliseconds(now)
    settled = [ticket for ticket in tickets if ticket.settled <= at]
    least = _mismatch(running, tickets)
    against = [
        _against(made, wanted, role)
        for arm in about.arms[1:]
        for role, metrics in (("metric", about.metrics), ("guardrail", about.guardrails))
        for wanted, made in ((each, _compared(running, settled, arm.name, each, len(metrics))) for each in metrics)
    ]
    is_over = now >= about.end + timedelta(milliseconds=about.settle)
    return Standing(
        name=about.name,
        about=about.about,
        tenant=about.tenant,
        channels=about.channels,
        state=_state(running, now),
        start=about.start,
        end=about.end,
        at=now,
        settle_seconds=about.settle / 1000,
        control=about.control.name,
        on_harm=about.on_harm,
        alpha=about.alpha,
        mismatch_p=least,
        astray=sum(any(told != f"{about.name}:{ticket.arm}" for told in ticket.told) for ticket in tickets),
        arms=tuple(_arm(running, name, tickets, settled, against, least, now, is_over) for name in _names(about)),
        against=tuple(against),
    )


def harmed(standing: Standing) -> list[str]:
    """The arms that take tickets although a guardrail is surely worse."""
    return [arm.name for arm in standing.arms if arm.verdict == "harmed" and arm.paused_since is None]


def _compared(running: Running, settled: Sequence[Settled], arm: str, wanted: Measured, metrics: int) -> Comparison:
    about = running.experiment
    # Bonferroni, apart for metrics and guardrails: the two answer different questions.
    alpha = about.alpha / (metrics * (len(about.arms) - 1))
    pauses = (*running.pauses.get(arm, ()), *running.pauses.get(about.control.name, ()))

    def both_take(opened: int) -> bool:
        return not pauses or not any(pause.holds(from_milliseconds(opened)) for pause in pauses)

    return compare(settled, arm, about.control.name, wanted, alpha, both_take)


def _mismatch(running: Running, tickets: Sequence[Settled]) -> float:
    """The least p-value of all looks, of tickets that began while all arms took them."""
    about = running.experiment
    pauses = [pause for found in running.pauses.values() for pause in found]
    places = {name: place for place, name in enumerate(_names(about))}
    shares = [arm.share for arm in about.arms]
    counts, least = [0] * len(shares), 1.0
    for ticket in tickets:
        if pauses and any(pause.holds(from_milliseconds(ticket.opened)) for pause in pauses):
            continue
        counts[places[ticket.arm]] += 1
        least = min(least, mismatch(counts, shares))
    return least


def _against(made: Comparison, wanted: Measured, role: str) -> Against:
    last = made.last
    return Against(
        metric=made.metric,
        title=METRICS[made.metric].title,
        arm=made.arm,
        role="metric" if role == "metric" else "guardrail",
        better=wanted.better,
        smallest=wanted.smallest,
        alpha=made.alpha,
        tickets=made.number,
        control_tickets=made.of_control,
        value=made.mean,
        control_value=made.control_mean,
        difference=last.difference if last else None,
        low=last.low if last else None,
        high=last.high if last else None,
        p=made.p,
        found=made.found,
        found_at=from_milliseconds(made.found_at) if made.found else None,
        is_safe=made.is_safe,
        over_time=tuple(
            Plotted(at=from_milliseconds(each.at), difference=each.difference, low=each.low, high=each.high)
            for each in made.looks
        ),
    )


def _arm(
    running: Running,
    name: str,
    tickets: Sequence[Settled],
    settled: Sequence[Settled],
    against: Sequence[Against],
    mismatch_p: float,
    now: datetime,
    is_over: bool,
) -> ArmStanding:
    about = running.experiment
    arm = next(each for each in about.arms if each.name == name)
    own = [ticket for ticket in settled if ticket.arm == name]
    escalations = sum(ticket.escalations for ticket in own)
    verdict = None
    if name != about.control.name:
        verdict = _verdict([each for each in against if each.arm == name], mismatch_p, is_over=is_over)
    return ArmStanding(
        name=name,
        policy=f"{arm.policy}, changed" if arm.change else arm.policy,
        share=arm.share,
        tickets=sum(ticket.arm == name for ticket in tickets),
        settled=len(own),
        escalations=escalations,
        pages_a_day=_pages_a_day(len(settled), own, escalations, about, now),
        paused_since=_paused_since(running, name, now),
        verdict=verdict,
        says=_SAYS[verdict] if verdict else "The others are compared with it.",
    )


def _verdict(against: Sequence[Against], mismatch_p: float, *, is_over: bool) -> Verdict:
    metrics = [each.found for each in against if each.role == "metric"]
    if mismatch_p < MISMATCH_ALPHA:
        return "broken"
    if any(each.found == "worse" for each in against if each.role == "guardrail"):
        return "harmed"
    if "worse" in metrics:
        return "loser"
    if "better" in metrics:
        return "winner"
    if metrics and all(found == "small" for found in metrics):
        return "futile"
    return "undecided" if is_over else "running"


_SAYS: Final[dict[Verdict, str]] = {
    "broken": "Nothing may be concluded: tickets did not fall to the arms as they are dealt.",
    "harmed": "A guardrail is worse, for certain: switch this arm off.",
    "loser": "A metric is worse, for certain: keep the control.",
    "winner": "A metric is better, for certain, and none is worse: this arm may be taken.",
    "futile": "No metric is as much better as would matter: keep the control.",
    "undecided": "The time is over, and a difference as large as matters is neither shown nor refuted.",
    "running": "Nothing is certain yet: go on.",
}


def _pages_a_day(
    settled: int, own: Sequence[Settled], escalations: int, about: Experiment, now: datetime
) -> float | None:
    """Escalations a ticket of the arm, times the tickets that all arms had a day."""
    span = min(milliseconds(now) - about.settle, milliseconds(about.end)) - milliseconds(about.start)
    if not own or span <= 0:
        return None
    return escalations / len(own) * settled / (span / _DAY)


def _state(running: Running, now: datetime) -> State:
    about = running.experiment
    if now < about.start:
        return "planned"
    if now >= about.end:
        return "over"
    taking = [name for name in _names(about) if running.takes(name, now)]
    return "running" if len(taking) > 1 and about.control.name in taking else "stopped"


def _paused_since(running: Running, arm: str, now: datetime) -> datetime | None:
    return next((pause.begin for pause in running.pauses.get(arm, ()) if pause.holds(now)), None)


def _names(about: Experiment) -> list[str]:
    return [arm.name for arm in about.arms]
