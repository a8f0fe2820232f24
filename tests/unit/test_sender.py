"""The sender over the local log: side by side, nothing lost, and who dies in the middle is followed by another."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from schemas.notices import Notice, encode_notice, notice_key
from schemas.notifications import Notification, decode_notification
from sinks.notify.base import NotDelivered, Provider, Receipt
from sinks.notify.sender import Sender, Way
from streams import topics
from streams.clock import wall_clock
from streams.engine.local import LocalLog, LocalWorker
from streams.engine.local.memory import MemoryStorage
from streams.engine.local.storage import Entry
from streams.engine.telemetry import PrometheusWatch
from streams.notify.local_outbox import LocalOutbox
from streams.notify.stage import NotifyStage
from tests.unit.notices import HOOK, LEADS, SMTP, book, escalation

PARTITIONS = 2
WAIT = 120.0
ROUTES = '\n[[routes]]\ntell = ["leads", "hook"]\n'


class Postbox:
    """A provider that keeps what it gets. `hold` makes deliveries wait, `fail` says how one fails."""

    name = "postbox"

    def __init__(self) -> None:
        self.got: list[Notification] = []
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.fail: Callable[[Notification], Exception | None] = lambda notification: None

    async def deliver(self, notification: Notification) -> Receipt:
        self.got.append(notification)
        self.begun.set()
        await self.open.wait()
        if (error := self.fail(notification)) is not None:
            raise error
        return Receipt("250 queued")

    async def close(self) -> None:
        pass


class World:
    """The planner on a log in memory, and its ledger."""

    def __init__(self, text: str) -> None:
        self.log = LocalLog(MemoryStorage(), wall_clock)
        for topic in (topics.NOTICES, topics.NOTIFICATIONS, topics.DEAD_LETTERS):
            self.log.create(topic, PARTITIONS)
        stage = NotifyStage(book(text))
        watch = PrometheusWatch(stage, "test-notify", wall_clock)
        self.planner = LocalWorker(self.log, stage, clock=wall_clock, watch=watch, dead_letters=topics.DEAD_LETTERS)
        self._appended = asyncio.Event()
        self.log.subscribe(topics.NOTIFICATIONS, self._appended.set)

    def tell(self, *notices: Notice) -> None:
        self.log.append(topics.NOTICES, [Entry(notice_key(each), encode_notice(each)) for each in notices])

    def ledger(self) -> list[Notification]:
        slots = self.log.slots([topics.NOTIFICATIONS])
        records = [record for slot in slots for record in self.log.read(slot, 0, 10_000, 1 << 30)]
        return [decode_notification(record.value or b"") for record in records]

    async def until(self, holds: Callable[[Sequence[Notification]], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not holds(self.ledger()):
                self._appended.clear()
                await self._appended.wait()


@asynccontextmanager
async def planning(text: str = SMTP + LEADS + HOOK + ROUTES) -> AsyncIterator[World]:
    world = World(text)
    await world.planner.start()
    try:
        yield world
    finally:
        await world.planner.stop()
        world.log.close()


@asynccontextmanager
async def sending(world: World, providers: Mapping[str, Provider], seconds: float = WAIT) -> AsyncIterator[Sender]:
    stop = asyncio.Event()
    sender = Sender(LocalOutbox(world.log), {name: Way(provider, seconds) for name, provider in providers.items()})
    running = asyncio.create_task(sender.run(stop))
    try:
        yield sender
    finally:
        stop.set()
        async with asyncio.timeout(WAIT):
            await running


def states(ledger: Sequence[Notification], target: str) -> Counter[str]:
    newest = {record.notification_id: record for record in ledger if record.target == target}
    return Counter(record.state for record in newest.values())


async def test_everything_is_delivered_once_and_the_ledger_says_so() -> None:
    leads, hook = Postbox(), Postbox()
    async with planning() as world, sending(world, {"leads": leads, "hook": hook}):
        world.tell(*(escalation(f"e{number}", tenant=f"tenant-{number % 5}") for number in range(30)))
        await world.until(lambda ledger: states(ledger, "leads") == states(ledger, "hook") == Counter(sent=30))
        sent = [record for record in world.ledger() if record.state == "sent"]
    assert len({notification.notification_id for notification in leads.got}) == len(leads.got) == 30
    assert len(hook.got) == 30
    assert {record.reference for record in sent} == {"250 queued"}
    assert all(record.provider_ms is not None for record in sent)


async def test_a_target_that_hangs_holds_up_no_other_and_not_all_of_its_own() -> None:
    leads, hook = Postbox(), Postbox()
    leads.open.clear()
    async with planning() as world, sending(world, {"leads": leads, "hook": hook}):
        world.tell(*(escalation(f"e{number}") for number in range(15)))
        await world.until(lambda ledger: states(ledger, "hook") == Counter(sent=15))
        assert 0 < len(leads.got) < 15
        leads.open.set()
        await world.until(lambda ledger: states(ledger, "leads") == Counter(sent=15))


async def test_one_that_does_not_answer_in_time_is_tried_again() -> None:
    leads = Postbox()
    leads.open.clear()
    text = SMTP + LEADS + 'retry = ["0s"]\nattempts = 2\n[[routes]]\ntell = ["leads"]\n'
    async with planning(text) as world, sending(world, {"leads": leads}, seconds=0.05):
        world.tell(escalation())
        await world.until(lambda ledger: states(ledger, "leads") == Counter(failed=1))
        reasons = [record.reason for record in world.ledger() if record.reason]
    assert reasons == ["no answer within 0 s"] * 2
    assert [notification.attempt for notification in leads.got] == [1, 2]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotDelivered("550 no such user", permanent=True), "550 no such user"),
        (KeyError("ann@customer.example"), "failed: KeyError"),
    ],
)
async def test_the_ledger_says_why_it_failed_and_nobody_s_address(error: Exception, reason: str) -> None:
    leads = Postbox()
    leads.fail = lambda notification: error
    text = SMTP + LEADS + 'attempts = 1\n[[routes]]\ntell = ["leads"]\n'
    async with planning(text) as world, sending(world, {"leads": leads}):
        world.tell(escalation())
        await world.until(lambda ledger: states(ledger, "leads") == Counter(failed=1))
        assert world.ledger()[-1].reason == reason
        assert sum(world.log.bounds(slot).end for slot in world.log.slots([topics.DEAD_LETTERS])) == 1


async def test_a_target_that_the_sender_does_not_know_yet_is_told_when_it_does() -> None:
    leads = Postbox()
    text = SMTP + LEADS + 'retry = ["0s"]\nattempts = 20\n[[routes]]\ntell = ["leads"]\n'
    async with planning(text) as world, sending(world, {}) as sender:
        world.tell(escalation())
        await world.until(lambda ledger: any("knows no target 'leads'" in record.reason for record in ledger))
        sender.adopt({"leads": Way(leads, WAIT)})
        await world.until(lambda ledger: states(ledger, "leads") == Counter(sent=1))
    assert len(leads.got) == 1


async def test_what_was_under_way_when_a_sender_died_is_sent_again_and_nothing_else() -> None:
    first, second = Postbox(), Postbox()
    async with planning(SMTP + LEADS + '\n[[routes]]\ntell = ["leads"]\n') as world:
        dying = Sender(LocalOutbox(world.log), {"leads": Way(first, WAIT)})
        running = asyncio.create_task(dying.run(asyncio.Event()))
        world.tell(escalation("told"))
        await world.until(lambda ledger: states(ledger, "leads") == Counter(sent=1))
        first.open.clear()
        first.begun.clear()
        world.tell(escalation("under way"))
        async with asyncio.timeout(WAIT):
            await first.begun.wait()
        # It dies between the provider's answer and telling of it.
        for task in [running, *dying._under_way]:
            task.cancel()
        await asyncio.wait([running])
        async with sending(world, {"leads": second}):
            await world.until(lambda ledger: states(ledger, "leads") == Counter(sent=2))
    assert [notification.about for notification in first.got] == [("told",), ("under way",)]
    assert [notification.about for notification in second.got] == [("under way",)]
    assert second.got[0].message_id == first.got[1].message_id
    assert second.got[0].attempt == 1


async def test_a_stop_lets_what_has_begun_end() -> None:
    leads = Postbox()
    leads.open.clear()
    async with planning(SMTP + LEADS + '\n[[routes]]\ntell = ["leads"]\n') as world:
        async with sending(world, {"leads": leads}):
            world.tell(escalation())
            async with asyncio.timeout(WAIT):
                await leads.begun.wait()
            asyncio.get_running_loop().call_later(0.05, leads.open.set)
        await world.until(lambda ledger: states(ledger, "leads") == Counter(sent=1))
        async with sending(world, {"leads": leads}):
            world.tell(escalation("next"))
            await world.until(lambda ledger: states(ledger, "leads") == Counter(sent=2))
    assert len(leads.got) == 2
