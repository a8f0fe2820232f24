"""Reports of a real database: two weeks of a desk, against what pandas makes of the raw rows."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner

from schemas.events import TicketEvent
from schemas.notifications import Notification, decode_notification
from sinks.analytics.selection import Selection
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from sinks.reports.composing import compose
from sinks.reports.html import html
from sinks.reports.kept import Folder
from sinks.reports.making import DatabaseMaker
from sinks.reports.markdown import markdown
from sinks.reports.material import read_material, step_for
from sinks.reports.model import Report, Table
from sinks.reports.pdf import NotPrinted, find_browser, pdf
from sinks.reports.reporter import Reporter
from sinks.reports.schedule import Schedule
from streams import topics
from streams.cli import app
from streams.clock import wall_clock
from streams.commands.failure import Failure, explain
from streams.engine.local import LocalLog, LocalWorker, LocalWriter, MemoryStorage
from streams.engine.telemetry import PrometheusWatch
from streams.notify import NotifyStage
from streams.notify.book import parse_book
from streams.notify.local_outbox import LocalOutbox
from streams.notify.sending import run_sender
from streams.policies import BookSource
from tests.contract.sink_loop import until
from tests.ended import has_ended
from tests.notify.mail_server import mail_server
from tests.reports import desk

pytestmark = pytest.mark.xdist_group("reports")

BEGIN, END = desk.BEGIN + desk.WEEK, desk.END
ASKED = {"from": "2026-11-09", "to": "2026-11-16"}
ASKED_OPTIONS = ("--from", "2026-11-09", "--to", "2026-11-16")
EXAMPLE = Path(__file__).parents[2] / "docs" / "report-example.md"


class Desk:
    """The database, and the raw rows that it was made of."""

    def __init__(self, url: str, published: list[Message]) -> None:
        self.url = url
        self.client = connect(url, readonly=True)
        scored = [json.loads(one.value or b"") for one in published if one.topic == topics.SCORED and not one.headers]
        self.events = pd.json_normalize(scored, max_level=1).drop_duplicates(["tenant", "ticket_id", "event_id"])
        self.events["at"] = pd.to_datetime(self.events["occurred_at"], utc=True, format="ISO8601")
        records = pd.DataFrame([json.loads(one.value or b"") for one in published if one.topic == topics.ESCALATIONS])
        self.escalations = records.sort_values("revision").drop_duplicates("escalation_id", keep="last")
        self.escalations["at"] = pd.to_datetime(self.escalations["occurred_at"], utc=True, format="ISO8601")

    def within(self, rows: pd.DataFrame, begin: datetime = BEGIN, end: datetime = END) -> pd.DataFrame:
        return rows[(rows["at"] >= pd.Timestamp(begin)) & (rows["at"] < pd.Timestamp(end))]


@pytest.fixture(scope="module")
def made_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = f"chdb://{tmp_path_factory.mktemp('desk') / 'clickhouse'}"
    published = list(desk.messages(desk.events()))
    desk.store(url, published)
    made = Desk(url, published)
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def week(made_desk: Desk) -> Report:
    return report_of(made_desk.client)


def report_of(client: Client, begin: datetime = BEGIN, end: datetime = END, tenant: str = "default") -> Report:
    return compose(read_material(client, Selection(tenant=tenant, since=begin, until=end)), END)


def urgent(ticket: str, at: datetime) -> TicketEvent:
    return TicketEvent(
        event_id=f"{ticket} {at.isoformat()}",
        tenant="busy",
        ticket_id=ticket,
        type="message",
        channel="email",
        occurred_at=at,
        priority="urgent",
        text="Where is my parcel?",
    )


def figure(report: Report, name: str) -> object:
    return next(each.value for each in report.figures if each.name == name)


def table(report: Report, key: str) -> dict[str, tuple[object, ...]]:
    """Rows by their first value."""
    blocks = [block for section in report.sections for block in section.blocks]
    tables: list[Table] = [block if isinstance(block, Table) else block.table for block in blocks]
    return {str(row.values[0]): row.values[1:] for each in tables if each.key == key for row in each.rows}


def customers_messages(events: pd.DataFrame) -> pd.DataFrame:
    return events[events["sentiment.label"].notna() & (events["voice"] == "customer")]


# -- figures


def test_figures_are_those_of_the_raw_rows(made_desk: Desk, week: Report) -> None:
    events, escalations = made_desk.within(made_desk.events), made_desk.within(made_desk.escalations)
    messages = customers_messages(events)
    negative = messages["sentiment.label"].isin(["negative", "very_negative"])
    tickets = set(events["ticket_id"]) | set(escalations["ticket_id"])
    resolved = events.loc[events["status"].isin(["resolved"]), "ticket_id"].nunique()
    assert figure(week, "tickets") == len(tickets)
    assert figure(week, "customers' messages") == len(messages)
    assert figure(week, "negative messages") == pytest.approx(negative.mean())
    assert figure(week, "tickets that escalated") == pytest.approx(escalations["ticket_id"].nunique() / len(tickets))
    assert figure(week, "tickets resolved") == pytest.approx(resolved / len(tickets))
    ratings = events["satisfaction"].dropna()
    assert figure(week, f"rating of {len(ratings)}") == pytest.approx(ratings.mean())


def test_days_and_categories_are_those_of_the_raw_rows(made_desk: Desk, week: Report) -> None:
    messages = customers_messages(made_desk.within(made_desk.events))
    days = table(week, "by_day")
    by_day = messages.groupby(messages["at"].dt.strftime("%a %-d %b")).size()
    assert {day: values[1] for day, values in days.items()} == by_day.to_dict()
    by_category = messages.groupby("category").agg(
        tickets=("ticket_id", "nunique"),
        messages=("ticket_id", "size"),
        negative=("sentiment.label", lambda labels: labels.isin(["negative", "very_negative"]).mean()),
    )
    shown = table(week, "by_category")
    for name, row in by_category.iterrows():
        values = shown[str(name).replace("_", " ")]
        assert values[1] == row["messages"]
        assert values[2] == pytest.approx(row["negative"])


def test_times_to_resolution_are_those_of_the_raw_rows(made_desk: Desk, week: Report) -> None:
    opened = made_desk.events.groupby("ticket_id")["at"].min()
    ended = made_desk.within(made_desk.events[made_desk.events["status"] == "resolved"])
    took = (ended["at"] - ended["ticket_id"].map(opened)).dt.total_seconds()
    told = next(each for each in week.findings if each.key == "slow_resolution")
    assert told.rests_on[0].value == pytest.approx(took.mean(), abs=0.01)
    half = 1.959964 * took.std() / len(took) ** 0.5
    assert told.rests_on[0].low == pytest.approx(took.mean() - half, abs=1)
    edges = [0, 3_600, 4 * 3_600, 8 * 3_600, 24 * 3_600, 48 * 3_600, 72 * 3_600, 168 * 3_600, float("inf")]
    counted = pd.cut(took, edges).value_counts(sort=False)
    assert [values[0] for values in table(week, "resolution_times").values()] == list(counted)


def test_customers_and_urgent_tickets_are_those_of_the_raw_rows(made_desk: Desk, week: Report) -> None:
    events = made_desk.within(made_desk.events)
    tickets = events[events["customer_id"].notna()].groupby("customer_id")["ticket_id"].nunique()
    repeating = tickets[tickets >= 3]
    shown = table(week, "repeat_customers")
    assert {name: values[0] for name, values in shown.items()} == repeating.to_dict()


def test_the_oldest_urgent_ticket_is_told_though_it_is_not_among_those_that_are_shown(made_desk: Desk) -> None:
    """Shown are twenty without news for longest; of the oldest there is news."""
    quiet = [urgent(f"T-{number}", END - timedelta(days=1, minutes=number)) for number in range(20)]
    oldest = [urgent("T-old", END - timedelta(days=6)), urgent("T-old", END - timedelta(hours=1))]
    events = sorted((*quiet, *oldest), key=lambda event: event.occurred_at)
    desk.store(made_desk.url, desk.messages(events))
    made = report_of(made_desk.client, tenant="busy")
    told = next(each for each in made.findings if each.key == "critical_open")
    assert [each.value for each in told.rests_on] == [21, 6 * 86_400]
    assert told.text == "The oldest is open for 6 d."


def test_each_finding_says_what_it_rests_on(week: Report) -> None:
    assert {each.key for each in week.findings} >= {"negative_share", "critical_open", "slow_resolution"}
    for each in week.findings:
        assert each.rests_on
        for one in each.rests_on:
            if one.low is not None and one.high is not None:
                assert isinstance(one.value, int | float)
                assert one.low <= one.value <= one.high


def test_every_section_is_there(week: Report) -> None:
    assert [section.key for section in week.sections] == [
        "trends",
        "distributions",
        "problems",
        "issues",
        "resolution",
        "agents",
        "escalations",
        "alerts",
    ]


@pytest.mark.parametrize(
    ("tenant", "begin"),
    [("nobody", BEGIN), ("default", END + timedelta(days=30)), ("default", datetime(1970, 1, 1, tzinfo=UTC))],
    ids=["tenant", "span", "1970"],
)
def test_of_nothing_there_is_a_report_that_says_so(made_desk: Desk, tenant: str, begin: datetime) -> None:
    made = report_of(made_desk.client, begin, begin + desk.WEEK, tenant)
    assert made.is_empty
    assert (made.figures, made.findings, made.sections) == ((), (), ())


def test_a_report_of_a_year_has_a_point_for_each_week(made_desk: Desk) -> None:
    made = report_of(made_desk.client, END - timedelta(days=400), END)
    assert not made.is_empty
    assert len(table(made, "by_week")) == 58


@pytest.mark.parametrize(("hours", "step"), [(1, "hour"), (36, "hour"), (37, "day"), (768, "day"), (769, "week")])
def test_steps_are_as_long_as_the_span_wants(hours: int, step: str) -> None:
    assert step_for(timedelta(hours=hours)) == step


def test_the_example_in_the_documentation_is_this_report(week: Report) -> None:
    """Made by `python -m tests.reports.example`."""
    shown = EXAMPLE.read_text()
    for each in week.findings:
        assert each.title in shown.replace("\\", "")
    assert f"| tickets | {figure(week, 'tickets')} |" in shown


# -- PDF


def test_a_pdf_is_printed(week: Report) -> None:
    printed = pdf(html(week), find_browser())
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    pages = printed.count(b"/Type /Page\n") or printed.count(b"/Type/Page\n")
    assert 5 <= pages <= 15
    assert 30_000 < len(printed) < 2_000_000


def test_without_a_browser_it_is_said_what_to_do() -> None:
    with pytest.raises(NotPrinted, match=r"none of chromium, .* is on the path: install one .* or take --format html"):
        find_browser(lambda _: None)


def test_a_browser_that_hangs_is_stopped(tmp_path: Path) -> None:
    hanging = tmp_path / "chromium"
    hanging.write_text("#!/bin/sh\nsleep 600 &\necho $! > " + str(tmp_path / "child") + "\nwait\n")
    hanging.chmod(0o755)
    with pytest.raises(NotPrinted, match=r"has made no PDF within 2\.5 s, and was stopped"):
        pdf("<p>", str(hanging), 2.5)
    # Told to end, it needs a moment.
    with suppress(ProcessLookupError):
        assert has_ended(os.pidfd_open(int((tmp_path / "child").read_text())))


@pytest.mark.parametrize(
    ("script", "said"), [("echo broken >&2; exit 3", "made no PDF: broken"), ("", "it says nothing")]
)
def test_a_browser_that_fails_is_quoted(tmp_path: Path, script: str, said: str) -> None:
    failing = tmp_path / "chromium"
    failing.write_text(f"#!/bin/sh\n{script}\n")
    failing.chmod(0o755)
    with pytest.raises(NotPrinted, match=said):
        pdf("<p>", str(failing))


def test_what_is_no_program_is_said(tmp_path: Path) -> None:
    (tmp_path / "chromium").touch()
    with pytest.raises(NotPrinted, match="cannot be started: Permission denied"):
        pdf("<p>", str(tmp_path / "chromium"))


# -- HTTP


@pytest.fixture
async def page(made_desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    app = create_page(partial(connect, made_desk.url, readonly=True), now=lambda: END)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://page") as client,
    ):
        yield client


async def test_the_page_has_it_as_html(page: httpx.AsyncClient) -> None:
    answer = await page.get("/api/v1/report", params=ASKED)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Support report, 9 – 15 November 2026</h1>" in answer.text
    # The page's policy stays as strict as it is.
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    style = await page.get("/api/v1/report/style.css")
    assert '<link rel="stylesheet" href="/api/v1/report/style.css">' in answer.text
    assert style.headers["content-type"].startswith("text/css")
    assert "@page" in style.text


async def test_a_download_is_a_file(page: httpx.AsyncClient, week: Report) -> None:
    answer = await page.get("/api/v1/report", params={**ASKED, "format": "md", "download": "true"})
    name = f'attachment; filename="report-default-2026-11-09-2026-11-16-{week.report_id[:8]}.md"'
    assert answer.headers["content-disposition"] == name
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    # Made again of the same rows it is the same, whoever makes it.
    assert answer.text == markdown(week)


async def test_a_report_of_some_tickets(page: httpx.AsyncClient, week: Report) -> None:
    answer = await page.get("/api/v1/report", params={**ASKED, "format": "json", "channel": "email"})
    made = Report.model_validate_json(answer.content)
    assert made.filters == ("channel email",)
    assert list(table(made, "by_channel")) == ["email"]
    assert figure(made, "customers' messages") == table(week, "by_channel")["email"][1]
    assert made.report_id != week.report_id


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "2026-11-16", "to": "2026-11-09"}, "from"),
        ({"from": "2020-01-01", "to": "2026-11-09"}, "from"),
        ({"format": "pdf"}, "format"),
        ({"tenant": "a/b"}, "tenant"),
    ],
)
async def test_what_cannot_be_asked(page: httpx.AsyncClient, asked: dict[str, str], field: str) -> None:
    answer = await page.get("/api/v1/report", params=asked)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


# -- by a schedule, to a mailbox


async def test_a_report_that_is_due_comes_by_mail_once(made_desk: Desk, week: Report, tmp_path: Path) -> None:
    """The database, the log, the planner, the sender and the mail server are real."""
    schedule = Schedule("0 6 * * mon", "UTC", "week")
    monday = END + timedelta(hours=6, minutes=1)
    log = LocalLog(MemoryStorage(), wall_clock)
    for topic in topics.ALL:
        log.create(topic.name, 1)
    folder = Folder(tmp_path / "reports")
    with folder.owned():
        folder.note(f"default {schedule.name}", END)

    def reporter() -> Reporter:
        maker = DatabaseMaker(partial(connect, made_desk.url, readonly=True), lambda: END)
        writer = LocalWriter(log, topics.NOTICES)
        return Reporter(schedule, ("default",), folder, maker, writer, page="https://page.example", now=lambda: monday)

    async with mail_server() as box, AsyncExitStack() as stack:
        book = parse_book(NOTIFY.format(port=box.port), "notify.toml")
        planner = NotifyStage(book)
        watch = PrometheusWatch(planner, planner.name, wall_clock)
        worker = LocalWorker(log, planner, clock=wall_clock, watch=watch, dead_letters=topics.DEAD_LETTERS)
        await worker.start()
        stack.push_async_callback(worker.stop)
        stop = asyncio.Event()
        sender = asyncio.create_task(
            run_sender(partial(LocalOutbox, log), BookSource("targets", None, lambda: book), None, stop)
        )
        async with reporter().running():
            await until(lambda: bool(box.mails))
        # A process that crashed before it noted that it had told.
        folder.note(f"default {schedule.name}", END)
        async with reporter().running():
            await until(lambda: folder.done()[f"default {schedule.name}"] > END)
        await until(lambda: len(list(ledger(log))) == 3)
        stop.set()
        await sender
    (mail,) = box.mails
    message = mail.message
    assert message["Subject"] == "Support report, 9 – 15 November 2026 (default)"
    plain, shown = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert shown is not None
    assert "## What to do" in plain.get_content()
    assert week.findings[0].title in shown.get_content()
    assert "https://page.example/api/v1/report?tenant=default" in shown.get_content()
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "report-2026-11-09-2026-11-16.html"
    assert attached.get_content().count("<svg ") == html(week).count("<svg ")
    assert [record.state for record in ledger(log)] == ["pending", "pending", "sent"]


NOTIFY = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "support@example.com"

[targets.leads]
kind = "email"
to = ["leads@example.com"]

[[routes]]
tell = ["leads"]
kinds = ["report"]
"""


