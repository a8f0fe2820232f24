"""What a tenant may send: by the second and by the day, at every way in, followed without a restart."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from pydantic import SecretStr

from schemas.events import ticket_key
from schemas.toml_files import FileError
from sinks.access.principals import Role
from sinks.prometheus import TENANT_LABELS
from sinks.record_writer import Headers, NotAcknowledged
from sinks.tenant_labels import TenantLabels
from streams import topics
from streams.engine.local import LocalLog, LocalWriter
from streams.gateway.app import create_app
from streams.gateway.door import Door
from streams.gateway.local_answers import LocalAnswers
from streams.gateway.problems import Problem
from streams.gateway.reading import Accepted
from streams.gateway.writing import write
from streams.tenancy.amounts import Amount
from streams.tenancy.day_counts import DayCounts
from streams.tenancy.pacing import PacedWriter, until
from streams.tenancy.quotas import Exceeded, Quotas, Rooms
from streams.tenancy.tenant_file import LOOK_SECONDS, FollowedTenants, TenantFile
from streams.tenancy.usage_counts import UsageCounts
from tests.access.doors import Doors, asking
from tests.sources import payloads
from tests.unit.gateway_pipeline import memory_log, records

FILE = """
[default]
events_per_second = 100
[tenants.acme]
events_per_second = 10
burst = 20
[tenants.daily]
events_per_second = 0
events_per_day = 5
[tenants.free]
events_per_second = 0
[tenants.letters]
events_per_second = 0
bytes_per_second = 1_000
bytes_burst = 3_000
[tenants.archive]
events_per_second = 0
bytes_per_day = 50_000
"""
# Where nothing is said of bytes, 2,000 for each event; and two seconds of them at once.
POLICY = '"tenant";q=20;w=2, "tenant-bytes";q=40000;w=2;qu="content-bytes"'


def counted(events: Mapping[str, int]) -> dict[str, Amount]:
    """Events without a length, which take no bytes."""
    return {tenant: Amount(number) for tenant, number in events.items()}


class World:
    """Quotas by a file, with both clocks moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tenants.toml"
        self.file.write_text(FILE)
        self.now = datetime(2026, 3, 4, 23, 59, 0, tzinfo=UTC)
        self.adopted: list[TenantFile] = []
        self.days = folder / "state" / "quotas.sqlite"
        self.quotas = self.made()

    def seconds(self) -> float:
        return self.now.timestamp()

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def take(self, events: Mapping[str, int]) -> Rooms:
        """So many events of each tenant."""
        return self.quotas.take(counted(events))

    def made(self) -> Quotas:
        followed = FollowedTenants(self.file, self.seconds, self.adopted.append)
        usage = UsageCounts(self.days, lambda: self.now)
        return Quotas(followed.current, DayCounts(self.days), self.seconds, lambda: self.now, usage)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_bucket_fills_at_the_rate_and_holds_the_burst(world: World) -> None:
    for left in (19, 18, 17):
        found = world.take({"acme": 1})
        assert (found.all[0].left, found.headers["RateLimit-Policy"]) == (left, POLICY)
    world.take({"acme": 17})
    with pytest.raises(Exceeded, match="tenant acme may send 10 events in a second: send the same again in 1 s"):
        world.take({"acme": 1})
    world.pass_by(0.1)
    world.take({"acme": 1})
    world.pass_by(3600)
    assert world.take({"acme": 1}).all[0].left == 19


def test_a_long_list_is_taken_once_and_paid_for_afterwards(world: World) -> None:
    world.take({"acme": 1_000})
    with pytest.raises(Exceeded) as refused:
        world.take({"acme": 1})
    assert refused.value.seconds == 99
    world.pass_by(refused.value.seconds)
    world.take({"acme": 1})


def test_over_an_hour_no_more_comes_in_than_the_rate(world: World) -> None:
    taken = 0
    for _ in range(3_600 * 4):
        try:
            world.take({"acme": 7})
            taken += 7
        except Exceeded:
            pass
        world.pass_by(0.25)
    assert 3_600 * 10 - 20 <= taken <= 3_600 * 10 + 20 + 7


def test_one_tenant_takes_nothing_from_another(world: World) -> None:
    world.take({"acme": 500})
    for tenant in ("globex", "free", "daily"):
        world.take({tenant: 1})
    assert world.take({"free": 10**6}).headers == {}


def test_a_list_of_several_tenants_is_taken_whole_or_not_at_all(world: World) -> None:
    with pytest.raises(Exceeded, match="tenant daily may send 5 events in a day, of which 5 are left"):
        world.take({"acme": 5, "daily": 6})
    assert world.take({"acme": 1}).all[0].left == 19


