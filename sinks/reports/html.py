"""A report as one HTML file: no script, nothing is loaded, charts are inline. All that is not ours is escaped."""

from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sinks.reports.bands import band_svg
from sinks.reports.drawing import svg
from sinks.reports.figures_in_words import bounds, written
from sinks.reports.model import Band, Chart, Level, Report

FOLDER: Final = Path(__file__).parent / "pages"
LEVELS: Final[Mapping[Level, str]] = {"act": "Act", "watch": "Watch", "good": "Better"}
NOTHING: Final = "Nothing is stored of this span."
LOOK_AT: Final = "Look at the name of the tenant, at the span, and at whether events come in."
CALM: Final = "Nothing stands out: no threshold is passed, and no figure has changed by more than chance."


def stylesheet() -> str:
    """The stylesheet of all reports, for screens and paper, light and dark."""
    return (FOLDER / "report.css").read_text(encoding="utf-8")


def html(report: Report, *, page: str | None = None, linked_style: str | None = None) -> str:
    """The report. `page` is where the page is (https://support.example.com, or empty for links of the page's own), and
    none for a report without links. With `linked_style` the stylesheet is loaded from there instead of written into it.
    """

    def url(path: str) -> str | None:
        return None if page is None else page.rstrip("/") + path

    def ticket_url(ticket: str) -> str | None:
        # As the page's own addresses are (static/views.js).
        return url(f"/?{urlencode({'tenant': report.tenant})}#ticket?{urlencode({'id': ticket}, quote_via=quote)}")

    style = stylesheet()
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            url=url,
            ticket_url=ticket_url,
            draw=_draw,
            levels=LEVELS,
            nothing=NOTHING,
            look_at=LOOK_AT,
            calm=CALM,
            stylesheet=linked_style,
            # Ours, and it must be as it was hashed.
            style=Markup(style),  # noqa: S704
            style_hash=f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}",
        )
    )


def _draw(chart: Chart | Band, key: str) -> Markup:
    # Both escape all texts themselves.
    return Markup(band_svg(chart, key) if isinstance(chart, Band) else svg(chart, key))  # noqa: S704


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"written": written, "bounds": bounds}
    return environment
