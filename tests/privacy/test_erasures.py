"""What stages and tables do about an erasure: exactly the person's rows go, over crashes too, and nothing returns."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from schemas import registry
from schemas.deadletters import ATTEMPTS, error_headers, read_dead_letter
from schemas.erasures import ERASURE_HEADER, Erasure, Removed, decode_erasure, encode_erasure
from schemas.events import ticket_key
from schemas.registry import TicketOpened, question_key
from schemas.rejections import Reason, Rejected
from sinks.clickhouse.client import connect
from sinks.clickhouse.queries import dead_letters
from sinks.clickhouse.sink import ClickHouseSink
from sinks.privacy import places
from sinks.privacy.places import Subject, reading, removing
from streams import topics
from streams.broker.letters import Letter, Mark, State
from streams.broker.redrive import ERASED, why_not
from streams.engine.log import Outgoing
from streams.engine.stage import Stage
from streams.erasing.asking import Asked, customer_ids, name_of, names_somebody, people_of, subject_of, tickets_of
from streams.escalation.book import preset_book
from streams.privacy import forgetting
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import Keys, parse_keys
from streams.privacy.policy import PrivacyBook
from streams.privacy.replacing import hashed
from streams.registry import CUSTOMERS, RegistryStage
from streams.score import ScoreStage
from streams.sources.mails import MailRules, outgoing_of
from streams.stages import load_preset
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS
from tests.contract.messages import TABLES, assignment, audited, dead_letter, notification, prediction, scored
from tests.contract.sink_worlds import embedded_url, migrated
from tests.contract.test_dead_letter_marks import mark
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition, event, raw, rekeyed

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WHY = Rejected(Reason.FAILED, "record", "a test")
KEYS = parse_keys("new:0123456789abcdef0123,old:fedcba9876543210fedc")
# Whether somebody of acme who is C-1042 is meant by a dead letter.
LETTERS = [
    (b'{"tenant": "acme", "customer_id": "C-1042"}', True),
    (b'{"tenant": "globex", "customer_id": "C-1042"}', False),
    # It is default's.
    (b'{"customer_id": "C-1042"}', False),
    (b'{"specversion": "1.0", "data": {"tenant": "acme", "customer_id": "C-1042"}}', True),
    (b'{"specversion": "1.0", "data": {"tenant": "globex", "customer_id": "C-1042"}}', False),
    (b'{"specversion": "1.0", "data": {"customer_id": "C-1042"}}', False),
    # What cannot be read could be anybody's.
    (b'{"tenant": "globex", "customer_id": "C-1042"', True),
    (b'["C-1042"]', True),
    (b"\xffC-1042\xff", True),
    # Other ids, and the same one however it is written.
    (b'{"tenant": "acme", "customer_id": "C-10421"}', False),
    (b'{"tenant": "acme", "customer_id": "AC-1042"}', False),
    (b'{"tenant": "acme", "text": "C-10421, C-1042-7"}', True),
    (b'{"tenant": "acme", "text": "as_C-1042_said"}', True),
    (b'{"tenant": "acme", "text": "I am\\nC-1042"}', True),
    (b'{"tenant": "acme", "text": "I am\\u00a0C-1042\\u00a0"}', True),
    (b'{"tenant": "acme", "text": "https://acme.example/?who%3DC-1042"}', True),
    (b'{"tenant": "acme", "text": "\xc3\xa9C-1042\xc3\xa9"}', True),
    (b'{"tenant": "acme", "phone": "+1 212 736 5000"}', True),
    (b'{"tenant": "acme", "ticket_id": "7"}', True),
    (b'{"tenant": "acme", "ticket_id": "77"}', False),
]
HER = Asked("default", ("C1",), ("jane@example.com",), ("+1 212 736 5000",))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Of an empty database."""
    with migrated(embedded_url(tmp_path)) as opened:
        yield opened


@pytest.fixture
def sink(tmp_path: Path, client: Client) -> Iterator[ClickHouseSink]:
    """Into the same database."""
    made = ClickHouseSink(lambda: connect(embedded_url(tmp_path)), TABLES)
    yield made
    asyncio.run(made.close())


