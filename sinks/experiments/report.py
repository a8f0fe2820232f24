"""How an experiment stands, as a report: figures with intervals, the interval over time, and what may be concluded."""

from collections.abc import Iterator
from typing import Final

from schemas.spans import in_words
from sinks.experiments.metrics import METRICS
from sinks.experiments.sequential import BURN_IN, RARE
from sinks.experiments.standing import MISMATCH_ALPHA, Against, ArmStanding, Standing, Verdict
from sinks.reports.figures_in_words import written
from sinks.reports.model import (
    Band,
    Column,
    Definition,
    Figure,
    Finding,
    Level,
    Point,
    Report,
    Row,
    Section,
    Table,
    Unit,
)

_LEVELS: Final[dict[Verdict, Level]] = {
    "broken": "act",
    "harmed": "act",
    "loser": "act",
    "winner": "good",
    "futile": "watch",
    "undecided": "watch",
    "running": "watch",
}
_FOUND: Final = {
    "better": "better, for certain",
    "worse": "worse, for certain",
    "small": "not as much better as would matter",
    "": "open",
}


def report_of(standing: Standing) -> Report:
    """The report on an experiment as it stands."""
    tickets = sum(arm.tickets for arm in standing.arms)
    return Report(
        report_id=f"experiment-{standing.name}-{standing.at:%Y%m%dT%H%M%SZ}",
        title=f"Experiment {standing.name}",
        tenant=standing.tenant,
        begin=standing.start,
        end=standing.end,
        generated_at=standing.at,
        filters=tuple(filter(None, (standing.about, ", ".join(standing.channels), standing.state))),
        is_empty=not tickets,
        figures=(
            Figure(name="Tickets", value=tickets, unit="count"),
            Figure(name="Outcomes settled", value=sum(arm.settled for arm in standing.arms), unit="count"),
            Figure(name="Looked at for", value=standing.settle_seconds, unit="seconds"),
            Figure(name="p of dealt as planned", value=round(standing.mismatch_p, 3), unit="points"),
        ),
        findings=tuple(_findings(standing)),
        sections=tuple(_sections(standing)),
        definitions=tuple(_definitions(standing)),
    )


def _findings(standing: Standing) -> Iterator[Finding]:
    if standing.mismatch_p < MISMATCH_ALPHA:
        yield Finding(
            key="mismatch",
            level="act",
            title="Tickets did not fall to the arms as they are dealt",
            text="Something takes tickets of one arm away, or counts them twice. Find it before anything is concluded.",
        )
    if standing.astray:
        yield Finding(
            key="astray",
            level="watch",
            title="Some escalations were decided on under another arm",
            text="Their tickets count for the arm that they were dealt to. An event that came late, a ticket that came "
            "back after it was forgotten, or a file that was changed while it ran does that.",
            rests_on=(Figure(name="Tickets", value=standing.astray, unit="count"),),
        )
    for arm in standing.arms:
        if arm.verdict is not None:
            yield _finding(standing, arm, arm.verdict)


def _finding(standing: Standing, arm: ArmStanding, verdict: Verdict) -> Finding:
    return Finding(
        key=f"arm-{arm.name}",
        level=_LEVELS[verdict],
        title=f"{arm.name}: {verdict}",
        text=arm.says,
        rests_on=tuple(
            Figure(
                name=f"{each.title}, {arm.name} less {standing.control}",
                value=each.difference,
                unit=_unit(each),
                low=each.low,
                high=each.high,
            )
            for each in standing.against
            if each.arm == arm.name and each.difference is not None
        ),
    )


def _sections(standing: Standing) -> Iterator[Section]:
    yield Section(key="arms", title="Arms", blocks=(_arms(standing), _all(standing)))
    for arm in standing.arms[1:]:
        bands = [_band(standing, each) for each in standing.against if each.arm == arm.name and each.over_time]
        if bands:
            yield Section(
                key=f"over-time-{arm.name}",
                title=f"{arm.name} less {standing.control}, over time",
                lead="The interval holds at all times at once: to look at it every day, and to stop when it has left "
                "0, makes no more errors than to look once.",
                blocks=tuple(bands),
            )


