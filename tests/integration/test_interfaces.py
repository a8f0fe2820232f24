"""The interfaces of the replaced systems on a real broker, with the real workers behind them and two gateways."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from streams.broker.admin import apply_topics
from streams.gateway.app import create_app
from streams.gateway.kafka_answers import KafkaAnswers
from streams.gateway.kafka_writer import KafkaWriter
from streams.topics import ALL, CONVERSATIONS
from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port, tied
from tests.ended import left_running

TOKEN = "s3cret-of-the-bot"  # noqa: S105
STAGES = ("score", "track", "registry")
HANDOVER = {"customer_id": "c", "source_type": "chat", "escalation_reason": "asked", "priority": "urgent"}
# Seconds: what an answer may take here, where other tests run beside, and what the gateway waits for one.
PATIENCE, WAIT = 120.0, 60.0


@contextmanager
def workers(brokers: str) -> Iterator[None]:
    """The stages, each in a process of its own."""
    environment = {**os.environ, "KAFKA_BROKERS": brokers}
    argv = [sys.executable, "-m", "streams.cli", "worker", "--stage"]
    started = [subprocess.Popen(tied([*argv, stage]), env=environment, stderr=subprocess.DEVNULL) for stage in STAGES]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(PATIENCE)


@asynccontextmanager
async def gateway(
    brokers: str, answers: KafkaAnswers, *, wait: float = WAIT, ack: float = PATIENCE
) -> AsyncIterator[httpx.AsyncClient]:
    writer = KafkaWriter(brokers, ack_seconds=ack)
    app = create_app(writer, answers, token=SecretStr(TOKEN), answer_seconds=wait)
    transport = httpx.ASGITransport(app)
    headers = {"X-Service-Token": TOKEN}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=PATIENCE, headers=headers) as client,
    ):
        yield client


async def say(
    http: httpx.AsyncClient, session: str, text: str, status: int = 200, key: str | None = None
) -> dict[str, Any]:
    body = {"session_id": session, "message": text}
    answer = await http.post("/api/chat/messages", json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def hand_over(http: httpx.AsyncClient, session: str) -> dict[str, Any]:
    answer = await http.post("/api/support/escalate", json={**HANDOVER, "source_reference_id": session})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_answers_come_from_the_workers_to_the_gateway_that_was_asked(own_kafka: LocalKafka) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, ALL, 2, 1)
    with workers(own_kafka.brokers):
        answers = [KafkaAnswers(own_kafka.brokers) for _ in range(2)]
        async with AsyncExitStack() as stack:
            one, other = [await stack.enter_async_context(gateway(own_kafka.brokers, each)) for each in answers]
            # The workers need some seconds to start: until then what is sent waits in the log.
            async with asyncio.timeout(PATIENCE):
                while (
                    await one.post("/api/chat/messages", json={"session_id": "0", "message": "Hi"})
                ).status_code != 200:
                    pass
            sessions = [f"s{number}" for number in range(10)]
            for asked, count in ((one, 1), (other, 2)):
                told = await asyncio.gather(*(say(asked, session, "Which colours are there?") for session in sessions))
                assert [answer["customer_messages"] for answer in told] == [count] * 10
            handed = await asyncio.gather(*(hand_over(one, session) for session in sessions))
            assert len({answer["ticket_number"] for answer in handed}) == 10
            assert {answer["estimated_response_time"] for answer in handed} == {"15 minutes"}
            assert await hand_over(other, "s3") == handed[3]
            first = await say(one, "s3", "Hello?", key="k")
            assert first["ticket_number"] == handed[3]["ticket_number"]
            assert await say(other, "s3", "Hello?", key="k") == first
            incident = {"customer_id": "c", "message": "My account is locked."}
            reported = await one.post("/api/incidents", json=incident)
            assert (reported.status_code, reported.json()["status"]) == (201, "new")
            assert reported.json()["classification"] == "account_locked"
            # The reader of answers goes and comes back: who asks then is answered.
            await answers[0].stop()
            assert (await say(one, "s3", "Still there?"))["customer_messages"] == 4


async def test_without_workers_it_is_pending_and_without_a_broker_503_each_in_time(own_kafka: LocalKafka) -> None:
    own_kafka.port = free_port()
    answers = KafkaAnswers(own_kafka.brokers)
    before = asyncio.all_tasks()
    async with gateway(own_kafka.brokers, answers, wait=0.3, ack=5.0) as http:
        for _ in range(2):
            with_broker_away = await _seconds(say(http, "s", "Hi", 503))
            await own_kafka.start()
            await apply_topics(own_kafka.brokers, ALL, 2, 1)
            async with asyncio.timeout(PATIENCE):
                body = {"session_id": "s", "message": "Hi"}
                while (await http.post("/api/chat/messages", json=body)).status_code == 503:
                    await asyncio.sleep(0.1)
            without_workers = await _seconds(say(http, "s", "Hi", 202))
            # Twice the wait (for the reader, for the answer) and the acknowledgement, on a busy machine; a client gives
            # each request 40 s.
            assert with_broker_away < 25
            assert without_workers < 25
            await own_kafka.stop()
    assert await left_running(before) == set()


async def _seconds(request: Any) -> float:
    began = time.monotonic()
    await request
    return time.monotonic() - began


async def test_a_missing_topic_is_no_reason_to_hang(own_kafka: LocalKafka) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, [topic for topic in ALL if topic.name == CONVERSATIONS], 2, 1)
    answers = KafkaAnswers(own_kafka.brokers)
    async with answers.awaiting(b"default/t", "e", 0.3) as awaited:
        assert not await awaited.until(lambda heard: heard.state is not None, 0.1)
    await answers.stop()
