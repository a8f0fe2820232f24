"""Personal data that is replaced before an event is in any log: what is left of records, and that it is left alone."""

import ast
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import FIELDS, TicketEvent, read_event
from streams.engine.log import Headers
from streams.gateway.app import EVENTS_PATH, create_app
from streams.gateway.doorkeeper import Doorkeeper, RedactingWriter, TooLarge
from streams.privacy.at_door import replaced_at_door
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import Keys, parse_keys
from streams.privacy.policy import PrivacyBook
from streams.privacy.replacing import hashed
from tests.privacy.test_erasures import HER, erasure, events, score
from tests.privacy.test_in_flow import ALL, KEYS, PERSONAL, SECRETS, WORDS
from tests.unit.records import NINE, Appended, Partition, raw
from tests.unit.test_gateway import NOW
from tests.unit.test_gateway import MemoryWriter as Log

_STREAMS: Final = Path(__file__).parents[2] / "streams"
JANE: Final = "jane.roe@example.com"


def book(fields: dict[str, str], at: str = "door", **tenants: Any) -> PrivacyBook:
    return PrivacyBook.model_validate({"at": at, "fields": fields, "tenants": tenants})


def door(rules: PrivacyBook, value: bytes, headers: Headers = (), keys: Keys = KEYS) -> bytes:
    return replaced_at_door(Redaction(rules, keys), value, headers).value or b""


def said(rules: PrivacyBook, **fields: Any) -> dict[str, Any]:
    event = {"event_id": "e", "ticket_id": "t", "occurred_at": NINE, **fields}
    made: dict[str, Any] = json.loads(door(rules, json.dumps(event).encode()))
    return made


MASKED = book({**ALL, "source_reference_id": "mask"})
HASHED = book(dict.fromkeys((*ALL, "source_reference_id"), "hash"))
pieces = st.sampled_from(
    [*WORDS.split(), *PERSONAL, JANE, "[EMAIL_1]", "Regards,", "Dear", "Jane", "\n", ",", "+1", "212"]
)
texts = st.lists(pieces, max_size=12).map(" ".join)
values = st.one_of(texts, st.integers(0, 10**16), st.booleans(), st.none())
inner = st.recursive(
    values, lambda some: st.lists(some, max_size=3) | st.dictionaries(texts, some, max_size=3), max_leaves=6
)
some_events = st.fixed_dictionaries(
    {"event_id": st.just("e"), "ticket_id": st.just("t"), "text": texts.map(lambda text: text + " hello")},
    optional={
        "subject": texts,
        "metadata": st.dictionaries(texts, inner, max_size=3),
        "attachments": st.lists(texts, max_size=2),
        "customer_id": texts,
        "email": texts,
        "author": st.sampled_from(["agent", "Customer", "Jane Roe"]),
        "source_reference_id": texts,
        "order": inner,
        "schema_version": st.just(1),
    },
)


@settings(max_examples=25)
@given(some_events, st.sampled_from([MASKED, HASHED]))
def test_what_was_replaced_is_left_as_it_is_by_the_door_and_by_score(event: dict[str, Any], rules: PrivacyBook) -> None:
    once = door(rules, json.dumps(event).encode())
    assert door(rules, once) == once
    read = read_event(once, NOW)
    assert isinstance(read, TicketEvent)
    behind = score(Redaction(rules, KEYS))
    [sent] = behind.process(Appended(0, NINE, None, once))
    scored, stored = json.loads(sent.value or b""), json.loads(once)
    for name, value in stored.items():
        # What `score` fills in where nothing was said, and what a struct leaves out.
        if name in FIELDS and value not in (None, [], {}, ""):
            assert scored[name] == value
    assert behind.counts[("redacted",)] == 0