def _arms(standing: Standing) -> Table:
    names = ("arm", "policy", "verdict")
    counts = ("tickets", "settled", "escalations", "pages a day")
    return Table(
        key="arms",
        title="Arms",
        columns=(*(Column(name=name, unit="text") for name in names), *(Column(name=name) for name in counts)),
        rows=tuple(
            Row(
                values=(
                    f"{arm.name}, switched off" if arm.paused_since else arm.name,
                    arm.policy,
                    arm.verdict or "control",
                    arm.tickets,
                    arm.settled,
                    arm.escalations,
                    arm.pages_a_day,
                )
            )
            for arm in standing.arms
        ),
        note="Pages a day are those that all tickets together would cost under the arm.",
    )


def _all(standing: Standing) -> Table:
    names = ("metric", "arm", "it", standing.control, "difference", "from", "to", "p", "found")
    return Table(
        key="metrics",
        title="Metrics and guardrails",
        columns=tuple(Column(name=name, unit="text") for name in names),
        rows=tuple(
            Row(
                values=(
                    each.title if each.role == "metric" else f"{each.title} (guardrail)",
                    each.arm,
                    written(each.value, _unit(each)),
                    written(each.control_value, _unit(each)),
                    signed(each.difference, _unit(each)),
                    signed(each.low, _unit(each)),
                    signed(each.high, _unit(each)),
                    f"{each.p:.3f}",
                    _FOUND[each.found],
                )
            )
            for each in standing.against
        ),
        note=f"An interval is given once both arms have {BURN_IN} tickets that count, and of shares once {RARE} hits "
        f"and {RARE} others are to be expected in the smaller arm. It is as wide as several metrics together need.",
    )


def _band(standing: Standing, against: Against) -> Band:
    last, unit = against.over_time[-1], _unit(against)
    said = (
        f"{signed(last.difference, unit)} at last, between {signed(last.low, unit)} and {signed(last.high, unit)}; "
        f"{_FOUND[against.found]}."
    )
    rows = against.over_time[:: max(1, len(against.over_time) // 8)]
    return Band(
        title=f"{against.title}, {against.arm} less {standing.control}",
        summary=said,
        unit=unit,
        points=tuple(
            Point(at=each.at, value=each.difference, low=each.low, high=each.high) for each in against.over_time
        ),
        lines=(("matters", against.smallest), ("matters", -against.smallest)),
        legend=(
            ("plain", "difference"),
            ("other", f"{100 * (1 - against.alpha):.3g} % interval, at all times at once"),
        ),
        table=Table(
            key=f"{against.arm}-{against.metric}-{against.role}",
            title=against.title,
            columns=(
                Column(name="time", unit="time"),
                Column(name="difference", unit="text"),
                Column(name="from", unit="text"),
                Column(name="to", unit="text"),
            ),
            rows=tuple(
                Row(
                    values=(
                        each.at,
                        signed(each.difference, unit),
                        signed(each.low, unit),
                        signed(each.high, unit),
                    )
                )
                for each in rows
            ),
        ),
    )


def _definitions(standing: Standing) -> Iterator[Definition]:
    for name in dict.fromkeys(each.metric for each in standing.against):
        yield Definition(name=METRICS[name].title, text=METRICS[name].meaning)
    settle = in_words(round(standing.settle_seconds * 1000))
    yield Definition(
        name="What may be concluded",
        text="Tickets are dealt by lot, so what differs for certain differs because of the arm, among these tickets in "
        f"this time, within {settle} of a ticket's beginning. Which tickets count for precision and satisfaction "
        "depends on the arm itself, so these two show what is seen under an arm, not what it did to the same "
        "tickets. Open is not the same as equal.",
    )
    yield Definition(
        name="Looking",
        text="All intervals and p-values hold at every look together. Whoever looks more often learns earlier, and is "
        "not wrong more often.",
    )


def signed(value: float | None, unit: Unit) -> str:
    """A difference: +1.2 %, −3 min."""
    if value is None:
        return written(None, unit)
    shown = written(abs(value), unit)
    return f"−{shown}" if value < 0 else f"+{shown}"


def _unit(against: Against) -> Unit:
    return METRICS[against.metric].unit
