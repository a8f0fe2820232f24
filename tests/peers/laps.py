"""One contestant's turn: warm up, a backlog, two steady rates, a kill; then everything is judged."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient

from sinks.clickhouse.client import connect
from streams.broker.admin import apply_topics
from tests.bench.figures import quantile
from tests.peers.contestants import OURS, PARTITIONS, Contestant, Place, Running
from tests.peers.events import Event, Feeder, events_of
from tests.peers.oracle import Verdict, judge
from tests.peers.outcome import Outcome, outcome_of
from tests.peers.sightings import Sightings

POLL_SECONDS: Final = 0.1
SOON_SECONDS: Final = 0.01
START_SECONDS: Final = 300.0
# Without any progress for so long, a turn is given up.
STUCK_SECONDS: Final = 120.0
# Windows are told a second after their events, and final state may take a look of each stage.
SETTLE_SECONDS: Final = 30.0
# Seen so long after it was due, an event had to wait for somebody to come back.
LATE_SECONDS: Final = 1.0
GONE_SECONDS: Final = 60.0


class Size(NamedTuple):
    """`events` of the backlog; seconds of each steady rate and of the run in which it is killed, at `rate` a second."""

    events: int = 30_000
    warm_up: int = 1_000
    rate: float = 100.0
    seconds: float = 15.0
    killed_seconds: float = 20.0


class Latency(NamedTuple):
    """Seconds from when an event was due to when it was seen."""

    rate: float
    topic_p50: float
    topic_p99: float
    row_p50: float
    row_p99: float


class Turn(NamedTuple):
    """What was measured of one contestant: with scores alone, then with the whole job.

    `recovery` is from the kill to the first event seen that was sent after it, `caught_up` to when none of those sent
    was missing any longer.
    """

    name: str
    guarantee: str
    scores_rate: float
    scores_micros: float
    events: int
    rate: float
    cpu_micros: float
    peak_mb: float
    modest: Latency
    half: Latency
    recovery: float
    caught_up: float
    before_kill: Verdict
    after_kill: Verdict

    @property
    def core_rate(self) -> float:
        """Events for a second of processor time of its processes."""
        return 1e6 / self.cpu_micros

    @property
    def scores_core_rate(self) -> float:
        """The same with scores alone."""
        return 1e6 / self.scores_micros


Say = Callable[[str], None]


class Arena:
    """One broker and one ClickHouse, on which contestants take turns."""

    def __init__(self, place: Place, size: Size, say: Say) -> None:
        self._place = place
        self._size = size
        self._say = say

    async def turn(self, who: Contestant) -> Turn:
        """All phases. Raises RuntimeError or TimeoutError with the ends of its logs."""
        scores = await self._scores(who)
        running = await self.ready(who)
        size, sent = self._size, list[Event]()
        try:
            async with Feeder(self._place.brokers, running.input, PARTITIONS) as feeder:
                running.start()
                await self._work(running, feeder, sent, "warm", size.warm_up, START_SECONDS)
                count = round(size.events * who.share)
                rate, cpu_micros, peak = await self._work(running, feeder, sent, "bulk", count)
                self._say(f"{rate:,.0f} events/s, {cpu_micros:.0f} µs of processor time an event, {peak:.0f} MB")
                modest = await self._steady(running, feeder, sent, "slow", size.rate)
                half = await self._steady(running, feeder, sent, "half", max(size.rate, rate / 2))
                before = (await self._judged(running, sent))[0]
                recovery, caught_up = await self._killed(running, feeder, sent)
                after = (await self._judged(running, sent))[0]
        except (RuntimeError, TimeoutError) as error:
            raise RuntimeError(f"{who.name}: {error or 'timed out'}\n{running.said()}") from error
        finally:
            running.kill()
        figures = (count, rate, cpu_micros, peak, modest, half, recovery, caught_up, before, after)
        return Turn(who.name, who.guarantee, scores[0], scores[1], *figures)

    async def _scores(self, who: Contestant) -> tuple[float, float]:
        """Scores alone, from topic to topic: events a second, and microseconds of processor time an event."""
        running = await self.ready(who, only_scores=True)
        count = round(self._size.events * who.share)
        warm, bulk = (events_of(each, f"only{each}", time.time()) for each in (self._size.warm_up, count))
        try:
            running.start()
            async with (
                Feeder(self._place.brokers, running.input, PARTITIONS) as feeder,
                Sightings(running, self._place.brokers, "", rows=False) as seen,
            ):
                await feeder.backlog(warm)
                await self._told(running, seen, len(warm))
                began, before = time.monotonic(), running.used()
                await feeder.backlog(bulk)
                await self._told(running, seen, len(warm) + count)
                rate = count / (time.monotonic() - began)
                micros = (running.used().cpu_seconds - before.cpu_seconds) / count * 1e6
        except (RuntimeError, TimeoutError) as error:
            raise RuntimeError(f"{who.name}: {error or 'timed out'}\n{running.said()}") from error
        finally:
            running.kill()
        self._say(f"scores alone: {rate:,.0f} events/s, {micros:.0f} µs of processor time an event")
        return rate, micros

    async def _told(self, running: Running, seen: Sightings, wanted: int) -> None:
        """Wait until so many events are seen on the topic."""
        best, since = -1, time.monotonic()
        while best < wanted:
            running.used()
            if len(seen.told) > best:
                best, since = len(seen.told), time.monotonic()
            if time.monotonic() - since > START_SECONDS:
                raise TimeoutError(f"{best:,} scored events of {wanted:,}, and no more for {START_SECONDS:.0f} s")
            await asyncio.sleep(SOON_SECONDS)

    async def outcome(self, who: Contestant, count: int, until: float) -> tuple[Sequence[Event], Outcome, Verdict]:
        """Only what it makes of `count` events, the newest of them at `until`, judged: nothing is timed."""
        running = await self.ready(who)
        sent: list[Event] = []
        try:
            async with Feeder(self._place.brokers, running.input, PARTITIONS) as feeder:
                running.start()
                sent += events_of(count, "only", until)
                await feeder.backlog(sent)
                await self._stored(running, count, START_SECONDS)
            verdict, outcome = await self._judged(running, sent)
        except (RuntimeError, TimeoutError) as error:
            raise RuntimeError(f"{who.name}: {error or 'timed out'}\n{running.said()}") from error
        finally:
            running.kill()
        return sent, outcome, verdict

    async def ready(self, who: Contestant, *, only_scores: bool = False) -> Running:
        """A contestant with empty topics, not yet started."""
        running = Running(who, self._place, uuid4().hex[:8], only_scores=only_scores)
        if who is OURS:
            await _delete(self._place.brokers, [topic.name for topic in running.topics])
        await apply_topics(self._place.brokers, running.topics, PARTITIONS, 1)
        return running

    async def _work(
        self, running: Running, feeder: Feeder, sent: list[Event], phase: str, count: int, patience: float = 0.0
    ) -> tuple[float, float, float]:
        """A backlog, until its rows are stored; events a second, microseconds of processor time an event, MB."""
        events = events_of(count, phase, time.time())
        wanted = len(sent) + count
        sent += events
        began, before = time.monotonic(), running.used()
        await feeder.backlog(events)
        peak = await self._stored(running, wanted, max(patience, STUCK_SECONDS))
        seconds, used = time.monotonic() - began, running.used()
        each = [(now - then) / count * 1e6 for now, then in zip(used.seconds, before.seconds, strict=True)]
        if phase == "bulk" and len(each) > 1:
            shares = ", ".join(f"{part} {micros:.0f}" for part, micros in zip(running.parts, each, strict=True))
            self._say(f"µs of processor time an event: {shares}")
        return count / seconds, (used.cpu_seconds - before.cpu_seconds) / count * 1e6, peak / 2**20

    async def _stored(self, running: Running, wanted: int, patience: float) -> int:
        """Wait until there are so many rows; the most memory that it had meanwhile."""
        peak, best, since = 0, -1, time.monotonic()
        client = await asyncio.to_thread(connect, running.url)
        try:
            while best < wanted:
                peak = max(peak, running.used().resident)
                rows = await asyncio.to_thread(_rows, client)
                if rows > best:
                    best, since = rows, time.monotonic()
                if time.monotonic() - since > patience:
                    raise TimeoutError(f"{best:,} rows of {wanted:,}, and no more for {patience:.0f} s")
                await asyncio.sleep(POLL_SECONDS)
        finally:
            client.close()
        return peak

    async def _steady(self, running: Running, feeder: Feeder, sent: list[Event], phase: str, rate: float) -> Latency:
        events = events_of(round(rate * self._size.seconds), phase, time.time())
        async with Sightings(running, self._place.brokers, phase) as seen:
            sent += events
            due = await feeder.steady(events, rate)
            await _until(lambda: len(seen.told) >= len(due) and len(seen.stored) >= len(due), STUCK_SECONDS)
        # The first seconds are those of a pipeline that begins to flow.
        counted = list(due)[len(due) // 5 :]
        told, stored = (
            [found.get(name, float("inf")) - due[name] for name in counted] for found in (seen.told, seen.stored)
        )
        found = Latency(rate, quantile(told, 0.5), quantile(told, 0.99), quantile(stored, 0.5), quantile(stored, 0.99))
        _, *milliseconds = (round(seconds * 1000) for seconds in found)
        self._say("{:,.0f} events/s, p50 / p99: topic {:,} / {:,} ms, row {:,} / {:,} ms".format(rate, *milliseconds))
        return found

    async def _killed(self, running: Running, feeder: Feeder, sent: list[Event]) -> tuple[float, float]:
        """Killed and started again at once amid a steady flow; seconds until it goes on, and until it has caught up."""
        size = self._size
        events = events_of(round(size.rate * size.killed_seconds), "kill", time.time())
        async with Sightings(running, self._place.brokers, "kill") as seen:
            sent += events
            feeding = asyncio.create_task(feeder.steady(events, size.rate))
            await asyncio.sleep(size.killed_seconds / 4)
            killed = time.monotonic()
            running.kill()
            running.start()
            due = await feeding
            await _until(lambda: len(seen.told) >= len(events) and len(seen.stored) >= len(events), START_SECONDS)
        after = [seen.told[name] for name, at in due.items() if at > killed and name in seen.told]
        goes_on = min(after, default=float("inf")) - killed
        # Who is behind sees an event long after it was due; the last such event tells when nothing was missing.
        late = [
            seen.told[name] for name, at in due.items() if name in seen.told and seen.told[name] - at > LATE_SECONDS
        ]
        caught_up = max((at for at in late if at > killed), default=killed + goes_on) - killed
        if len(seen.told) < len(events):
            caught_up = float("inf")
        self._say(f"killed: goes on after {goes_on:.1f} s, has caught up after {caught_up:.1f} s")
        return goes_on, caught_up

    async def _judged(self, running: Running, sent: Sequence[Event]) -> tuple[Verdict, Outcome]:
        """The verdict once it no longer changes: right, or the same for as long as windows may take."""
        deadline = time.monotonic() + SETTLE_SECONDS
        for _ in itertools.count():
            outcome = await outcome_of(running, self._place.brokers)
            verdict = await asyncio.to_thread(judge, sent, outcome)
            if verdict == Verdict() or time.monotonic() > deadline:
                self._say(f"outcome of {len(sent):,} events: {verdict}")
                return verdict, outcome
            # What is doubled or wrong stays so; windows and rows may come yet.
            if verdict._replace(doubled=0) == Verdict():
                self._say(f"outcome of {len(sent):,} events: {verdict}")
                return verdict, outcome
            await asyncio.sleep(1.0)
        raise AssertionError


def _rows(client: Any) -> int:
    """How many rows there are; none while its tables are not made yet."""
    if not client.command("EXISTS TABLE scored_events"):
        return 0
    return int(client.command("SELECT count() FROM scored_events"))


async def _until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for something, for a while: what is missing then is reported by the oracle."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        await asyncio.sleep(POLL_SECONDS)


async def _delete(brokers: str, names: Sequence[str]) -> None:
    """Delete topics, and wait until they are gone."""
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        there = set(await admin.list_topics()) & set(names)
        if there:
            await admin.delete_topics(sorted(there))
        deadline = time.monotonic() + GONE_SECONDS
        while set(await admin.list_topics()) & there and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await admin.close()
