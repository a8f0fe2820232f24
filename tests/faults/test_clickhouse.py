"""Sinks as processes, under load: whatever happens to them, to ClickHouse or to the broker, each event is one row."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import pytest

from streams.engine.memory_bound import OUTGROWN
from streams.up.local_kafka import LocalKafka
from tests.conftest import started
from tests.faults.storing import DATABASE, Storing, storing
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.servers.losing_proxy import LosingProxy
from tests.servers.toxiproxy import Toxiproxy, latency
from tests.soak.stored import Sink
from tests.soak.workers import WorkerDied

RATE = 200.0


# As those that share the session's broker.
pytestmark = pytest.mark.xdist_group("kafka")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """One broker with the product's topics for the module; a test that ends it starts it again."""
    yield from started(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
async def world(broker: LocalKafka, server: ClickHouseProcess, tmp_path: Path) -> AsyncIterator[Storing]:
    async with storing(broker, server, tmp_path) as made:
        yield made


def through(server: ClickHouseProcess, port: int) -> str:
    """The database, by way of a proxy."""
    return server.url(DATABASE).replace(f":{server.address[1]}/", f":{port}/")


async def everything_is_stored_once(world: Storing) -> None:
    await world.caught_up()
    assert world.stored() == (world.sent, world.sent)


async def retried(world: Storing, sink: Sink, more: int) -> None:
    """Until the sink has tried again so many times more."""
    before = sink.metric("helpdesk_sink_retries_total")

    async def reached() -> bool:
        return sink.metric("helpdesk_sink_retries_total") >= before + more

    await world.until(reached, f"the sink tries again {more} times")


# -- ClickHouse away


async def test_commits_stay_behind_a_server_that_was_killed_and_nothing_is_lost(world: Storing) -> None:
    sink = world.start_sink()
    async with world.flow(RATE):
        await world.moves(200)
        world.server.kill()
        await retried(world, sink, 1)
        behind = await world.committed()
        await retried(world, sink, 2)
        await world.grows(200)
        assert await world.committed() == behind

        async def lags() -> bool:
            return sink.metric("helpdesk_consumer_lag_records", group="ticketpulse-clickhouse") > 100

        # Whoever watches the sink sees it.
        await world.until(lags, "the lag is told")
        world.server.start()
        await world.moves(500)
    await everything_is_stored_once(world)


async def test_commits_wait_for_a_server_that_hangs(world: Storing) -> None:
    world.start_sink()
    async with world.flow(RATE):
        await world.moves(200)
        os.kill(world.server.pid, signal.SIGSTOP)
        try:
            # What was stored before may still be committed; after this many more events all of it is.
            await world.grows(400)
            behind = await world.committed()
            await world.grows(400)
            assert await world.committed() == behind
        finally:
            os.kill(world.server.pid, signal.SIGCONT)
        await world.moves(800)
    await everything_is_stored_once(world)


async def test_a_server_that_is_slow_costs_time_and_no_row(world: Storing, tmp_path: Path) -> None:
    async with Toxiproxy(tmp_path) as toxiproxy:
        host, port = world.server.address
        proxy = await toxiproxy.proxy("clickhouse", f"{host}:{port}")
        sink = world.start_sink(through(world.server, proxy.port))
        async with world.flow(RATE):
            await world.moves(200)
            async with proxy.suffering([latency("downstream", 2_000, 1_000)]):
                await world.moves(400)
            await world.moves(200)
        await everything_is_stored_once(world)
        assert sink.metric("helpdesk_sink_retries_total") == 0


@pytest.mark.parametrize("reset", [False, True])
async def test_answers_that_are_lost_after_the_server_has_committed_double_nothing(world: Storing, reset: bool) -> None:
    proxy = LosingProxy(world.server.address)
    proxy.reset = reset
    try:
        sink = world.start_sink(through(world.server, proxy.port))
        async with world.flow(RATE):
            await world.moves(200)
            # More than the client itself tries again.
            proxy.lose = 6

            async def lost() -> bool:
                return not proxy.lose

            await world.until(lost, "six answers are lost")
            await world.moves(200)
        await everything_is_stored_once(world)
        assert sink.metric("helpdesk_sink_retries_total") > 0
    finally:
        proxy.close()


async def test_a_sink_at_a_tenth_of_its_speed_takes_no_more_memory_and_stays_in_its_group(
    world: Storing, tmp_path: Path
) -> None:
    async with Toxiproxy(tmp_path) as toxiproxy:
        host, port = world.server.address
        proxy = await toxiproxy.proxy("clickhouse", f"{host}:{port}")
        sink = world.start_sink(through(world.server, proxy.port))
        async with world.flow(10 * RATE, chars=500):
            await world.moves(4_000)
            start = sink.resident_bytes()
            # Inserts take some tens of milliseconds otherwise.
            async with proxy.suffering([latency("downstream", 3_000)]):
                await world.grows(20_000)

                async def lags() -> bool:
                    return sink.metric("helpdesk_consumer_lag_records", group="ticketpulse-clickhouse") > 1_000

                await world.until(lags, "the lag is told")
                assert sink.resident_bytes() < 1.5 * start
        await everything_is_stored_once(world)
        assert sink.resident_bytes() < 1.5 * start
        assert "rebalanc" not in sink.log.read_text()


# -- sinks that die, join and leave


async def test_a_sink_that_is_killed_at_any_moment_loses_and_doubles_nothing(world: Storing) -> None:
    random = Random(7)
    async with world.flow(RATE):
        for _ in range(3):
            sink = world.start_sink()
            await world.moves(100)
            # At no particular moment between two commits.
            await asyncio.sleep(random.random())
            world.kill(sink)
        world.start_sink()
        await world.moves(100)
    await everything_is_stored_once(world)


async def test_a_sink_that_is_killed_between_insert_and_commit_leaves_one_row_for_each_event(world: Storing) -> None:
    sink = world.start_sink()
    async with world.flow(RATE):
        await world.moves(200)
        # The insert is on its way to a server that hangs; its sink is gone when the server takes it up.
        os.kill(world.server.pid, signal.SIGSTOP)
        try:
            await world.grows(400)
            behind = await world.committed()
            world.kill(sink)
        finally:
            os.kill(world.server.pid, signal.SIGCONT)

        async def more() -> bool:
            return world.stored().rows > behind

        await world.until(more, "the insert of the dead sink is done")
        assert await world.committed() == behind
        world.start_sink()
        await world.moves(200)
    await everything_is_stored_once(world)


async def test_sinks_that_come_and_go_share_the_partitions_and_nothing_is_lost(world: Storing) -> None:
    first = world.start_sink()
    async with world.flow(RATE):
        await world.moves(100)
        second = world.start_sink()
        await world.complete()
        await world.moves(200)
        await world.leave(first)
        await world.complete()
        await world.moves(200)
        assert second.metric("helpdesk_sink_rows_total") > 0
    await everything_is_stored_once(world)


async def test_a_sink_that_has_outgrown_its_memory_stops_in_order_with_a_code_of_its_own(world: Storing) -> None:
    async def nobody() -> bool:
        return (await world.cluster.group("clickhouse")).members == 0

    # Those of the test before were killed, and the group misses them only after some seconds.
    await world.until(nobody, "the group has no members")
    sink = world.start_sink(TICKETPULSE_MEMORY_LIMIT="16")

    async def never() -> bool:
        return False

    with pytest.raises(WorkerDied, match=f"ended with {OUTGROWN}"):
        await world.until(never, "it goes on for ever")
    assert "ticketpulse-clickhouse: this process takes" in sink.log.read_text()
    assert await nobody()


# -- the broker


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_broker_that_restarts_under_a_sink_needs_no_hand(
    world: Storing, broker: LocalKafka, end: signal.Signals
) -> None:
    world.start_sink()
    async with world.flow(RATE):
        await world.moves(200)
        assert broker.pid is not None
        os.kill(broker.pid, end)
        await broker.stop()
        await broker.start()
        await world.moves(400)
    await everything_is_stored_once(world)
