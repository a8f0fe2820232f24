"""What analytics answers to what is asked: bounds, wrong input, cursors, caches, CSV, and the OpenAPI document."""

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from sinks.analytics.cursors import Place, write_cursor
from sinks.analytics.selection import EARLIEST
from tests.analytics.history import AGENTS, History
from tests.contract.conversation_rows import ODD_IDS

pytestmark = pytest.mark.xdist_group("analytics")

TABLES = {
    "analytics/trends": "points",
    "analytics/distribution": "distribution",
    "analytics/emotions": "emotions",
    "analytics/breakdown": "groups",
    "analytics/heatmap": "cells",
    "analytics/resolution": "groups",
    "analytics/agents": "agents",
    "analytics/alerts": "alerts",
    "analytics/problems": "most_tickets",
    "analytics/phrases": "phrases",
    "analytics/watch": "triggers",
    "analytics/escalations": "by_category",
    "analytics/categories": "categories",
    "tickets": "tickets",
    "escalations": "escalations",
}
HELPDESK = "/helpdesk/sentiment/analytics/"
PATHS = [
    *(f"/api/v1/{path}" for path in (*TABLES, "analytics/summary", "analytics/statistics", "stats")),
    "/api/stats",
    HELPDESK,
]


def got(page: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = page.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(page: httpx.Client, path: str, **parameters: Any) -> dict[str, str]:
    """What was wrong, by field."""
    answer = page.get(path, params=parameters)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {each["field"]: each["message"] for each in answer.json()["errors"]}


def test_without_a_span_it_is_the_week_up_to_the_end_of_the_running_minute(page: httpx.Client) -> None:
    told = got(page, "/api/v1/analytics/summary")
    assert (told["since"], told["until"]) == ("2026-03-13T12:35:00Z", "2026-03-20T12:35:00Z")


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2026-03-01", "2026-03-02", ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")),
        (
            "2026-03-01T02:00:00+02:00",
            "2026-03-01T12:00:00.5Z",
            ("2026-03-01T00:00:00Z", "2026-03-01T12:00:00.500000Z"),
        ),
        ("2025-02-14", "2026-03-21", ("2025-02-14T00:00:00Z", "2026-03-21T00:00:00Z")),
    ],
)
def test_a_span_is_of_dates_or_instants(page: httpx.Client, since: str, until: str, told: tuple[str, str]) -> None:
    answer = got(page, "/api/v1/analytics/distribution", **{"from": since, "to": until})
    assert (answer["since"], answer["until"]) == told


@pytest.mark.parametrize(
    ("parameters", "field", "told"),
    [
        ({"from": "yesterday"}, "from", "2026-11-21T09:30:00Z"),
        ({"from": "2026-03-02", "to": "2026-03-02"}, "from", "is not before to"),
        ({"from": "2025-02-13", "to": "2026-03-21"}, "from", "401 days before to; a span may have 400"),
        ({"from": "1969-12-31", "to": "1970-01-02"}, "from", "outside 1970 to 2099"),
        ({"to": "2100-01-02"}, "to", "outside 1970 to 2099"),
        ({"channel": "pigeon"}, "channel", "email"),
        ({"tenant": "no/tenant"}, "tenant", "pattern"),
        ({"label": ["angry"]}, "label", "very_negative"),
        ({"agent": ["x"] * 51}, "agent", "at most 50"),
        ({"category": "x" * 257}, "category", "at most 256"),
    ],
)
def test_what_no_selection_can_be_of_is_refused(
    page: httpx.Client, parameters: dict[str, Any], field: str, told: str
) -> None:
    for path in ("/api/v1/analytics/summary", "/api/v1/tickets"):
        [(named, message)] = refused(page, path, **parameters).items()
        assert named.partition(".")[0] == field
        assert told in message


def test_what_a_single_address_cannot_answer_is_refused(page: httpx.Client) -> None:
    assert "columns" in refused(page, "/api/v1/analytics/heatmap", rows="channel", columns="channel")
    hours = refused(page, "/api/v1/analytics/trends", step="hour", **{"from": "2026-01-01", "to": "2026-03-20"})
    assert "take step=day" in hours["step"]
    assert "limit" in refused(page, "/api/v1/tickets", limit=501)
    assert "min_sentiment" in refused(page, "/api/v1/tickets", min_sentiment=10.5)
    assert "action" in refused(page, HELPDESK, action="everything")
    assert "action" in refused(page, HELPDESK)


@pytest.mark.parametrize("cursor", ["x", "bm8", "W10", "eyJhIjoxfQ", "WyJ0aWNrZXRzIG5ld2VzdCIsMSwyLFsxLCJhIiwzXV0"])
def test_a_cursor_that_nobody_gave_is_refused(page: httpx.Client, cursor: str) -> None:
    for path in ("/api/v1/tickets", "/api/v1/escalations"):
        assert "next_cursor" in refused(page, path, cursor=cursor)["cursor"]


@pytest.mark.parametrize(
    ("path", "order"),
    [("/api/v1/tickets", "tickets newest"), ("/api/v1/escalations", "escalations newest")],
)
def test_half_a_character_in_a_cursor_is_refused(page: httpx.Client, path: str, order: str) -> None:
    made = write_cursor(order, Place(EARLIEST, EARLIEST + timedelta(days=1), (0, "\ud800")))
    assert "next_cursor" in refused(page, path, cursor=made)["cursor"]


def test_a_cursor_is_of_one_list_and_one_order(page: httpx.Client) -> None:
    cursor = got(page, "/api/v1/tickets", limit=1)["next_cursor"]
    assert "same sort" in refused(page, "/api/v1/tickets", cursor=cursor, sort="oldest")["cursor"]
    assert "cursor" in refused(page, "/api/v1/escalations", cursor=cursor)


