"""Personal data that is replaced at the door is on no topic, in no file and in no log of ours: real processes, a real
broker, and everything that there is of it afterwards.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from schemas.deadletters import ATTEMPTS
from streams import topics
from streams.broker.admin import apply_topics
from streams.gateway.app import EVENTS_PATH
from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port
from tests.integration.test_dead_letters import bury
from tests.integration.test_embedded import Embedded, read, until
from tests.soak.reading import read_topic
from tests.soak.workers import ProductProcess, Worker
from tests.sources import payloads
from tests.sources.test_webhooks import SECRET, signed

MAIL: Final = "planted.person@example.com"
TOLD: Final = f"I am {MAIL}, call +1 212 736 5000. My card is 4111 1111 1111 1111. This is terrible!"
PLANTED: Final = ("planted.person", "736 5000", "2127365000", "4111 1111", "C-planted")
RULES: Final = """
at = "door"
[fields]
text = "mask"
subject = "mask"
metadata = "mask"
extra = "mask"
customer_id = "hash"
email = "hash"
phone = "hash"
session_id = "hash"
source_reference_id = "hash"
"""
ONE: Final = {"ticket_id": "T-1", "text": TOLD, "customer_id": "C-planted", "email": MAIL, "phone": "+12127365000"}


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What every process is told."""
    (folder / "privacy").mkdir()
    write(folder, RULES)
    return {
        "TICKETPULSE_PRIVACY": str(folder / "privacy"),
        "TICKETPULSE_PRIVACY_KEYS": "k1:0123456789abcdef0123",
        "TICKETPULSE_SERVICE_TOKEN": SECRET,
        "TICKETPULSE_JIRA_WEBHOOK_SECRET": SECRET,
        "TICKETPULSE_ANSWER_SECONDS": "0.01",
        **more,
    }


def write(folder: Path, rules: str) -> None:
    """Let these be the rules from now on."""
    (folder / "privacy" / "privacy.toml").write_text(rules)


def assert_nothing(told: bytes, where: str) -> None:
    """None of what was planted stands there."""
    assert [each for each in PLANTED if each.encode() in told] == [], where


async def ask(http: httpx.AsyncClient) -> None:
    """All that the gateway takes, with planted data in it."""
    sent = await http.post(EVENTS_PATH, json=[{"event_id": f"e{n}", **ONE, "note": {"from": MAIL}} for n in range(3)])
    assert sent.json() == {"accepted": ["e0", "e1", "e2"]}, sent.text
    cloud = {"specversion": "1.0", "id": "e3", "source": "shop", "type": "x", "data": {"metadata": {"a": MAIL}, **ONE}}
    as_cloud = {"content-type": "application/cloudevents+json"}
    assert (await http.post(EVENTS_PATH, json=cloud, headers=as_cloud)).status_code == 202
    refused = await http.post(EVENTS_PATH, json={"event_id": "e4", **ONE, "channel": "fax"})
    assert refused.status_code == 400
    said = {"message": TOLD, "customer_id": "C-planted", "email": MAIL}
    assert (await http.post("/api/incidents", json=said)).status_code == 201
    chat = {"session_id": "212-736 5000", "message": TOLD, "user_id": "C-planted"}
    assert (await http.post("/api/chat/messages", json=chat)).status_code in (200, 202)
    asked = {
        "customer_id": "C-planted",
        "source_type": "whatsapp",
        "source_reference_id": "+12127365000",
        "escalation_reason": TOLD,
        "metadata": {"conversation_history": [f"user: {TOLD}"]},
    }
    handed = [
        await http.post("/api/support/escalate", json=asked, headers={"X-Service-Token": SECRET}) for _ in range(2)
    ]
    assert {each.status_code for each in handed} <= {200, 202}, handed[0].text
    # The same conversation is the same ticket.
    [ticket] = {each.json()["ticket_id"] for each in handed}
    assert ticket.startswith("whatsapp-k1.")
    # Signed over the body as it comes, which is checked before anything is replaced in it.
    body = msgspec.json.encode(payloads.jira()).replace(b"ann@example.org", MAIL.encode())
    headers = {"content-type": "application/json", **signed("jira", body, datetime.now(UTC))}
    assert (await http.post("/api/v1/webhooks/jira", content=body, headers=headers)).status_code == 202


async def everything(brokers: str) -> dict[str, list[Any]]:
    """All records of all topics."""
    return {one.name: await read_topic(brokers, one.name, 2) for one in topics.ALL}