def test_a_day_is_counted_over_restarts_and_ends_at_midnight(world: World) -> None:
    world.take({"daily": 3})
    again = world.made()
    with pytest.raises(Exceeded) as refused:
        again.take(counted({"daily": 3}))
    assert (refused.value.left, refused.value.seconds) == (2, 60)
    world.take({"daily": 2})
    world.pass_by(60)
    world.take({"daily": 5})


def test_bytes_have_a_bucket_of_their_own(world: World) -> None:
    found = world.quotas.take({"letters": Amount(1, 2_900)})
    assert found.headers["RateLimit"] == '"tenant-bytes";r=100;t=3'
    world.quotas.take({"letters": Amount(1, 25_100)})
    with pytest.raises(Exceeded, match="tenant letters may send 1,000 bytes in a second") as refused:
        world.quotas.take({"letters": Amount(1, 1)})
    assert (refused.value.quota, refused.value.seconds) == ("bytes_per_second", 26)
    world.quotas.give_back({"letters": Amount(1, 25_100)})
    world.quotas.take({"letters": Amount(1, 1)})


def test_over_an_hour_no_more_bytes_come_in_than_the_rate(world: World) -> None:
    taken = 0
    for _ in range(3_600 * 4):
        try:
            world.quotas.take({"letters": Amount(20, 25_000)})
            taken += 25_000
        except Exceeded:
            pass
        world.pass_by(0.25)
    assert 3_600 * 1_000 <= taken <= 3_600 * 1_000 + 3_000 + 25_000


def test_whoever_has_neither_events_nor_bytes_left_is_told_the_longer_wait(world: World) -> None:
    world.quotas.take({"acme": Amount(100, 1_000_000)})
    with pytest.raises(Exceeded) as refused:
        world.take({"acme": 1})
    assert (refused.value.quota, refused.value.seconds) == ("bytes_per_second", 49)


def test_a_day_of_bytes_is_counted_too(world: World) -> None:
    world.quotas.take({"archive": Amount(1, 30_000)})
    with pytest.raises(Exceeded, match="50,000 bytes in a day, of which 20,000 are left") as refused:
        world.made().take({"archive": Amount(1, 20_001)})
    assert (refused.value.quota, refused.value.seconds) == ("bytes_per_day", 60)
    world.quotas.give_back({"archive": Amount(1, 30_000)})
    world.quotas.take({"archive": Amount(1, 50_000)})


def test_days_that_were_counted_before_bytes_were_go_on(world: World) -> None:
    world.days.unlink()
    with sqlite3.connect(world.days) as old:
        old.execute(
            "CREATE TABLE sent (day TEXT NOT NULL, tenant TEXT NOT NULL, events INTEGER NOT NULL, "
            "PRIMARY KEY (day, tenant)) WITHOUT ROWID"
        )
        old.execute("INSERT INTO sent VALUES ('2026-03-04', 'daily', 4)")
    old.close()
    quotas = world.made()
    quotas.take({"daily": Amount(1, 10)})
    with pytest.raises(Exceeded, match="of which 0 are left"):
        quotas.take({"daily": Amount(1, 10)})


def test_what_the_log_did_not_take_is_given_back(world: World) -> None:
    for tenant, events in (("acme", 20), ("daily", 5)):
        world.take({tenant: events})
        world.quotas.give_back(counted({tenant: events}))
        world.take({tenant: events})


def test_the_file_is_followed_and_one_that_is_wrong_changes_nothing(world: World) -> None:
    world.take({"acme": 20})
    world.file.write_text("[tenants.acme]\nevents_per_second = -1\n")
    world.pass_by(LOOK_SECONDS)
    world.take({"acme": 20})
    with pytest.raises(Exceeded):
        world.take({"acme": 1})
    world.file.write_text("[tenants.acme]\nevents_per_second = 1000\n")
    world.pass_by(LOOK_SECONDS)
    world.take({"acme": 900})
    assert len(world.adopted) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[default]\nevents_per_minute = 3\n", ":2: default.events_per_minute: there is no such setting"),
        ("[tenants.acme]\nburst = 0\n", ":2: tenants.acme.burst: "),
        ("[tenants.'a/b']\nburst = 1\n", "tenants.a/b"),
        ("[default]\nevents_per_second = inf\n", ":2: default.events_per_second: "),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "tenants.toml").write_text(text)
    with pytest.raises(FileError, match=r"tenants\.toml") as wrong:
        FollowedTenants(tmp_path / "tenants.toml", lambda: 0.0, lambda _: None)
    assert told in str(wrong.value)


