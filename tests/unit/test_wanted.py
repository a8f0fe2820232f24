"""Which dead letters a filter takes, and how they are named on the command line."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas.deadletters import DeadLetter, read_dead_letter
from streams.broker.letters import Letter, Mark, State, mark_headers, marked
from streams.broker.redrive import why_not
from streams.broker.wanted import Wanted, tenant_of
from streams.topics import DEAD_LETTERS, EVENTS, PARTIALS, SCORED
from tests.unit.conftest import Run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LETTER = DeadLetter(
    stage="score",
    topic=EVENTS,
    partition=1,
    offset=17,
    reason="bad_time",
    message="occurred_at: 'x' is no time",
    attempts=2,
    failed_at=NOON,
    key=b"k",
    value=b'{"event_id": "1", "tenant": "acme"}',
)


@pytest.mark.parametrize(
    ("wanted", "is_taken"),
    [
        (Wanted(), True),
        (Wanted(stage="score", reason="bad_time", tenant="acme", topic=EVENTS, partition=1), True),
        (Wanted(stage="track"), False),
        (Wanted(reason="not_json"), False),
        (Wanted(tenant="default"), False),
        (Wanted(topic=SCORED), False),
        (Wanted(partition=0), False),
        (Wanted(first_offset=17, last_offset=17), True),
        (Wanted(first_offset=18), False),
        (Wanted(last_offset=16), False),
        (Wanted(since=NOON, until=NOON + timedelta(milliseconds=1)), True),
        (Wanted(since=NOON + timedelta(milliseconds=1)), False),
        (Wanted(until=NOON), False),
    ],
)
def test_a_filter_takes_what_meets_all_of_it(wanted: Wanted, is_taken: bool) -> None:
    assert wanted.takes(LETTER) is is_taken


@pytest.mark.parametrize(
    ("value", "tenant"),
    [
        (b'{"tenant": "acme"}', "acme"),
        (b'{"event_id": "1"}', "default"),
        (b'{"specversion": "1.0", "data": {"tenant": "acme"}}', "acme"),
        (b'{"specversion": "1.0", "data": "dGVuYW50"}', "default"),
        (b'{"tenant": 7}', None),
        (b'["tenant"]', None),
        (b"\xff no JSON", None),
        (b"[" * 100_000, None),
        (None, None),
    ],
)
def test_the_tenant_is_read_as_far_as_the_record_can_be(value: bytes | None, tenant: str | None) -> None:
    assert tenant_of(msgspec.structs.replace(LETTER, value=value)) == tenant


def test_a_mark_names_its_letter_and_a_letter_is_no_mark() -> None:
    headers = mark_headers(Letter(3, 99, LETTER), State.DROPPED, "a trial")
    mark = read_dead_letter(b"3-99", None, headers, NOON)
    assert marked(mark) == (3, 99)
    assert (mark.message, mark.attempts) == ("a trial", 2)
    assert marked(LETTER) is None
    # A producer may write such headers into its own records: what became of those is a letter of its own.
    assert marked(msgspec.structs.replace(mark, topic=EVENTS)) is None
    assert marked(msgspec.structs.replace(mark, reason="lost")) is None


@pytest.mark.parametrize(
    ("topic", "partition", "why"),
    [
        (EVENTS, 1, None),
        (SCORED, 0, None),
        (EVENTS, 2, "has no partition 2"),
        (EVENTS, -1, "has no partition -1"),
        (PARTIALS, 0, "windows rebuild"),
        # Who forges a letter must not reach the state.
        ("tickets.track-changelog.v1", 0, "none of"),
        (DEAD_LETTERS, 0, "none of"),
        ("", 0, "no topic that it names"),
    ],
)
def test_records_go_back_to_inputs_of_stages_only(topic: str, partition: int, why: str | None) -> None:
    letter = msgspec.structs.replace(LETTER, topic=topic, partition=partition)
    said = why_not(Letter(0, 0, letter), {EVENTS: 2, SCORED: 2, PARTIALS: 2})
    assert said is None if why is None else why in str(said)


def test_the_last_mark_is_the_state() -> None:
    assert Letter(0, 0, LETTER).state is State.OPEN
    assert Letter(0, 0, LETTER, Mark(State.DROPPED, NOON)).state is State.DROPPED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ls", "--stage", "scoring"), "--stage scoring: wanted one of score, track"),
        (("ls", "--reason", "bad_tme"), "--reason bad_tme: wanted one of not_json"),
        (("ls", "--tenant", "a/b"), "--tenant a/b"),
        (("ls", "--since", "yesterday"), "--since yesterday: no time"),
        (("ls", "--since", "2026-11-02", "--until", "2026-11-01"), "is not before --until 2026-11-01"),
        (("ls", "--partition", "1"), "Add --topic"),
        (("ls", "--topic", EVENTS, "--offset", "1"), "Add --topic and --partition"),
        (("drop", "--topic", EVENTS, "--partition", "1", "--offset", "9-3"), "--offset 9-3: wanted an offset"),
        (("redrive", "--topic", EVENTS, "--partition", "1", "--offset", "x"), "--offset x: wanted an offset"),
        (("redrive",), "which letters?"),
        (("drop",), "which letters?"),
        (("drop", "3-17", "--stage", "score"), "not by both"),
        (("redrive", "3-17", "4_2"), "'4_2' is no ID of a dead letter"),
        (("ls", "--state", "gone"), "gone"),
    ],
    ids=" ".join,
)
def test_what_no_letter_can_have_is_said_before_anything_is_asked(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    result = run("dlq", *arguments, KAFKA_BROKERS="127.0.0.1:1")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