def test_a_list_keeps_its_span_over_its_pages(page: httpx.Client) -> None:
    first = got(page, "/api/v1/tickets", limit=3, **{"from": "2026-03-01", "to": "2026-03-10"})
    following = got(page, "/api/v1/tickets", limit=3, cursor=first["next_cursor"])
    assert (following["since"], following["until"]) == (first["since"], first["until"])
    assert following == got(page, first["next_url"])
    names = [ticket["ticket_id"] for body in (first, following) for ticket in body["tickets"]]
    assert len(set(names)) == 6


def test_what_is_known_is_not_sent_again(page: httpx.Client) -> None:
    for path in ("/api/v1/analytics/summary", "/api/v1/tickets?format=csv", f"{HELPDESK}?action=trends"):
        answer = page.get(path)
        etag = answer.headers["etag"]
        assert answer.headers["cache-control"].startswith("private, max-age=")
        for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
            again = page.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert page.get(path, headers={"If-None-Match": '"other"'}).content == answer.content
    other = page.get("/api/v1/analytics/summary", params={"channel": "email"}).headers["etag"]
    assert other != page.get("/api/v1/analytics/summary").headers["etag"]


@pytest.mark.parametrize("path", TABLES)
def test_csv_has_the_rows_of_the_json(page: httpx.Client, path: str) -> None:
    span = {"from": "2026-02-19", "to": "2026-03-21"}
    rows = got(page, f"/api/v1/{path}", **span)[TABLES[path]]
    answer = page.get(f"/api/v1/{path}", params={**span, "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{path.rpartition("/")[2]}.csv"' in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(lines) == len(rows) > 0
    for line, row in zip(lines, rows, strict=True):
        assert line.keys() == row.keys()
        for name, value in row.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert float(line[name]) == value
            elif isinstance(value, str) and not value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
                assert line[name] == value.replace("\r\n", "\n") or value.endswith("Z")


def test_nothing_in_csv_is_a_formula(page: httpx.Client) -> None:
    span = {"from": "2026-02-19", "to": "2026-03-21", "format": "csv"}
    told = {
        path: list(csv.reader(io.StringIO(page.get(f"/api/v1/{path}", params=span).text, newline="")))
        for path in ("analytics/agents", "analytics/phrases")
    }
    assert f"'{AGENTS[2]}" in {row[0] for row in told["analytics/agents"]}
    assert "'=HYPERLINK(1)" in {row[0] for row in told["analytics/phrases"]}
    for rows in told.values():
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "-", "\t", "\r"))]


def test_whatever_a_ticket_is_called_it_is_listed_and_leads_to_its_conversation(page: httpx.Client) -> None:
    made = {row["ticket_id"] for row in History().events if row["tenant"] == "default"}
    span = {"from": "2026-02-19", "to": "2026-03-21", "limit": 500}
    listed = {ticket["ticket_id"]: ticket for ticket in got(page, "/api/v1/tickets", **span)["tickets"]}
    odd = made & set(ODD_IDS)
    assert len(odd) > 10
    assert odd <= listed.keys()
    for name in odd:
        assert got(page, listed[name]["conversation_url"])["ticket_id"] == name


@pytest.mark.parametrize(
    "value", ['it\'s "odd"\\', "\\N", "a\tb\nc", "{tenant:String}", "'; DROP TABLE escalations --", "😀"]
)
def test_whatever_a_filter_says_it_is_only_compared(page: httpx.Client, value: str) -> None:
    span = {"from": "2026-02-19", "to": "2026-03-21"}
    told = got(page, "/api/v1/analytics/summary", category=value, **span)["current"]
    assert parse_qs(urlsplit(told["links"]["tickets"]).query)["category"] == [value]
    assert (told["messages"] > 0) == (value == 'it\'s "odd"\\')
    assert got(page, "/api/v1/tickets", agent=value, phrase=value, customer=value, **span)["tickets"] == []


def test_the_paths_of_older_systems_tell_the_same(page: httpx.Client) -> None:
    for action in ("distribution", "emotions", "statistics", "alerts"):
        assert got(page, HELPDESK, action=action) == got(page, f"/api/v1/analytics/{action}")
    days = got(page, HELPDESK, action="trends")["trends"]
    points = got(page, "/api/v1/analytics/trends")["points"]
    assert [day["ticket_count"] for day in days] == [point["tickets"] for point in points]
    assert [day["date"] for day in days] == [point["start"][:10] for point in points]
    assert got(page, "/api/stats") == got(page, "/api/v1/stats")
    sorted_so = got(page, "/api/v1/tickets", sort_by_sentiment="positive_first")["tickets"]
    assert sorted_so == got(page, "/api/v1/tickets", sort="positive_first")["tickets"]


@pytest.fixture(scope="module")
def document(page: httpx.Client) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{page.base_url}/api/v1/openapi.json")


_SETTINGS = hypothesis.settings(
    max_examples=4, derandomize=True, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("path", PATHS)
def test_it_answers_as_its_document_says(document: schemathesis.BaseSchema, path: str, mode: GenerationMode) -> None:
    @hypothesis.given(case=document[path]["GET"].as_strategy(generation_mode=mode))
    @_SETTINGS
    def check(case: schemathesis.Case[Any]) -> None:
        # No schema says that `from` is before `to`, what a cursor is, or that parameters nobody knows are passed over.
        case.call_and_validate(excluded_checks=[positive_data_acceptance, negative_data_rejection])

    check()
