"""A report as a notice: what of it is told at once, and all of it where that is not too long. Pure."""

from typing import Final
from urllib.parse import urlencode

from msgspec.structs import replace

from schemas.notices import Reported, ReportFigure, encode_notice
from sinks.reports.figures_in_words import written
from sinks.reports.html import html
from sinks.reports.markdown import markdown
from sinks.reports.model import Figure, Report

ADDRESS: Final = "/api/v1/report"
# Encoded: below what the log takes of one record (1 MiB), the planner's own fields and state included.
MAX_BYTES: Final = 700_000


def notice_of(report: Report, page: str | None) -> Reported:
    """What people are told of it. `page` is where the page is, if they can reach it."""
    told = Reported(
        tenant=report.tenant,
        report_id=report.report_id,
        title=report.title,
        begin=report.begin,
        end=report.end,
        at=report.generated_at,
        figures=tuple(_figure(each) for each in report.figures),
        findings=tuple(f"{each.title}. {each.text}" for each in report.findings),
        markdown=markdown(report),
        html=html(report, page=page),
        link="" if page is None else page.rstrip("/") + address_of(report),
    )
    return told if len(encode_notice(told)) <= MAX_BYTES else replace(told, markdown="", html="")


def address_of(report: Report) -> str:
    """Where the page has it."""
    span = {"from": report.begin.isoformat(), "to": report.end.isoformat()}
    return f"{ADDRESS}?{urlencode({'tenant': report.tenant, **span, 'format': 'html'})}"


def _figure(figure: Figure) -> ReportFigure:
    return ReportFigure(
        name=figure.name,
        value=written(figure.value, figure.unit),
        before="" if figure.before is None else written(figure.before, figure.unit),
        change=figure.change if figure.change in ("up", "down") else "",
    )
