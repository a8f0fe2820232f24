"""The simulation: that it is deterministic, finds what is wrong, and finds nothing where nothing is."""

import asyncio
import os
import subprocess
import sys
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from tests.simulation import oracle
from tests.simulation.dying_file import DyingFile, TornFile
from tests.simulation.faults import CHUNK_FAULTS, POINTS, REQUEST_FAULTS, Fault
from tests.simulation.loop import Process, SimulationLoop, Stuck
from tests.simulation.mutants import MUTANTS
from tests.simulation.parts import AS_IT_IS
from tests.simulation.plan import plan_of
from tests.simulation.schedules import Tally, play, play_all
from tests.simulation.shrink import shrink
from tests.simulation.story import tell
from tests.simulation.world import run
from tests.soak import windows as soak_windows
from tests.soak.oracle import Scored
from tests.soak.sql import by_sql

# A mutant must be found by one of so many schedules; the first two hundred find all of them.
SCHEDULES: Final = 1_000
ROOT: Final = Path(__file__).parents[2]


@cache
def short_run() -> Tally:
    return play(1, 300)


def digest() -> str:
    """Of everything that happens in some schedules."""
    outcomes = [run(plan_of(seed), tell=True) for seed in range(1, 21)]
    return blake2b(repr(outcomes).encode()).hexdigest()


class TestThePipelineAsItIs:
    def test_nothing_is_lost_doubled_or_early_and_nothing_hangs(self) -> None:
        assert short_run().failed == []

    def test_much_goes_wrong_meanwhile(self) -> None:
        tally = short_run()
        assert tally.counts["faults"] > 300
        assert tally.counts["take_overs"] > 1_000
        assert {kind for kind, _ in tally.struck} >= {"crash", "pause", "clock", "rebalance", *REQUEST_FAULTS}

    @pytest.mark.parametrize("kind", ["crash", "pause"])
    @pytest.mark.parametrize("point", POINTS)
    def test_it_survives_at_every_named_point(self, point: str, kind: str) -> None:
        for seed in (1, 2, 3):
            plan = plan_of(seed)._replace(workers=2, latency=0.01)
            faults = tuple(Fault(kind, stage, point=point, nth=2, seconds=4.0) for stage in plan.stages)
            # Nothing is released before something fails.
            failing = tuple(Fault("refused", stage, point="commit", nth=1) for stage in plan.stages)
            outcome = run(plan._replace(faults=(*faults, *failing)))
            assert outcome.findings == []
            if point not in ("release.before", "seek.before", "seek.after"):
                assert {fault.point for fault in outcome.struck} >= {point}

    @pytest.mark.parametrize("request_point", ["commit", "take-over"])
    @pytest.mark.parametrize("kind", REQUEST_FAULTS)
    def test_it_survives_every_fate_of_a_request(self, kind: str, request_point: str) -> None:
        if request_point == "take-over" and kind in ("swallowed", "unanswered"):
            return
        plan = plan_of(4)
        faults = tuple(Fault(kind, stage, point=request_point, nth=1, seconds=2.0) for stage in plan.stages)
        outcome = run(plan._replace(faults=faults))
        assert outcome.findings == []
        assert len(outcome.struck) == len(plan.stages)

    @pytest.mark.parametrize("kind", CHUNK_FAULTS)
    def test_it_survives_every_fate_of_a_chunk(self, kind: str) -> None:
        plan = plan_of(5)
        faults = tuple(Fault(kind, stage, point="chunk", nth=1, seconds=1.0) for stage in plan.stages)
        outcome = run(plan._replace(faults=faults))
        assert outcome.findings == []
        assert len(outcome.struck) == len(plan.stages)


class TestOverSqlite:
    def test_schedules_go_as_in_memory_although_the_process_dies_and_its_file_is_opened_as_it_is(
        self, tmp_path: Path
    ) -> None:
        lives = 0
        for seed in range(1, 13):
            folder = tmp_path / str(seed)
            folder.mkdir()
            over_sqlite = run(plan_of(seed), AS_IT_IS._replace(storage=partial(DyingFile, folder)), tell=True)
            assert over_sqlite == run(plan_of(seed), tell=True)
            assert over_sqlite.findings == []
            lives += len(list(folder.glob("*.db")))
        assert lives > 30

    def test_a_file_that_has_lost_its_last_commits_is_found(self, tmp_path: Path) -> None:
        found: set[str] = set()
        for seed in (1, 3, 4, 6):
            folder = tmp_path / str(seed)
            folder.mkdir()
            outcome = run(plan_of(seed), AS_IT_IS._replace(storage=partial(TornFile, folder)))
            found.update(finding.kind for finding in outcome.findings)
        assert not found.isdisjoint({"sent", "scored events", "revisions"})