def test_what_a_tenant_s_table_leaves_out_is_the_default_s(world: World) -> None:
    file = world.adopted[0]
    assert file.quota("anybody").events_per_second == 100
    assert (file.quota("daily").events_per_second, file.quota("daily").events_per_day) == (0, 5)
    assert file.quota("anybody").rates == ((100, 1_000), (200_000, 400_000))
    assert file.quota("letters").rates == ((0, 1), (1_000, 3_000))
    assert file.labelled == {"acme", "daily", "free", "letters", "archive"}


def test_names_of_tenants_cannot_make_series_without_end() -> None:
    labels = TenantLabels(most=2)
    assert [labels.label(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]
    labels.adopt({"d"}, 2)
    assert [labels.label(name) for name in ("a", "c", "d")] == ["a", "other", "d"]


class Gateway:
    """A gateway that counts, over a log in memory."""

    def __init__(self, world: World, log: LocalLog) -> None:
        self.log = log
        self.app: FastAPI = create_app(
            LocalWriter(log, topics.EVENTS),
            LocalAnswers(log),
            token=SecretStr("service"),
            webhook_secrets={"freshdesk": SecretStr("s" * 20)},
            answer_seconds=0.01,
            quotas=world.quotas,
        )


@pytest.fixture
def gateway(world: World) -> Gateway:
    return Gateway(world, memory_log())


def events(number: int, tenant: str = "acme") -> list[dict[str, Any]]:
    return [{"event_id": f"{each}", "ticket_id": "T-1", "tenant": tenant, "text": "Where?"} for each in range(number)]


def received(tenant: str, outcome: str) -> float:
    labels = {"tenant": tenant, "outcome": outcome}
    return REGISTRY.get_sample_value("helpdesk_tenant_gateway_events_total", labels) or 0.0


async def test_too_much_is_answered_429_with_when_to_come_back_and_nothing_is_stored(gateway: Gateway) -> None:
    before = received("acme", "accepted"), received("acme", "over_quota")
    async with asking(gateway.app) as client:
        taken = await client.post("/api/v1/events", json=events(20))
        assert (taken.status_code, taken.headers["ratelimit-policy"]) == (202, POLICY)
        assert taken.headers["ratelimit"].startswith('"tenant";r=0;t=2, "tenant-bytes";r=3')
        refused = await client.post("/api/v1/events", json=events(30))
        other = await client.post("/api/v1/events", json=events(30, "globex"))
    assert (refused.status_code, other.status_code) == (429, 202)
    assert (refused.headers["retry-after"], refused.headers["ratelimit"]) == ("1", '"tenant-second";r=0;t=1')
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert (told["tenant"], told["limit"], told["per"], told["retry_after"]) == ("acme", 10, "second", 1)
    assert told["detail"].endswith("None of these events was stored.")
    assert len(records(gateway.log, topics.EVENTS)) == 50
    assert received("acme", "accepted") - before[0] == 20
    assert received("acme", "over_quota") - before[1] == 30


async def test_long_texts_are_refused_by_the_quota_of_bytes_which_the_answer_names(gateway: Gateway) -> None:
    refusals = {"tenant": "letters", "quota": "bytes_per_second"}
    before = REGISTRY.get_sample_value("helpdesk_tenant_over_quota_total", refusals) or 0.0
    long = [{**each, "text": "Where? " * 3_000} for each in events(2, "letters")]
    async with asking(gateway.app) as client:
        first = await client.post("/api/v1/events", json=long)
        refused = await client.post("/api/v1/events", json=events(1, "letters"))
        other = await client.post("/api/v1/events", json=long[0] | {"tenant": "globex"})
    assert (first.status_code, refused.status_code, other.status_code) == (202, 429, 202)
    assert refused.headers["ratelimit-policy"] == '"tenant-bytes-second";q=1000;w=1;qu="content-bytes"'
    told = refused.json()
    assert (told["quota"], told["limit"], told["per"]) == ("bytes_per_second", 1_000, "second")
    stored = [len(each.value or b"") for each in records(gateway.log, topics.EVENTS) if each.key == b"letters/T-1"]
    assert len(stored) == 2
    assert told["retry_after"] == pytest.approx((sum(stored) - 3_000) / 1_000, abs=1.01)
    assert REGISTRY.get_sample_value("helpdesk_tenant_over_quota_total", refusals) == before + 1


POSTED: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("/api/incidents", {"customer_id": "c", "message": "Stolen!"}, {}),
    ("/api/chat/messages", {"session_id": "s", "message": "Hello?"}, {}),
    ("/api/support/escalate", {"customer_id": "c", "escalation_reason": "anger"}, {"X-Service-Token": "service"}),
]


