"""The interfaces of the replaced systems over a log in memory: what is answered comes from the real stages."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from schemas.conversations import ConversationState, encode_state
from schemas.escalations import Escalation, decode_escalation
from schemas.readings import PresetName
from streams import topics
from streams.config import Settings
from streams.engine.local import LocalLog, LocalWriter
from streams.engine.local.storage import Entry
from streams.gateway.answers import Board
from streams.gateway.app import create_app
from streams.gateway.local_answers import LocalAnswers
from streams.gateway.reading import Limits
from streams.gateway.writer import Headers, NotAcknowledged
from tests.unit.gateway_pipeline import PipelineWriter, Stages, asking, memory_log, records

TOKEN = "s3cret-of-the-bot"  # noqa: S105
INCIDENTS, ESCALATE, CHAT = "/api/incidents", "/api/support/escalate", "/api/chat/messages"
CHARGED = "I was charged twice for one order."
INCIDENT = {"customer_id": "c-1", "channel": "email", "message": CHARGED, "email": "ann@example.org"}
CONFUSED = {"session_id": "s-1", "message": "This is not working and the answer is unclear."}
HANDOVER = {
    "customer_id": "c-2",
    "source_type": "whatsapp",
    "source_reference_id": "wa-9",
    "source_phone_number": "+15550100",
    "subject": "Late parcel",
    "escalation_reason": "The customer asked for a person.",
    "escalation_category": "delivery_problem",
    "priority": "urgent",
    "status": "open",
    "bot_detected_sentiment": "angry",
    "customer_journey_stage": "delivery",
    "metadata": {
        "conversation_summary": "The parcel is two weeks late.",
        "conversation_history": [{"role": "user", "content": "Where is it?"}, "Bot: On its way."],
        "keywords_detected": ["late", "refund"],
        "bot_confidence": 0.4,
        "escalation_timestamp": "2026-11-21T09:00:00Z",
    },
}
SERVICE = {"X-Service-Token": TOKEN}
BODIES = {INCIDENTS: INCIDENT, ESCALATE: HANDOVER, CHAT: CONFUSED}


@pytest.fixture
def log() -> LocalLog:
    return memory_log()


@pytest.fixture
def preset() -> PresetName:
    return "support"


@pytest.fixture
async def http(log: LocalLog, preset: PresetName) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(PipelineWriter(log, preset), LocalAnswers(log), token=SecretStr(TOKEN), answer_seconds=20)
    async with asking(app) as client:
        yield client


@pytest.fixture
async def alone(log: LocalLog) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway whose pipeline does not run."""
    app = create_app(LocalWriter(log, topics.EVENTS), LocalAnswers(log), token=SecretStr(TOKEN), answer_seconds=0.05)
    async with asking(app) as client:
        yield client


