"""Automatic answers: which words get one, never twice, so many a day, and when there is to be none any more."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.notices import Answered, AnswerOver, AnswerWanted, Told
from schemas.notifications import notification_id
from schemas.readings import Reading
from schemas.scored import Sentiment
from sinks.notify.customers import acknowledged
from sinks.notify.mail import Envelope, address_of, mail_of, on_the_wire
from sinks.notify.wording import read_wording
from sinks.suggestions.articles import read_articles
from sinks.suggestions.finding import ArticleFinder
from sinks.suggestions.library import Library
from streams.notify.answering import ANSWERED, ANSWERING
from streams.notify.stage import KNOWN_MS
from streams.track.answers import ANSWERING as ASKED
from tests.suggestions.labelled import ARTICLES
from tests.unit.notices import CUSTOMER, HOUR, MINUTE, SECOND, SMTP, Planner, acknowledgement, at
from tests.unit.records import NINE, Appended
from tests.unit.test_track_notices import RULE, happened, reply, status, told, track_of

LIBRARY = Library((), ArticleFinder(read_articles(ARTICLES)[0]))
QUESTION = "How do I change my PIN at an ATM?"
DAY = 24 * HOUR
ON = '[auto_answer]\nmode = "on"\n'
ROUTE = '\n[[routes]]\ntell = ["customer"]\nkinds = ["answer"]\n'
BOOK = SMTP + CUSTOMER + ROUTE


# -- which words


def said(id: str, after: int = 0, **fields: Any) -> Appended:
    reading = Reading(urgency=fields.pop("urgency", "medium"), signals=fields.pop("signals", ()))
    return happened(
        id, after, **{"text": QUESTION, "category": "how_to", "reading": reading, "email": "a@b.example"} | fields
    )


def wanted_of(sent: Sequence[Any]) -> list[Told]:
    return [one for one in told(sent) if isinstance(one, AnswerWanted | AnswerOver)]


NOBODYS: dict[str, dict[str, Any]] = {
    "another category": {"category": "billing"},
    "urgent": {"urgency": "high"},
    "negative": {"sentiment": Sentiment(3.0, "negative", 0.0, 0.0, 0.0)},
    "not scored": {"sentiment": None, "unscored": "too short"},
    "a machine's": {"sentiment": None, "unscored": "automatic reply"},
    "from a list": {"metadata": {"automatic": "list"}},
    "an agent's": {"type": "agent_reply", "voice": "agent"},
    "a bot's": {"author": "bot", "voice": "agent"},
    "a wish for a person": {"signals": ("wants_human",)},
    "a stop word": {"text": "Please STOP. How do I change my PIN?"},
    "closed": {"status": "closed"},
    "days late": {"behind": 3 * DAY},
}  # fmt: skip


def test_calm_questions_are_answered() -> None:
    (wanted,) = wanted_of(track_of(ON).process(said("e1", subject="PIN", metadata={"message_id": "<1@b.example>"})))
    assert isinstance(wanted, AnswerWanted)
    assert (wanted.text, wanted.dry_run, wanted.per_day) == (f"PIN\n{QUESTION}", False, 50)
    assert (wanted.asked.email, wanted.asked.in_reply_to, wanted.asked.text) == ("a@b.example", "<1@b.example>", "")


@pytest.mark.parametrize("name", sorted(NOBODYS))
def test_other_words_are_not(name: str) -> None:
    assert wanted_of(track_of(ON).process(said("e1", **NOBODYS[name]))) == []


@pytest.mark.parametrize("policy", ["", "[auto_answer]\nper_day = 3\n", '[auto_answer]\nmode = "off"\n'])
def test_nothing_is_answered_unless_a_policy_says_so(policy: str) -> None:
    track = track_of(policy)
    assert wanted_of(track.process(said("e1"))) == []
    assert track.keys(ASKED) == []


def test_a_ticket_is_asked_for_until_it_is_over_and_a_repetition_changes_nothing() -> None:
    track = track_of(ON)
    assert len(wanted_of(track.process(said("e1"), said("e1")))) == 1
    assert len(wanted_of(track.process(said("e2", SECOND)))) == 1
    (over,) = wanted_of(track.process(said("e3", MINUTE, text="I want a human")))
    assert isinstance(over, AnswerOver)
    assert over.why == "the customer wants no automatic answer"
    assert wanted_of(track.process(said("e4", HOUR))) == []


ENDS: dict[str, tuple[Appended, str]] = {
    "an agent": (reply("x", MINUTE), "an agent has answered"),
    "an escalation": (happened("x", MINUTE, score=1.0), "the customer is not satisfied"),
    "unhappy": (
        said("x", MINUTE, sentiment=Sentiment(3.5, "negative", 0.0, 0.0, 0.0)),
        "the customer is not satisfied",
    ),
    "closed": (status("x", "resolved", MINUTE), "the ticket is closed"),
    "asked for a person": (
        happened("x", MINUTE, type="escalation_requested", text=None, author="bot"),
        "the ticket is escalated",
    ),
}


@pytest.mark.parametrize("name", sorted(ENDS))
def test_what_ends_it_is_told_once(name: str) -> None:
    track = track_of(ON + RULE)
    track.process(said("e1"))
    ends, why = ENDS[name]
    (over,) = wanted_of(track.process(ends))
    assert isinstance(over, AnswerOver)
    assert over.why == why
    track.take_over()
    assert wanted_of(track.process(said("e2", HOUR), status("o", "open", HOUR + 1), said("e3", HOUR + 2))) == []


def test_a_stop_word_holds_although_nothing_was_asked_for_yet() -> None:
    track = track_of(ON)
    track.process(said("e1", category="billing", text="stop"))
    track.take_over()
    assert wanted_of(track.process(said("e2", MINUTE))) == []


def test_a_forgotten_ticket_leaves_nothing() -> None:
    track = track_of(ON)
    track.process(said("e1"))
    assert len(track.keys(ASKED)) == 1
    track.process(happened("later", 9 * DAY, ticket_id="other"))
    for second in range(3):
        track.tick(NINE + 9 * DAY + second)
    assert track.keys(ASKED) == []


# -- once, and so many a day


def wanted(ticket: str = "t1", **fields: Any) -> AnswerWanted:
    asked: dict[str, Any] = {"text": "", "language": "en", "label": "neutral"}
    names = ("tenant", "email", "event_id", "in_reply_to", "subject")
    asked |= {name: fields.pop(name) for name in names if name in fields}
    whole: dict[str, Any] = {"text": QUESTION, "threshold": 0.4, "per_day": 50, "dry_run": False, **fields}
    return AnswerWanted(asked=acknowledgement(ticket, ticket_id=ticket, **asked), **whole)


def over(ticket: str = "t1", tenant: str = "acme") -> AnswerOver:
    return AnswerOver(tenant=tenant, ticket_id=ticket, why="an agent has answered", at=at(NINE))


def test_an_answer_is_planned_sent_and_known_to_be_a_machines() -> None:
    planner = Planner(BOOK, LIBRARY)
    (planned,) = planner.tell(wanted(in_reply_to="<1@b.example>", subject="My PIN"))
    assert (planned.kind, planned.state, planned.reason) == (
        "answer",
        "pending",
        "cards/pin, Change the PIN answers 70%",
    )
    assert planned.notification_id == notification_id("acme", "answer", "answer/t1", "customer")
    (due,) = planner.due(NINE + SECOND)
    (notice,) = due.notices
    assert isinstance(notice, Answered)
    assert acknowledged(due.notices) is notice
    words = read_wording().words(due, "en")
    assert "> You can change your PIN at any cash machine" in words.text
    assert "This answer was made by a machine" in words.text
    envelope = Envelope(address_of("support@acme.example"), [address_of("ann@customer.example")])
    wire = on_the_wire(mail_of(due, words, envelope, at(NINE), attach=True, to_customer=True)).decode()
    assert "Auto-Submitted: auto-replied" in wire
    assert "In-Reply-To: <1@b.example>" in wire
    (sent,) = planner.answer(due, NINE + 2 * SECOND)
    assert sent.state == "sent"


def test_a_ticket_is_answered_once_whatever_comes_again() -> None:
    planner = Planner(BOOK, LIBRARY)
    planner.lose(wanted())
    (planned,) = planner.tell(wanted())
    assert planner.tell(wanted(), wanted(event_id="another")) == []
    (due,) = planner.due(NINE)
    planner.answer(due, NINE)
    planner.partition.take_over()
    assert planner.tell(wanted(), now=NINE + 6 * DAY) == []
    # A ticket of the same id is another tenant's own.
    (other,) = planner.tell(wanted(tenant="globex"))
    assert other.notification_id != planned.notification_id
    assert planner.due(NINE + SECOND)[0].notices[0].tenant == "globex"  # type: ignore[union-attr]


def test_what_no_article_answers_is_not_answered_and_may_be_later() -> None:
    planner = Planner(BOOK, LIBRARY)
    assert planner.tell(wanted(text="What is the meaning of life?")) == []
    assert planner.tell(wanted(threshold=0.99)) == []
    assert len(planner.tell(wanted())) == 1
    assert Planner(BOOK).tell(wanted()) == []


def test_a_day_has_so_many_and_the_next_day_again() -> None:
    planner = Planner(BOOK, LIBRARY)
    for number in range(3):
        planner.lose(wanted(f"t{number}", per_day=2))
        planner.tell(wanted(f"t{number}", per_day=2))
    assert planner.states("customer", "answer") == ["pending", "pending", "suppressed"]
    assert planner.of("customer", "answer")[-1].reason.startswith("more than 2 a day: cards/pin")
    planner.partition.take_over()
    assert [each.state for each in planner.tell(wanted("t3", per_day=2))] == ["suppressed"]
    assert [each.state for each in planner.tell(wanted("t4", per_day=2, tenant="globex"))] == ["pending"]
    assert [each.state for each in planner.tell(wanted("t5", per_day=2), now=NINE + DAY)] == ["pending"]


TENANTS = st.sampled_from(["acme", "globex"])


@settings(max_examples=60, deadline=None)
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(["acme", "globex"]), st.integers(0, 9), st.integers(0, 1), st.booleans(), st.booleans()
        ),
        max_size=30,
    )
)
def test_the_bound_is_exact_whatever_is_lost_and_repeated(told: list[tuple[str, int, int, bool, bool]]) -> None:
    planner = Planner(BOOK, LIBRARY)
    for tenant, ticket, day, is_lost, is_over in told:
        notice = over(f"t{ticket}", tenant) if is_over else wanted(f"t{ticket}", tenant=tenant, per_day=2)
        if is_lost:
            planner.lose(notice, now=NINE + day * DAY)
        planner.tell(notice, now=NINE + day * DAY)
    planned = [each for each in planner.records if each.revision == 1 and each.state == "pending"]
    assert len({each.notification_id for each in planned}) == len(planned)
    by_day = [(each.tenant, each.at.date()) for each in planned]
    assert all(by_day.count(each) <= 2 for each in by_day)


def test_a_dry_run_only_records_what_would_have_been_said() -> None:
    for text in (BOOK, ""):
        planner = Planner(BOOK if text else SMTP + CUSTOMER, LIBRARY)
        (told,) = planner.tell(wanted(dry_run=True))
        assert (told.state, told.target) == ("suppressed", "customer" if text else "nobody")
        assert told.reason == "dry run: cards/pin, Change the PIN answers 70%"
        assert planner.due(NINE + HOUR) == []
    # What was only tried takes nothing from the day.
    assert [each.state for each in planner.tell(wanted("t2", per_day=1), now=NINE)] == []


def test_without_a_route_or_an_address_nobody_is_told_and_the_day_is_whole() -> None:
    planner = Planner(SMTP + CUSTOMER, LIBRARY)
    assert planner.tell(wanted("t1", per_day=1)) == []
    planner = Planner(BOOK, LIBRARY)
    for address, why in (
        (None, "is not known"),
        ("noreply@b.example", "nobody reads"),
        ("support@acme.example", "our own"),
    ):
        (told,) = planner.tell(wanted(f"t-{address}", email=address, per_day=1))
        assert (told.state, why in told.reason) == ("suppressed", True)
    assert [each.state for each in planner.tell(wanted("t2", per_day=1))] == ["pending"]


def test_what_waits_is_not_sent_when_it_is_over() -> None:
    quiet = CUSTOMER + 'quiet = { from = "00:00", until = "24:00" }\n'
    planner = Planner(SMTP + quiet + ROUTE, LIBRARY)
    planner.tell(wanted())
    planner.tick(NINE)
    planner.lose(over())
    (ended,) = planner.tell(over())
    assert (ended.state, ended.reason) == ("suppressed", "over before it was told: an agent has answered")
    assert planner.tell(over(), wanted()) == []


def test_what_failed_is_not_tried_again_when_it_is_over() -> None:
    planner = Planner(BOOK, LIBRARY)
    planner.tell(wanted())
    (due,) = planner.due(NINE)
    assert planner.tell(over()) == []
    *_, last = planner.answer(due, NINE + SECOND, sent=False)
    assert last.state == "suppressed"
    assert planner.due(NINE + DAY) == []


def test_over_comes_first() -> None:
    planner = Planner(BOOK, LIBRARY)
    planner.tell(over())
    planner.partition.take_over()
    assert planner.tell(wanted()) == []


def test_what_is_long_over_is_forgotten() -> None:
    planner = Planner(BOOK, LIBRARY)
    planner.tell(wanted())
    (due,) = planner.due(NINE)
    planner.answer(due, NINE)
    for second in range(3):
        planner.tick(NINE + KNOWN_MS + DAY + second)
    assert planner.partition.keys(ANSWERING) == planner.partition.keys(ANSWERED) == []


def test_words_in_braces_in_an_article_stay_as_they_are() -> None:
    planner = Planner(BOOK, LIBRARY)
    planner.tell(wanted())
    (due,) = planner.due(NINE)
    (notice,) = due.notices
    assert isinstance(notice, Answered)
    hostile = replace(notice, text="{number} {{ 7*7 }} <script>", title="<b>")
    words = read_wording().words(replace(due, notices=(hostile,)), "de")
    assert "{number} {{ 7*7 }} <script>" in words.text
    assert "<script>" not in words.html
    assert "<b>" not in words.html
