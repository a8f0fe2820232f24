"""What stages do about an erasure: exactly the person's rows go, over crashes too, and nothing comes back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from schemas import registry
from schemas.deadletters import ATTEMPTS, error_headers, read_dead_letter
from schemas.erasures import ERASURE_HEADER, Erasure, Removed, decode_erasure, encode_erasure
from schemas.events import ticket_key
from schemas.registry import TicketOpened, question_key
from schemas.rejections import Reason, Rejected
from streams import topics
from streams.broker.letters import Letter, Mark, State
from streams.broker.redrive import ERASED, why_not
from streams.engine.log import Outgoing
from streams.engine.stage import Stage
from streams.erasing.asking import Asked, customer_ids, name_of, people_of, tickets_of
from streams.escalation.book import preset_book
from streams.privacy import forgetting
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import Keys, parse_keys
from streams.privacy.policy import PrivacyBook
from streams.registry import CUSTOMERS, RegistryStage
from streams.score import ScoreStage
from streams.stages import load_preset
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition, event, raw, rekeyed

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WHY = Rejected(Reason.FAILED, "record", "a test")
KEYS = parse_keys("new:0123456789abcdef0123,old:fedcba9876543210fedc")
HER = Asked("default", ("C1",), ("jane@example.com",), ("+1 212 736 5000",))


def erasure(asked: Asked = HER, tickets: Sequence[str] = (), keys: Keys = KEYS, number: int = 1) -> Appended:
    told = Erasure(
        erasure_id="E1",
        tenant=asked.tenant,
        until=NINE,
        people=people_of(asked, keys),
        tickets=tickets_of(asked, keys, tickets),
        round=number,
    )
    return Appended(90, NINE, b"E1", encode_erasure(told), ((ERASURE_HEADER, b"1"),))


def score(redaction: Redaction | None = None, keys: Keys = KEYS) -> Partition:
    return Partition(ScoreStage(preset_book("support"), load_preset, redaction=redaction, keys=keys))


def track() -> Partition:
    return Partition(TrackStage(preset_book("support"), EVENT_IDS, RULES, KEYS))


def answers(sent: Sequence[Outgoing]) -> list[Removed]:
    told = [decode_erasure(one.value or b"") for one in sent if one.topic == topics.ERASURES]
    return [one for one in told if isinstance(one, Removed)]


def events(partition: Partition, *records: Appended) -> list[str]:
    sent = partition.process(*records)
    return [json.loads(one.value or b"")["event_id"] for one in sent if one.topic == topics.SCORED]


def test_what_the_person_said_before_is_left_out_and_what_is_said_later_is_not() -> None:
    partition = score()
    [answer] = answers(partition.process(erasure(tickets=["t7"])))
    assert answer.stage == "score"
    partition.take_over()
    kept = events(
        partition,
        raw(event_id="by id", customer_id="C1"),
        raw(event_id="by mail", email="Jane@Example.com"),
        raw(event_id="by phone", phone="+12127365000"),
        raw(event_id="later", customer_id="C1", occurred_at=NINE + 1),
        raw(event_id="in her ticket, later", ticket_id="t7", occurred_at=NINE + 1),
        raw(event_id="somebody", customer_id="C2"),
        raw(event_id="of another tenant", customer_id="C1", tenant="b"),
    )
    assert kept == ["later", "somebody", "of another tenant"]
    assert partition.counts[("suppressed",)] == 4


def test_a_dead_letter_without_a_time_is_of_before_when_it_is_sent_again() -> None:
    partition = score()
    partition.process(erasure())
    fields = {name: value for name, value in event(customer_id="C1").items() if name != "occurred_at"}
    value = json.dumps(fields).encode()
    later = NINE + 10_000
    assert events(partition, Appended(0, later, None, value)) == ["e1"]
    assert events(partition, Appended(0, later, None, value, ((ATTEMPTS, b"1"),))) == []


@pytest.mark.parametrize("hidden", [False, True])
def test_track_forgets_exactly_the_persons_tickets(hidden: bool) -> None:
    book = PrivacyBook(fields={"customer_id": "hash", "email": "hash"} if hidden else {})
    scoring, tracking = score(Redaction(book, KEYS)), track()
    said = [
        raw(event_id="a", ticket_id="t1", customer_id="C1"),
        raw(event_id="b", ticket_id="t2", email="jane@example.com"),
        raw(event_id="c", ticket_id="t3", customer_id="C2"),
        raw(event_id="d", ticket_id="t4"),
    ]
    tracking.process(*(rekeyed(one.value or b"") for one in scoring.process(*said)))
    tracking.process(erasure(tickets=["t4"]))
    tracking.lose(tick=NINE)
    [answer] = answers(tracking.tick(NINE))
    assert answer.rows["conversations"] == 3
    assert tracking.keys(CONVERSATIONS) == [ticket_key("default", "t3")]
    left = b"".join(tracking.rows())
    assert not any(ticket_key("default", name) in left for name in ("t1", "t2", "t4"))
    assert answers(tracking.tick(NINE)) == []


def test_a_large_state_is_looked_through_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "ROWS_A_TICK", 10)
    customers = Partition(RegistryStage(KEYS))
    asked = [TicketOpened("default", f"t{n}", f"C{n}", NINE) for n in range(40)]
    customers.process(*(Appended(n, NINE, question_key(one), registry.encode(one)) for n, one in enumerate(asked)))
    customers.process(erasure(Asked("default", tuple(f"C{n}" for n in range(0, 40, 4)))))
    told: list[Removed] = []
    ticks = 0
    while not told:
        told = answers(customers.tick(NINE))
        ticks += 1
        if ticks == 2:
            # Whoever takes over begins again; what is gone stays gone.
            customers.take_over()
    assert 4 <= ticks <= 6
    assert told[0].rows == {"customers": 10}
    assert len(customers.keys(CUSTOMERS)) == 30


@pytest.mark.parametrize("stage", [RegistryStage(), ScoreStage(preset_book("support"), load_preset)])
def test_a_stage_without_the_key_says_so_instead_of_finding_nothing(stage: Stage) -> None:
    partition = Partition(stage)
    [answer] = answers([*partition.process(erasure()), *partition.tick(NINE)])
    assert answer.unknown_keys == ("new",)


def test_a_person_is_known_by_ids_as_they_are_and_as_any_key_hashed_them() -> None:
    assert len(customer_ids(HER, KEYS)) == 3
    assert len(people_of(HER, KEYS)) == 9
    assert name_of(HER, KEYS) == name_of(HER._replace(), KEYS) != name_of(HER._replace(tenant="b"), KEYS)
    shown = json.dumps([people_of(HER, KEYS), tickets_of(HER, KEYS, ["T-1"]), name_of(HER, KEYS)])
    assert not any(each in shown for each in ("C1", "jane", "736", "T-1"))


def test_a_letter_that_names_whoever_was_erased_is_not_sent_again() -> None:
    letter = read_dead_letter(None, b"{}", error_headers("track", topics.SCORED, 0, 7, WHY, 1), NOW)
    dropped = Letter(0, 3, letter, Mark(State.DROPPED, NOW, "by hand"))
    assert why_not(dropped, {topics.SCORED: 1}) is None
    erased = dropped._replace(mark=Mark(State.DROPPED, NOW, ERASED))
    assert why_not(erased, {topics.SCORED: 1}) == "it names somebody who was erased"
