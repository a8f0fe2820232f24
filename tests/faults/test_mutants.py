"""Workers that are wrong are found out, each as what it is, by faults that workers as they are survive.

The faults are at points, so that none of it is left to chance. What is wrong with the engine is shown at the registry,
which starts fast and whose answers are easy to count: one number for each question, from 1 on without a gap.
"""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from aiokafka import AIOKafkaProducer

from schemas.registry import Numbered, NumberWanted, decode_answer, encode, question_key
from streams import topics
from streams.up.local_kafka import LocalKafka
from tests.faults.mutants import MUTANTS
from tests.faults.pointed import POINT_SECONDS, PointedPipeline, PointedWorker, pointed_pipeline
from tests.faults.points import Action
from tests.soak import oracle
from tests.soak.generator import Generator
from tests.soak.reading import read_topic
from tests.soak.verify import Ledger

YEAR = 2026
MORE = 20
EVENTS = 400
BETWEEN_TWO_TRANSACTIONS = "commit.begun:2:die"
# Not within the commit, which has a time limit: however long it sleeps, it goes on to write.
BEFORE_IT_WRITES = "stage.after:1:stop"
A_CHUNK = "chunk:1:lose"
AN_ANSWER = "commit.before:1:fail"

Found = Literal["right", "lost", "doubled", "gaps"]


class Case(NamedTuple):
    """A mutant (None: a worker as it is), the fault that it meets, and what becomes of the answers."""

    mutant: str | None
    at: str
    found: Found


CASES = (
    Case(None, BETWEEN_TWO_TRANSACTIONS, "right"),
    Case("writes, then commits", BETWEEN_TWO_TRANSACTIONS, "doubled"),
    Case("commits, then writes", BETWEEN_TWO_TRANSACTIONS, "lost"),
    Case("commits the position apart", BETWEEN_TWO_TRANSACTIONS, "doubled"),
    Case(None, BEFORE_IT_WRITES, "right"),
    Case("never fences", BEFORE_IT_WRITES, "doubled"),
    Case("ignores the fence", BEFORE_IT_WRITES, "doubled"),
    Case(None, A_CHUNK, "right"),
    Case("takes any chunk", A_CHUNK, "lost"),
    Case(None, AN_ANSWER, "right"),
    Case("merges before it knows", AN_ANSWER, "gaps"),
)
FORGETS = "forgets event ids"


def test_every_mutant_is_tried() -> None:
    assert {case.mutant for case in CASES if case.mutant} | {FORGETS} == set(MUTANTS)


class Asker:
    """Asks for numbers of one tenant, and compares them with the answers."""

    def __init__(self, play: PointedPipeline, producer: AIOKafkaProducer, tenant: str) -> None:
        self._play = play
        self._producer = producer
        self._tenant = tenant
        self._asked: list[str] = []

    async def ask(self) -> None:
        """One more question."""
        question = NumberWanted(self._tenant, "T1", f"{self._tenant}-{len(self._asked)}", YEAR)
        await self._producer.send_and_wait(topics.REGISTRY, encode(question), question_key(question))
        self._asked.append(question.escalation_id)

    async def found(self) -> Found:
        """What became of the answers."""
        records = await read_topic(self._play.cluster.brokers, topics.SCORED, self._play.cluster.partitions)
        answers = [answer for record in records if isinstance(answer := decode_answer(record.value), Numbered)]
        ours = [answer for answer in answers if answer.escalation_id.startswith(f"{self._tenant}-")]
        difference = oracle.compare(self._asked, (answer.escalation_id for answer in ours))
        if difference.lost:
            return "lost"
        if difference.doubled:
            return "doubled"
        numbers = {int(answer.number.rpartition("-")[2]) for answer in ours}
        return "right" if numbers == set(range(1, len(ours) + 1)) else "gaps"


async def found_of(play: PointedPipeline, case: Case, asker: Asker) -> Found:
    """What becomes of questions that a worker alone begins to answer. Nobody runs before and after."""
    worker = play.add("registry", case.at, mutant=case.mutant)
    await play.complete("registry")

    async def is_there() -> bool:
        await asker.ask()
        return worker.was_there()

    await play.until(is_there, f"{worker.name} is at {case.at}")
    await replace(play, worker)
    for _ in range(MORE):
        await asker.ask()
    await play.through("registry")
    if worker.at is not None and worker.at.action == Action.STOP:
        worker.wake()
        # Who comes back to the group has ended the transaction that it was in.
        await play.complete("registry")
    await play.leave_all()
    return await asker.found()


async def replace(play: PointedPipeline, worker: PointedWorker) -> None:
    """A worker as it should be gets what the other had, if that is dead or asleep."""
    if worker.at is not None and worker.at.action == Action.DIE:
        await play.death(worker)
        play.start("registry")
    elif worker.at is not None and worker.at.action == Action.STOP:
        await play.standing([worker])
        play.start("registry")
        await play.without([worker])


async def test_what_is_wrong_with_commits_fences_and_positions_shows_in_what_is_written(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    async with (
        pointed_pipeline(own_kafka, tmp_path, partitions=1) as play,
        AIOKafkaProducer(bootstrap_servers=own_kafka.brokers) as producer,
    ):
        askers = [Asker(play, producer, f"tenant{place}") for place in range(len(CASES))]
        found = [
            case._replace(found=await found_of(play, case, asker)) for case, asker in zip(CASES, askers, strict=True)
        ]
    assert found == list(CASES)


def counts_too_much(difference: str) -> bool:
    """Whether a difference between windows says that there are more events than there should be."""
    told = re.search(r": events is (\d+), not (\d+)", difference)
    return told is not None and int(told[1]) > int(told[2])


async def test_duplicates_that_count_show_in_the_windows(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    async with pointed_pipeline(own_kafka, tmp_path, partitions=1) as play:
        play.start("score")
        play.add("track", mutant=FORGETS)
        play.start("trends")
        feed = play.feed(Generator(3, EVENTS, play.cluster.partitions))
        feed.release()
        await play.sent()
        for stage in ("score", "track", "trends"):
            await play.through(stage, POINT_SECONDS)
        async with Ledger(play.cluster, feed.sent, [], tmp_path) as ledger:
            await ledger.expect()

            async def too_much() -> bool:
                return any(counts_too_much(found) for found in await ledger.window_differences())

            await play.until(too_much, "a window counts too many events")
        await play.leave_all()
