"""Back-tests of histories that are short enough to work out by hand."""

from datetime import timedelta

import pytest

from streams.backtest.playing import BackTest
from streams.backtest.report import Report, spread
from tests.unit.histories import BEGIN, HELPDESK, LAWYER, WAITING, Diary, back_test, policy


def rules(report: Report) -> tuple[dict[str, int], dict[str, int]]:
    """How many escalations each rule of the two policies made."""
    one, other = ({each.rule: each.escalations for each in side.by_rule} for side in (report.one, report.other))
    return one, other


def minutes(report: Report) -> list[float]:
    """When the other policy alone escalated."""
    return [(case.at - BEGIN) / timedelta(minutes=1) for case in report.changes.only_other.examples]


def test_a_policy_against_itself_changes_nothing() -> None:
    diary = Diary().says(0, "A refund, please").says(1, "Hello", "t2").says(2, "refund", "t3").status(3, "open", "t3")
    report = back_test(policy(), policy(), diary)
    assert report.one == report.other
    assert (report.one.escalations, report.one.tickets, report.one.share) == (2, 2, 0.6667)
    assert report.changes.same == 2
    assert (report.changes.only_one.escalations, report.changes.only_other.escalations) == (0, 0)
    assert report.changes.differing.escalations == 0
    assert (report.history.events, report.history.tickets) == (4, 3)
    assert report.history.begin == BEGIN
    assert report.history.end == BEGIN + timedelta(minutes=3)


def test_what_only_one_of_them_escalates_is_shown_with_its_reason() -> None:
    diary = Diary().says(0, "My lawyer will write").says(1, "A refund, please", "t2")
    report = back_test(policy(), policy(LAWYER, "strict"), diary)
    assert rules(report) == ({"refund": 1}, {"lawyer": 1, "refund": 1})
    assert (report.changes.same, report.changes.only_one.escalations) == (1, 0)
    (case,) = report.changes.only_other.examples
    assert (case.ticket_id, case.rule, case.priority, case.at) == ("t1", "lawyer", "urgent", BEGIN)
    assert (case.text, case.reason) == ("My lawyer will write", "Speaks of a lawyer.")


def test_an_earlier_time_and_a_higher_priority_are_told() -> None:
    diary = Diary().says(0, "My lawyer will write").says(5, "A refund, please")
    differing = back_test(policy(), policy(LAWYER, "strict"), diary).changes.differing
    assert (differing.escalations, differing.earlier, differing.later) == (1, 1, 0)
    assert (differing.higher, differing.lower) == (1, 0)
    (pair,) = differing.examples
    assert [(each.rule, each.at - BEGIN) for each in (pair.one, pair.other)] == [
        ("refund", timedelta(minutes=5)),
        ("lawyer", timedelta(0)),
    ]


def test_the_other_way_round_it_is_later_and_lower() -> None:
    diary = Diary().says(0, "My lawyer will write").says(5, "A refund, please")
    differing = back_test(policy(LAWYER, "strict"), policy(), diary).changes.differing
    assert (differing.earlier, differing.later, differing.higher, differing.lower) == (0, 1, 0, 1)


def test_what_a_later_rule_raises_stays_one_escalation() -> None:
    diary = Diary().says(0, "A refund, please").says(5, "My lawyer will write")
    report = back_test(policy(), policy(LAWYER, "strict"), diary)
    assert (report.other.escalations, report.other.raised) == (1, 1)
    assert report.other.by_priority == {"urgent": 1}
    assert [(each.rule, each.escalations, each.raised) for each in report.other.by_rule] == [
        ("refund", 1, 0),
        ("lawyer", 0, 1),
    ]
    assert (report.changes.differing.higher, report.changes.differing.earlier) == (1, 0)


def test_the_same_moment_by_another_rule_is_the_same_escalation() -> None:
    other = policy('[[rules]]\nname = "first"\nwhen.all = [{ fact = "first_message", is = true }]\nthen.reason = "-"\n')
    other = other.model_copy(update={"rules": other.rules[::-1]})
    report = back_test(policy(), other, Diary().says(0, "A refund, please"))
    assert rules(report) == ({"refund": 1}, {"first": 1})
    assert (report.changes.same, report.changes.by_another_rule) == (1, 1)