def remove(client: Client, subject: Subject) -> None:
    """As the command does: what nothing is meant by is not asked for. A key's id may begin with a digit."""
    for statement in removing(subject, "26.9f"):
        if client.query(statement.counting).result_rows != [(0,)]:
            client.command(statement.change)


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
    assert len(customer_ids(HER, KEYS)) == 6
    assert len(people_of(HER, KEYS)) == 12
    assert name_of(HER, KEYS) == name_of(HER._replace(), KEYS) != name_of(HER._replace(tenant="b"), KEYS)
    shown = json.dumps([people_of(HER, KEYS), tickets_of(HER, KEYS, ["T-1"]), name_of(HER, KEYS)])
    assert not any(each in shown for each in ("C1", "jane", "736", "T-1"))


def test_a_mail_is_of_the_customer_who_is_named_by_the_address_alone() -> None:
    sent = outgoing_of(b"From: Jane <Jane@Example.com>\r\nSubject: Hello\r\n\r\nIt is broken.", NOW, MailRules())
    written = json.loads(sent.value)["customer_id"]
    for address in ("jane@example.com", "Jane@Example.com", "JANE@example.com"):
        asked = Asked("default", emails=(address,))
        assert written in customer_ids(asked, KEYS)
        assert KEYS.hash("customer", "default", written) in people_of(asked, KEYS)


def test_the_registry_forgets_a_customer_whose_id_is_an_address() -> None:
    customers = Partition(RegistryStage(KEYS))
    asked = [TicketOpened("default", f"t-{name}", f"{name}@example.com", NINE) for name in ("jane", "joe")]
    customers.process(*(Appended(n, NINE, question_key(one), registry.encode(one)) for n, one in enumerate(asked)))
    told = customers.process(erasure(Asked("default", emails=("Jane@Example.com",))))
    [answer] = answers([*told, *customers.tick(NINE)])
    assert answer.rows == {"customers": 1}
    assert len(customers.keys(CUSTOMERS)) == 1


async def test_an_address_alone_leads_to_all_that_is_of_the_tickets(client: Client, sink: ClickHouseSink) -> None:
    address, asked = "jane@example.com", Asked("default", emails=("Jane@Example.com",))
    replaced = hashed(KEYS, "customer", "default", address, "old")
    said = [
        scored(0, "T-1", customer_id=address),
        scored(1, "T-1", voice="agent", type="agent_reply", author="agent"),
        scored(2, "T-2", customer_id=replaced),
        scored(3, "T-3", customer_id="joe@example.com"),
    ]
    await sink.write([*said, notification(0), assignment(0, "T-2"), prediction(0, "T-2"), prediction(1, "T-3")])
    found = client.query(places.tickets_of("default", customer_ids(asked, KEYS))).result_rows
    assert found == [("T-1",), ("T-2",)]
    somebody = subject_of(asked, KEYS, [name for [name] in found])
    # An export shows what an erasure removes.
    shown = {table: len(client.query(sql).result_rows) for table, sql in reading(somebody)}
    assert {table: rows for table, rows in shown.items() if rows} == {
        "notifications": 1,
        "predictions": 1,
        "assignments": 1,
        "scored_events": 3,
    }
    remove(client, somebody)
    for table in shown.keys() - {"dead_letters"}:
        left = client.query(f"SELECT DISTINCT ticket_id FROM {table}").result_rows  # noqa: S608
        assert left in ([], [("T-3",)])


def test_a_letter_that_names_whoever_was_erased_is_not_sent_again() -> None:
    letter = read_dead_letter(None, b"{}", error_headers("track", topics.SCORED, 0, 7, WHY, 1), NOW)
    dropped = Letter(0, 3, letter, Mark(State.DROPPED, NOW, "by hand"))
    assert why_not(dropped, {topics.SCORED: 1}) is None
    erased = dropped._replace(mark=Mark(State.DROPPED, NOW, ERASED))
    assert why_not(erased, {topics.SCORED: 1}) == "it names somebody who was erased"


