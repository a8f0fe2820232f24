"""How tickets end, and after how long."""

from sinks.analytics.outcomes import Resolution
from sinks.reports.figures_in_words import duration
from sinks.reports.model import Bar, Chart, Column, Row, Section, Table
from sinks.reports.sections.naming import MOST, named
from sinks.reports.waiting import STEPS, Waiting

_HOUR = 3_600


def resolution_section(waiting: Waiting, by_category: Resolution) -> Section:
    """Times to resolution, and what became of the tickets of each category."""
    return Section(
        key="resolution",
        title="Resolution",
        lead=_lead(waiting),
        blocks=(_times(waiting), _categories(by_category)),
    )


def _lead(waiting: Waiting) -> str:
    if waiting.mean is None:
        return "No ticket was resolved in this span."
    return f"{waiting.resolutions:,} resolutions, after {duration(waiting.mean)} on average."


def _times(waiting: Waiting) -> Chart:
    names = [*(f"≤ {duration(hours * _HOUR)}" for hours in STEPS), f"> {duration(STEPS[-1] * _HOUR)}"]
    counted = list(zip(names, waiting.by_step, strict=True))
    total = waiting.resolutions
    most = max(counted, key=lambda each: each[1])[0]
    return Chart(
        form="columns",
        title="Resolutions by time",
        summary=f"Most took {most}." if total else "There are none.",
        bars=tuple(Bar(label=name, parts=(("plain", float(number)),)) for name, number in counted),
        table=Table(
            key="resolution_times",
            title="By time to resolution",
            columns=(
                Column(name="after", unit="text"),
                Column(name="resolutions"),
                Column(name="share", unit="share"),
            ),
            rows=tuple(Row(values=(name, number, number / total)) for name, number in counted) if total else (),
            empty="No ticket was resolved in this span.",
            note="Each step begins where the one before ends. A ticket that was opened again counts for each time.",
        ),
    )


def _categories(found: Resolution) -> Table:
    return Table(
        key="resolution_by_category",
        title="By category",
        columns=(
            Column(name="category", unit="text"),
            Column(name="tickets"),
            Column(name="resolved", unit="share"),
            Column(name="first reply, median", unit="seconds"),
            Column(name="resolution, median", unit="seconds"),
            Column(name="at first contact", unit="share"),
            Column(name="rating", unit="points"),
        ),
        rows=tuple(
            Row(
                values=(
                    named(each.value),
                    each.tickets,
                    each.resolution_rate,
                    each.first_response_p50,
                    each.resolution_p50,
                    each.first_contact_rate,
                    each.satisfaction_avg,
                ),
                tickets=each.tickets_url,
            )
            for each in found.groups[:MOST]
        ),
        note="At first contact: resolved with at most two messages of the customer.",
    )
