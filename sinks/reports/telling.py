"""A report as a notice: what of it is told at once, and all of it where that is not too long. Pure."""

from typing import Final
from urllib.parse import urlencode

from schemas.notices import Reported, ReportFigure
from sinks.reports.figures_in_words import written
from sinks.reports.html import html
from sinks.reports.markdown import markdown
from sinks.reports.model import Figure, Report

ADDRESS: Final = "/api/v1/report"
# Together well below what a record may have, and what mail servers take.
MAX_HTML_CHARS: Final = 400_000
MAX_MARKDOWN_CHARS: Final = 80_000


def notice_of(report: Report, page: str | None) -> Reported:
    """What people are told of it. `page` is where the page is, if they can reach it."""
    whole, text = html(report, page=page), markdown(report)
    is_short = len(whole) <= MAX_HTML_CHARS and len(text) <= MAX_MARKDOWN_CHARS
    return Reported(
        tenant=report.tenant,
        report_id=report.report_id,
        title=report.title,
        begin=report.begin,
        end=report.end,
        at=report.generated_at,
        figures=tuple(_figure(each) for each in report.figures),
        findings=tuple(f"{each.title}. {each.text}" for each in report.findings),
        markdown=text if is_short else "",
        html=whole if is_short else "",
        link="" if page is None else page.rstrip("/") + address_of(report),
    )


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