def test_who_wants_it_at_the_door_has_it_there_and_nobody_else() -> None:
    rules = book({"text": "mask"}, "score", strict={"at": "door", "fields": {"text": "hash"}}, open={"at": "door"})
    assert said(rules, text=JANE)["text"] == JANE
    assert said(rules, tenant="open", text=JANE)["text"] == JANE
    assert said(rules, tenant="strict", text=JANE)["text"] == f"[EMAIL:{KEYS.hash('email', 'strict', JANE)}]"
    # Rules of one's own are where everybody's are, unless they say otherwise.
    inherited = book({"text": "mask"}, "door", strict={"fields": {"text": "mask"}}, late={"at": "score", "fields": ALL})
    assert said(inherited, tenant="strict", text=JANE)["text"] == "[EMAIL_1]"
    assert said(inherited, tenant="late", text=JANE)["text"] == JANE
    assert "strict: text=mask (at the door), late:" in str(inherited)


def test_ids_and_what_is_counted_stay() -> None:
    kept = {"event_id": JANE, "ticket_id": "+1 212 736 5000", "author": "agent", "status": "open", "satisfaction": 3}
    made = said(book(ALL), **kept, text="hi", email=JANE, source_reference_id="W-1", order=4111111111111111)
    assert {name: made[name] for name in kept} == kept
    assert made["email"] == hashed(KEYS, "email", "default", JANE)
    assert made["source_reference_id"] == "W-1"
    assert "4111111111111111" not in str(made["order"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # By a key that is known, and a number: taken for ours, whoever wrote it.
        (f"[EMAIL:new.{'0' * 32}]", True),
        ("[EMAIL_1]", True),
        # By no key of ours anything could stand there.
        (f"[CARD:4111111111111111.{'0' * 32}]", False),
        ("[EMAIL:jane.roe@example.com]", False),
        ("h:new.jane.roe@example.com", False),
    ],
)
def test_marks_that_somebody_else_wrote(text: str, left: bool) -> None:
    assert (said(MASKED, text=text)["text"] == text) is left
    once = said(MASKED, text=text, customer_id=text)
    assert not any(secret in json.dumps(once) for secret in (*SECRETS, "4111111111111111"))


def test_what_is_found_later_has_a_number_of_its_own() -> None:
    assert said(MASKED, text=f"[EMAIL_3] and {JANE}")["text"] == "[EMAIL_3] and [EMAIL_4]"
    assert said(MASKED, text=f"[EMAIL_999999] and {JANE}")["text"] == "[EMAIL_999999] and [EMAIL_1]"


@pytest.mark.parametrize(
    "record",
    [
        b'{"event_id": "e", "text": "I am jane.roe@example.com"}',
        b'{"event_id": "jane.roe@example.com',
        b'"jane.roe@example.com"',
        b'{"event_id": "e", "ticket_id": "t", "tenant": ["jane.roe@example.com"]}',
        "jane.roe@example.com".encode("utf-16"),
    ],
)
def test_what_is_no_event_is_replaced_too_unless_its_tenant_does_not_want_that(record: bytes) -> None:
    made = replaced_at_door(
        Redaction(MASKED, KEYS), record, [("from", JANE.encode()), ("content-type", b"text/x")], b"k"
    )
    assert b"jane" not in (made.value or b"").replace(b"\0", b"") + repr(made.headers).encode()
    assert dict(made.headers)["content-type"] == b"text/x"
    untouched = book(ALL, "score", open={})
    assert door(untouched, record) == record
    theirs = b'{"tenant": "open", "text": "jane.roe@example.com"}'
    assert door(book(ALL, "door", open={}), theirs) == theirs


def test_cloud_events_keep_what_they_are_known_by() -> None:
    envelope = {"specversion": "1.0", "id": JANE, "type": "x", "source": "shop", "subject": JANE}
    structured = json.dumps({**envelope, "data": {"ticket_id": "t", "text": JANE}}).encode()
    made = json.loads(door(MASKED, structured, [("content-type", b"application/cloudevents+json")]))
    assert made == {**envelope, "subject": "[EMAIL_1]", "data": {"ticket_id": "t", "text": "[EMAIL_1]"}}
    headers = [("ce_specversion", b"1.0"), ("ce_id", JANE.encode()), ("ce_subject", JANE.encode())]
    binary = replaced_at_door(Redaction(MASKED, KEYS), b'{"ticket_id": "t", "text": "jane.roe@example.com"}', headers)
    assert (binary.value, list(binary.headers)) == (
        b'{"ticket_id":"t","text":"[EMAIL_1]"}',
        [*headers[:2], ("ce_subject", b"[EMAIL_1]")],
    )