async def post(
    http: httpx.AsyncClient, path: str, status: int, body: dict[str, Any] | None = None, **headers: str
) -> dict[str, Any]:
    sent = {**SERVICE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = await http.post(path, json=BODIES[path] if body is None else body, headers=sent)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return dict(answer.json())


def escalations(log: LocalLog) -> list[Escalation]:
    """The newest revision of each."""
    found: dict[str, Escalation] = {}
    for record in records(log, topics.ESCALATIONS):
        escalation = decode_escalation(record.value or b"")
        found[escalation.escalation_id] = escalation
    return list(found.values())


def events(log: LocalLog) -> list[dict[str, Any]]:
    return [msgspec.json.decode(record.value or b"") for record in records(log, topics.EVENTS)]


async def test_an_incident_has_a_ticket_and_a_category(http: httpx.AsyncClient, log: LocalLog) -> None:
    answer = await post(http, INCIDENTS, 201)
    assert set(answer) == {"incident_id", "ticket_id", "status", "classification", "confidence", "message"}
    assert (answer["classification"], answer["status"]) == ("duplicate_payment", "new")
    assert 0 < answer["confidence"] <= 1
    assert answer["ticket_id"] in answer["message"]
    (event,) = events(log)
    assert event["event_id"] == answer["incident_id"]
    assert (event["type"], event["ticket_id"]) == ("created", answer["ticket_id"])
    assert (event["customer_id"], event["channel"], event["email"]) == ("c-1", "email", "ann@example.org")


@pytest.mark.parametrize("preset", ["incident"])
async def test_an_incident_that_a_policy_escalates_is_told_its_number(http: httpx.AsyncClient, log: LocalLog) -> None:
    answer = await post(http, INCIDENTS, 201)
    (escalation,) = escalations(log)
    assert escalation.category == answer["classification"]
    assert escalation.number is not None
    assert escalation.number in answer["message"]


async def test_fields_that_are_not_listed_survive(http: httpx.AsyncClient, log: LocalLog) -> None:
    await post(http, INCIDENTS, 201, {**INCIDENT, "order": {"lines": [1, 2]}})
    assert events(log)[0]["metadata"] == {"order": {"lines": [1, 2]}}


@pytest.mark.parametrize("preset", ["assistant"])
async def test_the_third_signal_of_a_session_escalates_and_the_message_that_gave_it_is_told(
    http: httpx.AsyncClient,
) -> None:
    told = [await post(http, CHAT, 200) for _ in range(3)]
    assert [answer["signals"] for answer in told] == [{"dissatisfied": count} for count in (1, 2, 3)]
    assert [answer["escalated"] for answer in told] == [False, False, True]
    assert {answer["ticket_id"] for answer in told} == {"chat-s-1"}
    assert told[1]["ticket_number"] is None
    assert told[2]["ticket_number"].startswith("TKT-")
    other = await post(http, CHAT, 200, {**CONFUSED, "session_id": "s-2"})
    assert (other["signals"], other["escalated"]) == ({"dissatisfied": 1}, False)


async def test_what_the_assistant_says_is_no_word_of_the_customer(http: httpx.AsyncClient) -> None:
    said = {**CONFUSED, "role": "assistant", "message": "This is terrible, I want to speak to a human."}
    answer = await post(http, CHAT, 200, said)
    assert (answer["customer_messages"], answer["escalated"], answer["signals"]) == (0, False, {})


async def test_a_bot_hands_over_and_the_person_gets_what_it_knows(http: httpx.AsyncClient, log: LocalLog) -> None:
    answer = await post(http, ESCALATE, 200)
    (escalation,) = escalations(log)
    assert answer == {
        "success": True,
        "ticket_id": "whatsapp-wa-9",
        "ticket_number": escalation.number,
        "assigned_to": escalation.queue,
        "estimated_response_time": "15 minutes",
        "message": escalation.reply,
    }
    assert str(escalation.number) in escalation.reply
    assert (escalation.rule, escalation.reason) == ("requested", HANDOVER["escalation_reason"])
    assert (escalation.category, escalation.priority, escalation.emotion) == ("delivery_problem", "urgent", "angry")
    assert escalation.summary == ("Customer: Where is it?", "Bot: On its way.")
    assert escalation.keywords == ("late", "refund")
    assert (escalation.journey_stage, escalation.phone) == ("delivery", "+15550100")
    assert (escalation.source_type, escalation.source_reference_id) == ("whatsapp", "wa-9")
    assert events(log)[0]["metadata"]["escalation_timestamp"] == "2026-11-21T09:00:00Z"


async def test_without_a_priority_it_takes_an_hour(http: httpx.AsyncClient) -> None:
    asked = {"customer_id": "c", "escalation_reason": "Asked for a person."}
    answer = await post(http, ESCALATE, 200, asked)
    assert answer["estimated_response_time"] == "1 hour"
    again = await post(http, ESCALATE, 200, asked)
    assert again["ticket_id"] != answer["ticket_id"]
    assert again["ticket_number"] > answer["ticket_number"]


async def test_a_ticket_that_is_escalated_already_is_answered_with_that_escalation(
    http: httpx.AsyncClient, log: LocalLog
) -> None:
    first = await post(http, ESCALATE, 200)
    second = await post(http, ESCALATE, 200, {**HANDOVER, "priority": "low"})
    assert second == first
    assert len(escalations(log)) == 1


async def test_a_hand_over_of_a_chat_session_is_of_its_conversation(http: httpx.AsyncClient, log: LocalLog) -> None:
    said = await post(http, CHAT, 200, {"session_id": "s-5", "message": "Which colours do you have?"})
    asked = {**HANDOVER, "source_type": "chat", "source_reference_id": "s-5"}
    answer = await post(http, ESCALATE, 200, asked)
    assert answer["ticket_id"] == said["ticket_id"]
    assert escalations(log)[0].summary == ("Customer: Which colours do you have?",)
    after = await post(http, CHAT, 200, {"session_id": "s-5", "message": "Thank you."})
    assert (after["escalated"], after["ticket_number"]) == (True, answer["ticket_number"])


@pytest.mark.parametrize("path", BODIES)
async def test_the_same_key_changes_nothing_and_is_answered_the_same(
    http: httpx.AsyncClient, log: LocalLog, path: str
) -> None:
    status = 201 if path == INCIDENTS else 200
    first = await post(http, path, status, Idempotency_Key="k-1")
    again = await asyncio.gather(*(post(http, path, status, Idempotency_Key="k-1") for _ in range(5)))
    assert again == [first] * 5
    other = await post(http, path, status, Idempotency_Key="k-2")
    assert len({event["event_id"] for event in events(log)}) == 2
    if path == CHAT:
        assert (first["customer_messages"], other["customer_messages"]) == (1, 2)


async def test_a_key_is_of_one_interface_and_one_tenant(http: httpx.AsyncClient, log: LocalLog) -> None:
    for path in (INCIDENTS, CHAT, f"{INCIDENTS}?tenant=acme"):
        await http.post(path, json=BODIES[path.partition("?")[0]], headers={"Idempotency-Key": "k"})
    assert len({event["event_id"] for event in events(log)}) == 3
    assert [event["tenant"] for event in events(log)].count("acme") == 1


async def test_messages_at_the_same_time_are_each_told_their_own_state(http: httpx.AsyncClient) -> None:
    sent = [{"session_id": f"s-{number % 7}", "message": "Hello?"} for number in range(70)]
    told = await asyncio.gather(*(post(http, CHAT, 200, body) for body in sent))
    by_session: dict[str, list[int]] = {}
    for answer in told:
        by_session.setdefault(answer["session_id"], []).append(answer["customer_messages"])
    assert [sorted(counts) for counts in by_session.values()] == [list(range(1, 11))] * 7


@pytest.mark.parametrize("given", [None, "", "wrong", TOKEN + "x", TOKEN.upper()])
async def test_without_the_token_nobody_asks_for_a_person(
    http: httpx.AsyncClient, log: LocalLog, given: str | None
) -> None:
    headers = {} if given is None else {"X-Service-Token": given}
    answer = await http.post(ESCALATE, content=b"not even JSON", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "X-Service-Token")
    assert "TICKETPULSE_SERVICE_TOKEN" in answer.json()["detail"]
    assert events(log) == []


async def test_without_a_configured_token_it_says_which_setting_is_missing(log: LocalLog) -> None:
    async with asking(create_app(LocalWriter(log, topics.EVENTS), LocalAnswers(log))) as http:
        answer = await http.post(ESCALATE, json=HANDOVER, headers={"X-Service-Token": ""})
    assert answer.status_code == 503
    assert "TICKETPULSE_SERVICE_TOKEN" in answer.json()["detail"]
    assert events(log) == []


async def test_the_token_is_told_nowhere(
    http: httpx.AsyncClient, log: LocalLog, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.DEBUG):
        await post(http, ESCALATE, 200)
        await post(http, ESCALATE, 401, X_Service_Token=TOKEN[1:])
    assert TOKEN not in caplog.text
    assert not any(TOKEN.encode() in (record.value or b"") for record in records(log, topics.EVENTS))
    monkeypatch.setenv("TICKETPULSE_SERVICE_TOKEN", TOKEN)
    settings = Settings()
    assert settings.service_token is not None
    assert settings.service_token.get_secret_value() == TOKEN
    assert TOKEN not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    monkeypatch.setenv("TICKETPULSE_SERVICE_TOKEN", "")
    assert Settings().service_token is None


async def known_of(http: httpx.AsyncClient, key: str) -> dict[str, Any]:
    """What is told of one message in the chat, asked until it is pending no more."""
    while (answer := await http.post(CHAT, json=CONFUSED, headers={"Idempotency-Key": key})).status_code == 202:
        pass
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_while_the_pipeline_does_not_answer_it_is_pending_and_counts_nevertheless(
    alone: httpx.AsyncClient, log: LocalLog
) -> None:
    chat = await post(alone, CHAT, 202, Idempotency_Key="k")
    assert (chat["state"], chat["ticket_id"]) == ("pending", "chat-s-1")
    asked = await post(alone, ESCALATE, 202, Idempotency_Key="k")
    assert (asked["success"], asked["ticket_number"]) == (True, None)
    assert asked["estimated_response_time"] == "15 minutes"
    incident = await post(alone, INCIDENTS, 201, Idempotency_Key="k")
    assert (incident["status"], incident["classification"]) == ("pending", "duplicate_payment")
    async with Stages(log).running():
        async with asyncio.timeout(120):
            known = await known_of(alone, "k")
            while (await alone.post(ESCALATE, json=HANDOVER, headers={"Idempotency-Key": "k", **SERVICE})).is_success:
                if escalations(log) and escalations(log)[0].number:
                    break
    assert (known["event_id"], known["customer_messages"]) == (chat["event_id"], 1)
    assert [one.ticket_id for one in escalations(log)] == [asked["ticket_id"]]


async def test_an_answer_that_nobody_waits_for_any_more_is_no_harm(alone: httpx.AsyncClient, log: LocalLog) -> None:
    await post(alone, CHAT, 202)
    async with Stages(log).running(), asyncio.timeout(120):
        while not records(log, topics.CONVERSATIONS):
            await asyncio.sleep(0.01)
        # It waits for 50 ms only: that it is pending would be right too.
        known = await known_of(alone, "k")
    assert known["customer_messages"] == 2


class Away(LocalWriter):
    """A log that takes nothing."""

    async def send(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        raise NotAcknowledged("no broker answers")


@pytest.mark.parametrize("path", BODIES)
async def test_nothing_is_accepted_that_is_not_in_the_log(log: LocalLog, path: str) -> None:
    app = create_app(Away(log, topics.EVENTS), LocalAnswers(log), token=SecretStr(TOKEN), answer_seconds=20)
    async with asking(app) as http:
        answer = await http.post(path, json=BODIES[path], headers=SERVICE)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "Idempotency-Key" in answer.json()["detail"]


BAD = [
    (INCIDENTS, {**INCIDENT, "channel": "fax"}, "channel"),
    (INCIDENTS, {**INCIDENT, "message": ""}, "message"),
    (INCIDENTS, {**INCIDENT, "message": 7}, "message"),
    (INCIDENTS, {**INCIDENT, "email": "nobody"}, "email"),
    (INCIDENTS, {**INCIDENT, "customer_id": "x" * 257}, "customer_id"),
    (INCIDENTS, {"message": "Hello"}, "customer_id"),
    (ESCALATE, {**HANDOVER, "source_type": "fax"}, "source_type"),
    (ESCALATE, {**HANDOVER, "priority": "critical"}, "priority"),
    (ESCALATE, {**HANDOVER, "metadata": {"bot_confidence": 2}}, "metadata.bot_confidence"),
    (CHAT, {**CONFUSED, "role": "king"}, "role"),
    (CHAT, {**CONFUSED, "session_id": ""}, "session_id"),
    (CHAT, {**CONFUSED, "message": "\ud800"}, "message"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD)
async def test_what_is_wrong_is_named(
    alone: httpx.AsyncClient, log: LocalLog, path: str, body: dict[str, Any], field: str
) -> None:
    headers = {**SERVICE, "content-type": "application/json"}
    answer = await alone.post(path, content=json.dumps(body), headers=headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert field in answer.json()["detail"]
    assert events(log) == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422),
        (b"complaint", 400),
        (b'{"session_id": "\xff"}', 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"session_id": "s", "message": "m", "deep": %s}' % (b"[" * 900 + b"]" * 900), 200),
        (b'{"session_id": "s", "message": "m", "big": 1%s}' % (b"0" * 30), 200),
        (b'{"session_id": "s", "message": "m", "nan": NaN}', 200),
        (b" " * 5_000, 413),
    ],
)
async def test_bodies_of_any_kind_are_answered(log: LocalLog, raw: bytes, status: int) -> None:
    limits = Limits(body_bytes=4_000) if status == 413 else Limits()
    app = create_app(PipelineWriter(log), LocalAnswers(log), limits=limits, answer_seconds=20)
    async with asking(app) as http:
        answer = await http.post(CHAT, content=raw, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("path", "body"), [(INCIDENTS, INCIDENT), (ESCALATE, HANDOVER), (CHAT, CONFUSED)])
@pytest.mark.parametrize("extra", [{"x": "\ud800"}, {"x": {"\udfff": 1}}, {"metadata": {"x": ["\ud800"]}}])
async def test_half_of_a_surrogate_pair_is_said(
    alone: httpx.AsyncClient, log: LocalLog, path: str, body: dict[str, Any], extra: dict[str, Any]
) -> None:
    headers = {**SERVICE, "content-type": "application/json"}
    answer = await alone.post(path, content=json.dumps({**body, **extra}), headers=headers)
    assert answer.status_code == 400, answer.text
    assert [(error["field"], error["reason"]) for error in answer.json()["errors"]] == [("value", "invalid_field")]
    assert "surrogate" in answer.json()["detail"]
    assert events(log) == []


async def test_what_a_bot_tells_may_be_nested_as_deeply_as_other_fields(http: httpx.AsyncClient, log: LocalLog) -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"inner": deep}
    await post(http, ESCALATE, 200, {**HANDOVER, "top": deep, "metadata": {"told": deep, "empty": None}})
    metadata = events(log)[0]["metadata"]
    assert metadata["top"] == metadata["told"] == deep
    assert "empty" not in metadata


