"""The network between workers and the broker: cut, cut one way, slow, flapping.

Nothing is lost or doubled, a worker that is cut off loses its partitions to others, and once the network is back
everything is caught up, with nothing started again, be it by hand or by the watchdog, which waits for a minute.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from streams import topics
from streams.up.local_kafka import Listener, LocalKafka
from streams.up.processes import free_port
from tests.contract.sink_worlds import migrated
from tests.faults.network import proxied
from tests.faults.pipeline import CAUGHT_UP_SECONDS, PARTITIONS, Pipeline, pipeline
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.servers.forgetful_proxy import ForgetfulProxy
from tests.servers.toxiproxy import (
    BOTH,
    HOST,
    Proxy,
    Toxic,
    bandwidth,
    black_hole,
    latency,
    limit_data,
    reset_peer,
    slicer,
)
from tests.soak.cluster import SINK, STAGES
from tests.soak.feed import Feed, Pace, Steady, thinning
from tests.soak.generator import Generator
from tests.soak.reading import read_topic
from tests.soak.stored import Sink, all_is_stored
from tests.soak.workers import Worker

# A member that is silent for so many seconds loses its partitions.
# The longer one is many times a cut of SHORTER, so that a machine that does other things does not make up the rest.
SESSION, SHORT_SESSION = 20, 3
SHORTER = 1.5
# Promised are ten seconds with a session of six; the machine does other things. The cut lasts until then.
OTHERS_GO_ON = 120.0
# Of a connection, at least and at most.
CUTS_AT_BYTES = 30, 300
CUTS: dict[str, Sequence[Toxic]] = {
    "reset": [reset_peer(stream) for stream in BOTH],
    "nothing arrives": [black_hole(stream) for stream in BOTH],
    "requests are lost": [black_hole("upstream")],
    "answers are lost": [black_hole("downstream")],
    # As when packets are sent again until they get through: what was on its way arrives in the end.
    "held back": [bandwidth(stream, 0) for stream in BOTH],
}
# The broker hears nothing, or it hears everything: to it the others are one of these.
LONG_CUTS = ("nothing arrives", "answers are lost", "held back")
# A lag is told with an answer of the broker, and a single one takes up to half a minute on a slow network.
LAG_SECONDS = 180.0
TRACK = "track"
PRODUCE_FAILED = "Got error produce response"
TAKEOVERS, OWNED = "helpdesk_takeovers_total", "helpdesk_partitions_owned"
LAG, MEMORY = "helpdesk_consumer_lag_records", "process_resident_memory_bytes"


@asynccontextmanager
async def one_afar(
    kafka: LocalKafka, folder: Path, seed: int, session: int = SESSION
) -> AsyncIterator[tuple[Pipeline, Worker, Proxy]]:
    """Events flow through one worker of each stage, and one more of `track`, which reaches the broker by a proxy."""
    also = {"TICKETPULSE_SESSION_TIMEOUT": str(session)}
    async with proxied(kafka, folder, "afar") as proxies, pipeline(kafka, folder) as running:
        for stage in STAGES:
            running.start(stage, also=also)
        afar = running.start(TRACK, proxies["afar"].address, also)
        await running.ready()
        running.feed(Generator(seed, 9_000, PARTITIONS))
        await running.all_move(*STAGES)
        yield running, afar, proxies["afar"]


async def test_a_cut_that_is_shorter_than_the_session_moves_no_partition(own_kafka: LocalKafka, tmp_path: Path) -> None:
    async with one_afar(own_kafka, tmp_path, 1) as (running, afar, proxy):
        [beside] = [worker for worker in running.of(TRACK) if worker is not afar]
        # Whoever is the first in its group has all partitions for a moment.
        before = beside.metric(TAKEOVERS)
        for toxics in CUTS.values():
            async with proxy.suffering(toxics):
                await asyncio.sleep(SHORTER)
            await running.all_move(TRACK)
        assert beside.metric(TAKEOVERS) == before
        assert beside.metric(OWNED) == PARTITIONS / 2
        (await running.reckon()).assert_exact()


async def test_who_is_cut_off_loses_its_partitions_and_has_some_again_afterwards(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    async with one_afar(own_kafka, tmp_path, 2, SHORT_SESSION) as (running, afar, proxy):

        async def alone() -> bool:
            return await running.cluster.group(TRACK) == (1, True)

        for cut in LONG_CUTS:
            async with proxy.suffering(CUTS[cut]):
                await running.until(alone, f"others have the partitions while {cut}", OTHERS_GO_ON)
                await running.all_move(TRACK)
            await running.complete(TRACK, CAUGHT_UP_SECONDS)
            await running.all_move(TRACK)

        async def has_its_share() -> bool:
            return afar.metric(OWNED) == PARTITIONS / 2

        # With so short a session it may lose them for a moment on a machine that does other things.
        await running.until(has_its_share, "who was cut off has its share again")
        (await running.reckon()).assert_exact()


async def test_cuts_at_any_byte_of_a_commit(own_kafka: LocalKafka, tmp_path: Path) -> None:
    """Each connection ends after so many bytes, in the middle of whatever is said then."""
    random = Random(3)
    async with one_afar(own_kafka, tmp_path, 3) as (running, afar, proxy):
        least, most = CUTS_AT_BYTES
        for number in range(most):
            # Some have to hit what is written in a transaction, or this shows nothing.
            if number >= least and PRODUCE_FAILED in afar.log.read_text():
                break
            toxic = limit_data(random.choice(BOTH), round(10 ** random.uniform(1.5, 4.5)))
            async with proxy.suffering([toxic]):
                await asyncio.sleep(random.uniform(0.1, 0.5))
            await asyncio.sleep(random.uniform(0.0, 0.3))
        await running.complete(TRACK, CAUGHT_UP_SECONDS)
        (await running.reckon()).assert_exact()
        assert PRODUCE_FAILED in afar.log.read_text()


@asynccontextmanager
async def all_afar(
    kafka: LocalKafka, folder: Path, seed: int, events: int, pace: Pace = thinning
) -> AsyncIterator[tuple[Pipeline, Proxy, Feed]]:
    """Events flow through one worker of each stage, and all of them reach the broker by one proxy."""
    async with proxied(kafka, folder, "afar") as proxies, pipeline(kafka, folder) as running:
        for stage in STAGES:
            running.start(stage, proxies["afar"].address, {"TICKETPULSE_SESSION_TIMEOUT": str(SESSION)})
        await running.ready()
        feed = running.feed(Generator(seed, events, PARTITIONS), pace)
        await running.all_move(*STAGES)
        yield running, proxies["afar"], feed


async def test_a_network_that_is_cut_every_second(own_kafka: LocalKafka, tmp_path: Path) -> None:
    async with all_afar(own_kafka, tmp_path, 4, 9_000) as (running, proxy, _):
        for _ in range(20):
            async with proxy.refusing():
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.7)
        (await running.reckon()).assert_exact()
        assert_calm(running)


async def test_a_slow_network_costs_time_and_nothing_else(own_kafka: LocalKafka, tmp_path: Path) -> None:
    """Every answer comes late, and less comes than is sent: the backlog grows, and memory does not."""
    slow = [latency("upstream", 50, 25), latency("downstream", 50, 25), *(bandwidth(stream, 100) for stream in BOTH)]
    # However long the start takes, most of the events are left for the slow network.
    async with all_afar(own_kafka, tmp_path, 5, 20_000, Steady(20)) as (running, proxy, feed):

        async def lags() -> bool:
            return sum(worker.metric(LAG) for worker in running.workers) > 1_000

        before = [worker.metric(MEMORY) for worker in running.workers]
        async with proxy.suffering([*slow, slicer("downstream", 1_000, 500, 10)]):
            # Three times what gets through, on any machine.
            feed.go_on_at(Steady(1_000))
            await running.until(lags, "the backlog is told", LAG_SECONDS)
            await asyncio.sleep(10.0)
            after = [worker.metric(MEMORY) for worker in running.workers]
        assert all(b < 1.5 * a for a, b in zip(before, after, strict=True))
        (await running.reckon()).assert_exact()
        assert_calm(running)


def assert_calm(running: Pipeline) -> None:
    """Since its first owner took each partition over, it was at most once that anybody had to: no storm."""
    assert sum(worker.takeovers() for worker in running.workers) <= 2 * PARTITIONS * len(STAGES)


async def test_connections_that_nobody_says_are_dead(own_kafka: LocalKafka, tmp_path: Path) -> None:
    """As when a firewall between them has forgotten them: each end waits for the other until its patience is over."""
    port = free_port()
    async with ForgetfulProxy(f"{HOST}:{port}") as proxy:
        own_kafka.listeners = [Listener("AFAR", port, proxy.address)]
        await own_kafka.start()
        async with pipeline(own_kafka, tmp_path) as running:
            for stage in STAGES:
                running.start(stage, proxy.address)
            await running.ready()
            running.feed(Generator(6, 9_000, PARTITIONS))
            await running.all_move(*STAGES)
            assert await proxy.forget() >= PARTITIONS * len(STAGES)
            await running.all_move(*STAGES)
            (await running.reckon()).assert_exact()


class SinkAfar(NamedTuple):
    """A pipeline, a sink that reaches its broker by a proxy, and a client of the ClickHouse that it writes to."""

    running: Pipeline
    sink: Sink
    proxy: Proxy
    client: Client


@asynccontextmanager
async def sink_afar(kafka: LocalKafka, folder: Path) -> AsyncIterator[SinkAfar]:
    """The sink runs."""
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    try:
        await asyncio.to_thread(clickhouse.start)
        url = clickhouse.url("ticketpulse")
        with migrated(url) as client:
            async with proxied(kafka, folder, "afar") as proxies, pipeline(kafka, folder) as running:
                sink = Sink(0, {"KAFKA_BROKERS": proxies["afar"].address, "CLICKHOUSE_URL": url}, folder)
                try:
                    yield SinkAfar(running, sink, proxies["afar"], client)
                finally:
                    sink.discard()
    finally:
        clickhouse.kill()


async def test_the_sink_is_cut_off_and_stores_each_row_once(own_kafka: LocalKafka, tmp_path: Path) -> None:
    random = Random(7)
    short_cuts = [*CUTS.values(), *([limit_data("downstream", 2_000 * number)] for number in range(1, 6))]
    async with sink_afar(own_kafka, tmp_path) as (running, sink, proxy, client):
        running.start("score")
        await running.complete("score")
        feed = running.feed(Generator(7, 9_000, PARTITIONS))
        for toxics in short_cuts:
            async with proxy.suffering(toxics):
                await asyncio.sleep(random.uniform(0.5, SHORTER))
            await more_is_stored(running, client)

        async def missed() -> bool:
            return (await running.cluster.group(SINK)).members == 0

        async def all_stored() -> bool:
            return sink.alive() and await all_is_stored(own_kafka.brokers)

        async with proxy.refusing():
            await running.until(missed, "the group misses the sink", OTHERS_GO_ON)
        feed.release()
        await running.sent()
        await running.through("score")
        await running.until(all_stored, "the sink has stored everything")
        await sink.leave()
        scored = [json.loads(one.value) for one in await read_topic(own_kafka.brokers, topics.SCORED, PARTITIONS)]
        rows = client.query("SELECT tenant, ticket_id, event_id FROM scored_events_now").result_rows
    assert Counter(map(tuple, rows)) == Counter({(one["tenant"], one["ticket_id"], one["event_id"]) for one in scored})


async def more_is_stored(running: Pipeline, client: Client) -> None:
    """Until there are more scored events in ClickHouse than now."""
    before = await _stored(client)

    async def more() -> bool:
        return await _stored(client) > before

    await running.until(more, "the sink stores more")


async def _stored(client: Client) -> int:
    count = "SELECT uniqExact(tenant, ticket_id, event_id) FROM scored_events"
    return int((await asyncio.to_thread(client.query, count)).result_rows[0][0])