def ledger(log: LocalLog) -> Iterator[Notification]:
    for slot in log.slots([topics.NOTIFICATIONS]):
        for record in log.read(slot, 0, 1_000, 1 << 30):
            yield decode_notification(record.value or b"")


# -- the command


def run(url: str, *options: str) -> Failure | None:
    """In this process: it may have the embedded engine open already."""
    ended = CliRunner().invoke(app, ["report", *options], env={"CLICKHOUSE_URL": url})
    return None if ended.exception is None else explain(ended.exception)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2026-11-16", "--to", "2026-11-09"), "--from: 2026-11-16T00:00:00Z is not before to, 2026-11-09"),
        (("--from", "monday"), "--from monday: no time; wanted: 2026-11-01"),
        (("--tenant", "a/b"), "--tenant a/b: 1 to 64 letters"),
        (("--output", "week.doc"), "--output week.doc: name it .html, .md, .pdf or .json"),
        (("--format", "pdf"), "a PDF is a file: name one, --output week.pdf"),
    ],
)
def test_wrong_options_are_said_before_anything_is_read(options: tuple[str, ...], said: str) -> None:
    failure = run("http://127.0.0.1:1/nowhere", *options)
    assert failure is not None
    assert failure.exit_code == 2
    assert said in str(failure)


def test_a_database_that_is_away_is_said() -> None:
    failure = run("http://127.0.0.1:1/nowhere", *ASKED_OPTIONS)
    assert failure is not None
    assert failure.exit_code == 1
    assert str(failure).startswith("CLICKHOUSE_URL=http://127.0.0.1:1/nowhere: ")


def test_a_database_without_tables_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams.cli", "report", *ASKED_OPTIONS]
    environment = {"PATH": "/usr/bin:/bin", "CLICKHOUSE_URL": f"chdb://{tmp_path / 'empty'}"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "`ticketpulse migrate` makes them" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_is_written_where_it_can_be(made_desk: Desk, tmp_path: Path) -> None:
    nobody = (*ASKED_OPTIONS, "--tenant", "nobody", "--output")
    assert run(made_desk.url, *nobody, str(tmp_path / "week.json")) is None
    assert Report.model_validate_json((tmp_path / "week.json").read_bytes()).is_empty
    nowhere = tmp_path / "none" / "week.md"
    assert str(run(made_desk.url, *nobody, str(nowhere))) == f"{nowhere} cannot be written: No such file or directory"
