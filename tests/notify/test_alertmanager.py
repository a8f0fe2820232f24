"""Escalations and alerts as alerts of a real Alertmanager."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from schemas.notices import Alerted, Awaited, Escalated, Notice
from schemas.notifications import KINDS, Kind, Notification
from sinks.notify.alertmanager import LASTS, AlertmanagerProvider, alerts_of
from sinks.notify.base import NotDelivered
from sinks.notify.samples import notification_of, sample
from sinks.notify.targets import AlertmanagerTarget
from sinks.notify.wording import read_wording
from streams.up.processes import answers, free_port, last_lines, tied
from tests.alerting.programs import program
from tests.notify.web_server import Answer, web_server

WORDING = read_wording()
NOW = datetime.now(UTC)
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@asynccontextmanager
async def provider(url: str) -> AsyncIterator[AlertmanagerProvider]:
    made = AlertmanagerProvider(AlertmanagerTarget(url=url), "alerts", WORDING)
    yield made
    await made.close()


@asynccontextmanager
async def alertmanager(folder: Path) -> AsyncIterator[str]:
    port, config, log = free_port(), folder / "alertmanager.yml", folder / "alertmanager.log"
    config.write_text(CONFIG)
    command = [
        program("alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*tied(command), stdout=output, stderr=output)
    try:
        while not await answers("127.0.0.1", port, "/-/ready"):
            assert process.returncode is None, last_lines(log)
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def now_told(kind: Kind, **changes: Any) -> Notification:
    """A sample that begins now: Alertmanager shows only what has not ended."""
    notice = sample(kind).notices[0]
    moved: Notice
    match notice:
        case Escalated(escalation=told):
            end = NOW if told.state == "resolved" else None
            changes = {"resolved_at": end, **changes}
            moved = Escalated(
                escalation=replace(told, occurred_at=NOW - timedelta(minutes=5), updated_at=NOW, **changes)
            )
        case Alerted(alert=alert):
            end = NOW if alert.state == "resolved" else None
            changes = {"resolved_at": end, **changes}
            moved = Alerted(alert=replace(alert, started_at=NOW - timedelta(minutes=5), updated_at=NOW, **changes))
        case Awaited():
            moved = replace(notice, at=NOW, **changes)
        case _:
            raise AssertionError(kind)
    return notification_of(moved, kind)


async def active(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/v2/alerts", params={"active": "true"})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


async def until(client: httpx.AsyncClient, severities: list[str]) -> list[dict[str, Any]]:
    """The alerts, once they are of these severities."""
    while True:
        found = await active(client)
        if sorted(each["labels"]["severity"] for each in found) == sorted(severities):
            return found
        await asyncio.sleep(0.05)


async def test_an_escalation_is_an_alert_until_it_is_resolved(tmp_path: Path) -> None:
    async with (
        alertmanager(tmp_path) as url,
        provider(f"{url}/") as alerts,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        await alerts.deliver(now_told("escalation", priority="high"))
        (found,) = await until(client, ["warning"])
        assert found["labels"]["alertname"] == "TicketEscalation"
        assert found["annotations"]["summary"] == "TKT-2026-0042, high: URGENT: Delivery problem"
        assert datetime.fromisoformat(found["endsAt"]) > NOW + timedelta(days=6)
        await alerts.deliver(now_told("escalation", priority="high"))
        assert len(await until(client, ["warning"])) == 1
        # Raised, it is a worse alert and not one more.
        await alerts.deliver(now_told("raised", priority="urgent"))
        await until(client, ["critical"])
        await alerts.deliver(now_told("resolved", priority="urgent", raised_by=("waits_long",)))
        await until(client, [])


async def test_an_alert_of_trends_is_one_until_it_is_over(tmp_path: Path) -> None:
    async with (
        alertmanager(tmp_path) as url,
        provider(url) as alerts,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        await alerts.deliver(now_told("alert", severity="warning"))
        (found,) = await until(client, ["warning"])
        assert found["labels"]["measure"] == "volume"
        await alerts.deliver(now_told("alert", severity="critical", revision=2))
        await until(client, ["critical"])
        await alerts.deliver(now_told("alert_resolved", revision=3))
        await until(client, [])


async def test_a_ticket_that_is_overdue_is_an_alert(tmp_path: Path) -> None:
    async with (
        alertmanager(tmp_path) as url,
        provider(url) as alerts,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        await alerts.deliver(now_told("response_due"))
        (found,) = await until(client, ["warning"])
    assert found["labels"]["alertname"] == "TicketOverdue"
    assert found["labels"]["what"] == "response_due"


async def test_what_it_refuses_is_refused_for_good(tmp_path: Path) -> None:
    async with alertmanager(tmp_path) as url, provider(f"{url}/nowhere") as alerts:
        with pytest.raises(NotDelivered, match=r"^it answered 404$") as told:
            await alerts.deliver(sample("escalation"))
    assert told.value.permanent


async def test_a_digest_is_an_alert_for_each_notice() -> None:
    first, second = now_told("escalation"), now_told("alert")
    async with web_server() as web, provider(web.address) as alerts:
        await alerts.deliver(replace(first, notices=(*first.notices, *second.notices)))
    (asked,) = web.asked
    assert asked.path == "/api/v2/alerts"
    posted = asked.json
    assert [each["labels"]["alertname"] for each in posted] == ["TicketEscalation", "TicketTrend"]
    assert posted[0]["annotations"]["summary"] != posted[1]["annotations"]["summary"]


async def test_one_that_is_busy_is_tried_again() -> None:
    async with web_server() as web, provider(web.address) as alerts:
        web.answers = [Answer(503)]
        with pytest.raises(NotDelivered) as told:
            await alerts.deliver(sample("escalation"))
    assert not told.value.permanent


@pytest.mark.parametrize("kind", ["acknowledgement", "report"])
async def test_what_is_no_alert_is_told_to_no_alertmanager(kind: Kind) -> None:
    async with web_server() as web, provider(web.address) as alerts:
        with pytest.raises(NotDelivered, match=r"^neither a report nor what customers are told is an alert$") as told:
            await alerts.deliver(sample(kind))
        assert web.asked == []
    assert told.value.permanent


def notices() -> Iterator[Notice]:
    for kind in KINDS:
        if kind != "acknowledgement":
            yield from sample(kind).notices


@pytest.mark.parametrize("notice", list(notices()), ids=lambda each: type(each).__name__)
def test_labels_hold_nobodys_words(notice: Notice) -> None:
    for posted in alerts_of(notice, {}):
        said = " ".join(posted.labels.values())
        for words in ("ridiculous", "Delivery problem", "customer@example.com", "901820", "c-77", "no delivery"):
            assert words not in said


def test_what_ends_before_it_begins_ends_when_it_begins() -> None:
    """A producer's clock may be five minutes ahead, and Alertmanager refuses such alerts."""
    told = sample("resolved").notices[0]
    assert isinstance(told, Escalated)
    begin = told.escalation.occurred_at
    early = replace(told.escalation, resolved_at=begin - timedelta(minutes=3), updated_at=begin - timedelta(minutes=3))
    for posted in alerts_of(Escalated(escalation=replace(early, raised_by=("other",))), {}):
        assert posted.ends_at == begin


def test_what_is_not_over_lasts_a_week() -> None:
    told = sample("escalation").notices[0]
    (posted,) = alerts_of(told, {})
    assert posted.ends_at - posted.starts_at == LASTS