def test_escalations_are_compared_within_the_time_up_to_a_resolution() -> None:
    # The strict one escalates before the resolution and again after it. The other one's escalation is compared with the
    # second, whose ticket is urgent since the first; it is no later form of the first.
    diary = Diary().says(0, "My lawyer will write").status(5, "resolved").status(9, "open").says(10, "A refund, please")
    report = back_test(policy(LAWYER, "strict"), policy(), diary)
    assert rules(report) == ({"lawyer": 1, "refund": 1}, {"refund": 1})
    assert [case.rule for case in report.changes.only_one.examples] == ["lawyer"]
    (pair,) = report.changes.differing.examples
    assert (pair.one.rule, pair.one.priority, pair.other.rule, pair.other.priority) == (
        *("refund", "urgent"),
        *("refund", "high"),
    )


@pytest.mark.parametrize(
    ("diary", "expected"),
    [
        (Diary().says(0, "Hello").says(90, "x", "t2"), [60]),
        (Diary().says(0, "Hello").says(60, "x", "t2"), [60]),
        (Diary().says(0, "Hello").says(59, "x", "t2"), []),
        (Diary().says(0, "Hello").answer(59).says(300, "x", "t2"), []),
        (Diary().says(0, "Hello").answer(61).says(70, "x", "t2"), [60]),
        (Diary().says(0, "Hello").answer(30).says(40, "And?").says(101, "x", "t2"), [100]),
        (Diary().says(0, "Hello").status(30, "resolved").says(101, "x", "t2"), []),
        # Timers go off at the end of their five seconds.
        (Diary().says(0.05, "Hello").says(90, "x", "t2"), [60 + 5 / 60]),
    ],
    ids=[
        *("waits", "to the last moment", "the history ends before", "answered", "answered too late"),
        *("waits again", "resolved", "three seconds past the full minute"),
    ],
)
def test_the_clock_of_the_events_lets_timers_go_off(diary: Diary, expected: list[float]) -> None:
    report = back_test(policy(), policy(WAITING, "patient"), diary)
    assert minutes(report) == pytest.approx(expected)


def test_a_customers_tickets_are_counted() -> None:
    rule = '[[rules]]\nname = "often"\nwhen.all = [{ fact = "tickets", at_least = 3 }]\nthen.reason = "No. {tickets}"\n'
    diary = Diary()
    for number, customer in enumerate(["c1", "c2", "c1", "c1", "c2"]):
        diary.says(number, "Hello", f"t{number}", customer_id=customer)
    report = back_test(policy(), policy(rule, "counting"), diary)
    assert [(case.ticket_id, case.reason) for case in report.changes.only_other.examples] == [("t3", "No. 3")]


def test_an_event_that_was_sent_twice_counts_once() -> None:
    diary = Diary().says(0, "A refund, please", event_id="same").says(1, "A refund, please", event_id="same")
    report = back_test(policy(), policy(), diary)
    assert (report.one.escalations, report.one.duplicates) == (1, 1)


def test_an_event_alone_or_in_a_batch_makes_no_difference() -> None:
    diary = Diary().says(0, "My lawyer will write").says(5, "A refund, please").says(200, "refund", "t2")
    piecewise = BackTest(policy(WAITING), policy(LAWYER, "strict"), {"helpdesk": HELPDESK})
    for event in diary.events:
        piecewise.play([event])
    assert piecewise.report("diary", examples=10) == back_test(policy(WAITING), policy(LAWYER, "strict"), diary)


def test_an_empty_history_has_no_rates() -> None:
    report = back_test(policy(), policy(), Diary())
    assert (report.one.share, report.one.quality, report.history.begin) == (None, None, None)