@pytest.mark.parametrize(("value", "is_meant"), LETTERS)
def test_a_letter_is_dropped_that_names_the_person_and_is_not_of_another_tenant(value: bytes, is_meant: bool) -> None:
    somebody = Subject("acme", ("C-1042", "+1 212 736 5000"), ("7",))
    letter = read_dead_letter(b"acme/T-1", value, error_headers("score", topics.EVENTS, 0, 7, WHY, 1), NOW)
    assert names_somebody(letter, somebody) is is_meant


async def test_rows_of_letters_are_shown_and_removed_as_letters_are_dropped(
    client: Client, sink: ClickHouseSink
) -> None:
    # A mark has its letter's place as its key, which somebody's ticket may be called as well.
    marks = [mark(len(LETTERS), of=10_000, state=State.DROPPED)]
    await sink.write([*(dead_letter(at, value) for at, (value, _) in enumerate(LETTERS)), *marks])
    # More tickets than one function takes.
    tickets = ("7", "0-10000", *(f"T-{number}" for number in range(300)))
    somebody = Subject("acme", ("C-1042", "+1 212 736 5000"), tickets)
    meant = {at for at, (_, is_meant) in enumerate(LETTERS) if is_meant}
    sql = dict(reading(somebody))["dead_letters"]
    assert {row["log_offset"] for row in client.query(sql).named_results()} == meant
    remove(client, somebody)
    assert {row["log_offset"] for row in dead_letters(client, 100)} == set(range(len(LETTERS))) - meant
    assert client.query("SELECT count() FROM dead_letters WHERE stage = 'dlq'").result_rows == [(1,)]


async def test_a_letter_without_a_value_is_found_by_its_key(client: Client, sink: ClickHouseSink) -> None:
    letters = [dead_letter(at, None)._replace(key=key) for at, key in enumerate((b"acme/T-1042", b"acme/T-10421"))]
    await sink.write(letters)
    remove(client, Subject("acme", (), ("T-1042",)))
    assert [row["key"] for row in dead_letters(client, 10)] == [b"acme/T-10421"]


# Tenant, target and detail of entries, and the last two after somebody of acme with these names was erased.
AUDITED = [
    ("acme", "T-1", "POST 202", "26.9f", "POST 202"),
    ("globex", "T-1", "POST 202", "T-1", "POST 202"),
    ("", "T-1", "POST 202", "26.9f", "POST 202"),
    ("acme", "1", "POST 201: 1", "26.9f", "POST 201: 1"),
    ("acme", "T-12", "POST 201", "T-12", "POST 201"),
    ("acme", "C-1042", "of C-10421, AC-1042 and C-1042.", "26.9f", "of C-10421, AC-1042 and 26.9f."),
    ("acme", "C-10421", "jane@example.com C-1042", "C-10421", "26.9f 26.9f"),
    ("acme", "C-1042/C-1042/C-1042", "C-1042_C-1042_C-1042_", "26.9f/26.9f/26.9f", "26.9f_26.9f_26.9f_"),
    ("acme", "/api/C-1042/x%2FC-1042%2F", "é1:C-1042é", "/api/26.9f/x%2F26.9f%2F", "é1:26.9fé"),
    ("acme", "call", "at +12127365000, not +121273650001", "call", "at 26.9f, not +121273650001"),
    ("globex", "C-1042", "jane@example.com", "C-1042", "jane@example.com"),
    ("", "C-1042", "1: jane@example.com", "26.9f", "1: 26.9f"),
]


async def test_the_audit_of_the_tenant_and_of_none_names_the_person_no_more(
    client: Client, sink: ClickHouseSink
) -> None:
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(len(AUDITED))]
    entries = zip(ids, AUDITED, strict=True)
    await sink.write(
        [
            audited(at, audit_id=each, tenant=tenant, target=target, detail=detail)
            for at, (each, (tenant, target, detail, _, _)) in enumerate(entries)
        ]
    )
    somebody = Subject("acme", ("C-1042", "jane@example.com", "+12127365000", "1"), ("T-1",))
    remove(client, somebody)
    found = client.query("SELECT tenant, target, detail FROM audit FINAL ORDER BY toString(audit_id)").result_rows
    assert found == [(tenant, target, detail) for tenant, _, _, target, detail in AUDITED]
    counts = [client.query(statement.counting).result_rows for statement in removing(somebody, "26.9f")]
    assert counts == [[(0,)]] * len(counts)
