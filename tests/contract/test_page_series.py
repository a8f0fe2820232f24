"""What the page tells of series of windows: alerts, trends and new topics, against the rows in the tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sinks.dashboard.alerts import MAX_ALERTS
from sinks.dashboard.parameters import MAX_MINUTES
from sinks.dashboard.trends import MAX_WINDOWS
from tests.browser.page_rows import NOW, Row
from tests.browser.series_rows import HOSTILE_PHRASE, MANY, MANY_RESOLVED, alert_rows, series_windows

HOUR, DAY, WEEK = 3_600, 86_400, 7 * 86_400
SMOOTHED_OVER = {300: HOUR, HOUR: DAY, DAY: WEEK}

pytestmark = pytest.mark.xdist_group("page series")


async def asked(page: httpx.AsyncClient, path: str, **parameters: str | int) -> dict[str, Any]:
    answer = await page.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def newest_alerts(tenant: str) -> list[Row]:
    newest = {row["alert_id"]: row for row in sorted(alert_rows(NOW), key=lambda row: int(row["version"]))}
    return [row for row in newest.values() if row["tenant"] == tenant]


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("minutes", [1, 30, MAX_MINUTES])
async def test_what_fires_comes_first_however_old_and_then_what_was_resolved_in_the_span(
    page: httpx.AsyncClient, minutes: int
) -> None:
    since = NOW.replace(second=0) + timedelta(minutes=1 - minutes)
    rows = newest_alerts("default")
    firing = [row for row in rows if row["state"] == "firing"]
    firing.sort(key=lambda row: (row["severity"] != "critical", -row["fired_at"].timestamp()))
    resolved = [row for row in rows if row["resolved_at"] and row["resolved_at"] >= since]
    resolved.sort(key=lambda row: -row["resolved_at"].timestamp())
    answer = await asked(page, "alerts", minutes=minutes)
    assert [alert["alert_id"] for alert in answer["alerts"]] == [str(row["alert_id"]) for row in [*firing, *resolved]]
    assert (answer["firing"], answer["critical"], answer["resolved"]) == (3, 1, len(resolved))
    assert len(resolved) == {1: 0, 30: 1, MAX_MINUTES: 2}[minutes]


async def test_an_alert_is_told_as_it_is_stored(page: httpx.AsyncClient) -> None:
    told = {alert["alert_id"]: alert for alert in (await asked(page, "alerts", minutes=MAX_MINUTES))["alerts"]}
    copied = ("kind", "measure", "dimension", "value", "severity", "state", "window_size", "summary", "tickets")
    figures = ("observed", "expected", "exposure", "ratio", "probability")
    for row in newest_alerts("default"):
        if str(row["alert_id"]) not in told:
            continue
        alert = told[str(row["alert_id"])]
        assert {name: alert[name] for name in copied + figures} == {name: row[name] for name in copied + figures}
        times = {name: row[name] and rfc3339(row[name]) for name in ("started_at", "fired_at", "resolved_at")}
        assert {name: alert[name] for name in times} == times
        assert [(each["phrase"], each["share"], each["usual"]) for each in alert["phrases"]] == row["phrases"]
    assert {alert["ended"] for alert in told.values()} == {None, "calm", "usual now"}


async def test_a_tenant_that_sends_nothing_still_has_its_alert(page: httpx.AsyncClient) -> None:
    answer = await asked(page, "alerts", tenant="silent", minutes=1)
    assert [(alert["kind"], alert["value"]) for alert in answer["alerts"]] == [("silence", "")]
    assert (await asked(page, "alerts", tenant="nobody"))["alerts"] == []


async def test_however_many_there_are_the_list_is_short_and_the_counts_are_whole(page: httpx.AsyncClient) -> None:
    answer = await asked(page, "alerts", tenant="many")
    assert (answer["firing"], answer["critical"], answer["resolved"]) == (MANY, 0, MANY_RESOLVED)
    states = [alert["state"] for alert in answer["alerts"]]
    assert states == ["firing"] * MAX_ALERTS + ["resolved"] * MAX_ALERTS


async def test_hostile_alerts_stay_text(page: httpx.AsyncClient) -> None:
    (alert,) = (await asked(page, "alerts", tenant="hostile"))["alerts"]
    assert alert["summary"].startswith(HOSTILE_PHRASE)
    assert (alert["value"], alert["tickets"]) == (HOSTILE_PHRASE, [HOSTILE_PHRASE])


def windows_of(size: int, dimension: str, value: str) -> dict[int, Row]:
    return {
        int(row["start"].timestamp()): row
        for row in series_windows(NOW)
        if (row["size"], row["dimension"], row["value"]) == (size, dimension, value)
    }


def figures(rows: list[Row]) -> dict[str, float | None]:
    """Over all texts of some windows."""
    total = {name: sum(row[name] for row in rows) for name in ("events", "scored", "escalations", "score_sum")}
    unhappy = sum(row["very_negative"] + row["negative"] for row in rows)
    parts = {
        "negative_share": unhappy,
        "escalation_rate": total["escalations"],
        "score_avg": total["score_sum"] / 100,
    }
    scored = total["scored"]
    return {"events": total["events"]} | {name: part / scored if scored else None for name, part in parts.items()}


SERIES = [
    (300, "overall", "", 288),
    (300, "channel", "phone", MAX_WINDOWS),
    (HOUR, "overall", "", 168),
    (HOUR, "channel", "phone", 168),
    (HOUR, "category", "billing", 3),
    (DAY, "overall", "", 60),
    (DAY, "channel", "email", 1),
]


@pytest.mark.parametrize(("size", "dimension", "value", "windows"), SERIES)
async def test_each_window_has_its_figures_and_averages(
    page: httpx.AsyncClient, size: int, dimension: str, value: str, windows: int
) -> None:
    answer = await asked(page, "trends", size=size, dimension=dimension, value=value, windows=windows)
    stored = windows_of(size, dimension, value)
    until = int(NOW.timestamp()) // size * size + size
    shown = sorted(start for start in stored if until - windows * size <= start < until)
    assert (answer["since"], answer["until"]) == tuple(
        rfc3339(datetime.fromtimestamp(moment, UTC)) for moment in (until - windows * size, until)
    )
    assert answer["smoothed_over"] == SMOOTHED_OVER[size]
    assert [window["start"] for window in answer["series"]] == [rfc3339(stored[start]["start"]) for start in shown]
    for start, window in zip(shown, answer["series"], strict=True):
        own = figures([stored[start]])
        assert {name: window[name] for name in own} == pytest.approx(own)
        assert (window["final"], window["escalations"]) == (stored[start]["final"], stored[start]["escalations"])
        steps = range(start - SMOOTHED_OVER[size] + size, start + 1, size)
        smoothed = figures([stored[step] for step in steps if step in stored])
        smoothed["events"] = (smoothed["events"] or 0) / len(steps)
        assert {name: window[f"{name}_smoothed"] for name in smoothed} == pytest.approx(smoothed)


@pytest.mark.parametrize(("size", "dimension", "value", "windows"), SERIES)
async def test_the_newest_closed_window_is_compared(
    page: httpx.AsyncClient, size: int, dimension: str, value: str, windows: int
) -> None:
    newest = (await asked(page, "trends", size=size, dimension=dimension, value=value, windows=windows))["newest"]
    stored = windows_of(size, dimension, value)
    since = int(NOW.timestamp()) // size * size + size - windows * size
    closed = [start for start, row in stored.items() if row["final"] and start >= since]
    if not closed:
        assert newest is None
        return
    start = max(closed)
    assert newest["start"] == rfc3339(stored[start]["start"])
    for name, step in (("now", 0), ("before", size), ("day_before", DAY), ("week_before", WEEK)):
        then = figures([stored[start - step]] if start - step in stored else [])
        compared = {measure: newest[measure][name] for measure in then}
        assert compared == pytest.approx(then), f"{name} of the window of {stored[start]['start']}"


async def test_what_can_be_chosen_had_events(page: httpx.AsyncClient) -> None:
    assert (await asked(page, "trends"))["choices"] == {
        "channel": ["email", "chat", "phone"],
        "category": ["billing", "technical"],
    }


@pytest.mark.parametrize(
    ("size", "dimension", "value", "about"),
    [
        (300, "channel", "email", ["negative_share"]),
        (300, "overall", "", ["volume"]),
        (HOUR, "overall", "", ["volume", "negative_share", "negative_share"]),
        (HOUR, "channel", "chat", ["escalation_rate"]),
        (HOUR, "category", "technical", []),
    ],
)
async def test_the_alerts_of_a_series_are_those_of_its_value_that_reach_into_the_span(
    page: httpx.AsyncClient, size: int, dimension: str, value: str, about: list[str]
) -> None:
    answer = await asked(page, "trends", size=size, dimension=dimension, value=value)
    assert [alert["measure"] for alert in answer["alerts"]] == about


async def test_a_series_without_windows_is_empty(page: httpx.AsyncClient) -> None:
    answer = await asked(page, "trends", tenant="nobody")
    assert (answer["series"], answer["newest"], answer["alerts"]) == ([], None, [])
    assert answer["choices"] == {"channel": [], "category": []}


async def test_new_topics_are_phrases_whose_share_grows(page: httpx.AsyncClient) -> None:
    """Of 60 texts now and 200 before; to those before half a text is added."""
    answer = await asked(page, "topics", tenant="topics", size=300)
    topics = {topic.pop("phrase"): topic for topic in answer["topics"]}
    expected = {"locked account": (15, 4), "late parcel": (6, 0)}
    assert list(topics) == ["late parcel", "locked account"]
    for phrase, (now, before) in expected.items():
        usual = (before + 0.5) / 201
        told = {"support": now, "share": now / 60, "usual_share": usual, "ratio": now / 60 / usual}
        assert topics[phrase] == pytest.approx(told)
    assert (answer["since"], answer["baseline"]) == (
        rfc3339(NOW + timedelta(seconds=1 - HOUR)),
        rfc3339(NOW + timedelta(seconds=1 - HOUR - DAY)),
    )


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("alerts", {"minutes": "0"}, "minutes"),
        ("alerts", {"minutes": str(MAX_MINUTES + 1)}, "minutes"),
        ("alerts", {"tenant": "default' OR 1 = 1 --"}, "tenant"),
        ("trends", {"tenant": ""}, "tenant"),
        ("trends", {"size": "60"}, "size"),
        ("trends", {"size": "an hour"}, "size"),
        ("trends", {"windows": "0"}, "windows"),
        ("trends", {"windows": str(MAX_WINDOWS + 1)}, "windows"),
        ("trends", {"dimension": "agent", "value": "ann"}, "dimension"),
        ("trends", {"dimension": "channel"}, "value"),
        ("trends", {"dimension": "overall", "value": "email"}, "value"),
        ("trends", {"dimension": "channel", "value": "x" * 257}, "value"),
        ("topics", {"size": "7"}, "size"),
        ("topics", {"tenant": "x" * 65}, "tenant"),
    ],
)
async def test_a_bad_parameter_is_named(
    page: httpx.AsyncClient, path: str, parameters: dict[str, str], field: str
) -> None:
    answer = await page.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert field in answer.json()["detail"]


@pytest.mark.parametrize("value", ["'; DROP TABLE windows --", HOSTILE_PHRASE, "unheard of"])
async def test_a_value_that_nobody_sent_has_no_windows(page: httpx.AsyncClient, value: str) -> None:
    answer = await asked(page, "trends", dimension="channel", value=value)
    assert (answer["value"], answer["series"]) == (value, [])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("path", ["alerts", "trends", "topics"])
def test_the_document_is_kept(address: str, path: str, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    # That overall has no value and every other dimension one is in no schema.
    excluded: list[CheckFunction] = [positive_data_acceptance] if path == "trends" else []

    @hypothesis.given(case=document[f"/api/v1/{path}"]["GET"].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=12, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(excluded_checks=excluded)

    check()
