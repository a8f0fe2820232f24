"""What may be concluded, and when: verdicts of made tickets, and that looking changes nothing."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.experiments import Changes, Running, running
from sinks.experiments.report import report_of
from sinks.experiments.standing import Standing, Verdict, harmed, standing_of
from sinks.experiments.tickets import Settled
from sinks.reports.html import html
from sinks.reports.markdown import markdown
from tests.experiments.made import START, experiment, going

_HOUR = 3_600_000
_BEGIN = round(START.timestamp() * 1000)
LATER = START + timedelta(days=15)


def tickets(
    number: int, missed: tuple[float, float] = (0.2, 0.2), pages: tuple[float, float] = (0.2, 0.2), seed: int = 3
) -> list[Settled]:
    """So many tickets, evenly over two weeks; shares for the control and the other arm."""
    chance, about = random.Random(seed), experiment()
    made = []
    for place in range(number):
        arm = about.arm_of(f"ticket/{place}").name
        side = arm == "early"
        opened = _BEGIN + place * 14 * 24 * _HOUR // number
        is_bad, is_paged = chance.random() < missed[side], chance.random() < pages[side]
        made.append(
            Settled(
                ticket_id=str(place),
                arm=arm,
                opened=opened,
                settled=opened + about.settle,
                asked=True,
                replied=opened + round(chance.expovariate(1 / _HOUR)) + 1,
                resolved=0,
                rating=0,
                bad=opened + 5 * _HOUR if is_bad else 0,
                escalations=int(is_paged),
                escalated=opened + 6 * _HOUR if is_paged else 0,
                confirmed=is_paged,
                told=(f"sooner:{arm}",) if is_paged else (),
            )
        )
    return made


def stands(made: list[Settled], now: datetime = LATER, of: Running | None = None) -> Standing:
    return standing_of(of or going(), made, now)


def verdict(standing: Standing) -> Verdict | None:
    return standing.arms[1].verdict


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"number": 4_000, "missed": (0.3, 0.15)}, "winner"),
        ({"number": 4_000, "missed": (0.15, 0.3)}, "loser"),
        ({"number": 4_000, "missed": (0.3, 0.15), "pages": (0.1, 0.6)}, "harmed"),
        ({"number": 400}, "running"),
    ],
)
def test_what_follows(made: dict[str, Any], expected: Verdict) -> None:
    standing = stands(tickets(**made))
    assert verdict(standing) == expected
    assert harmed(standing) == (["early"] if expected == "harmed" else [])


def test_too_small_to_matter_is_futile() -> None:
    of = going(metrics=[{"metric": "missed", "smallest": 0.1}], guardrails=[])
    assert verdict(stands(tickets(4_000), of=of)) == "futile"


def test_the_end_without_certainty_is_told_once_outcomes_are_settled() -> None:
    made = tickets(400)
    assert verdict(stands(made, START + timedelta(days=15, hours=23))) == "running"
    over = stands(made, START + timedelta(days=16))
    assert (verdict(over), over.state) == ("undecided", "over")


def test_tickets_of_which_one_arm_is_lost_tell_nothing() -> None:
    made = [each for each in tickets(6_000, missed=(0.3, 0.15)) if each.arm == "now" or int(each.ticket_id) % 5]
    assert verdict(stands(made)) == "broken"


def test_whoever_looked_before_sees_the_same() -> None:
    """What a look tells follows from the tickets: certainty that was once there stays, and p never rises."""
    made = tickets(3_000, missed=(0.3, 0.2))
    ps, found = [], []
    for hours in range(0, 24 * 16, 7):
        looked = stands(made, START + timedelta(hours=hours)).against[0]
        ps.append(looked.p)
        found.append((looked.found, looked.found_at))
    assert ps == sorted(ps, reverse=True)
    certain = [each for each in found if each[0]]
    assert len(set(certain)) == 1
    now = START + timedelta(days=16)
    assert stands(made, now) == stands(made, now)


def test_only_settled_outcomes_count() -> None:
    standing = stands(tickets(1_000), START + timedelta(days=3))
    assert sum(arm.settled for arm in standing.arms) < sum(arm.tickets for arm in standing.arms)
    assert standing.against[0].tickets + standing.against[0].control_tickets == sum(
        arm.settled for arm in standing.arms
    )


def test_tickets_of_a_pause_are_compared_with_nothing() -> None:
    told = {"experiment": "sooner", "arm": "early", "what": "stop", "at": START + timedelta(days=5)}
    paused = running(experiment(), Changes.model_validate({"change": [told]}))
    made = [each for each in tickets(4_000) if each.arm == "now" or each.opened < _BEGIN + 5 * 24 * _HOUR]
    standing = stands(made, of=paused)
    assert standing.arms[1].paused_since == START + timedelta(days=5)
    # The control goes on, and is not compared with what was before.
    assert standing.against[0].control_tickets == pytest.approx(4_000 * 5 / 14 / 2, rel=0.1)
    assert standing.mismatch_p > 0.05
    assert standing.state == "over"
    assert stands(made, START + timedelta(days=6), of=paused).state == "stopped"


def test_the_report_tells_intervals_the_plot_and_what_may_not_be_concluded() -> None:
    report = report_of(stands(tickets(4_000, missed=(0.3, 0.15))))
    page, text = html(report), markdown(report)
    assert 'class="band"' in page
    assert page.count("<svg") == 3
    assert "early: winner" in text
    assert "Open is not the same as equal" in text
    assert "| Missed | early | " in text


def test_a_planned_experiment_is_told_as_that() -> None:
    standing = stands([], START - timedelta(days=1))
    assert (standing.state, verdict(standing), standing.arms[0].pages_a_day) == ("planned", "running", None)
    assert "Nothing is stored" in markdown(report_of(standing))