@pytest.mark.parametrize(("path", "body", "headers"), POSTED)
async def test_every_way_in_counts_for_its_tenant(
    gateway: Gateway, path: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    async with asking(gateway.app) as client:
        answers = [
            await client.post(f"{path}?tenant=daily", json=body, headers=headers | {"Idempotency-Key": f"{number}"})
            for number in range(6)
        ]
        free = await client.post(f"{path}?tenant=free", json=body, headers=headers)
    assert [answer.status_code for answer in answers[:5]] == [answers[0].status_code] * 5
    assert answers[5].status_code == 429
    assert answers[5].json()["per"] == "day"
    assert free.status_code == answers[0].status_code
    assert answers[0].status_code in (201, 202)


async def test_a_webhook_that_is_too_much_is_told_to_come_again(gateway: Gateway, world: World) -> None:
    body = payloads.freshdesk()
    async with asking(gateway.app) as client:

        async def post() -> httpx.Response:
            headers = {"X-Webhook-Secret": "s" * 20}
            return await client.post("/api/v1/webhooks/freshdesk?tenant=acme", json=body, headers=headers)

        first = await post()
        assert first.status_code == 202, first.text
        world.take({"acme": 100})
        refused = await post()
    assert (refused.status_code, refused.json()["tenant"]) == (429, "acme")
    assert int(refused.headers["retry-after"]) >= 1


async def test_a_secret_without_a_tenant_may_be_bound_to_some() -> None:
    log = memory_log()
    app = create_app(
        LocalWriter(log, topics.EVENTS),
        LocalAnswers(log),
        token=SecretStr("service"),
        webhook_secrets={"freshdesk": SecretStr("s" * 20)},
        answer_seconds=0.01,
        signed_tenants=("acme",),
    )
    secrets = {"X-Webhook-Secret": "s" * 20, "X-Service-Token": "service"}
    found = {}
    async with asking(app) as client:
        for path, body in (("/api/v1/webhooks/freshdesk", payloads.freshdesk()), (POSTED[2][0], POSTED[2][1])):
            for tenant in ("acme", "globex"):
                answer = await client.post(f"{path}?tenant={tenant}", json=body, headers=secrets)
                found[path, tenant] = answer.status_code
    assert found == {
        ("/api/v1/webhooks/freshdesk", "acme"): 202,
        ("/api/v1/webhooks/freshdesk", "globex"): 403,
        ("/api/support/escalate", "acme"): 202,
        ("/api/support/escalate", "globex"): 403,
    }
    assert {record.key.partition(b"/")[0] for record in records(log, topics.EVENTS) if record.key} == {b"acme"}


async def test_a_token_s_tenant_is_what_is_counted(tmp_path: Path, world: World) -> None:
    doors = Doors(tmp_path)
    log = memory_log()
    app = create_app(LocalWriter(log, topics.EVENTS), access=doors.gate, quotas=world.quotas)
    body = {"event_id": "1", "ticket_id": "T-1", "text": "Where?"}
    world.take({"acme": 100})
    async with asking(app) as client:
        refused = await client.post("/api/v1/events", json=body, headers=doors.bearer(Role.INGEST, acme=True))
        free = await client.post("/api/v1/events", json=body, headers=doors.bearer(Role.INGEST))
    assert (refused.status_code, free.status_code) == (429, 202)
    assert refused.headers["ratelimit-policy"] == '"tenant-second";q=10;w=1'


async def test_every_way_in_counts_bytes(gateway: Gateway, world: World) -> None:
    world.file.write_text("[default]\nbytes_per_second = 1\nbytes_burst = 1\n")
    world.pass_by(LOOK_SECONDS)
    hooked = {"X-Webhook-Secret": "s" * 20}
    ways = [*POSTED, ("/api/v1/webhooks/freshdesk", payloads.freshdesk(), hooked)]
    async with asking(gateway.app) as client:
        for number, (path, body, headers) in enumerate(ways):
            first, second = [
                await client.post(f"{path}?tenant=t{number}", json=body, headers={**headers, "Idempotency-Key": key})
                for key in "ab"
            ]
            assert (first.status_code in (201, 202), second.status_code) == (True, 429), (path, first.text)
            assert second.json()["quota"] == "bytes_per_second"


class Written(LocalWriter):
    """Notes how many events had come when each pause began; takes so many at most."""

    def __init__(self, log: LocalLog, most: int = 10**6) -> None:
        super().__init__(log, topics.EVENTS)
        self._came, self._most = 0, most
        self.pauses: list[tuple[int, float]] = []

    async def send(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self._came += 1
        if self._came > self._most:
            raise NotAcknowledged("away")
        await super().send(key, value, headers)

    async def sleep(self, seconds: float) -> None:
        # What was begun before comes first.
        await asyncio.sleep(0.0)
        self.pauses.append((self._came, seconds))


def long_list(number: int, tenant: str) -> list[Accepted]:
    return [Accepted(f"{each}", ticket_key(tenant, "T-1"), b"%05d" % each * 5_000) for each in range(number)]


async def test_a_list_that_is_more_than_there_is_room_for_leaves_places_for_others(world: World) -> None:
    # Two of 25,000 bytes are a part: 103 seconds are owed, of which five are waited.
    writer = Written(log := memory_log())
    sent = long_list(5, "letters")
    await write(writer, sent, Door(world.quotas), writer.sleep)
    assert [came for came, _ in writer.pauses] == [2, 4]
    assert [seconds for _, seconds in writer.pauses] == pytest.approx([5 / 3, 5 / 3])
    assert [record.value for record in records(log, topics.EVENTS)] == [event.value for event in sent]


@pytest.mark.parametrize("tenant", ["free", "anybody"])
async def test_a_list_for_which_there_is_room_goes_at_once(world: World, tenant: str) -> None:
    writer = Written(log := memory_log())
    await write(writer, long_list(8, tenant), Door(world.quotas), writer.sleep)
    assert (writer.pauses, len(records(log, topics.EVENTS))) == ([], 8)


async def test_what_is_not_acknowledged_ends_the_list_and_is_given_back(world: World) -> None:
    writer = Written(memory_log(), most=1)
    with pytest.raises(Problem, match="did not acknowledge every event"):
        await write(writer, long_list(9, "letters"), Door(world.quotas), writer.sleep)
    assert len(writer.pauses) == 1
    assert world.quotas.take({"letters": Amount(1, 1)}).all[0].left == 2_999


async def test_a_source_waits_for_room_for_bytes(world: World) -> None:
    log, waits = memory_log(), Waits(world)
    writer = PacedWriter(LocalWriter(log, topics.EVENTS), world.quotas, waits)
    for _ in range(3):
        await writer.send(ticket_key("letters", "T-1"), b" " * 10_000)
    assert len(records(log, topics.EVENTS)) == 3
    assert sum(waits.waited) == pytest.approx(17, abs=2)


class Waits:
    """Sleeps by moving the clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        self._world.pass_by(seconds)


async def test_a_source_waits_and_loses_nothing(world: World) -> None:
    log, waits = memory_log(), Waits(world)
    writer = PacedWriter(LocalWriter(log, topics.EVENTS), world.quotas, waits)
    for number in range(12):
        await writer.send(ticket_key("daily", "T-1"), b"%d" % number)
    assert [record.value for record in records(log, topics.EVENTS)] == [b"%d" % number for number in range(12)]
    # Midnight twice, in steps that let an end or another quota be seen.
    assert max(waits.waited) == 10.0
    assert sum(waits.waited) == pytest.approx(60 + 86_400, abs=20)


async def test_a_source_that_waits_for_tomorrow_ends_when_it_is_told_to(world: World) -> None:
    stop, log = asyncio.Event(), memory_log()
    writer = PacedWriter(LocalWriter(log, topics.EVENTS), world.quotas, until(stop))
    for _ in range(5):
        await writer.send(ticket_key("daily", "T-1"), b"{}")
    waiting = asyncio.create_task(writer.send(ticket_key("daily", "T-1"), b"{}"))
    await asyncio.sleep(0)
    assert not waiting.done()
    stop.set()
    with pytest.raises(NotAcknowledged, match="the end has come before"):
        await asyncio.wait_for(waiting, 60)
    assert len(records(log, topics.EVENTS)) == 5


async def test_a_source_s_event_that_is_not_kept_counts_for_nothing(world: World) -> None:
    class Away(LocalWriter):
        async def send(self, *_: Any, **__: Any) -> None:
            raise NotAcknowledged("away")

    writer = PacedWriter(Away(memory_log(), topics.EVENTS), world.quotas)
    for _ in range(20):
        with pytest.raises(NotAcknowledged):
            await writer.send(ticket_key("daily", "T-1"), b"{}")
    world.take({"daily": 5})


@pytest.fixture(autouse=True)
def labels_as_they_were() -> Iterator[None]:
    TENANT_LABELS.adopt({"acme"}, 20)
    yield
    TENANT_LABELS.adopt((), 20)