class TestMutants:
    @pytest.mark.parametrize("name", MUTANTS)
    def test_each_is_found(self, name: str) -> None:
        parts, kinds = MUTANTS[name]
        found = (
            seed
            for seed in range(1, SCHEDULES + 1)
            if not kinds.isdisjoint(finding.kind for finding in run(plan_of(seed), parts).findings)
        )
        assert next(found, None) is not None

    def test_a_failure_becomes_a_short_story(self) -> None:
        parts = MUTANTS["ignores the fence"].parts
        plan = next(plan for plan in map(plan_of, range(1, SCHEDULES)) if run(plan, parts).findings)
        short = shrink(plan, parts)
        assert len(short.sent) <= 2
        assert len(short.faults) <= 2
        story = list(tell(short, run(short, parts, tell=True)))
        assert any("FAULT" in line for line in story)
        assert any("WRONG" in line for line in story)


class TestReplay:
    def test_a_seed_is_one_story(self) -> None:
        assert digest() == digest()
        assert len(run(plan_of(2), tell=True).story) > 20

    def test_it_is_the_same_in_another_process(self) -> None:
        code = "from tests.unit.test_simulation import digest; print(digest())"
        for hash_seed in ("1", "2"):
            ended = subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                cwd=ROOT,
                capture_output=True,
                check=True,
                text=True,
            )
            assert ended.stdout.strip() == digest()

    def test_several_processes_count_what_one_counts(self) -> None:
        alone, together = play(1, 120), None
        for tally in play_all(1, 120, jobs=2):
            if together is None:
                together = tally
            else:
                together.add(tally)
        assert together == alone


class TestOracle:
    async def test_it_counts_what_sql_counts(self, tmp_path: Path) -> None:
        sent = [
            (plan.begins + round(one.at * 1000), msgspec.json.decode(one.value))
            for plan in (plan_of(seed) for seed in (2, 3, 5, 8))
            if not plan.whole
            for one in plan.sent
            if one.fields is not None
        ]
        scored = [Scored(number % 2, number, at, event) for number, (at, event) in enumerate(sent)]
        assert len(scored) > 20
        escalations = [b'{"tenant":"%s","ticket_id":"%s","event_id":"%s"}' % _id(record) for record in scored[::5]]
        in_order = sorted(scored, key=lambda one: (one.partition, one.offset))
        by_hand, _ = oracle.counted(in_order, soak_windows.SIZES, horizon=172_800)
        found = oracle.windows(by_hand, {oracle.id_of(record.event) for record in scored[::5]}, soak_windows.SIZES)
        expected = await by_sql(scored, escalations, tmp_path)
        known = {cell: figures for cell, figures in expected.items() if cell.dimension in oracle.DIMENSIONS}
        assert found.keys() <= known.keys()
        for cell, figures in known.items():
            by_name = dict(zip(soak_windows.FIGURES, found.get(cell, oracle.NOTHING), strict=True))
            for name, figure in zip(soak_windows.FIGURES, figures, strict=True):
                assert by_name[name] == (pytest.approx(figure) if isinstance(figure, float) else figure), (cell, name)
        # What there is little of is there.
        for name in ("reopened", "emotions", "response_times", "resolution_times"):
            place = soak_windows.FIGURES.index(name)
            assert any(figures[place] for figures in known.values()), name


def _id(record: Scored) -> tuple[bytes, ...]:
    return tuple(part.encode() for part in oracle.id_of(record.event))


class TestLoop:
    def loop(self) -> SimulationLoop:
        return SimulationLoop(Random(1), 0.0, 10_000)  # type: ignore[abstract]

    def test_a_dead_process_takes_no_further_step(self) -> None:
        loop, process, seen = self.loop(), Process("p"), []

        async def live() -> None:
            try:
                await asyncio.sleep(1)
                seen.append("slept")
            finally:
                seen.append("cleaned up")

        loop.create_task(live(), context=process.context)
        loop.run_until(0.5)
        process.alive = False
        loop.run_until(10)
        assert seen == []

    def test_a_paused_process_goes_on_where_it_was(self) -> None:
        loop, process, seen = self.loop(), Process("p"), []

        async def live() -> None:
            await asyncio.sleep(1)
            seen.append(loop.time())

        loop.create_task(live(), context=process.context)
        loop.run_until(0.5)
        process.paused = True
        loop.run_until(5)
        assert seen == []
        loop.wake(process)
        loop.run_until(6)
        assert seen == [5]

    def test_the_order_of_what_is_ready_is_drawn(self) -> None:
        orders = set()
        for seed in range(20):
            loop = SimulationLoop(Random(seed), 0.0, 10_000)  # type: ignore[abstract]
            seen: list[int] = []
            for number in range(3):
                loop.call_soon(seen.append, number)
            loop.run_until(1)
            orders.add(tuple(seen))
        assert len(orders) == 6

    def test_what_never_ends_is_noticed(self) -> None:
        loop = self.loop()

        def again() -> None:
            loop.call_soon(again)

        again()
        with pytest.raises(Stuck):
            loop.run_until(1)
