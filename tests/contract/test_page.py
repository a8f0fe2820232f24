"""The page's answers: figures equal to those counted from the rows, and what happens when something is wrong."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest

from schemas.scored import LABELS
from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from sinks.dashboard.parameters import MAX_MINUTES
from sinks.dashboard.queries import EXCERPT_CHARS, ROWS
from sinks.dashboard.recent import LONGEST_KEEP, Recent
from tests.browser.page_rows import HOSTILE, LONG_ID, NOW, SPAN_MINUTES, Row, page_rows

ROWS_STORED = page_rows(NOW)

# The tests share one page, so they run in one process.
pytestmark = pytest.mark.xdist_group("page")


async def live(page: httpx.AsyncClient, tenant: str = "default", minutes: int = SPAN_MINUTES) -> dict[str, Any]:
    answer = await page.get("/api/v1/live", params={"tenant": tenant, "minutes": minutes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def events_of(tenant: str = "default", minutes: int = SPAN_MINUTES) -> list[Row]:
    """The newest version of each event of the span, found without the database."""
    newest: dict[str, Row] = {}
    for event in sorted(ROWS_STORED.scored_events, key=lambda row: row["version"]):
        newest[event["event_id"]] = event
    until = NOW.replace(second=0) + timedelta(minutes=1)
    since = until - timedelta(minutes=minutes)
    return [event for event in newest.values() if event["tenant"] == tenant and since <= event["occurred_at"] < until]


def counted(events: list[Row]) -> dict[str, Any]:
    """What the page says about a set of events."""
    texts = [event for event in events if event["voice"] == "customer"]
    labels = Counter(event["label"] for event in texts)
    escalated = {row["event_id"] for row in ROWS_STORED.escalations}
    escalations = sum(event["event_id"] in escalated for event in events)
    counts = {"events": len(events), "scored": len(texts), "escalations": escalations, "resolved": 0}
    rates = {
        "negative_share": (labels["very_negative"] + labels["negative"]) / len(texts) if texts else None,
        "escalation_rate": escalations / len(texts) if texts else None,
        "score_avg": sum(event["score"] for event in texts) / len(texts) if texts else None,
    }
    return {**counts, **{label: labels[label] for label in LABELS}, **rates}


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("minutes", [1, 5, SPAN_MINUTES, MAX_MINUTES])
async def test_totals_are_those_of_the_events(page: httpx.AsyncClient, minutes: int) -> None:
    body = await live(page, minutes=minutes)
    assert body["totals"] == pytest.approx(counted(events_of(minutes=minutes)))
    assert body["latest"] == pytest.approx(counted(events_of(minutes=min(minutes, 5))))


async def test_yesterday_is_the_whole_minutes_a_day_earlier(page: httpx.AsyncClient) -> None:
    body = await live(page)
    yesterday = body["yesterday"]
    until = NOW.replace(second=0) - timedelta(days=1)
    since = until - timedelta(minutes=SPAN_MINUTES - 1)
    assert (yesterday["since"], yesterday["until"]) == (rfc3339(since), rfc3339(until))
    rows = [
        row
        for row in ROWS_STORED.windows
        if (row["tenant"], row["size"], row["dimension"]) == ("default", 60, "overall")
        and since <= row["start"] < until
    ]
    summed = {name: sum(row[name] for row in rows) for name in ("events", "scored", *LABELS, "escalations")}
    assert summed["events"] > 0
    assert {name: yesterday[name] for name in summed} == summed
    negative = summed["very_negative"] + summed["negative"]
    assert yesterday["negative_share"] == pytest.approx(negative / summed["scored"])
    assert yesterday["score_avg"] == pytest.approx(sum(row["score_sum"] for row in rows) / 100 / summed["scored"])


async def test_each_minute_is_counted_and_says_whether_it_may_still_change(page: httpx.AsyncClient) -> None:
    series = (await live(page))["series"]
    by_minute: dict[datetime, list[Row]] = {}
    for event in events_of():
        by_minute.setdefault(event["occurred_at"].replace(second=0, microsecond=0), []).append(event)
    assert [minute["start"] for minute in series] == [rfc3339(start) for start in sorted(by_minute)]
    for minute, start in zip(series, sorted(by_minute), strict=True):
        figures = {name: value for name, value in minute.items() if name not in ("start", "final")}
        assert figures == pytest.approx(counted(by_minute[start]))
    assert [minute["final"] for minute in series[-3:]] == [True, False, False]


@pytest.mark.parametrize(
    ("part", "field"), [("channels", "channel"), ("categories", "category"), ("priorities", "priority")]
)
async def test_groups_are_those_of_the_events(page: httpx.AsyncClient, part: str, field: str) -> None:
    groups = (await live(page))[part]
    assert [group["events"] for group in groups] == sorted((group["events"] for group in groups), reverse=True)
    assert {group["value"] for group in groups} == {event[field] for event in events_of()}
    for group in groups:
        value = group.pop("value")
        assert group == pytest.approx(counted([event for event in events_of() if event[field] == value]))


async def test_the_worst_tickets_are_the_lowest_customer_messages_of_each_ticket(page: httpx.AsyncClient) -> None:
    lowest: dict[str, Row] = {}
    texts = [event for event in events_of() if event["voice"] == "customer"]
    order = sorted(texts, key=lambda row: (row["score"], -row["occurred_at"].timestamp(), row["event_id"]))
    for event in order:
        lowest.setdefault(event["ticket_id"], event)
    worst = (await live(page))["worst"]
    assert [row["event_id"] for row in worst] == [event["event_id"] for event in list(lowest.values())[:ROWS]]
    first = next(iter(lowest.values()))
    assert worst[0] == {
        **{
            name: first[name] for name in ("ticket_id", "event_id", "channel", "category", "priority", "score", "label")
        },
        "occurred_at": rfc3339(first["occurred_at"]),
        "excerpt": first["text"],
    }


async def test_the_newest_escalations_come_first_with_their_reason(page: httpx.AsyncClient) -> None:
    inside = {event["event_id"] for event in events_of()}
    rows = [row for row in ROWS_STORED.escalations if row["event_id"] in inside]
    rows.sort(key=lambda row: row["occurred_at"], reverse=True)
    shown = (await live(page))["escalations"]
    assert [row["escalation_id"] for row in shown] == [str(row["escalation_id"]) for row in rows[:ROWS]]
    assert [row["reason"] for row in shown] == [row["reason"] for row in rows[:ROWS]]
    assert all(isinstance(row["score"], float) for row in shown)
    assert [(row["number"], row["state"]) for row in shown] == [(row["number"], row["state"]) for row in rows[:ROWS]]


async def test_the_pipeline_is_told_by_what_is_stored(page: httpx.AsyncClient) -> None:
    pipeline = (await live(page))["pipeline"]
    newest = max(event["received_at"] for event in events_of())
    assert (pipeline["stored"], pipeline["scored"]) == (len(events_of()), len(events_of()))
    assert datetime.fromisoformat(pipeline["newest_event_at"]) == newest
    assert pipeline["newest_event_age"] == pytest.approx(max(0.0, (NOW - newest).total_seconds()))
    within = [row for row in ROWS_STORED.dead_letters if row["failed_at"] > NOW - timedelta(minutes=SPAN_MINUTES)]
    by_reason = Counter(row["reason"] for row in within)
    assert {row["reason"]: row["count"] for row in pipeline["dead_letters"]} == by_reason
    assert pipeline["dead_letters"][0] == {"reason": "not_json", "count": 2}


async def test_nothing_stored_gives_zeros_and_no_rates(page: httpx.AsyncClient) -> None:
    body = await live(page, tenant="nobody")
    assert body["totals"] == counted([])
    assert body["series"] == body["channels"] == body["worst"] == body["escalations"] == []
    assert body["pipeline"]["newest_event_age"] is None


async def test_hostile_text_stays_text_and_long_text_is_cut(page: httpx.AsyncClient) -> None:
    worst = (await live(page, tenant="hostile"))["worst"]
    assert [row["ticket_id"] for row in worst] == [LONG_ID, HOSTILE, "'; DROP TABLE windows --"]
    assert [row["excerpt"] for row in worst] == [HOSTILE, "😀" * EXCERPT_CHARS, "w" * EXCERPT_CHARS]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"minutes": "0"}, "minutes"),
        ({"minutes": str(MAX_MINUTES + 1)}, "minutes"),
        ({"minutes": "soon"}, "minutes"),
        ({"tenant": ""}, "tenant"),
        ({"tenant": "x" * 65}, "tenant"),
        ({"tenant": "default' OR 1 = 1 --"}, "tenant"),
        ({"tenant": "default\n"}, "tenant"),
    ],
)
async def test_a_bad_parameter_is_named(page: httpx.AsyncClient, parameters: dict[str, str], field: str) -> None:
    answer = await page.get("/api/v1/live", params=parameters)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert field in answer.json()["detail"]


async def test_unknown_paths_are_problems_too(page: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/static/nothing.js", "/static/../app.py"):
        answer = await page.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_files_are_guarded_and_revalidated(page: httpx.AsyncClient) -> None:
    index = await page.get("/")
    assert "script-src 'self';" in index.headers["content-security-policy"]
    assert "unsafe" not in index.headers["content-security-policy"]
    assert "http:" not in index.text
    assert "https:" not in index.text
    again = await page.get("/", headers={"If-None-Match": index.headers["etag"]})
    assert (index.headers["cache-control"], again.status_code) == ("no-cache", 304)
    vendor = await page.get("/static/vendor/uplot_1_6_32/uPlot.iife.min.js")
    assert "immutable" in vendor.headers["cache-control"]


async def test_health(page: httpx.AsyncClient) -> None:
    assert (await page.get("/healthz")).status_code == 200
    assert (await page.get("/readyz")).json() == {"status": "ready"}


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """The address of a port that is taken and refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def asked(path: str, url: str, ready: Callable[[], bool] | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(create_page(lambda: connect(url, readonly=True), ready=ready))
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/api/v1/live", "/readyz"])
async def test_a_database_that_is_away_is_a_503_that_says_so(nobody_listens: str, path: str) -> None:
    answer = await asked(path, nobody_listens)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"] == "2"
    assert "ClickHouse is away" in answer.json()["detail"]


async def test_the_process_lives_while_the_database_is_away(nobody_listens: str) -> None:
    assert (await asked("/healthz", nobody_listens)).status_code == 200


async def test_not_ready_before_the_process_around_it_is(nobody_listens: str) -> None:
    answer = await asked("/readyz", nobody_listens, ready=lambda: False)
    assert (answer.status_code, answer.json()["detail"]) == (503, "not ready yet")


class Readings:
    """Counts its readings; each waits until it is let go."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.go = anyio.Event()

    async def read(self, key: str) -> int:
        self.made.append(key)
        await self.go.wait()
        return len(self.made)


async def test_many_viewers_cost_one_reading() -> None:
    readings, seconds = Readings(), [0.0]
    recent = Recent(readings.read, lambda: seconds[0], keep=1.0)
    viewers = [asyncio.create_task(recent.get("default")) for _ in range(50)]
    readings.go.set()
    assert await asyncio.gather(*viewers) == [1] * 50
    seconds[0] = 0.99
    assert await recent.get("default") == 1
    seconds[0] = 1.0
    assert await recent.get("default") == 2


async def test_a_failed_reading_is_not_kept() -> None:
    answers: list[int | Exception] = [OSError("away"), 5]

    async def read(_: str) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    recent = Recent(read, lambda: 0.0)
    with pytest.raises(OSError, match="away"):
        await recent.get("default")
    assert await recent.get("default") == 5


async def test_who_waits_too_long_is_told() -> None:
    readings = Readings()
    recent = Recent(readings.read, lambda: 0.0, patience=0.01)
    first = asyncio.create_task(recent.get("default"))
    while not readings.made:
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await recent.get("default")
    readings.go.set()
    assert await first == 1


async def test_however_long_a_reading_took_its_answer_is_soon_read_again() -> None:
    seconds = [0.0]

    async def read(_: str) -> float:
        seconds[0] += 60.0
        return seconds[0]

    recent = Recent(read, lambda: seconds[0])
    assert await recent.get("default") == 60.0
    seconds[0] += LONGEST_KEEP - 0.1
    assert await recent.get("default") == 60.0
    seconds[0] += 0.2
    assert await recent.get("default") > 60.0