def test_a_dead_letter_does_not_quote_what_was_replaced() -> None:
    stage: Partition = score(Redaction(MASKED, KEYS))
    [letter] = stage.process(raw(channel="+12127365000"))
    assert b"2127365000" not in repr(letter).encode()


@pytest.mark.parametrize("action", ["hash", "mask"])
def test_whoever_was_erased_is_known_by_the_hashes_of_the_door(action: str) -> None:
    rules = book({"customer_id": "hash", "email": "hash", "phone": "hash", "text": action})
    stage = score(Redaction(rules, KEYS))
    stage.process(erasure(HER))
    replayed = [
        raw(event_id="by id", customer_id="C1"),
        raw(event_id="by mail", email="Jane@Example.com"),
        raw(event_id="by phone", phone="+12127365000"),
        raw(event_id="somebody", customer_id="C2"),
    ]
    for keys in (KEYS, parse_keys("old:fedcba9876543210fedc")):
        made = [one._replace(value=door(rules, one.value or b"", keys=keys)) for one in replayed]
        assert b"C1" not in b"".join(one.value or b"" for one in made)
        assert events(stage, *made) == ["somebody"]


class Rules:
    """Where rules come from, without files."""

    def __init__(self, rules: PrivacyBook) -> None:
        self.read: Callable[[], Redaction] = lambda: Redaction(rules, KEYS)

    async def follow(self, adopt: Callable[[Redaction], None]) -> None:
        """Never anew."""


@asynccontextmanager
async def gateway(rules: PrivacyBook) -> AsyncIterator[tuple[httpx.AsyncClient, Log]]:
    log = Log()
    app = create_app(log, keeper=Doorkeeper(Rules(rules)))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://g") as http:
        yield http, log


async def test_an_event_that_is_too_large_with_its_hashes_is_refused_and_no_other_of_its_list_is_written() -> None:
    large = {"event_id": "large", "ticket_id": "t", "text": "a1@b.co " * 28_000}
    small = {"event_id": "small", "ticket_id": "t", "text": JANE}
    async with gateway(HASHED) as (http, log):
        answer = await http.post(EVENTS_PATH, json=[small, large])
        assert (answer.status_code, log.records) == (413, [])
        assert "'large': " in answer.json()["detail"]
        assert (await http.post(EVENTS_PATH, json=[small] * 300)).status_code == 202
        assert len(log.records) == 300
        assert JANE not in repr(log.records)


async def test_a_writer_replaces_and_tells_what_is_too_large() -> None:
    log = Log()
    writer = RedactingWriter(log, Doorkeeper(Rules(HASHED)))
    await writer.start()
    await writer.send(b"default/t", json.dumps({"event_id": "e", "ticket_id": "t", "text": JANE}).encode())
    [event] = log.events()
    assert event.text == f"[EMAIL:{KEYS.hash('email', 'default', JANE)}]"
    large = {"event_id": "e", "ticket_id": "t", "text": "a1@b.co " * 28_000}
    with pytest.raises(TooLarge, match="with personal data replaced"):
        await writer.send(b"default/t", json.dumps(large).encode())
    await writer.stop()
    assert len(log.records) == 1


def test_nothing_else_in_the_product_writes_events() -> None:
    """Whoever writes to `tickets.events.v1` gets a writer of `streams.doors`, or names another topic."""
    found = set()
    for file in _STREAMS.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
            if not isinstance(call, ast.Call) or name not in ("KafkaWriter", "LocalWriter"):
                continue
            topic = [each.value for each in call.keywords if each.arg == "topic"] or call.args[1:2]
            if not topic or "EVENTS" in ast.unparse(topic[0]):
                found.add(str(file.relative_to(_STREAMS)))
    # The gateways have a door of their own.
    assert found == {"doors.py", "commands/serve.py", "embedded/process.py"}
