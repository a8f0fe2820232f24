"""The ledger as the page asks for it, after the sink has stored its records."""

from datetime import timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.notifications import notification_id
from sinks.base import Message
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.notifications import MAX_NOTIFICATIONS, read_notifications, read_notifications_of
from tests.contract.messages import NOON, notification


def record(offset: int, about: str, revision: int, state: str, **fields: Any) -> Message:
    return notification(
        offset,
        notification_id=notification_id("default", "escalation", about, "leads"),
        revision=revision,
        state=state,
        at=NOON + timedelta(seconds=offset),
        **{"provider_ms": None, "reference": None, **fields},
    )


WAY = [
    record(0, "a", 1, "pending", attempt=0),
    record(1, "a", 2, "pending", attempt=1),
    record(2, "a", 3, "pending", attempt=1, reason="421 later"),
    record(3, "b", 1, "pending", attempt=0, ticket_id=None),
    record(4, "a", 4, "pending", attempt=2),
    record(5, "a", 5, "sent", attempt=2, provider_ms=120, reference="250 queued"),
    record(6, "c", 1, "suppressed", attempt=0, reason="no target is set up", tenant="other"),
]


async def test_of_each_notification_the_newest_record_counts(sink: ClickHouseSink, client: Client) -> None:
    # In blocks that overlap and are out of order, as after a crash.
    for some in (WAY[3:], WAY[:4], WAY[2:5]):
        await sink.write(some)
    found = read_notifications(client, "default", 30, NOON + timedelta(minutes=1))
    assert (found.pending, found.sent, found.failed, found.suppressed) == (1, 1, 0, 0)
    sent, pending = found.notifications
    assert (sent.state, sent.attempt, sent.reason, sent.reference, sent.provider_ms) == (
        "sent",
        2,
        "",
        "250 queued",
        120,
    )
    assert sent.at == NOON + timedelta(seconds=5)
    assert (pending.state, pending.ticket_id) == ("pending", None)
    assert client.query("SELECT count() FROM notifications_now").result_rows == [(7,)]
    assert client.query("SELECT count(), uniq(notification_id) FROM notifications_standing").result_rows == [(3, 3)]


async def test_a_span_and_a_tenant_bound_what_is_counted(sink: ClickHouseSink, client: Client) -> None:
    await sink.write(WAY)
    other = read_notifications(client, "other", 30, NOON)
    assert [each.reason for each in other.notifications] == ["no target is set up"]
    assert read_notifications(client, "default", 30, NOON + timedelta(hours=1)).notifications == []


async def test_a_ticket_has_its_own_and_no_more_than_people_read(sink: ClickHouseSink, client: Client) -> None:
    many = [record(10 + number, f"n{number}", 1, "sent", ticket_id="T-9") for number in range(MAX_NOTIFICATIONS + 5)]
    await sink.write([*WAY, *many])
    assert [each.state for each in read_notifications_of(client, "default", "T-1")] == ["sent"]
    found = read_notifications_of(client, "default", "T-9")
    assert len(found) == MAX_NOTIFICATIONS
    assert found[0].at == NOON + timedelta(seconds=10 + MAX_NOTIFICATIONS + 4)
    assert read_notifications_of(client, "default", "") == []
