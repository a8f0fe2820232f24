"""Every component with the rights that are listed for it, and no others, on a broker that asks."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.kafka_admission import NotLetIn, why_not_let_in
from sinks.kafka_cluster import Brokers
from sinks.kafka_reach import await_broker
from sinks.kafka_rights import Kind, NotAllowed, Right, require_rights
from streams import topics
from streams.broker.lag import measure
from streams.broker.letter_reader import reading
from streams.broker.redrive import redrive
from streams.broker.wanted import Wanted
from streams.gateway.app import create_app
from streams.gateway.kafka_answers import KafkaAnswers
from streams.gateway.kafka_writer import KafkaWriter
from streams.notify.kafka_outbox import KafkaOutbox
from streams.reanalysis.kafka_originals import read_originals
from streams.rights import rights_of
from streams.stages import STAGES
from tests.security.conftest import NAME, cluster
from tests.security.secure_kafka import SecureKafka
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.workers import ProductProcess

pytestmark = [pytest.mark.xdist_group("secure-kafka"), pytest.mark.usefixtures("all_closed")]

ROOT = Path(__file__).parents[2]
# A worker takes seconds of processor time to begin, and others run beside.
WAIT = 180.0
TOKEN = "s3cret-of-the-bot"  # noqa: S105


@asynccontextmanager
async def gateway(brokers: Brokers) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        KafkaWriter(brokers, ack_seconds=WAIT), KafkaAnswers(brokers), token=SecretStr(TOKEN), answer_seconds=WAIT
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://gateway",
        timeout=WAIT,
        headers={"X-Service-Token": TOKEN},
    )
    async with app.router.lifespan_context(app), client:
        yield client


async def until(condition: Callable[[], Any], processes: list[ProductProcess]) -> None:
    """Wait until it holds, while all these processes live."""
    async with asyncio.timeout(WAIT):
        while not await asyncio.to_thread(condition):
            assert all(process.alive() for process in processes)
            await asyncio.sleep(0.1)


@pytest.mark.timeout(900)
async def test_events_become_rows_when_each_component_has_its_rights_alone(
    secure: SecureKafka, server: ClickHouseProcess, tmp_path: Path
) -> None:
    url = server.url("secured")
    client = connect(url)
    migrate(client)

    def rows(sql: str) -> int:
        return int(client.query(sql).result_rows[0][0])

    def started(user: str, *argv: str, environment: Mapping[str, str]) -> ProductProcess:
        variables = {**environment, "CLICKHOUSE_URL": url}
        return ProductProcess(user, ["-m", "streams.cli", *argv], variables, tmp_path)

    async with AsyncExitStack() as stack:
        processes = [
            # One of them shows a certificate instead of a password.
            started(
                stage,
                "worker",
                "--stage",
                stage,
                environment=secure.certificate(stage) if stage == "trends" else secure.login(stage),
            )
            for stage in STAGES
        ]
        processes.append(started("clickhouse", "sink", "clickhouse", environment=secure.login("clickhouse")))
        for process in processes:
            stack.callback(process.discard)
        http = await stack.enter_async_context(gateway(cluster(secure.login("gateway"))))
        asked = {
            "customer_id": "c",
            "source_type": "chat",
            "source_reference_id": "s",
            "escalation_reason": "asked",
            "priority": "urgent",
        }
        told = await http.post("/api/support/escalate", json=asked)
        assert told.status_code == 200, told.text
        # The number is the registry's, told by way of `track` and heard by the gateway.
        assert told.json()["ticket_number"].startswith("TKT-")
        await until(lambda: rows("SELECT count() FROM escalations WHERE number != ''"), processes)
        await until(lambda: rows("SELECT count() FROM windows"), processes)

        producer = KafkaWriter(cluster(secure.login("producer")), ack_seconds=WAIT)
        await producer.start()
        await producer.send(b"poison", b"no event")
        await producer.stop()
        await until(lambda: rows("SELECT count() FROM dead_letters"), processes)
        await deal_with_letters(cluster(secure.login("dlq")))
        # Back again, with another attempt behind it, and the mark of the first.
        await until(lambda: rows("SELECT count() FROM dead_letters") >= 3, processes)
        await until(lambda: rows("SELECT count() FROM audit"), processes)
        found = await asyncio.to_thread(read_originals, cluster(secure.login("reanalyze")), lambda read: None)
        assert len(found) >= 1
        groups = {f"{NAME}-{group}": read for group, read in topics.READ_BY.items()}
        lags = await measure(cluster(secure.login("status")), groups, 0.1)
        assert {lag.group for lag in lags} == set(groups)
        for process in processes:
            await process.leave()
            assert process.oddities() == []
    client.close()


async def deal_with_letters(brokers: Brokers) -> None:
    async with reading(brokers) as letters:
        found = await letters.find(Wanted())
    dealt = await redrive(brokers, NAME, found, [place.id for place in found.places], again=False, note="")
    assert dealt.done == 1


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("page", topics.CORRECTIONS),
        ("page", topics.SUGGESTIONS),
        ("page", topics.NOTICES),
        ("page", topics.AUDIT),
        ("gateway", topics.AUDIT),
        ("mailbox", topics.EVENTS),
        ("predict", topics.PREDICTIONS),
        ("enrich", topics.ENRICHMENTS),
        ("audit", topics.AUDIT),
        ("reanalyze", topics.EVENTS),
        ("reanalyze", topics.AUDIT),
    ],
)
async def test_who_only_writes_may_write(secure: SecureKafka, user: str, topic: str) -> None:
    writer = KafkaWriter(cluster(secure.login(user)), topic=topic, ack_seconds=WAIT)
    await writer.start()
    try:
        await writer.send(b"key", b"value")
    finally:
        await writer.stop()


async def test_the_sender_joins_its_group_and_says_so(secure: SecureKafka) -> None:
    outbox = KafkaOutbox(cluster(secure.login("sender")), f"{NAME}-sender", session_timeout=6.0, patience=WAIT)

    def settled() -> "asyncio.Future[None]":
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    await outbox.start(settled)
    try:
        async with asyncio.timeout(WAIT):
            while outbox._unsaid or not outbox._positions:
                await outbox.poll(0.1)
    finally:
        await outbox.stop()


TELLING = [
    ("score", Right(Kind.TOPIC, topics.EVENTS, ("READ",))),
    ("score", Right(Kind.TOPIC, topics.SCORED, ("WRITE",))),
    ("track", Right(Kind.TOPIC, topics.changelog_of("track"), ("READ", "WRITE"))),
    ("registry", Right(Kind.GROUP, f"{NAME}-registry", ("READ",))),
    ("trends", Right(Kind.TRANSACTIONAL_ID, f"{NAME}-trends-", ("WRITE",), prefixed=True)),
    ("clickhouse", Right(Kind.GROUP, f"{NAME}-clickhouse", ("READ",))),
    ("status", Right(Kind.GROUP, f"{NAME}-score", ("DESCRIBE",))),
    ("topics", Right(Kind.TOPIC, topics.AUDIT, ("CREATE", "DESCRIBE", "ALTER_CONFIGS"))),
]


@asynccontextmanager
async def without(secure: SecureKafka, user: str, right: Right) -> AsyncIterator[None]:
    """While the user lacks a right, and the broker knows it."""
    await secure.forbid(user, right)
    try:
        async with asyncio.timeout(WAIT):
            while await missing(secure, user) is None:
                await asyncio.sleep(0.05)
        yield
    finally:
        await secure.allow([(user, right)])
        async with asyncio.timeout(WAIT):
            while await missing(secure, user) is not None:
                await asyncio.sleep(0.05)


async def missing(secure: SecureKafka, user: str) -> str | None:
    try:
        await require_rights(cluster(secure.login(user)), rights_of(user, NAME), user)
    except NotAllowed as error:
        return str(error)
    return None


@pytest.mark.parametrize(("user", "right"), TELLING, ids=[f"{user}-{right.name}" for user, right in TELLING])
async def test_a_right_that_is_missing_is_told_by_name(secure: SecureKafka, user: str, right: Right) -> None:
    async with without(secure, user, right):
        said = await missing(secure, user)
    assert said is not None
    for operation in right.operations:
        assert f"{operation} the {right.kind} {right.name}" in said
    assert f"ticketpulse kafka acls {user}" in said


async def test_a_process_without_a_right_ends_with_one_line(secure: SecureKafka, tmp_path: Path) -> None:
    async with without(secure, "score", Right(Kind.TOPIC, topics.SCORED, ("WRITE",))):
        done = await run(secure.login("score"), tmp_path, "worker", "--stage", "score")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        f"ticketpulse: Kafka's user score may not WRITE the topic {topics.SCORED}. `ticketpulse kafka acls score`"
    )


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (
            Right(Kind.TOPIC, topics.NOTICES, ("READ",)),
            f"Kafka does not let us READ the topic {topics.NOTICES}",
        ),
        (
            Right(Kind.TOPIC, topics.changelog_of("notify"), ("WRITE",)),
            f"Kafka does not let us WRITE the topic {topics.changelog_of('notify')}",
        ),
        (
            # Kafka hides a topic from who may do nothing with it: a client looks for its leader without end. It is
            # told at the first write, or at the take-over after one that was not acknowledged.
            Right(Kind.TOPIC, topics.changelog_of("notify"), ("READ", "WRITE")),
            f" the topic {topics.changelog_of('notify')}. `ticketpulse kafka acls notify` prints",
        ),
    ],
    ids=["source", "changelog", "hidden changelog"],
)
async def test_a_worker_that_loses_a_right_stops_and_says_which(
    secure: SecureKafka, tmp_path: Path, right: Right, said: str
) -> None:
    argv = ["-m", "streams.cli", "worker", "--stage", "notify"]
    worker = ProductProcess("notify", argv, secure.login("notify"), tmp_path)
    try:
        await until(lambda: "taken over" in worker.log.read_text(), [worker])
        async with without(secure, "notify", right):
            writer = KafkaWriter(cluster(secure.login("page")), topic=topics.NOTICES, ack_seconds=WAIT)
            await writer.start()
            await writer.send(b"key", b"no notice, so a dead letter")
            await writer.stop()
            code = await asyncio.to_thread(worker._process.wait, WAIT)
        log = worker.log.read_text()
        assert (code, said in log) == (1, True), log
    finally:
        worker.discard()


WRONG = {
    "password": ({"TICKETPULSE_KAFKA_PASSWORD": "no"}, "does not take the password of the user guest"),
    "mechanism": ({"TICKETPULSE_KAFKA_MECHANISM": "SCRAM-SHA-256"}, "does not take TICKETPULSE_KAFKA_MECHANISM=SCRAM"),
    "authority": ({"TICKETPULSE_KAFKA_CA": ""}, "shows a certificate that is not trusted"),
    "host": ({"KAFKA_BROKERS": "localhost"}, "KAFKA_BROKERS has to name the brokers as their certificates do"),
    "certificate": ({"TICKETPULSE_KAFKA_SECURITY": "SSL"}, "do not agree on TLS"),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
async def test_who_is_not_let_in_is_told_why(secure: SecureKafka, wrong: str) -> None:
    change, said = WRONG[wrong]
    environment = secure.login("guest") | change
    if wrong == "authority":
        environment.pop("TICKETPULSE_KAFKA_CA")
    if wrong == "host":
        environment["KAFKA_BROKERS"] = f"localhost:{secure.by_password.rpartition(':')[2]}"
    if wrong == "certificate":
        environment["KAFKA_BROKERS"] = secure.by_certificate
        environment = {name: value for name, value in environment.items() if not name.endswith(("_USER", "_PASSWORD"))}
    with pytest.raises(NotLetIn, match=said):
        await await_broker(cluster(environment), patience=WAIT)


async def test_plain_passwords_work_too(secure: SecureKafka) -> None:
    environment = secure.login("plain") | {"TICKETPULSE_KAFKA_MECHANISM": "PLAIN"}
    assert await why_not_let_in(cluster(environment)) is None


async def run(environment: Mapping[str, str], folder: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "streams.cli", *argv],
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
