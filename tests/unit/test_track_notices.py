"""What `track` tells those who tell people: escalations, words to acknowledge, tickets that wait."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from schemas.escalations import decode_escalation
from schemas.events import ticket_key
from schemas.notices import Acknowledged, Awaited, Escalated, Told, decode_notice
from schemas.readings import PresetName, Reading
from schemas.scored import ScoredEvent, Sentiment, encode_event
from streams import topics
from streams.conversations import Conversation
from streams.engine.attempt import MAX_RECORD_BYTES
from streams.engine.log import Outgoing
from streams.escalation.book import BookFile, PolicyBook, preset_book
from streams.escalation.loading import parse_policy
from streams.registry import RegistryStage
from streams.track import TrackStage
from streams.track.notices import HELD
from streams.track.stage import DUE_TICKETS
from streams.track.tickets import CONVERSATIONS
from tests.unit.naive_conversations import DAY, HOUR, MINUTE, SECOND
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition
from tests.unit.watched import time_of

KEY = ticket_key("acme", "t1")
HEAD = 'name = "shop"\nversion = 1\n'
RULE = """
[[rules]]
name = "low"
when.all = [{ fact = "score", below = 2.0 }]
then.priority = "high"
then.reason = "Low."
then.notify = ["duty"]
"""
WAITS = '[remind]\nafter = "24h"\n[late]\nwarn_before = "30m"\n'


def track_of(policy: str) -> Partition:
    """A partition that decides by a policy in TOML."""
    book = PolicyBook({"shop": parse_policy(HEAD + policy, "shop.toml")}, BookFile(default="shop"))
    track = Partition(TrackStage(book, EVENT_IDS, RULES))
    # The first tick sets all timers. It must not be it that finds what an event should have.
    track.tick(NINE)
    return track


def preset_track(name: PresetName) -> Partition:
    return Partition(TrackStage(preset_book(name), EVENT_IDS, RULES))


def happened(id: str, after: int = 0, **fields: Any) -> Appended:
    """An event of ticket t1, appended so many milliseconds after nine; `behind` is how long before that it occurred. A
    customer's calm words unless the fields say otherwise.
    """
    appended = NINE + after
    score = fields.pop("score", 6.0)
    whole: dict[str, Any] = {
        "tenant": "acme",
        "ticket_id": "t1",
        "text": "Where is my parcel?",
        "voice": "agent" if fields.get("type") == "agent_reply" or fields.get("author") else "customer",
        "category": "delivery",
        "sentiment": Sentiment(score, "very_negative" if score < 2 else "neutral", 0.0, 0.0, 0.0),
        "received_at": time_of(appended),
        "occurred_at": time_of(appended - fields.pop("behind", 0)),
        **fields,
    }
    return Appended(
        0, appended, ticket_key("acme", whole["ticket_id"]), encode_event(ScoredEvent(event_id=id, **whole))
    )


def angry(id: str, after: int = 0, **fields: Any) -> Appended:
    return happened(id, after, **{"score": 1.0} | fields)


def reply(id: str, after: int = 0, **fields: Any) -> Appended:
    return happened(id, after, type="agent_reply", text="We look into it.", **fields)


def status(id: str, status: str, after: int = 0, **fields: Any) -> Appended:
    return happened(id, after, type="status_changed", status=status, text=None, **fields)


def told(sent: Sequence[Outgoing]) -> list[Told]:
    assert all(one.key == b"acme" for one in sent if one.topic == topics.NOTICES)
    return [decode_notice(one.value or b"") for one in sent if one.topic == topics.NOTICES]


def acknowledged(sent: Sequence[Outgoing]) -> list[Acknowledged]:
    return [one for one in told(sent) if isinstance(one, Acknowledged)]


def awaited(sent: Sequence[Outgoing]) -> list[Awaited]:
    return [one for one in told(sent) if isinstance(one, Awaited)]


def kinds(sent: Sequence[Outgoing]) -> list[str]:
    return [one.what for one in awaited(sent)]


def numbered(track: Partition, sent: Sequence[Outgoing], after: int = SECOND) -> list[Outgoing]:
    """What follows when the registry answers."""
    questions = [Appended(0, NINE, one.key, one.value) for one in sent if one.topic == topics.REGISTRY]
    answers = Partition(RegistryStage()).process(*questions)
    records = [
        Appended(0, NINE + after, one.key, one.value, tuple((name, value or b"") for name, value in one.headers))
        for one in answers
    ]
    return track.process(*records)


# -- escalations


def test_every_revision_of_an_escalation_is_told_as_it_is_published() -> None:
    track = track_of(RULE)
    sent = track.process(angry("e1"), reply("a", MINUTE), status("r", "resolved", 2 * MINUTE))
    sent += numbered(track, sent)
    published = [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]
    assert [one.revision for one in published] == [1, 2, 3, 4]
    assert told(sent) == [Escalated(escalation=one) for one in published]
    assert str(published[-1].number) in published[-1].reply


def test_an_escalation_that_a_log_just_takes_is_told_with_its_texts_cut() -> None:
    track = track_of(RULE)
    asked = {"escalation_reason": "x" * (MAX_RECORD_BYTES // 4), "conversation_history": [{"text": "y" * 100_000}] * 3}
    sent = track.process(happened("e1", type="escalation_requested", author="bot", text=None, metadata=asked))
    (published,) = [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]
    (value,) = [one.value or b"" for one in sent if one.topic == topics.NOTICES]
    (notice,) = told(sent)
    assert isinstance(notice, Escalated)
    assert len(published.reason) > 400_000
    assert len(value) < 100_000
    assert notice.escalation.reason == published.reason[: len(notice.escalation.reason)]
    assert (notice.escalation.escalation_id, notice.escalation.priority) == (published.escalation_id, "high")


# -- acknowledgements

CREATED = '[acknowledge]\nwhen = "created"\nangry = "Sorry! It is {number}."\nother = "It is {number}."\n'
ESCALATED = CREATED.replace("created", "escalated")


def test_the_first_words_are_acknowledged_once_with_what_is_known_of_the_customer() -> None:
    track = track_of(CREATED)
    first = happened(
        "e1",
        subject="My parcel",
        customer_id="c1",
        email="ann@example.org",
        phone="+1 555",
        language="en",
        channel="email",
        priority="low",
        metadata={"message_id": "<1@example.org>"},
    )
    (made,) = acknowledged(track.process(first))
    assert made == Acknowledged(
        tenant="acme",
        ticket_id="t1",
        session=made.session,
        event_id="e1",
        at=time_of(NINE),
        channel="email",
        category="delivery",
        priority="low",
        label="neutral",
        language="en",
        customer_id="c1",
        email="ann@example.org",
        phone="+1 555",
        subject="My parcel",
        text="It is t1.",
        in_reply_to="<1@example.org>",
    )
    assert acknowledged(track.process(happened("e2", MINUTE), happened("e1", 2 * MINUTE))) == []


def test_the_acknowledgement_of_words_that_escalate_waits_for_the_number() -> None:
    track = track_of(CREATED + RULE)
    sent = track.process(angry("e1"))
    assert acknowledged(sent) == []
    track.take_over()
    (made,) = acknowledged(numbered(track, sent))
    assert (made.text, made.number, made.event_id) == ("Sorry! It is TKT-2026-0001.", "TKT-2026-0001", "e1")
    assert track.keys(HELD) == []


def test_one_that_does_not_name_the_number_does_not_wait_for_it() -> None:
    track = track_of(ESCALATED.replace("{number}", "{ticket_id}, within {respond_within}") + RULE)
    (made,) = acknowledged(track.process(angry("e1")))
    assert made.text == "Sorry! It is t1, within 1 h."


def test_each_episode_is_acknowledged_with_its_own_number_in_whatever_order_they_come() -> None:
    track = track_of(ESCALATED + RULE)
    one = track.process(angry("e1"), angry("e2", SECOND), status("r", "resolved", MINUTE))
    other = track.process(status("o", "open", 2 * MINUTE), angry("e3", 3 * MINUTE), angry("e4", 4 * MINUTE))
    assert [*acknowledged(one), *acknowledged(other)] == []
    assert [made.event_id for made in acknowledged(numbered(track, other))] == ["e3"]
    assert [made.event_id for made in acknowledged(numbered(track, one))] == ["e1"]


def test_a_ticket_that_is_forgotten_forgets_what_waits_for_a_number() -> None:
    track = track_of(ESCALATED + RULE)
    track.process(angry("e1"))
    assert track.keys(HELD) == [KEY]
    track.process(happened("far", 10 * DAY, ticket_id="other"), tick=NINE + 10 * DAY)
    track.tick(NINE + 10 * DAY)
    assert [row for row in track.rows() if KEY in row] == []


@pytest.mark.parametrize("policy", [CREATED, ESCALATED], ids=["created", "escalated"])
@pytest.mark.parametrize(
    "fields",
    [
        {"unscored": "automatic reply"},
        {"unscored": "bounce"},
        {"metadata": {"automatic": "list"}},
        {"metadata": {"automatic": "reply unwanted"}},
        {"author": "bot"},
        {"author": "system"},
        {"type": "agent_reply"},
        {"status": "resolved"},
        {"status": "closed"},
        {"behind": 3 * DAY},
        {"type": "rated", "satisfaction": 1, "text": None},
        {"type": "escalation_requested", "author": "bot", "text": None},
    ],
    ids=lambda fields: str(next(iter(fields.items()))),
)
def test_what_is_not_acknowledged(policy: str, fields: dict[str, Any]) -> None:
    track = track_of(policy.replace("{number}", "{ticket_id}") + RULE)
    assert acknowledged(track.process(angry("e1", **fields))) == []


def test_who_answers_an_agent_has_not_opened_a_ticket() -> None:
    track = track_of(CREATED)
    assert acknowledged(track.process(reply("a", status="open"), happened("e1", MINUTE))) == []


def test_of_a_history_that_is_imported_not_even_the_next_words_are_acknowledged() -> None:
    track = track_of(CREATED)
    assert acknowledged(track.process(happened("e1", behind=5 * DAY), happened("e2", MINUTE))) == []


@pytest.mark.parametrize(
    "given", ["<1@a>\r\nBcc: all@example.org", "a b", "", "<" + "x" * 1_000 + "@a>", 7, None, "<1@a>\0"], ids=repr
)
def test_what_is_no_message_id_is_not_answered_to(given: object) -> None:
    (made,) = acknowledged(track_of(CREATED).process(happened("e1", metadata={"message_id": given})))
    assert made.in_reply_to is None


def test_an_acknowledgement_is_small_whatever_is_said() -> None:
    track = track_of(CREATED.replace("{number}", "{customer_id} {subject}"))
    long = "x" * 200_000
    sent = track.process(happened("e1", subject=long, customer_id=long, email=f"{long}@example.org", phone=long))
    (made,) = acknowledged(sent)
    assert (made.email, made.phone, made.customer_id) == (None, None, None)
    assert len(msgspec.json.encode(made)) < 20_000


@pytest.mark.parametrize(
    ("emotion", "label", "text"),
    [(None, "very_negative", "Sorry!"), ("angry", "neutral", "Sorry!"), ("confused", "negative", "Hello.")],
)
def test_the_mood_chooses_the_words(emotion: Any, label: Any, text: str) -> None:
    track = track_of('[acknowledge]\nwhen = "created"\nangry = "Sorry!"\nother = "Hello."\n')
    words = Sentiment(3.0, label, 0.0, 0.0, 0.0)
    (made,) = acknowledged(track.process(happened("e1", sentiment=words, reading=Reading(emotion=emotion))))
    assert made.text == text


def test_words_that_are_not_given_are_those_of_the_replies() -> None:
    track = track_of('[acknowledge]\nwhen = "created"\n[replies]\nother = "Your ticket is {ticket_id}."\n')
    (made,) = acknowledged(track.process(happened("e1")))
    assert made.text == "Your ticket is t1."


# -- tickets that wait


def test_a_ticket_that_is_still_open_is_reminded_of_once() -> None:
    track = track_of('[remind]\nafter = "24h"\n' + RULE)
    sent = track.process(angry("e1", customer_id="c1"), happened("e2", HOUR))
    numbered(track, sent)
    assert kinds(track.tick(NINE + DAY - 1)) == []
    track.take_over()
    (made,) = awaited(track.tick(NINE + DAY))
    assert (made.what, made.ticket_id, made.customer_id, made.status) == ("reminder", "t1", "c1", "new")
    assert (made.since, made.late_at, made.at) == (time_of(NINE), time_of(NINE + DAY), time_of(NINE + DAY))
    assert (made.number, made.priority, made.notify) == ("TKT-2026-0001", "high", ("duty",))
    assert [one.text for one in made.messages] == ["Where is my parcel?"] * 2
    track.take_over()
    assert kinds(track.tick(NINE + DAY + SECOND) + track.tick(NINE + 5 * DAY)) == []


@pytest.mark.parametrize("end", ["resolved", "closed"])
def test_an_end_cancels_the_reminder_and_a_new_beginning_arms_it_again(end: str) -> None:
    track = track_of('[remind]\nafter = "24h"\n')
    track.process(happened("e1"), status("r", end, 23 * HOUR))
    assert kinds(track.tick(NINE + 25 * HOUR)) == []
    track.process(status("o", "open", 30 * HOUR))
    assert kinds(track.tick(NINE + 53 * HOUR)) == []
    (made,) = awaited(track.tick(NINE + 54 * HOUR))
    assert made.since == time_of(NINE + 30 * HOUR)
    track.process(status("r2", end, 55 * HOUR), status("o2", "open", 56 * HOUR))
    assert kinds(track.tick(NINE + 80 * HOUR)) == ["reminder"]


def test_a_ticket_that_waits_for_its_customer_is_let_alone_until_it_is_back() -> None:
    track = track_of(WAITS)
    track.process(happened("e1"), status("w", "awaiting_customer", MINUTE))
    assert kinds(track.tick(NINE + 2 * DAY)) == []
    track.process(status("b", "in_progress", 2 * DAY + MINUTE))
    assert kinds(track.tick(NINE + 2 * DAY + 2 * MINUTE)) == ["reminder", "response_due"]


def test_only_what_is_escalated_is_reminded_of_if_the_policy_says_so() -> None:
    track = track_of('[remind]\nafter = "24h"\nonly = "escalated"\n' + RULE)
    # Urgent already: to be escalated changes nothing else of it.
    track.process(happened("e1", priority="urgent"), angry("e2", MINUTE, ticket_id="t2"))
    assert [made.ticket_id for made in awaited(track.tick(NINE + 25 * HOUR))] == ["t2"]
    track.process(angry("e3", 26 * HOUR))
    assert [made.ticket_id for made in awaited(track.tick(NINE + 26 * HOUR + MINUTE))] == ["t1"]


def test_first_reply_and_resolution_are_warned_of_before_they_are_late() -> None:
    """Medium: eight hours to the first reply and three days to the resolution, by the settings."""
    track = track_of('[late]\nwarn_before = "30m"\nnotify = ["leads"]\n')
    track.process(happened("e1"))
    assert kinds(track.tick(NINE + 7 * HOUR)) == []
    (made,) = awaited(track.tick(NINE + 7 * HOUR + 30 * MINUTE))
    assert (made.what, made.late_at, made.notify) == ("response_due", time_of(NINE + 8 * HOUR), ("leads",))
    track.process(reply("a", 9 * HOUR))
    (made,) = awaited(track.tick(NINE + 3 * DAY - 30 * MINUTE))
    assert (made.what, made.late_at) == ("resolution_due", time_of(NINE + 3 * DAY))
    assert kinds(track.tick(NINE + 4 * DAY)) == []


def test_of_lateness_there_is_one_warning_also_when_the_ticket_is_opened_again() -> None:
    track = track_of(WAITS)
    track.process(happened("e1"))
    assert kinds(track.tick(NINE + 3 * DAY)) == ["reminder", "response_due", "resolution_due"]
    track.process(status("r", "resolved", 3 * DAY), status("o", "open", 4 * DAY))
    assert kinds(track.tick(NINE + 9 * DAY)) == ["reminder"]


def test_who_was_answered_in_time_is_not_warned_of() -> None:
    track = track_of("[late]\n")
    track.process(happened("e1"), reply("a", HOUR), happened("e2", 2 * HOUR))
    assert kinds(track.tick(NINE + DAY)) == []


@pytest.mark.parametrize(
    ("first", "then", "due"),
    [("medium", "urgent", 30 * MINUTE), ("urgent", "low", 23 * HOUR + 30 * MINUTE)],
)
def test_a_change_of_priority_moves_the_deadline(first: str, then: str, due: int) -> None:
    """An urgent ticket has an hour, of which the warning leaves one half; a low one has a day."""
    track = track_of("[late]\nresolution = false\n")
    track.process(happened("e1", priority=first))
    track.process(happened("e2", MINUTE, priority=then))
    assert kinds(track.tick(NINE + due - 5 * SECOND)) == []
    assert kinds(track.tick(NINE + due)) == ["response_due"]


def test_a_deadline_that_moves_into_the_past_is_told_of_at_once() -> None:
    track = track_of("[late]\nresolution = false\n")
    track.process(happened("e1"))
    assert kinds(track.tick(NINE + 2 * HOUR)) == []
    track.process(happened("e2", 2 * HOUR, priority="urgent"))
    (made,) = awaited(track.tick(NINE + 2 * HOUR + 5 * SECOND))
    assert made.late_at == time_of(NINE + HOUR)


@pytest.mark.parametrize(
    ("late", "due"),
    [
        ("warn_before = 0.25", 6 * HOUR),
        ('warn_before = "20s"\nrespond_within.medium = "1m"', 40 * SECOND),
        ('warn_before = "20m"\nrespond_within.medium = "1m"', 30 * SECOND),
        ('warn_before = "0s"\nrespond_within.high = "1m"', 8 * HOUR),
    ],
)
def test_how_long_before_and_targets_of_the_policys_own(late: str, due: int) -> None:
    track = track_of(f"[late]\nresolution = false\n{late}\n")
    track.process(happened("e1"))
    assert kinds(track.tick(NINE + due - 5 * SECOND)) == []
    assert kinds(track.tick(NINE + due)) == ["response_due"]


@pytest.mark.parametrize(
    "records",
    [
        [happened("e1", behind=30 * DAY), angry("e2", behind=20 * DAY), status("o", "open", behind=10 * DAY)],
        [happened("e1", unscored="bounce")],
        [happened("e1", author="bot")],
        [happened("e1", type="rated", satisfaction=5, text=None)],
        [reply("a")],
    ],
    ids=["an import", "a bounce", "a bot", "a rating", "an agent's word"],
)
def test_what_wakes_nobody(records: list[Appended]) -> None:
    track = track_of(WAITS)
    track.process(*records)
    assert [made for days in range(7) for made in told(track.tick(NINE + days * DAY))] == []


@pytest.mark.parametrize("fields", [{"unscored": "bounce"}, {"author": "bot"}, {"behind": 3 * DAY}], ids=str)
def test_what_opens_nothing_does_not_hide_what_does(fields: dict[str, Any]) -> None:
    track = track_of('[remind]\nafter = "24h"\n')
    track.process(happened("e1", **fields))
    track.process(happened("e2", HOUR))
    (made,) = awaited(track.tick(NINE + 25 * HOUR))
    assert made.since == time_of(NINE + HOUR)


def test_a_ticket_of_an_import_waits_from_what_is_said_now() -> None:
    track = track_of('[remind]\nafter = "24h"\n')
    track.process(happened("e1", behind=5 * DAY), happened("e2", behind=HOUR), happened("e3", HOUR))
    (made,) = awaited(track.tick(NINE + DAY))
    assert made.since == time_of(NINE)


def test_more_tickets_than_a_tick_looks_at_are_told_of_by_the_next_ones() -> None:
    track = track_of('[remind]\nafter = "30s"\n')
    count = 2 * DUE_TICKETS + 1
    track.process(*(happened(f"e{number}", ticket_id=f"t{number}") for number in range(count)))
    parts = [[made.ticket_id for made in awaited(track.tick(NINE + MINUTE + tick))] for tick in range(4)]
    assert [len(part) for part in parts] == [DUE_TICKETS, DUE_TICKETS, 1, 0]
    assert len({ticket for part in parts for ticket in part}) == count


def test_another_policy_sets_the_timers_anew() -> None:
    stage = TrackStage(preset_book("helpdesk"), EVENT_IDS, RULES)
    track = Partition(stage)
    track.process(happened("e1"))
    assert kinds(track.tick(NINE + 25 * HOUR)) == []
    stage.adopt(preset_book("incident"))
    assert kinds(track.tick(NINE + 26 * HOUR)) == ["reminder"]
    stage.adopt(preset_book("helpdesk"))
    assert kinds(track.tick(NINE + 27 * HOUR)) == []


def test_conversations_of_before_are_read_and_wake_nobody() -> None:
    """Rows that were written when nothing was told of tickets that wait lack the last two fields."""
    known = Conversation(first_at=NINE, last_at=NINE, opened_by=1, status="open", customer_messages=1)
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(known))
    old = CONVERSATIONS.decode(msgspec.msgpack.encode(fields[:-2]))
    assert old == known
    assert (old.open_since, old.warned) == (0, 0)


def test_the_same_input_is_told_in_the_same_bytes() -> None:
    def lived() -> list[Outgoing]:
        track = track_of(CREATED.replace("{number}", "{ticket_id}") + WAITS + RULE)
        sent = track.process(happened("e1"), angry("e2", MINUTE), happened("e3", ticket_id="t2"))
        for tick in (HOUR, DAY, 3 * DAY):
            track.take_over()
            sent += track.tick(NINE + tick)
        return [one for one in sent if one.topic == topics.NOTICES]

    assert len(lived()) == 1 + 2 + 6
    assert lived() == lived()


# -- presets


@pytest.mark.parametrize(
    ("name", "acknowledges", "warns"),
    [
        # The number of acknowledgements, and what is told within a day and an hour of a ticket that nobody looks at.
        ("incident", 1, ["reminder"]),
        ("whatsapp", 1, []),
        ("assistant", 0, []),
        ("helpdesk", 0, []),
        ("analytics", 0, []),
        ("support", 0, ["response_due", "resolution_due", "reminder"]),
    ],
)
def test_what_presets_tell(name: PresetName, acknowledges: int, warns: list[str]) -> None:
    track = preset_track(name)
    words = angry("e1", reading=Reading(emotion="angry", signals=("wants_human",)), category="complaint")
    sent = track.process(words)
    sent += numbered(track, sent)
    assert len(acknowledged(sent)) == acknowledges
    assert [each for hours in range(26) for each in kinds(track.tick(NINE + hours * HOUR))] == warns


def test_the_assistant_acknowledges_the_third_dissatisfied_message_in_its_own_words() -> None:
    track = preset_track("assistant")
    words = [happened(f"e{n}", n * MINUTE, reading=Reading(signals=("dissatisfied",))) for n in range(4)]
    sent = track.process(*words)
    (made,) = acknowledged(numbered(track, sent))
    assert made.event_id == "e2"
    assert made.text == (
        "You are connected to our team; your ticket is TKT-2026-0001. Is there anything else that we should know?"
    )
