"""When a worker stands still, by a clock that the tests move, and what is said of its tasks then."""

import asyncio
import threading

import pytest

from streams.engine.stacks import describe_stacks
from streams.engine.watchdog import Pulse, Stall

LIMIT, EVERY = 60.0, 10.0
END = 100


class Looks:
    """A watchdog's looks at two partitions, ten seconds apart."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.stall = Stall(LIMIT, longest_gap=3 * EVERY)
        self.now = 1_000.0

    def look(self, ends: dict[int, int] | None = None) -> list[int]:
        """What one look finds; the broker says that both partitions end at 100 unless told otherwise."""
        self.now += EVERY
        return self.stall.look(self.now, self.pulse.progress(), {0: END, 1: END} if ends is None else ends)

    def away(self) -> None:
        """The broker does not answer."""
        self.now += EVERY
        self.stall.unknown()


@pytest.fixture
def looks() -> Looks:
    made = Looks()
    made.pulse.assigned([0, 1])
    made.pulse.applied(0, 40)
    made.pulse.applied(1, END)
    return made


def test_a_partition_whose_records_wait_for_a_minute_stands_still(looks: Looks) -> None:
    assert [looks.look() for _ in range(8)] == [*[[]] * 6, [0], [0]]


def test_whoever_goes_on_however_slowly_does_not_stand_still(looks: Looks) -> None:
    for position in range(41, 61):
        assert [looks.look() for _ in range(5)] == [[]] * 5
        looks.pulse.applied(0, position)


def test_the_time_begins_when_records_wait_and_not_with_the_last_commit(looks: Looks) -> None:
    looks.pulse.applied(0, END)
    for _ in range(100):
        assert looks.look() == []
    # After a quarter of an hour in which nothing came, something does.
    assert [looks.look({0: END + 1, 1: END}) for _ in range(7)] == [*[[]] * 6, [0]]


def test_what_may_not_be_read_yet_does_not_wait(looks: Looks) -> None:
    looks.pulse.applied(0, END)
    # The last stable offset stays where it is while somebody's transaction is open.
    assert [looks.look({0: END, 1: END}) for _ in range(20)] == [[]] * 20


def test_a_long_recovery_that_reads_on_makes_progress(looks: Looks) -> None:
    looks.pulse.assigned([0, 1])
    for position in range(0, 2_000_000, 20_000):
        looks.pulse.recovering(0, position)
        looks.pulse.recovering(1, position)
        assert looks.look() == []
    assert [looks.look() for _ in range(6)] == [*[[]] * 5, [0, 1]]


def test_whoever_waits_for_a_long_recovery_beside_it_is_let_alone(looks: Looks) -> None:
    looks.pulse.assigned([0, 1])
    looks.pulse.applied(0, 40)
    for position in range(0, 2_000_000, 20_000):
        looks.pulse.recovering(1, position)
        assert looks.look() == []
    looks.pulse.applied(1, END)
    assert [looks.look() for _ in range(6)] == [*[[]] * 5, [0]]


def test_a_take_over_that_begins_again_and_again_makes_none(looks: Looks) -> None:
    found = []
    for _ in range(20):
        looks.pulse.recovering(0, 500)
        found.append(looks.look())
        looks.pulse.recovering(0, 900)
        found.append(looks.look())
        looks.pulse.applied(0, 40)
    assert [0] in found


def test_a_partition_that_is_not_even_taken_over_stands_still_also_where_nothing_waits(looks: Looks) -> None:
    looks.pulse.assigned([0])
    assert [looks.look({0: 0}) for _ in range(7)] == [*[[]] * 6, [0]]


def test_while_the_broker_is_away_no_time_passes(looks: Looks) -> None:
    for _ in range(5):
        looks.look()
    for _ in range(30):
        looks.away()
    assert [looks.look() for _ in range(7)] == [*[[]] * 6, [0]]


def test_a_process_that_was_held_begins_anew(looks: Looks) -> None:
    for _ in range(5):
        looks.look()
    looks.now += 3_600
    assert [looks.look() for _ in range(7)] == [*[[]] * 6, [0]]


def test_an_assignment_begins_anew_and_what_went_elsewhere_is_not_watched(looks: Looks) -> None:
    for _ in range(5):
        looks.look()
    looks.pulse.assigned([0])
    looks.pulse.applied(0, 40)
    assert [looks.look() for _ in range(7)] == [*[[]] * 6, [0]]
    looks.pulse.assigned([])
    # What a task that is about to end still says.
    looks.pulse.applied(0, 41)
    looks.pulse.recovering(0, 41)
    assert [looks.look() for _ in range(20)] == [[]] * 20


async def test_stacks_name_what_each_task_and_thread_waits_for() -> None:
    release = threading.Event()

    async def inner() -> None:
        await asyncio.sleep(3600)

    async def outer() -> None:
        await inner()

    waiting = asyncio.create_task(outer(), name="score-1")
    thread = threading.Thread(target=release.wait, name="holder", daemon=True)
    thread.start()
    await asyncio.sleep(0)
    told: list[str] = []
    # A thread that has been started need not have come as far as to wait.
    while not any(line.startswith("thread holder: ") and "Event.wait" in line for line in told):
        told = await asyncio.to_thread(describe_stacks, asyncio.get_running_loop())
    release.set()
    waiting.cancel()
    [of_task] = [line for line in told if line.startswith("task score-1: ")]
    assert of_task.index("sleep") < of_task.index("inner") < of_task.index("outer")
    assert __file__ in of_task
    [of_thread] = [line for line in told if line.startswith("thread holder: ")]
    assert "Event.wait" in of_thread
    assert any(line.startswith("thread MainThread: ") for line in told)