async def test_what_is_no_json_by_its_name_is_a_415(alone: httpx.AsyncClient) -> None:
    answer = await alone.post(CHAT, content=msgspec.json.encode(CONFUSED), headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.headers["accept"]) == (415, "application/json")


@pytest.mark.parametrize(("name", "value"), [("tenant", "a b"), ("tenant", "")])
async def test_a_tenant_is_a_name(alone: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await alone.post(CHAT, json=CONFUSED, params={name: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "tenant"


def state(event_id: str, **fields: Any) -> bytes:
    told = {
        **{"tenant": "default", "ticket_id": "t", "event_id": event_id, "duplicate": False},
        **{"status": "new", "priority": "medium", "customer_messages": 1, "agent_replies": 0},
        **{"score": None, "label": None, "unscored": None, "confidence": 0.0, "category": "general"},
        **{"signals": (), "heard": {}, "escalated": False, "escalation_id": None, "number": None},
    }
    return encode_state(ConversationState(**{**told, **fields}))


async def test_who_waits_hears_of_its_own_event_and_nobody_is_left() -> None:
    board = Board()
    with board.awaiting(b"default/t", "mine") as awaited:
        board.hear(topics.CONVERSATIONS, b"default/t", b"no JSON")
        board.hear(topics.CONVERSATIONS, b"default/t", None)
        board.hear(topics.CONVERSATIONS, b"default/other", state("mine"))
        board.hear(topics.CONVERSATIONS, None, state("mine"))
        board.hear(topics.CONVERSATIONS, b"default/t", state("another's"))
        assert not await awaited.until(lambda heard: heard.state is not None, 0.01)
        board.hear(topics.CONVERSATIONS, b"default/t", state("mine"))
        assert await awaited.until(lambda heard: heard.state is not None, 20)
        assert len(board) == 1
    assert len(board) == 0


async def test_one_that_gives_up_is_forgotten(log: LocalLog) -> None:
    answers = LocalAnswers(log)
    with pytest.raises(asyncio.CancelledError):
        async with answers.awaiting(b"default/t", "mine", 1):
            raise asyncio.CancelledError
    log.append(topics.CONVERSATIONS, [Entry(b"default/t", state("mine"))])
    async with answers.awaiting(b"default/t", "mine", 1) as awaited:
        assert not await awaited.until(lambda heard: heard.state is not None, 0.01)
    await answers.stop()


async def test_a_reader_that_was_stopped_starts_again(log: LocalLog) -> None:
    answers = LocalAnswers(log)
    for _ in range(2):
        async with answers.awaiting(b"default/t", "mine", 1) as awaited:
            log.append(topics.CONVERSATIONS, [Entry(b"default/t", state(f"other {n}")) for n in range(2_000)])
            log.append(topics.CONVERSATIONS, [Entry(b"default/t", state("mine"))])
            assert await awaited.until(lambda heard: heard.state is not None, 20)
        await answers.stop()
