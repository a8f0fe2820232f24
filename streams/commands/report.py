"""`ticketpulse report`: what the numbers of a span say."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure, of_engine
from streams.commands.given import tenant_of, time_of
from streams.commands.settings import given_settings
from streams.commands.terminal import say

if TYPE_CHECKING:
    from sinks.analytics.selection import Selection
    from sinks.reports.model import Report

_ASKED_SECONDS = 120.0


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "md"
    PDF = "pdf"
    JSON = "json"


def report(
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Its beginning, as in 2026-11-09; else a week back.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Its end, not included, as in 2026-11-16; else now.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose tickets.")] = "default",
    form: Annotated[
        Form | None, typer.Option("--format", help="What it is written as; else as the file's name ends.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; a PDF needs one. Else to stdout.")
    ] = None,
) -> None:
    """Write a report on a span: figures beside those of the span before, what to do, and what that rests on.

    It reads ClickHouse, or asks the page where that has the embedded engine open. A PDF is printed by the Chromium of
    this machine.

        ticketpulse report --from 2026-11-09 --to 2026-11-16 --output week.html

        ticketpulse report --format pdf --output week.pdf

        ticketpulse report --format json | jq '.findings[].title'
    """
    from schemas.whole_files import write_whole
    from sinks.reports.html import html
    from sinks.reports.markdown import markdown
    from sinks.reports.pdf import NotPrinted, find_browser, pdf

    wanted = form or _form_of(output)
    if wanted is Form.PDF and output is None:
        raise Failure("a PDF is a file: name one, --output week.pdf", USAGE)
    selection, page = _selection(begin, end, tenant), given_settings().page_url
    try:
        # Said before the database is asked.
        browser = find_browser() if wanted is Form.PDF else ""
        made = _made(selection)
        written = {
            Form.HTML: lambda: html(made, page=page).encode(),
            Form.MARKDOWN: lambda: markdown(made).encode(),
            Form.PDF: lambda: pdf(html(made, page=page), browser),
            Form.JSON: lambda: made.model_dump_json(indent=2).encode() + b"\n",
        }[wanted]()
    except NotPrinted as error:
        raise Failure(str(error)) from error
    if output is None:
        sys.stdout.buffer.write(written)
        return
    try:
        write_whole(output, written)
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}") from error
    nothing = "; nothing is stored of that span" if made.is_empty else f", {len(made.findings)} things to do"
    say(f"{output}: {made.title}, tenant {made.tenant}{nothing}")


def _form_of(output: Path | None) -> Form:
    if output is None:
        return Form.MARKDOWN
    endings = {".html": Form.HTML, ".htm": Form.HTML, ".md": Form.MARKDOWN, ".pdf": Form.PDF, ".json": Form.JSON}
    found = endings.get(output.suffix.lower())
    if found is None:
        raise Failure(f"--output {output}: name it .html, .md, .pdf or .json, or give --format", USAGE)
    return found


def _selection(begin: str | None, end: str | None, tenant: str) -> "Selection":
    from sinks.analytics.selection import InvalidSpan, Selection, span_of

    try:
        since, until = span_of(time_of("--from", begin), time_of("--to", end), datetime.now(UTC))
    except InvalidSpan as error:
        raise Failure(f"--{error.field}: {error}", USAGE) from error
    return Selection(tenant=tenant_of(tenant) or tenant, since=since, until=until)


def _made(selection: "Selection") -> "Report":
    """From ClickHouse; where another process has the embedded engine open, by its page."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from sinks.clickhouse.client import EMBEDDED, connect
    from sinks.clickhouse.console import socket_of
    from sinks.reports.composing import compose
    from sinks.reports.material import read_material

    url = database()
    if url.startswith(EMBEDDED) and socket_of(url).exists():
        return _asked(selection)
    client = connect(url, readonly=True)
    try:
        return compose(read_material(client, selection), datetime.now(UTC))
    except ClickHouseError as error:
        raise of_engine(error) from error
    finally:
        client.close()


def database() -> str:
    """The one that is named, or the one of `up`, with Kafka or embedded: whichever runs."""
    from sinks.clickhouse.client import EMBEDDED
    from sinks.clickhouse.console import socket_of

    settings = given_settings()
    if "clickhouse_url" in settings.model_fields_set:
        return settings.clickhouse
    usual, embedded = settings.clickhouse, f"{EMBEDDED}{settings.local_dir / 'embedded' / 'clickhouse'}"
    for url in (usual, embedded):
        if socket_of(url).exists():
            return url
    return embedded if _is_there(embedded) and not _is_there(usual) else usual


def _is_there(url: str) -> bool:
    return Path(url.removeprefix("chdb://")).is_dir()


def _asked(selection: "Selection") -> "Report":
    import httpx
    from pydantic import ValidationError

    from sinks.reports.model import Report
    from sinks.reports.telling import ADDRESS

    settings = given_settings()
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    page = f"http://{host}:{settings.page_port}"
    try:
        answer = httpx.get(
            f"{page}{ADDRESS}",
            params=[*selection.parameters(), ("format", "json")],
            headers={"Authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else {},
            timeout=_ASKED_SECONDS,
            trust_env=False,
        )
        if answer.is_success:
            return Report.model_validate_json(answer.content)
        said = answer.json().get("detail", answer.status_code)
    except (httpx.HTTPError, ValueError, ValidationError) as error:
        said = str(error) or type(error).__name__
    raise Failure(f"another process has the embedded engine open, and its page at {page} makes no report: {said}")
