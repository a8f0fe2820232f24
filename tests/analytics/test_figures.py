"""Each figure of analytics is what pandas makes of the rows put in, and the list behind it is those tickets."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pandas as pd
import pytest

from sinks.analytics.agents import quality
from sinks.analytics.outcomes import Outcome
from sinks.analytics.selection import Selection
from tests.analytics.by_pandas import OPEN, UNHAPPY, Desk, mean, share
from tests.analytics.history import AGENTS, BEGIN, CATEGORIES, NOW, Row

pytestmark = pytest.mark.xdist_group("analytics")

_MIDNIGHT = datetime(2026, 3, 13, tzinfo=UTC)
_WEEK: Row = {"since": _MIDNIGHT, "until": _MIDNIGHT + timedelta(days=7)}
_ALL: Row = {"since": BEGIN - timedelta(days=1), "until": NOW + timedelta(days=1)}
_ODD: Row = {
    "since": _MIDNIGHT - timedelta(hours=50, milliseconds=1),
    "until": _MIDNIGHT + timedelta(hours=70, seconds=1),
}

SELECTIONS = {
    "a week": Selection(**_WEEK),
    "everything": Selection(**_ALL),
    "between": Selection(**_ODD),
    "another tenant": Selection(tenant="acme", **_ALL),
    "nobody": Selection(tenant="nobody", **_ALL),
    "one channel": Selection(**_ALL, channels=("email",)),
    "two of each": Selection(**_ALL, channels=("chat", "email"), categories=("billing", CATEGORIES[3])),
    "priority": Selection(**_WEEK, priorities=("medium", "urgent")),
    "label": Selection(**_ALL, labels=("negative", "very_negative")),
    "an agent": Selection(**_ALL, agents=(AGENTS[2],)),
    "agent and category": Selection(**_WEEK, agents=("ann", "bob"), categories=("billing",)),
    "all filters": Selection(
        **_ALL,
        channels=("email", "web"),
        categories=("billing", "technical"),
        priorities=("high", "medium"),
        labels=("negative", "neutral", "very_negative"),
        agents=("ann",),
    ),
}
FILTERED = ("two of each", "agent and category")
MIXED = ("between", "nobody", "all filters")


class Asking:
    """Asks the page of one selection, and knows what pandas says of it."""

    def __init__(self, page: httpx.Client, rows: tuple[pd.DataFrame, pd.DataFrame], selection: Selection) -> None:
        self._page = page
        self._rows = rows
        self.selection = selection
        self.desk = Desk(*rows, selection)

    def of(self, selection: Selection) -> Desk:
        return Desk(*self._rows, selection)

    def __call__(self, path: str, **parameters: str | int) -> Any:
        asked: list[tuple[str, str | int | float | bool | None]] = [*self.selection.parameters(), *parameters.items()]
        answer = self._page.get(f"/api/v1/{path}", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, url: str, limit: int = 200) -> list[Row]:
        """All tickets of a list, whatever its pages."""
        found: list[Row] = []
        following: str | None = f"{url}&limit={limit}"
        while following is not None:
            answer = self._page.get(following)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            found += body["tickets"]
            following = body["next_url"]
        names = [ticket["ticket_id"] for ticket in found]
        assert len(names) == len(set(names))
        return found

    def named(self, url: str) -> set[str]:
        return {ticket["ticket_id"] for ticket in self.listed(url)}


@pytest.fixture(params=list(SELECTIONS))
def asking(request: pytest.FixtureRequest, page: httpx.Client, rows: tuple[pd.DataFrame, pd.DataFrame]) -> Asking:
    return Asking(page, rows, SELECTIONS[request.param])


@pytest.fixture(params=FILTERED)
def some(request: pytest.FixtureRequest, page: httpx.Client, rows: tuple[pd.DataFrame, pd.DataFrame]) -> Asking:
    """A few of the selections, for what makes many questions."""
    return Asking(page, rows, SELECTIONS[request.param])


@pytest.fixture(params=MIXED)
def mixed(request: pytest.FixtureRequest, page: httpx.Client, rows: tuple[pd.DataFrame, pd.DataFrame]) -> Asking:
    """Others, for what is asked in many ways."""
    return Asking(page, rows, SELECTIONS[request.param])


def same(told: Row, counted: Row) -> None:
    """Whatever was counted is told, to the last digit that a float has."""
    unknown = {name for name, value in counted.items() if value is None}
    assert {name for name in counted if told[name] is None} == unknown
    numbers = {name: value for name, value in counted.items() if name not in unknown}
    assert {name: told[name] for name in numbers} == pytest.approx(numbers, rel=1e-9, abs=1e-9)


def test_the_summary(asking: Asking) -> None:
    told = asking("analytics/summary")
    same(told["current"], asking.desk.figures())
    same(told["previous"], asking.of(asking.selection.previous()).figures())


def test_the_history_has_what_makes_counting_hard(rows: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    figures = Desk(*rows, SELECTIONS["a week"]).figures()
    assert all(figures[name] > 3 for name in ("escalations", "resolved", "first_responses", "ratings"))
    assert figures["resolved"] < len(Desk(*rows, SELECTIONS["a week"]).resolutions())
    for name, selection in SELECTIONS.items():
        assert (Desk(*rows, selection).figures()["messages"] > 0) == (name != "nobody"), name


def test_the_tickets_behind_the_summary(some: Asking) -> None:
    desk = some.desk
    links = some("analytics/summary")["current"]["links"]
    labels = {name: set(desk.texts[desk.texts["label"] == name]["ticket_id"]) for name in UNHAPPY}
    assert {name: some.named(url) for name, url in links.items()} == {
        "tickets": desk.tickets,
        "messages": set(desk.texts["ticket_id"]),
        **labels,
        "any_negative": set().union(*labels.values()),
        "escalated_tickets": set(desk.escalations["ticket_id"]),
        "resolved": desk.resolved(),
        "first_response": set(desk.responses()),
        "ratings": set(desk.events[desk.events["satisfaction"] > 0]["ticket_id"]),
    }


@pytest.mark.parametrize(("step", "length"), [("hour", 1), ("day", 24), ("week", 168)])
def test_trends(some: Asking, step: str, length: int) -> None:
    told = some("analytics/trends", step=step, compare="previous")
    for points, selection in (
        (told["points"], some.selection),
        (told["compared"], some.selection.previous()),
    ):
        starts = [datetime.fromisoformat(point["start"]) for point in points]
        assert starts[0] <= selection.since < starts[0] + timedelta(hours=length)
        assert starts[-1] < selection.until <= starts[-1] + timedelta(hours=length)
        assert {after - before for before, after in pairwise(starts)} <= {timedelta(hours=length)}
        assert all(start.weekday() == 0 for start in starts) or step != "week"
        desk = some.of(selection)
        assert sum(point["events"] for point in points) == len(desk.events)
        # Of hundreds of hours one in twenty.
        chosen = list(zip(starts, points, strict=True))[:: 20 if step == "hour" else 1]
        for start, point in chosen:
            same(point, desk.point(start, start + timedelta(hours=length)))


def test_trends_of_a_week_before_are_those_of_that_week(some: Asking) -> None:
    told = some("analytics/trends", compare="week")
    desk = some.of(some.selection.shifted(timedelta(weeks=1)))
    assert sum(point["events"] for point in told["compared"]) == len(desk.events)


def test_the_tickets_behind_a_point(some: Asking) -> None:
    points = some("analytics/trends", step="day")["points"]
    for point in [points[1], *points[-2:]]:
        assert len(some.named(point["tickets_url"])) == point["tickets"]


def test_the_distribution(asking: Asking) -> None:
    told = asking("analytics/distribution")
    counts = Counter(asking.desk.texts["label"])
    assert {each["label"]: each["count"] for each in told["distribution"] if each["count"]} == counts
    assert told["total"] == sum(counts.values())
    for each in told["distribution"]:
        assert each["percentage"] == round(100 * (share(each["count"], told["total"]) or 0), 2)


def test_emotions(asking: Asking) -> None:
    told = asking("analytics/emotions")
    felt = asking.desk.emotions()
    assert told["total_analyzed"] == len(asking.desk.texts)
    assert {each["emotion"]: each["count"] for each in told["emotions"]} == {
        name: len(strengths) for name, strengths in felt.items()
    }
    for each in told["emotions"]:
        assert each["avg_score"] == pytest.approx(mean(felt[each["emotion"]]), abs=1e-4)
        assert each["max_score"] == max(felt[each["emotion"]])
        assert each["percentage"] == round(100 * each["count"] / told["total_analyzed"], 2)


def test_the_tickets_behind_labels_emotions_and_phrases(some: Asking) -> None:
    texts = some.desk.texts
    for each in some("analytics/distribution")["distribution"][:3]:
        assert some.named(each["tickets_url"]) == set(texts[texts["label"] == each["label"]]["ticket_id"])
    for each in some("analytics/emotions")["emotions"][:2]:
        felt = [
            each["emotion"] in (feelings or {emotion: 1})
            for feelings, emotion in zip(texts["emotions"], texts["emotion"], strict=True)
        ]
        assert some.named(each["tickets_url"]) == set(texts[felt]["ticket_id"])
    phrases = dict(some.desk.phrases())
    for each in some("analytics/phrases")["phrases"][:2]:
        assert some.named(each["tickets_url"]) == set(phrases[each["phrase"]]["ticket_id"])


@pytest.mark.parametrize("by", ["channel", "category", "priority", "subcategory", "product"])
def test_the_breakdown(mixed: Asking, by: str) -> None:
    told = {group["value"]: group for group in mixed("analytics/breakdown", by=by)["groups"]}
    cells = mixed.desk.cells(by)
    assert told.keys() == {value for (value,) in cells}
    for (value,), cell in cells.items():
        same(told[value], cell)


def test_the_breakdown_by_agent_is_the_summary_of_each(some: Asking) -> None:
    groups = some("analytics/breakdown", by="agent")["groups"]
    assert {group["value"] for group in groups} == set(some.desk.owners("agent"))
    for group in groups:
        tickets = some.desk.owners("agent")[group["value"]]
        texts = some.desk.texts[some.desk.texts["ticket_id"].isin(tickets)]
        escalated = len(tickets & set(some.desk.escalations["ticket_id"]))
        same(group, {"tickets": len(tickets), "escalated_tickets": escalated, **Desk.felt(texts)})
    assert some.named(group["tickets_url"]) == tickets


@pytest.mark.parametrize(
    ("row", "column"), [("channel", "category"), ("category", "subcategory"), ("priority", "product")]
)
def test_the_heat_map(mixed: Asking, row: str, column: str) -> None:
    told: dict[tuple[str, ...], Row] = {
        (cell["row"], cell["column"]): cell for cell in mixed("analytics/heatmap", rows=row, columns=column)["cells"]
    }
    cells = mixed.desk.cells(row, column)
    assert told.keys() == cells.keys()
    for key, cell in cells.items():
        same(told[key], cell)


def test_the_tickets_behind_cells(some: Asking) -> None:
    for path, parameters in (
        ("analytics/heatmap", {"rows": "channel", "columns": "category"}),
        ("analytics/heatmap", {"rows": "subcategory", "columns": "product"}),
    ):
        for cell in some(path, **parameters)["cells"][:3]:
            assert len(some.named(cell["tickets_url"])) == cell["tickets"]


@pytest.mark.parametrize("by", ["channel", "category", "priority", "label", "agent", "subcategory", "product"])
def test_resolution(mixed: Asking, by: str) -> None:
    told = {group["value"]: group for group in mixed("analytics/resolution", by=by)["groups"]}
    owners = mixed.desk.owners(by)
    assert told.keys() == owners.keys()
    for value, tickets in owners.items():
        same(told[value], mixed.desk.outcomes(tickets))


def test_agents(some: Asking) -> None:
    for agent in some("analytics/agents")["agents"]:
        tickets = some.desk.owners("agent")[agent["value"]]
        counted = some.desk.outcomes(tickets)
        same(agent, counted)
        parts = {
            0.2: counted["first_response_avg"] and min(1, 7200 / counted["first_response_avg"]),
            0.2000001: counted["resolution_avg"] and min(1, 86400 / counted["resolution_avg"]),
            0.3: counted["satisfaction_avg"] and counted["satisfaction_avg"] / 5,
            0.3000001: None if counted["first_contact_rate"] is None else min(1, counted["first_contact_rate"] / 0.7),
        }
        known = {weight: part for weight, part in parts.items() if part is not None}
        expected = sum(weight * part for weight, part in known.items()) / sum(known)
        assert agent["quality"] == pytest.approx(expected, abs=1e-4)
    assert some.named(agent["resolved_url"]) == some.desk.resolved() & tickets


def test_quality_is_of_what_is_known() -> None:
    nothing = dict.fromkeys(Outcome.model_fields) | {"value": "ann", "tickets_url": "", "resolved_url": ""}
    nothing |= dict.fromkeys(("tickets", "resolved", "first_responses", "ratings"), 0)
    assert quality(Outcome(**nothing).model_dump()) is None
    assert quality(Outcome(**nothing | {"satisfaction_avg": 4.0}).model_dump()) == 0.8
    slow = nothing | {"satisfaction_avg": 5.0, "first_response_avg": 14_400.0}
    assert quality(Outcome(**slow).model_dump()) == round((0.2 * 0.5 + 0.3) / 0.5, 4)
    perfect = {
        "first_response_avg": 0.0,
        "resolution_avg": 86_400.0,
        "satisfaction_avg": 5.0,
        "first_contact_rate": 1.0,
    }
    assert quality(Outcome(**nothing | perfect).model_dump()) == 1.0


def test_categories(some: Asking) -> None:
    told = some("analytics/categories")["categories"]
    cells, parts = some.desk.cells("category"), some.desk.cells("category", "subcategory")
    assert {each["category"] for each in told} == {value for (value,) in cells}
    for each in told:
        same(each, cells[(each["category"],)])
        outcome = some.desk.outcomes(some.desk.owners("category")[each["category"]])
        same(
            each,
            {name: outcome[name] for name in ("resolved", "resolution_rate", "resolution_avg", "satisfaction_avg")},
        )
        assert {part["subcategory"]: part["tickets"] for part in each["subcategories"]} == {
            part: cell["tickets"] for (category, part), cell in parts.items() if category == each["category"] and part
        }


def test_phrases(mixed: Asking) -> None:
    told = {each["phrase"]: each for each in mixed("analytics/phrases")["phrases"]}
    counted = dict(mixed.desk.phrases())
    assert told.keys() == counted.keys()
    for phrase, texts in counted.items():
        unhappy = share(int(texts["label"].isin(UNHAPPY).sum()), len(texts))
        same(told[phrase], {"count": len(texts), "tickets": texts["ticket_id"].nunique(), "negative_share": unhappy})
    counts = [each["count"] for each in mixed("analytics/phrases", limit=2)["phrases"]]
    assert counts == sorted((each["count"] for each in told.values()), reverse=True)[:2]


def test_problems(mixed: Asking) -> None:
    told, desk = mixed("analytics/problems"), mixed.desk
    statuses = desk.statuses()
    critical = desk.messages[(desk.messages["priority"] == "urgent") | (desk.messages["urgency"] == "critical")]
    expected = {
        "strongly_negative": set(desk.texts[desk.texts["label"] == "very_negative"]["ticket_id"]),
        "slow_resolution": {ticket for ticket, seconds in desk.resolutions() if seconds > 48 * 3600},
        "escalated": set(desk.escalations["ticket_id"]),
        "unresolved_critical": {ticket for ticket in set(critical["ticket_id"]) if statuses[ticket] in OPEN},
    }
    assert {name: told[name]["tickets"] for name in expected} == {name: len(each) for name, each in expected.items()}
    for name, tickets in expected.items():
        shown = [ticket["ticket_id"] for ticket in told[name]["shown"]]
        assert len(shown) == min(20, len(tickets))
        assert set(shown) <= tickets
    customers = desk.events[desk.events["customer_id"] != ""].groupby("customer_id")["ticket_id"].nunique()
    repeating = customers[customers >= 3]
    assert told["repeat_customers"] == len(repeating)
    assert {each["customer_id"]: each["tickets"] for each in told["most_tickets"]}.items() <= dict(repeating).items()


def test_the_tickets_behind_problems(some: Asking) -> None:
    told = some("analytics/problems")
    for name in ("strongly_negative", "slow_resolution", "escalated", "unresolved_critical"):
        assert len(some.named(told[name]["tickets_url"])) == told[name]["tickets"]
    for each in told["most_tickets"][:2]:
        assert len(some.named(each["tickets_url"])) == each["tickets"]


def test_the_watch_on_escalations(asking: Asking) -> None:
    told, desk = asking("analytics/watch"), asking.desk
    raised = desk.escalations
    same(
        told,
        {
            "tickets": len(desk.tickets),
            "escalated_tickets": raised["ticket_id"].nunique(),
            "escalation_rate": share(raised["ticket_id"].nunique(), len(desk.tickets)),
            "messages_before_escalation_avg": mean(desk.before_escalation()),
        },
    )
    triggers = Counter(
        phrase
        for keywords, terms in zip(raised["keywords"], raised["terms"], strict=True)
        for phrase in {each.lower() for each in (*keywords, *terms)}
    )
    assert {each["phrase"]: each["count"] for each in told["triggers"]} == triggers
    assert {each["rule"]: each["count"] for each in told["rules"]} == Counter(raised["rule"])
    for each in told["rules"][:1]:
        assert asking.named(each["tickets_url"]) == set(raised[raised["rule"] == each["rule"]]["ticket_id"])


def test_escalation_reports(asking: Asking) -> None:
    told, desk = asking("analytics/escalations"), asking.desk
    raised = desk.escalations
    figures = desk.figures()
    same(
        told,
        {
            "escalations": len(raised),
            "escalated_tickets": figures["escalated_tickets"],
            "escalation_rate": figures["escalation_rate"],
            "resolved": int((raised["state"] == "resolved").sum()),
            "resolution_seconds_avg": mean(raised["resolution_seconds"].dropna()),
            "satisfaction_avg": figures["satisfaction_avg"],
        },
    )
    assert {each["category"]: each["count"] for each in told["by_category"]} == Counter(raised["category"])
    assert sum(each["percentage"] for each in told["by_category"]) == pytest.approx(100 if len(raised) else 0, abs=0.1)
    for each in told["first_response_by_priority"]:
        of_priority = raised[raised["priority"] == each["priority"]]
        answered = of_priority["first_response_seconds"].dropna()
        assert (each["count"], each["answered"]) == (len(of_priority), len(answered))
        expected = mean(answered)
        assert each["first_response_minutes_avg"] == (None if expected is None else round(expected / 60, 4))
    for each in told["resolution_by_sentiment"]:
        of_label = raised[raised["label"] == each["sentiment"]]
        assert each["count"] == len(of_label)
        assert each["resolution_rate"] == share(int((of_label["state"] == "resolved").sum()), len(of_label))
    for each in told["by_category"][:1]:
        of_category = set(raised[raised["category"] == each["category"]]["ticket_id"])
        assert asking.named(each["tickets_url"]) == of_category


def test_helpdesk_figures(asking: Asking) -> None:
    told, desk = asking("analytics/statistics"), asking.desk
    negative = desk.texts[desk.texts["label"].isin(UNHAPPY)]["ticket_id"].nunique()
    analyzed, escalated = desk.texts["ticket_id"].nunique(), desk.escalations["ticket_id"].nunique()
    total = len(desk.tickets)
    sentiment = mean(desk.texts["points"] / 100)
    assert told["avg_sentiment"] == (None if sentiment is None else pytest.approx(sentiment, abs=0.0051))
    same(
        told,
        {
            "total": total,
            "analyzed": analyzed,
            "analysis_rate": round(100 * (share(analyzed, total) or 0), 2),
            "negative": negative,
            "escalated": escalated,
            "escalation_rate": round(100 * (share(escalated, total) or 0), 2),
        },
    )
    cells = desk.cells("priority")
    assert told["priority_distribution"] == {
        name: cells.get((name,), {"tickets": 0})["tickets"] for name in ("low", "medium", "high", "urgent")
    }


def test_the_worst_tickets(asking: Asking) -> None:
    alerts = asking("analytics/alerts")["alerts"]
    texts = asking.desk.texts
    worst = texts[texts["label"] == "very_negative"].sort_values("points").drop_duplicates("ticket_id")
    assert [alert["score"] * 100 for alert in alerts] == pytest.approx(list(worst["points"][:20]))
    for alert in alerts:
        of_ticket = texts[(texts["ticket_id"] == alert["ticket_id"]) & (texts["points"] == round(alert["score"] * 100))]
        assert alert["text"] in set(of_ticket["text"])
        assert alert["is_escalated"] == (alert["ticket_id"] in set(asking.desk.raised_in_tickets["ticket_id"]))
        assert alert["status"] == asking.desk.statuses()[alert["ticket_id"]]


def test_stats(asking: Asking) -> None:
    told, desk = asking("stats"), asking.desk
    statuses = Counter(desk.statuses().values())
    assert told["total_incidents"] == len(desk.tickets)
    assert {name: count for name, count in told["by_status"].items() if count} == statuses
    assert told["open"] == sum(statuses[name] for name in OPEN)
    assert told["by_classification"] == {value: cell["tickets"] for (value,), cell in desk.cells("category").items()}
    lowest = desk.lowest()
    sounds = Counter("negative" if each < 400 else "neutral" if each < 600 else "positive" for each in lowest.values())
    sounds["unknown"] = len(desk.tickets) - len(lowest)
    assert told["by_sentiment"] == {name: sounds[name] for name in ("negative", "neutral", "positive", "unknown")}


def test_the_ticket_list_is_the_tickets_as_they_stand(some: Asking) -> None:
    desk = some.desk
    statuses, lowest = desk.statuses(), desk.lowest()
    for ticket in some.listed(some.selection.tickets()):
        name = ticket["ticket_id"]
        events = desk.events[desk.events["ticket_id"] == name]
        assert (ticket["status"], ticket["events"]) == (statuses[name], len(events))
        assert ticket["score"] == (lowest[name] / 100 if name in lowest else None)
        assert ticket["escalations"] == int((desk.raised_in_tickets["ticket_id"] == name).sum())
        if len(events):
            assert datetime.fromisoformat(ticket["last_at"]) == events["occurred_at"].max()
            assert datetime.fromisoformat(ticket["first_at"]) == events["occurred_at"].min()


def _ordered(desk: Desk, sort: str) -> Iterator[tuple[Any, str]]:
    lowest = desk.lowest()
    for ticket in desk.tickets:
        last = max(
            desk.events[desk.events["ticket_id"] == ticket]["occurred_at"].max(),
            desk.raised_in_tickets[desk.raised_in_tickets["ticket_id"] == ticket]["occurred_at"].max(),
            key=lambda at: at if not pd.isna(at) else pd.Timestamp(0, tz="UTC"),
        )
        keys = {
            "newest": -last.timestamp(),
            "oldest": last.timestamp(),
            "negative_first": lowest.get(ticket, 10_000),
            "positive_first": -lowest[ticket] if ticket in lowest else 10_000,
        }
        yield keys[sort], ticket


@pytest.mark.parametrize("sort", ["newest", "oldest", "negative_first", "positive_first"])
def test_the_ticket_list_is_in_order_and_whole_over_its_pages(some: Asking, sort: str) -> None:
    names = [ticket["ticket_id"] for ticket in some.listed(f"{some.selection.tickets()}&sort={sort}", limit=17)]
    assert names == [
        ticket for _, ticket in sorted(_ordered(some.desk, sort), key=lambda each: (each[0], each[1].encode()))
    ]


def test_helpdesk_filters_of_the_ticket_list(some: Asking) -> None:
    lowest, all_of_them = some.desk.lowest(), some.selection.tickets()
    assert some.named(f"{all_of_them}&min_sentiment=2&max_sentiment=3.99") == {
        ticket for ticket, points in lowest.items() if 200 <= points <= 399
    }
    assert some.named(f"{all_of_them}&sentiment_label=very_negative&sentiment_label=neutral") == {
        ticket for ticket, points in lowest.items() if points < 200 or 400 <= points < 600
    }
    assert some.named(f"{all_of_them}&status=resolved&status=closed") == {
        ticket for ticket, status in some.desk.statuses().items() if status not in OPEN
    }


def test_a_bound_of_sentiment_has_the_tickets_that_are_on_it(some: Asking) -> None:
    lowest, all_of_them = some.desk.lowest(), some.selection.tickets()
    # First those of which a hundred times the score, as a float, is a little more or less than it should be.
    for points in sorted(set(lowest.values()), key=lambda each: each / 100 * 100 == each)[:6]:
        on_it = {ticket for ticket, each in lowest.items() if each == points}
        assert some.named(f"{all_of_them}&min_sentiment={points / 100}&max_sentiment={points / 100}") == on_it


def test_the_list_of_escalations(asking: Asking) -> None:
    raised = asking.desk.escalations
    found: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        answer = asking("escalations", limit=4, **cursor)
        found += answer["escalations"]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    ordered = sorted(
        zip(raised["occurred_at"], raised["escalation_id"], strict=True), key=lambda row: (-row[0].timestamp(), row[1])
    )
    assert [each["escalation_id"] for each in found] == [name for _, name in ordered]
    states = dict(zip(raised["escalation_id"], raised["state"], strict=True))
    assert all(each["state"] == states[each["escalation_id"]] for each in found)
    resolved = {each["escalation_id"] for each in asking("escalations", state="resolved", limit=500)["escalations"]}
    assert resolved == {name for name, state in states.items() if state == "resolved"}