async def command(environment: Mapping[str, str], *arguments: str) -> str:
    """What a command says on both its outputs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streams.cli", *arguments),
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told
    return told.decode()


async def test_no_topic_and_no_log_has_what_was_replaced_at_the_door(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    brokers = own_kafka.brokers
    await apply_topics(brokers, topics.ALL, 2, 1)
    port = free_port()
    told = environment(tmp_path, KAFKA_BROKERS=brokers, TICKETPULSE_GATEWAY_PORT=str(port))
    gateway = ProductProcess("gateway", ["-m", "streams.cli", "serve", "gateway"], told, tmp_path)
    worker = Worker("score", 1, brokers, tmp_path, also=told)
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps({"event_id": "produced", **ONE}) + "\n" + TOLD + "\n")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            await until(lambda: _ready(http, gateway))
            await ask(http)
            said = await command(told, "produce", "--raw", str(file))
            events = (await read_topic(brokers, topics.EVENTS, 2))[:]
            assert len(events) == 11
            scored = await _outcomes(brokers, len(events), worker)
            assert_nothing(repr(await everything(brokers)).encode(), "topics")
            assert_nothing(said.encode() + gateway.log.read_bytes() + worker.log.read_bytes(), "logs")
            assert all(fields["customer_id"].startswith("h:k1.") for fields in scored if fields.get("customer_id"))
            # What lay in a letter from before is replaced when it is sent again; the letter has it for its time.
            await bury(brokers, [json.dumps({"event_id": "redriven", **ONE}).encode()])
            await command(told, "dlq", "redrive", "--stage", "score", "--reason", "processing_failed", "--yes")
            [again] = [
                one for one in await read_topic(brokers, topics.EVENTS, 2) if one.headers[-1:] == ((ATTEMPTS, b"1"),)
            ]
            assert_nothing(again.value, "redriven")
            assert json.loads(again.value)["event_id"] == "redriven"
            await _rules_are_followed(http, brokers, tmp_path, gateway)
    finally:
        gateway.discard()
        worker.discard()


async def _rules_are_followed(http: httpx.AsyncClient, brokers: str, folder: Path, gateway: ProductProcess) -> None:
    """Wrong rules change nothing and are told; those that want it elsewhere count at once."""
    write(folder, RULES + "nobody = 1")
    await until(lambda: _said(gateway, "the rules for personal data before stay in force"))
    assert await _stored(http, brokers, "wrong") != TOLD
    write(folder, RULES.replace('"door"', '"score"'))
    await until(lambda: _said(gateway, "rules for personal data in force"))
    assert await _stored(http, brokers, "elsewhere") == TOLD


async def _stored(http: httpx.AsyncClient, brokers: str, event_id: str) -> str:
    assert (await http.post(EVENTS_PATH, json={"event_id": event_id, **ONE})).status_code == 202
    values = [one.value for one in await read_topic(brokers, topics.EVENTS, 2)]
    [event] = [json.loads(value) for value in values if f'"{event_id}"'.encode() in value]
    return str(event["text"])


async def _said(process: ProductProcess, what: str) -> bool:
    assert process.alive()
    return what in process.log.read_text()


async def _ready(http: httpx.AsyncClient, process: ProductProcess) -> bool:
    assert process.alive()
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def _outcomes(brokers: str, wanted: int, worker: Worker) -> list[dict[str, Any]]:
    """The scored events, once every event is scored or buried."""
    scored: list[Any] = []

    async def all_done() -> bool:
        assert worker.alive()
        scored[:] = await read_topic(brokers, topics.SCORED, 2)
        return len(scored) + len(await read_topic(brokers, topics.DEAD_LETTERS, 2)) == wanted

    await until(all_done)
    return [json.loads(one.value) for one in scored]


async def test_no_file_of_the_embedded_process_has_what_was_replaced_at_the_door(tmp_path: Path) -> None:
    embedded = Embedded(tmp_path, environment(tmp_path))
    async with embedded.life() as (_, client):
        await ask(client)
        await until(lambda: _scored(embedded))
    assert_nothing(embedded.said().encode(), "log lines")
    files = [each for each in embedded.folder.rglob("*") if each.is_file()]
    assert any(each.name == "log.sqlite" for each in files)
    for each in files:
        assert_nothing(each.read_bytes(), str(each))


async def _scored(embedded: Embedded) -> bool:
    with embedded.log() as log:
        return len(read(log, topics.SCORED)) >= 9


def test_the_gateway_does_not_start_without_the_key(tmp_path: Path) -> None:
    told = {**environment(tmp_path), "TICKETPULSE_PRIVACY_KEYS": ""}
    for arguments in (["serve", "gateway"], ["produce", os.devnull]):
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            env={**os.environ, **told, "TICKETPULSE_GATEWAY_PORT": str(free_port())},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "set TICKETPULSE_PRIVACY_KEYS" in done.stderr
        assert "Traceback" not in done.stderr
