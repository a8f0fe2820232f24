"""The dashboards in the repository: what they ask can be answered, and what they lead to is there."""

import copy
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml  # type: ignore[import-untyped]
from clickhouse_connect.driver.client import Client
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import REGISTRY
from starlette.routing import Route

import sinks.prometheus as metrics
from deploy.grafana.generate.queries import CLICKHOUSE, PROMETHEUS
from deploy.grafana.generate.write import documents
from schemas.durations import quantile
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.dashboard.app import create_page
from tests.panels.asked import DASHBOARDS, Asked, asked, chosen, dashboards
from tests.panels.history import History, write_history
from tests.panels.macros import ALL, Span, expand

UNTIL = datetime(2026, 3, 31, 18, 20, tzinfo=UTC)
BOARDS = dashboards()
# Variables and annotations are the same on all dashboards: one of each is enough.
QUERIES = list({query.sql: query for board in BOARDS.values() for query in asked(board)}.values())
SPANS = [Span(UNTIL - timedelta(days=1), UNTIL, 120), Span(UNTIL - timedelta(days=30), UNTIL, 3600)]
PROVISIONING = DASHBOARDS.parent / "provisioning"

# The tests share one database, so they run in one process.
pytestmark = pytest.mark.xdist_group("dashboards")


# The ticket that escalated last had ann, and has bea.
GIVEN = """
INSERT INTO assignments (tenant, ticket_id, session, revision, agent, log_offset)
SELECT tenant, ticket_id, session, held.1, held.2, 69 + held.1
FROM escalations_now
ARRAY JOIN [(1, 'ann'), (2, 'bea')] AS held
WHERE tenant = 'default'
ORDER BY occurred_at DESC
LIMIT 2
"""
ERASED = """
INSERT INTO erased
SELECT ['k:1', 'k:2', 'k:3'][number + 1], 1, ['r1', 'r1', 'r2'][number + 1], {at:DateTime('UTC')} FROM numbers(3)
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    url = f"chdb://{tmp_path_factory.mktemp('dashboards')}"
    opened = connect(url)
    migrate(opened)
    write_history(opened, History(6_000, 31, UNTIL, small_blocks=2))
    opened.command(GIVEN)
    opened.command(ERASED, {"at": UNTIL - timedelta(minutes=1)})
    reader = connect(url, readonly=True)
    yield reader
    reader.close()
    opened.close()


@pytest.fixture(scope="module")
def typed(client: Client) -> dict[str, str]:
    """What people would type, or links set: things that the history has."""
    ticket = client.command("SELECT any(ticket_id) FROM escalations_now WHERE tenant = 'default'")
    alert = client.command("SELECT toString(any(alert_id)) FROM alerts_now")
    agent = client.command("SELECT any(agent_id) FROM events_by_time_now WHERE agent_id != '' AND tenant = 'default'")
    phrase = client.command(
        "SELECT topK(1)(phrase)[1] FROM events_by_time_now ARRAY JOIN key_phrases AS phrase WHERE tenant = 'default'"
    )
    found = {"ticket": ticket, "alert": alert, "agent": agent, "phrase": phrase}
    return {**{name: str(value) for name, value in found.items()}, "support": "2"}


def named(query: Asked) -> str:
    return f"{query.uid}: {query.panel}"


@pytest.mark.parametrize("span", SPANS, ids=["a day", "a month"])
@pytest.mark.parametrize("query", QUERIES, ids=named)
def test_every_query_has_an_answer_of_the_shape_that_its_panel_draws(
    client: Client, typed: Mapping[str, str], query: Asked, span: Span
) -> None:
    variables = chosen(BOARDS[query.uid]) | {name: typed[name] for name in ("ticket", "alert", "support")}
    found = client.query(expand(query.sql, span, variables))
    assert found.result_rows, "nothing to draw"
    assert len(set(found.column_names)) == len(found.column_names)
    if query.series:
        times = [row[0] for row in found.result_rows]
        assert found.column_names[0] == "time"
        assert times == sorted(times)
        assert all(
            isinstance(moment, datetime) and span.since - timedelta(seconds=span.step) <= moment <= span.until
            for moment in times
        )
        kinds = [kind.name for kind in found.column_types[1:]]
        assert any(re.search(r"Int|Float|Decimal", kind) for kind in kinds), "no value over time"
        assert all("String" in kind or re.search(r"Int|Float|Decimal", kind) for kind in kinds)


@pytest.mark.parametrize("query", QUERIES, ids=named)
def test_variables_narrow_what_is_answered(client: Client, typed: Mapping[str, str], query: Asked) -> None:
    board = BOARDS[query.uid]
    some = {name: ["email", "it's"] if value == ALL else value for name, value in chosen(board).items()}
    nothing = expand(query.sql, SPANS[0], {**some, **typed, "tenant": "nobody's"})
    rows = client.query(nothing).result_rows
    of_all_tenants = query.panel == "variable tenant" or any(
        each in query.panel.lower() for each in ("dead letters", "erasures")
    )
    # A figure over nothing is one row, of nothing.
    assert of_all_tenants or not rows or (len(rows) == 1 and not any(filled(value) for value in rows[0]))


def filled(value: object) -> bool:
    """Neither nothing, nor zero, nor the average of nothing."""
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def test_a_ticket_list_follows_what_is_chosen_and_typed(client: Client, typed: Mapping[str, str]) -> None:
    board = BOARDS["ticketpulse-tickets"]
    [query] = [query for query in asked(board) if query.panel == "Tickets"]

    def listed(**variables: str | list[str]) -> list[dict[str, Any]]:
        return list(client.query(expand(query.sql, SPANS[1], chosen(board) | variables)).named_results())

    def values(column: str, **variables: str | list[str]) -> set[str]:
        return {row[column] for row in listed(**variables)}

    def tickets_where(condition: str, **values: str) -> set[str]:
        found = client.query(f"SELECT ticket_id FROM events_by_time_now WHERE {condition}", values)  # noqa: S608
        return {row[0] for row in found.result_rows}

    everything = listed()
    scores = [row["score"] for row in everything]
    assert len({row["ticket"] for row in everything}) == 100
    assert scores == sorted(scores)
    assert all(row["about"] for row in everything)
    assert values("channel", channel=["chat"]) == {"chat"}
    assert values("category", category=["billing", "account"]) == {"billing", "account"}
    assert values("label", label=["positive"]) == {"positive"}
    escalated = tickets_where("ticket_id IN (SELECT ticket_id FROM escalations_now)")
    assert values("ticket", escalated=["yes"]) <= escalated
    assert not values("ticket", escalated=["no"]) & escalated
    assert values("ticket", agent=typed["agent"]) <= tickets_where("agent_id = {agent:String}", agent=typed["agent"])
    assert values("ticket", phrase=typed["phrase"]) <= tickets_where(
        "has(key_phrases, {it:String})", it=typed["phrase"]
    )
    for variables in (
        {"escalated": ["yes"]},
        {"escalated": ["no"]},
        {"agent": typed["agent"]},
        {"phrase": typed["phrase"]},
    ):
        assert listed(**variables), variables
    assert listed(phrase="nobody says this") == []


@pytest.mark.parametrize("panel", ["Newest escalations", "Not resolved, the latest first"])
def test_an_escalation_names_the_agent_who_has_its_ticket(client: Client, panel: str) -> None:
    board = BOARDS["ticketpulse-escalations"]
    [query] = [query for query in asked(board) if query.panel == panel]
    held = {
        row["ticket"]: row["agent"] for row in client.query(expand(query.sql, SPANS[1], chosen(board))).named_results()
    }
    newest = client.command(
        "SELECT ticket_id FROM escalations_now WHERE tenant = 'default' ORDER BY occurred_at DESC LIMIT 1"
    )
    assert set(held.values()) <= {"", "bea"}
    assert {ticket for ticket, agent in held.items() if agent} == {newest} & set(held)
    assert held


def test_an_erasure_counts_once_however_many_names_it_has(client: Client) -> None:
    [query] = [query for query in asked(BOARDS["ticketpulse-pipeline"]) if query.panel == "Erasures"]
    assert client.command(expand(query.sql, SPANS[0], chosen(BOARDS["ticketpulse-pipeline"]))) == 2


def test_figures_are_those_of_the_events(client: Client) -> None:
    board = BOARDS["ticketpulse-overview"]
    # A span that begins and ends with a minute, as windows do; its last minute is the one that begins at its end.
    figures = {
        query.panel: client.command(expand(query.sql, SPANS[0], chosen(board)))
        for query in asked(board)
        if query.panel in ("Events", "Texts", "Negative share", "Average score")
    }
    counted = client.query(
        """
        SELECT count(), countIf(scored AND voice = 'customer'),
            countIf(scored AND voice = 'customer' AND score < 4) / countIf(scored AND voice = 'customer'),
            avgIf(score, scored AND voice = 'customer')
        FROM scored_events_now
        WHERE tenant = 'default' AND occurred_at >= {since:DateTime('UTC')} AND occurred_at < {until:DateTime('UTC')}
        """,
        {"since": SPANS[0].since, "until": UNTIL + timedelta(minutes=1)},
    ).result_rows[0]
    assert [float(str(value)) for value in figures.values()] == pytest.approx([float(value) for value in counted])


def test_what_is_in_the_repository_is_what_the_generator_writes() -> None:
    assert {path.name: path.read_text("utf-8") for path in DASHBOARDS.glob("*.json")} == documents(), (
        "run `make dashboards`"
    )


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_dashboard_is_one_by_grafanas_own_types(board: dict[str, Any]) -> None:
    register_default_plugins()
    as_typed = copy.deepcopy(board)
    for annotation in as_typed["annotations"]["list"]:
        # The types know only annotations of Grafana's own store, and drop the query of any other source.
        annotation["target"] = {name: annotation["target"][name] for name in ("limit", "matchAny", "tags", "type")}
    assert json.loads(JSONEncoder().encode(Dashboard.from_json(copy.deepcopy(board)))) == as_typed
    identifiers = [panel["id"] for panel in board["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    assert board["schemaVersion"] >= 39
    corners = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]}
    assert len(corners) == len(board["panels"]), "panels lie on each other"
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_the_six_dashboards_and_the_tickets_are_there() -> None:
    names = ("overview", "channel", "escalations", "spikes", "agents", "pipeline", "tickets")
    assert set(BOARDS) == {f"ticketpulse-{name}" for name in names}
    for board in BOARDS.values():
        assert {"tenant", "channel", "category"} <= {variable["name"] for variable in board["templating"]["list"]}
        assert any("alerts_now" in each["target"]["rawSql"] for each in board["annotations"]["list"])


def links_of(panel: Mapping[str, Any]) -> list[str]:
    defaults = panel["fieldConfig"]["defaults"].get("links") or []
    of_cells = [
        link
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "links"
        for link in each["value"]
    ]
    return [link["url"] for link in [*panel.get("links", []), *defaults, *of_cells]]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_panel_leads_to_tickets_and_every_link_to_something_that_is_there(board: dict[str, Any]) -> None:
    # Nothing is asked of the page, so nothing is opened.
    routes = [route for route in create_page(lambda: connect("chdb://unused")).routes if isinstance(route, Route)]
    for panel in board["panels"]:
        urls = links_of(panel)
        assert any("/d/ticketpulse-tickets" in url or "#ticket?id=" in url for url in urls), panel["title"]
        for url in urls:
            # What Grafana fills in is one word, so that the rest can be read as an address.
            address = urlsplit(re.sub(r"\$\{[^}]*\}", "filled", url.removeprefix("${page}")))
            if url.startswith("${page}"):
                assert any(route.path_regex.match(address.path) for route in routes), url
                assert parse_qs(address.fragment.removeprefix("ticket?")) == {"id": ["filled"]}, url
                continue
            target = BOARDS[address.path.removeprefix("/d/")]
            known = {f"var-{variable['name']}" for variable in target["templating"]["list"]}
            assert set(parse_qs(address.query)) <= known, url
            asked_for = re.findall(r"\$\{(\w+):queryparam\}", url)
            assert set(asked_for) <= {variable["name"] for variable in board["templating"]["list"]}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_links_of_cells_name_columns_that_the_query_has(
    client: Client, typed: Mapping[str, str], board: dict[str, Any]
) -> None:
    for panel in board["panels"]:
        if panel["type"] != "table":
            continue
        sql = expand(
            panel["targets"][0]["rawSql"],
            SPANS[1],
            chosen(board) | {"ticket": typed["ticket"], "alert": typed["alert"]},
        )
        columns = set(client.query(f"SELECT * FROM ({sql}) LIMIT 0").column_names)  # noqa: S608
        overridden = {
            override["matcher"]["options"]
            for override in panel["fieldConfig"]["overrides"]
            if override["matcher"]["id"] == "byName"
        }
        clicked = {name for url in links_of(panel) for name in re.findall(r"__data\.fields\.(\w+)", url)}
        assert overridden | clicked <= columns, panel["title"]


def test_each_metric_that_is_drawn_exists() -> None:
    assert metrics.EVENTS_IN in REGISTRY._collector_to_names
    exported = {name for names in REGISTRY._collector_to_names.values() for name in names}
    labels = {
        sample: set(getattr(collector, "_labelnames", ())) | {"le"}
        for collector, names in REGISTRY._collector_to_names.items()
        for sample in names
    }
    expressions = [
        target["expr"]
        for board in BOARDS.values()
        for panel in board["panels"]
        for target in panel["targets"]
        if "expr" in target
    ]
    assert expressions
    for expression in expressions:
        used = set(re.findall(r"helpdesk_\w+", expression))
        assert used, expression
        assert used <= exported, expression
        grouped = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
        assert all(grouped <= labels[name] for name in used), expression


def test_provisioning_names_the_sources_that_panels_ask() -> None:
    [sources] = [yaml.safe_load(path.read_text()) for path in (PROVISIONING / "datasources").glob("*.yaml")]
    provided = {(source["type"], source["uid"]) for source in sources["datasources"]}
    assert provided == {(CLICKHOUSE.type_val, CLICKHOUSE.uid), (PROMETHEUS.type_val, PROMETHEUS.uid)}
    asked_for = {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for board in BOARDS.values()
        for panel in board["panels"]
        for target in panel["targets"]
    }
    assert asked_for == provided
    [boards] = [yaml.safe_load(path.read_text()) for path in (PROVISIONING / "dashboards").glob("*.yaml")]
    assert [Path(provider["options"]["path"]).name for provider in boards["providers"]] == ["ticketpulse"]


def test_agents_are_judged_by_the_tickets_that_they_answered_first(client: Client) -> None:
    rows = by_agent(client, "How customers felt")
    # Of a month one ticket in fifteen.
    events = client.query(
        """
        SELECT ticket_id, voice, agent_id, scored, toFloat64(score) AS points, toUnixTimestamp(occurred_at) AS at
        FROM scored_events_now
        WHERE tenant = 'default' AND occurred_at >= {since:DateTime('UTC')} AND occurred_at <= {until:DateTime('UTC')}
            AND cityHash64(ticket_id) % 15 = 0
        ORDER BY occurred_at
        """,
        SPANS[1]._asdict(),
    )
    tickets: dict[str, list[dict[str, Any]]] = {}
    for event in events.named_results():
        tickets.setdefault(event["ticket_id"], []).append(event)
    answered: dict[str, list[list[dict[str, Any]]]] = {}
    for of_ticket in tickets.values():
        if replies := [event for event in of_ticket if event["voice"] == "agent"]:
            answered.setdefault(replies[0]["agent_id"], []).append(of_ticket)
    assert {agent: row["tickets"] for agent, row in rows.items()} == {
        agent: len(each) for agent, each in answered.items()
    }
    for agent, of_agent in answered.items():
        texts = [
            event["points"] for each in of_agent for event in each if event["scored"] and event["voice"] == "customer"
        ]
        assert rows[agent]["average score"] == (pytest.approx(sum(texts) / len(texts)) if texts else None)


def test_agents_waits_are_those_of_their_windows_together(client: Client) -> None:
    stored = client.query(
        """
        SELECT value, response_times AS times, responded_in_time
        FROM windows_now
        WHERE tenant = 'default' AND dimension = 'agent' AND size = 3600
            AND start >= {since:DateTime('UTC')} AND start <= {until:DateTime('UTC')}
        """,
        SPANS[1]._asdict(),
    )
    waits: dict[str, Counter[int]] = {}
    in_time: Counter[str] = Counter()
    for row in stored.named_results():
        waits.setdefault(row["value"], Counter()).update(row["times"])
        in_time[row["value"]] += row["responded_in_time"]
    rows = by_agent(client, "How it went")
    assert rows.keys() == waits.keys()
    for agent, times in waits.items():
        assert rows[agent]["first answers"] == times.total()
        for name, share in (("first answer", 0.5), ("first answer, 95 %", 0.95)):
            expected = quantile(times, share)
            assert rows[agent][name] == (None if expected is None else pytest.approx(expected))
        assert rows[agent]["in time"] == (in_time[agent] / times.total() if times else None)


def by_agent(client: Client, panel: str) -> dict[str, dict[str, Any]]:
    """The rows of a panel over a month."""
    board = BOARDS["ticketpulse-agents"]
    [query] = [query for query in asked(board) if query.panel == panel]
    found = client.query(expand(query.sql, SPANS[1], chosen(board))).named_results()
    return {row["agent"]: row for row in found}
