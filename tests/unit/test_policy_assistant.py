"""Preset D: the third message of a session that shows dissatisfaction goes to a person."""

import pytest

from streams.escalation.loading import preset
from tests.unit.desk import DAY, Desk, newest
from tests.unit.reading import listed

PHRASES = listed(
    "not satisfied, doesn't help, still wrong, not working, i need help, speak to someone, talk to support, "
    "contact support, human support, this is wrong, not what i asked, doesn't answer, unclear, confusing, "
    "frustrated, not helpful"
)


@pytest.fixture
def desk() -> Desk:
    return Desk("assistant")


@pytest.mark.parametrize("phrase", PHRASES)
def test_each_phrase_is_a_signal_and_the_third_escalates(desk: Desk, phrase: str) -> None:
    assert desk.says(f"Well, {phrase}.", session_id="s1") == []
    assert desk.says("Okay, what now?", session_id="s1") == []
    assert desk.says(f"Well, {phrase.upper()}!", session_id="s1") == []
    made = newest(desk.says(f"{phrase.capitalize()}, really", session_id="s1", customer_id="user-1"))
    assert (made.policy, made.rule, made.priority) == ("assistant", "dissatisfied", "high")
    assert made.evidence.signals == ("dissatisfied",)
    assert (made.customer_id, made.keywords) == ("user-1", (phrase,))


def test_messages_without_a_phrase_never_do(desk: Desk) -> None:
    for text in ("I am furious", "Terrible!", "Thank you", "", "It works now") * 3:
        assert desk.says(text, session_id="s1", attachments=["a.png"]) == []


def test_what_the_assistant_says_is_no_signal(desk: Desk) -> None:
    for _ in range(5):
        assert desk.answers("Is it not working? I will contact support.", "bot") == []


def test_once_each_session(desk: Desk) -> None:
    published = [desk.says("This is wrong", session_id="s1") for _ in range(12)]
    assert [bool(each) for each in published] == [False, False, True] + [False] * 9
    assert desk.conversation().signals["dissatisfied"].times == 12


def test_not_again_in_the_same_session_after_it_was_resolved(desk: Desk) -> None:
    for _ in range(3):
        desk.says("This is wrong", session_id="s1")
    desk.becomes("resolved")
    desk.becomes("open")
    assert [desk.says("This is wrong", session_id="s1") for _ in range(4)] == [[]] * 4


def test_a_new_session_starts_again(desk: Desk) -> None:
    desk.says("This is wrong", session_id="s1")
    desk.says("This is wrong", session_id="s1")
    assert desk.says("This is wrong", session_id="s2") == []
    assert desk.conversation().signals["dissatisfied"].times == 1
    assert desk.says("This is wrong", session_id="s2") == []
    assert desk.says("This is wrong", session_id="s2")


def test_each_session_has_its_own_escalation(desk: Desk) -> None:
    ids = set()
    for name in ("s1", "s2"):
        made = [desk.says("This is wrong", ticket=f"chat-{name}", session_id=name) for _ in range(3)]
        ids.add(newest(made[-1]).escalation_id)
    assert len(ids) == 2


def test_a_ticket_of_several_sessions_is_escalated_again_when_the_first_is_done(desk: Desk) -> None:
    for _ in range(3):
        desk.says("This is wrong", session_id="s1")
    desk.becomes("resolved")
    desk.becomes("open")
    made = [desk.says("This is wrong", session_id="s2") for _ in range(3)]
    assert [bool(each) for each in made] == [False, False, True]
    assert newest(made[-1]).episode == 1


def test_fifty_messages_are_kept_and_the_whole_talk_goes_with_it(desk: Desk) -> None:
    assert (preset("assistant").memory.history, preset("assistant").memory.quiet) == (50, 7 * DAY)
    for number in range(60):
        desk.says(f"Question {number}", session_id="s1")
    assert len(desk.conversation().scores) == 50
    assert desk.kept_messages() == [f"Question {number}" for number in range(10, 60)]


@pytest.mark.parametrize(("quiet", "escalates"), [(7 * DAY, True), (7 * DAY + 1, False)])
def test_a_session_lives_seven_days(desk: Desk, quiet: int, escalates: bool) -> None:
    desk.says("This is wrong", session_id="s1")
    desk.says("This is wrong", session_id="s1")
    assert bool(desk.happens(after=quiet, type="message", text="This is wrong", session_id="s1")) is escalates
