"""What is told, from both sides of each threshold, and that chance is not told as news."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.reports.evidence import Evidence, Group, Listed, Mean, Topic
from sinks.reports.intervals import Counted, of_difference, of_growth, of_mean, of_share, quantile
from sinks.reports.model import Finding
from sinks.reports.recommendations import findings
from sinks.reports.resting import FEW
from sinks.reports.sections.naming import named

HOUR = 3_600.0
CALM = Group("", messages=1_000, negative=100, tickets=500, escalated=10)


def group(name: str = "", *, tickets: int = 500, negative: float = 0.1, escalated: float = 0.02) -> Group:
    """Of two messages a ticket."""
    return Group(name, tickets * 2, round(tickets * 2 * negative), tickets, round(tickets * escalated), f"/{name}")


def found(now: Group = CALM, before: Group = CALM, **more: Any) -> dict[str, Finding]:
    return {each.key: each for each in findings(Evidence(now, before)._replace(**more))}


def test_of_a_calm_span_nothing_is_told() -> None:
    categories = (group("billing"), group("account", tickets=300))
    assert found(categories=categories, categories_before=categories, volume=(10,) * 7, volume_before=(11,) * 7) == {}


@pytest.mark.parametrize(
    ("share", "tickets", "level"),
    [
        (0.19, 500, None),
        (0.20, 500, None),
        (0.21, 500, "watch"),
        (0.26, 500, "act"),
        (0.26, 60, "watch"),
        (0.9, 19, None),
    ],
)
def test_negative_messages(share: float, tickets: int, level: str | None) -> None:
    now = group(tickets=tickets, negative=share)
    told = found(now, now).get("negative_share")
    assert (told.level if told else None) == level
    if told:
        figure = told.rests_on[0]
        assert figure.low is not None
        assert (figure.low > 0.2) == (level == "act")
        assert ("chance" in told.text) == (level == "watch")


@pytest.mark.parametrize(
    ("share", "level"), [(0.29, None), (0.30, None), (0.32, "watch"), (0.40, "act")], ids=["29", "30", "32", "40"]
)
@pytest.mark.parametrize("name", ["technical", "technical_issue"])
def test_technical_tickets(name: str, share: float, level: str | None) -> None:
    categories = (group(named(name), tickets=round(500 * share)), group("billing"))
    told = found(categories=categories).get("technical_share")
    assert (told.level if told else None) == level


@pytest.mark.parametrize(
    ("mean", "deviation", "number", "level"),
    [
        (23.9 * HOUR, 1.0, 500, None),
        (24.0 * HOUR, 1.0, 500, None),
        (25.0 * HOUR, 1 * HOUR, 500, "act"),
        (25.0 * HOUR, 40 * HOUR, 500, "watch"),
        (90.0 * HOUR, 1 * HOUR, FEW - 1, "watch"),
    ],
)
def test_slow_resolution(mean: float, deviation: float, number: int, level: str | None) -> None:
    told = found(resolution=Mean(mean, deviation, number), slow=("T-1",)).get("slow_resolution")
    assert (told.level if told else None) == level
    assert told is None or told.tickets == ("T-1",)


@pytest.mark.parametrize(
    ("repeating", "customers", "level"),
    [(10, 100, None), (11, 100, "watch"), (30, 100, "act"), (19, 19, None), (0, 0, None)],
)
def test_customers_who_come_back(repeating: int, customers: int, level: str | None) -> None:
    told = found(customers=Counted(repeating, customers), repeating=("c-1", "c-2")).get("repeat_customers")
    assert (told.level if told else None) == level
    assert told is None or "Most had: c-1, c-2." in told.text


@pytest.mark.parametrize(("escalated", "level"), [(25, None), (27, "watch"), (45, "act")])
def test_escalation_rate(escalated: int, level: str | None) -> None:
    now = CALM._replace(escalated=escalated)
    told = found(now, now).get("escalation_rate")
    assert (told.level if told else None) == level


def test_urgent_tickets_that_are_open() -> None:
    told = found(critical=Listed(12, tuple(f"T-{number}" for number in range(12))), oldest=26 * HOUR)["critical_open"]
    assert (told.level, told.title) == ("act", "12 urgent tickets are not resolved")
    assert told.text == "The oldest is open for 26 h."
    assert len(told.tickets) == 8
    assert found(critical=Listed(1, ("T-1",)))["critical_open"].title == "1 urgent ticket is not resolved"
    assert "critical_open" not in found(critical=Listed(0))


def test_escalations_without_an_answer() -> None:
    assert found(unanswered=Counted(3, 40))["escalations_unanswered"].title == (
        "3 of 40 escalations have had no answer"
    )
    assert "escalations_unanswered" not in found(unanswered=Counted(0, 40))


def test_where_to_begin() -> None:
    bad, others = group("billing", negative=0.4), group("account", tickets=800, negative=0.1)
    told = found(categories=(others, bad))["where_to_begin"]
    assert told.title == "Begin with billing: 71 % of all negative messages"
    assert told.behind == "/billing"
    # As many as its size explains.
    assert "where_to_begin" not in found(categories=(group("account"), group("billing", tickets=700)))
    assert "where_to_begin" not in found(categories=(bad,))


@pytest.mark.parametrize(
    ("now", "before", "level"),
    [(0.15, 0.14, None), (0.18, 0.10, "act"), (0.10, 0.18, "good")],
)
def test_a_change_of_the_negative_share(now: float, before: float, level: str | None) -> None:
    told = found(group(negative=now), group(negative=before)).get("negative_share_changed")
    assert (told.level if told else None) == level
    few = found(group(negative=now, tickets=FEW - 1), group(negative=before))
    assert "negative_share_changed" not in few


def test_a_change_of_the_escalation_rate() -> None:
    assert found(CALM._replace(escalated=40))["escalation_rate_changed"].level == "act"
    assert found(CALM, CALM._replace(escalated=40))["escalation_rate_changed"].level == "good"
    assert "escalation_rate_changed" not in found(CALM._replace(escalated=14))


def test_a_category_that_has_become_worse() -> None:
    before = tuple(group(name) for name in ("billing", "account", "delivery"))
    now = (group("billing", negative=0.3), *before[1:])
    told = [key for key in found(categories=now, categories_before=before) if key.startswith("negative_share_changed")]
    assert told == ["negative_share_changed:billing"]
    # What there was not before is no change.
    assert not [key for key in found(categories=now) if key.startswith("negative_share_changed")]


def test_volume() -> None:
    def told(now: tuple[int, ...], before: tuple[int, ...]) -> Finding | None:
        both = group(tickets=sum(now)), group(tickets=sum(before))
        return found(*both, volume=now, volume_before=before).get("volume_changed")

    steady = (100, 90, 110, 95, 105, 40, 30)
    more = tuple(2 * each for each in steady)
    assert (grown := told(more, steady)) is not None
    assert grown.level == "watch"
    assert (shrunk := told(steady, more)) is not None
    assert shrunk.level == "good"
    # One burst makes a week large, and says nothing of the next.
    assert told((700, 0, 0, 0, 0, 0, 100), steady) is None
    assert told((1_050,), (1_000,)) is None


def test_tickets_of_which_more_comes_on_several_days_are_no_more_tickets() -> None:
    steady = (100, 90, 110, 95, 105, 40, 30)
    busier = tuple(2 * each for each in steady)
    assert "volume_changed" not in found(volume=busier, volume_before=steady)
    told = found(group(tickets=400), group(tickets=200), volume=busier, volume_before=steady)["volume_changed"]
    assert told.title == "100 % more tickets than before"
    assert [(each.value, each.before) for each in told.rests_on] == [(400, 200)]


def test_new_topics() -> None:
    topics = (Topic("double charge", 9, 0.04, 0.01),)
    assert found(topics=topics)["new_topics"].title.endswith("“double charge”")
    # Twice as often, and no more than chance; and where nearly nothing was before.
    assert "new_topics" not in found(topics=(Topic("late", 5, 0.006, 0.003),))
    assert "new_topics" not in found(topics=topics, before=CALM._replace(messages=FEW - 1))


def test_what_to_act_on_comes_first() -> None:
    told = findings(
        Evidence(
            group(negative=0.5),
            group(negative=0.1, escalated=0.3),
            customers=Counted(11, 100),
            topics=(Topic("x", 5, 0.1, 0.01),),
        )
    )
    levels = [each.level for each in told]
    assert levels == sorted(levels, key=["act", "watch", "good"].index)
    assert set(levels) == {"act", "watch", "good"}


def test_chance_is_seldom_told_as_a_change() -> None:
    """Two weeks of the same desk, a thousand times: eight categories that do not change."""
    random, told = Random(7), 0
    for _ in range(300):
        weeks = [
            tuple(
                Group(name, 100, sum(random.random() < 0.3 for _ in range(100)), 100, 0)
                for name in ("a", "b", "c", "d", "e", "f", "g", "h")
            )
            for _ in range(2)
        ]
        keys = found(categories=weeks[0], categories_before=weeks[1])
        told += any(key.startswith("negative_share_changed") for key in keys)
    # 5 % of the weeks would be 15.
    assert told <= 25


# -- intervals


@pytest.mark.parametrize(
    ("hits", "among", "low", "high"),
    # Wilson's, as in Newcombe 1998, Statistics in Medicine 17, 857-872, table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_share(hits: int, among: int, low: float, high: float) -> None:
    assert of_share(Counted(hits, among)) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_difference() -> None:
    # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10, (a) and (c).
    assert of_difference(Counted(56, 70), Counted(48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert of_difference(Counted(6, 7), Counted(2, 7)) == pytest.approx((0.0582, 0.8062), abs=5e-5)
    assert of_difference(Counted(0, 0), Counted(1, 2)) == (-1.0, 1.0)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 20))
def test_an_interval_holds_its_share_and_is_wider_for_more_comparisons(hits: int, more: int, comparisons: int) -> None:
    counted = Counted(hits, hits + more)
    low, high = of_share(counted)
    assert 0 <= low <= high <= 1
    if counted.share is not None:
        assert low - 1e-12 <= counted.share <= high + 1e-12
    wider = of_share(counted, quantile(comparisons))
    assert wider.low <= low + 1e-12
    assert wider.high >= high - 1e-12


def test_the_interval_of_a_mean() -> None:
    assert of_mean(10.0, 2.0, 100) == pytest.approx((9.608, 10.392), abs=5e-4)
    assert of_mean(10.0, 0.0, 1) is None


def test_growth() -> None:
    even = of_growth(700, 350, ((100,) * 7, (50,) * 7))
    assert even is not None
    assert even.is_above
    assert even.low < 1.0 < even.high
    bursts = of_growth(700, 350, ((700, 0, 0, 0, 0, 0, 0), (50,) * 7))
    assert bursts is not None
    assert not bursts.is_above
    assert of_growth(0, 0, ((), ())) is None
    assert of_growth(1, 0, ((1,), (0,))) is None


def test_what_is_imported_in_one_day_beside_a_single_ticket_is_no_growth() -> None:
    growth = of_growth(300_000, 1, ((300_000, 0, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0, 0)))
    assert growth is not None
    assert not growth.is_above
