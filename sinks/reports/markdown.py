"""A report as Markdown. What customers write can form no markup, and a chart is a table with a line of bars."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sinks.reports.drawing import sparkline, total
from sinks.reports.figures_in_words import bounds, written
from sinks.reports.html import CALM, LEVELS, LOOK_AT, NOTHING
from sinks.reports.model import Band, Chart, Figure, Finding, Report, Section, Table

# What forms markup wherever it stands: emphasis, code, links, tables, HTML; then, what does so in some places only:
# an entity, a list or a heading at the beginning, and what is made a link or a sign by itself (www., a:b, a@b).
_MARKUP: Final = re.compile(
    r"[\\`*\[\]<>{}~|$]"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|&(?=\#?\w+;)"
    r"|^[-+#=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]"
    r"|:(?=\S)|(?<=\S)@(?=\S)|(?<=www)\.",
    re.IGNORECASE,
)
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", ":": "&#58;", "@": "&#64;", "|": "&#124;", "$": "&#36;"}


def escaped(text: str) -> str:
    """The text in one line, such that none of it is markup."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return _MARKUP.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), line)


def markdown(report: Report) -> str:
    """The report, in CommonMark with GitHub's tables."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(report.title)}"
    yield ""
    facts = [f"Tenant {escaped(report.tenant)}", *map(escaped, report.filters)]
    yield f"{' · '.join(facts)} · made {written(report.generated_at, 'time')} UTC"
    yield ""
    if report.is_empty:
        yield f"**{NOTHING}** {LOOK_AT}"
        yield ""
    else:
        yield from _figures(report.figures)
        yield "## What to do"
        yield ""
        if not report.findings:
            yield CALM
            yield ""
        for number, finding in enumerate(report.findings, 1):
            yield from _finding(number, finding)
        for section in report.sections:
            yield from _section(section)
    if report.definitions:
        yield "## What the figures mean"
        yield ""
        yield from (f"- **{escaped(each.name)}**: {escaped(each.text)}" for each in report.definitions)
        yield ""
    span = f"{written(report.begin, 'time')} to {written(report.end, 'time')} UTC, end not included"
    yield f"{span} · report {report.report_id}"


def _figures(figures: Iterable[Figure]) -> Iterator[str]:
    yield "| figure | value | before | change |"
    yield "|---|--:|--:|---|"
    for each in figures:
        changed = {"up": "up", "down": "down", "none": "within chance", None: ""}[each.change]
        before = "" if each.before is None else written(each.before, each.unit)
        yield f"| {escaped(each.name)} | {_cell(each.value, each.unit)} | {before} | {changed} |"
    yield ""


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"{number}. **{LEVELS[finding.level]}: {escaped(finding.title)}** {escaped(finding.text)}"
    for each in finding.rests_on:
        known = f" ({bounds(each)})" if bounds(each) else ""
        before = "" if each.before is None else f", before {written(each.before, each.unit)}"
        yield f"   - {escaped(each.name)}: {_cell(each.value, each.unit)}{known}{before}"
    if finding.tickets:
        yield f"   - tickets: {', '.join(map(escaped, finding.tickets))}"
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.title)}"
    yield ""
    if section.lead:
        yield escaped(section.lead)
        yield ""
    for block in section.blocks:
        if isinstance(block, Chart):
            yield f"**{escaped(block.title)}.** {escaped(block.summary)}"
            yield ""
            if block.form == "columns":
                yield f"`{sparkline([total(bar) for bar in block.bars])}`"
                yield ""
            yield from _table(block.table)
        elif isinstance(block, Band):
            yield f"**{escaped(block.title)}.** {escaped(block.summary)}"
            yield ""
            yield from _table(block.table)
        else:
            yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    yield f"**{escaped(table.title)}**"
    yield ""
    if not table.rows:
        yield escaped(table.empty)
    else:
        yield f"| {' | '.join(escaped(column.name) for column in table.columns)} |"
        yield f"|{'|'.join('---' if column.unit in ('text', 'time') else '--:' for column in table.columns)}|"
        for row in table.rows:
            cells = (_cell(value, column.unit) for value, column in zip(row.values, table.columns, strict=True))
            yield f"| {' | '.join(cells)} |"
    yield ""
    if table.note:
        yield escaped(table.note)
        yield ""


def _cell(value: object, unit: str) -> str:
    shown = written(value, unit)  # type: ignore[arg-type]
    return escaped(shown) if isinstance(value, str) else shown
