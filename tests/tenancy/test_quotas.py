"""What a tenant may send: by the second and by the day, at every way in, followed without a restart."""

from collections.abc import Iterator
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
from sinks.record_writer import NotAcknowledged
from sinks.tenant_labels import TenantLabels
from streams import topics
from streams.engine.local import LocalLog, LocalWriter
from streams.gateway.app import create_app
from streams.gateway.local_answers import LocalAnswers
from streams.tenancy.day_counts import DayCounts
from streams.tenancy.pacing import PacedWriter
from streams.tenancy.quotas import Exceeded, Quotas
from streams.tenancy.tenant_file import LOOK_SECONDS, FollowedTenants, TenantFile
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
"""


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

    def made(self) -> Quotas:
        followed = FollowedTenants(self.file, self.seconds, self.adopted.append)
        return Quotas(followed.current, DayCounts(self.days), self.seconds, lambda: self.now)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_bucket_fills_at_the_rate_and_holds_the_burst(world: World) -> None:
    for left in (19, 18, 17):
        room = world.quotas.take({"acme": 1})
        assert room is not None
        assert (room.left, room.headers["RateLimit-Policy"]) == (left, '"tenant";q=20;w=2')
    world.quotas.take({"acme": 17})
    with pytest.raises(Exceeded, match="tenant acme may send 10 events in a second: send the same again in 1 s"):
        world.quotas.take({"acme": 1})
    world.pass_by(0.1)
    world.quotas.take({"acme": 1})
    world.pass_by(3600)
    room = world.quotas.take({"acme": 1})
    assert room is not None
    assert room.left == 19


def test_a_long_list_is_taken_once_and_paid_for_afterwards(world: World) -> None:
    world.quotas.take({"acme": 1_000})
    with pytest.raises(Exceeded) as refused:
        world.quotas.take({"acme": 1})
    assert refused.value.seconds == 99
    world.pass_by(refused.value.seconds)
    world.quotas.take({"acme": 1})


def test_over_an_hour_no_more_comes_in_than_the_rate(world: World) -> None:
    taken = 0
    for _ in range(3_600 * 4):
        try:
            world.quotas.take({"acme": 7})
            taken += 7
        except Exceeded:
            pass
        world.pass_by(0.25)
    assert 3_600 * 10 - 20 <= taken <= 3_600 * 10 + 20 + 7


def test_one_tenant_takes_nothing_from_another(world: World) -> None:
    world.quotas.take({"acme": 500})
    for tenant in ("globex", "free", "daily"):
        world.quotas.take({tenant: 1})
    assert world.quotas.take({"free": 10**6}) is None


def test_a_list_of_several_tenants_is_taken_whole_or_not_at_all(world: World) -> None:
    with pytest.raises(Exceeded, match="tenant daily may send 5 events in a day, of which 5 are left"):
        world.quotas.take({"acme": 5, "daily": 6})
    room = world.quotas.take({"acme": 1})
    assert room is not None
    assert room.left == 19


def test_a_day_is_counted_over_restarts_and_ends_at_midnight(world: World) -> None:
    world.quotas.take({"daily": 3})
    again = world.made()
    with pytest.raises(Exceeded) as refused:
        again.take({"daily": 3})
    assert (refused.value.left, refused.value.seconds) == (2, 60)
    world.quotas.take({"daily": 2})
    world.pass_by(60)
    world.quotas.take({"daily": 5})


def test_what_the_log_did_not_take_is_given_back(world: World) -> None:
    for tenant, events in (("acme", 20), ("daily", 5)):
        world.quotas.take({tenant: events})
        world.quotas.give_back({tenant: events})
        world.quotas.take({tenant: events})


def test_the_file_is_followed_and_one_that_is_wrong_changes_nothing(world: World) -> None:
    world.quotas.take({"acme": 20})
    world.file.write_text("[tenants.acme]\nevents_per_second = -1\n")
    world.pass_by(LOOK_SECONDS)
    world.quotas.take({"acme": 20})
    with pytest.raises(Exceeded):
        world.quotas.take({"acme": 1})
    world.file.write_text("[tenants.acme]\nevents_per_second = 1000\n")
    world.pass_by(LOOK_SECONDS)
    world.quotas.take({"acme": 900})
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
    assert file.quota("anybody").at_once == 1_000
    assert file.labelled == {"acme", "daily", "free"}


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
        assert (taken.status_code, taken.headers["ratelimit"]) == (202, '"tenant";r=0;t=2')
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
        world.quotas.take({"acme": 100})
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
    world.quotas.take({"acme": 100})
    async with asking(app) as client:
        refused = await client.post("/api/v1/events", json=body, headers=doors.bearer(Role.INGEST, acme=True))
        free = await client.post("/api/v1/events", json=body, headers=doors.bearer(Role.INGEST))
    assert (refused.status_code, free.status_code) == (429, 202)
    assert refused.headers["ratelimit-policy"] == '"tenant-second";q=10;w=1'


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


async def test_a_source_s_event_that_is_not_kept_counts_for_nothing(world: World) -> None:
    class Away(LocalWriter):
        async def send(self, *_: Any, **__: Any) -> None:
            raise NotAcknowledged("away")

    writer = PacedWriter(Away(memory_log(), topics.EVENTS), world.quotas)
    for _ in range(20):
        with pytest.raises(NotAcknowledged):
            await writer.send(ticket_key("daily", "T-1"), b"{}")
    world.quotas.take({"daily": 5})


@pytest.fixture(autouse=True)
def labels_as_they_were() -> Iterator[None]:
    TENANT_LABELS.adopt({"acme"}, 20)
    yield
    TENANT_LABELS.adopt((), 20)