# Of ten tickets: what happened, and whether a person was needed. Only "refund" escalates.
LIVES = (
    Diary()
    # found: escalated, then rated badly; escalated, then reopened
    .says(0, "refund", "found1")
    .rated(10, 2, "found1")
    .says(1, "refund", "found2")
    .status(11, "resolved", "found2")
    .status(12, "open", "found2")
    # afterwards: rated badly, then escalated
    .rated(2, 1, "afterwards")
    .says(13, "refund", "afterwards")
    # missed: rated badly, asked for by hand only (which every policy escalates then, but nobody before)
    .says(3, "Hello", "missed")
    .rated(14, 1, "missed")
    # wrong: escalated and rated well, or closed without a word
    .says(4, "refund", "wrong1")
    .rated(15, 5, "wrong1")
    .says(5, "refund", "wrong2")
    .status(16, "closed", "wrong2")
    # left alone, and rightly so
    .says(6, "Hello", "calm")
    .status(17, "resolved", "calm")
    # not known: still open
    .says(7, "refund", "open")
    .says(8, "Hello", "open2")
)


def test_what_the_history_shows_makes_precision_and_recall() -> None:
    report = back_test(policy(), policy(), LIVES)
    quality = report.one.quality
    assert (report.outcomes.source, report.outcomes.known, report.outcomes.needed) == ("history", 7, 4)
    assert quality is not None
    assert (quality.found, quality.afterwards, quality.missed, quality.wrong) == (2, 1, 1, 2)
    assert (quality.precision, quality.recall) == (0.5, 0.5)
    (rule,) = report.one.by_rule
    assert (rule.escalations, rule.found, rule.wrong) == (6, 2, 2)


def test_a_request_for_a_person_is_found_by_nobody_who_waits_for_it() -> None:
    diary = Diary().says(0, "Hello").add(1, type="escalation_requested").says(2, "refund", "t2")
    diary.add(3, "t2", type="escalation_requested")
    report = back_test(policy(), policy(), diary)
    assert rules(report)[0] == {"refund": 1, "requested": 1}
    quality = report.one.quality
    assert quality is not None
    assert (quality.found, quality.afterwards, quality.missed) == (1, 1, 0)


def test_outcomes_that_are_told_count_instead_of_what_the_history_shows() -> None:
    told = {b"default/found1": False, b"default/missed": True, b"default/open": True, b"other/t": True}
    report = back_test(policy(), policy(), LIVES, told)
    quality = report.one.quality
    assert (report.outcomes.source, report.outcomes.known, report.outcomes.needed) == ("file", 3, 2)
    assert quality is not None
    assert (quality.found, quality.afterwards, quality.missed, quality.wrong) == (1, 0, 1, 1)


def test_outcomes_may_stand_in_the_events() -> None:
    diary = Diary().says(0, "refund").says(1, "refund", "t2").says(2, "Hello", "t3").says(3, "Hello", "t4")
    diary.status(4, "closed", "t4")
    for ticket, outcome in (("t1", True), ("t2", "no"), ("t3", "true"), ("t4", "solved")):
        diary.add(9, ticket, type="status_changed", status="closed", metadata={"outcome": outcome})
    report = back_test(policy(), policy(), diary)
    assert (report.outcomes.source, report.outcomes.known, report.outcomes.needed) == ("events", 3, 2)
    quality = report.one.quality
    assert quality is not None
    assert (quality.found, quality.wrong, quality.missed) == (1, 1, 1)


def test_where_nothing_is_known_there_is_no_rate() -> None:
    report = back_test(policy(), policy(), Diary().says(0, "refund"))
    assert report.outcomes.known == 0
    assert report.one.quality is None


def test_a_poor_rating_stays_what_it_was_when_a_better_one_follows() -> None:
    report = back_test(policy(), policy(), Diary().says(0, "Hello").rated(1, 1).rated(2, 5))
    assert (report.outcomes.known, report.outcomes.needed) == (1, 1)


def test_examples_are_of_every_kind_before_more_of_one() -> None:
    assert spread(["a1", "a2", "b1", "a3", "c1", "b2"], lambda word: word[0], 4) == ["a1", "b1", "c1", "a2"]
    assert spread(["a1", "a2"], lambda word: word[0], 9) == ["a1", "a2"]
