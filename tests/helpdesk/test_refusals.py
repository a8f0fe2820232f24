"""What a helpdesk can answer instead: which is tried again and when, which is not, and what people are told of it."""

import asyncio
import base64
import logging
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from msgspec.structs import replace

from schemas.notifications import Kind
from sinks.helpdesk.calls import MAX_ANSWER_BYTES
from sinks.helpdesk.provider import HelpdeskProvider
from sinks.helpdesk.references import fallback_reference
from sinks.notify.base import NotDelivered
from sinks.notify.samples import sample
from tests.helpdesk.desk import Desk, Fault
from tests.helpdesk.http_server import Asked, HttpServer, Reply
from tests.helpdesk.vendors import (
    SECRETS,
    VENDORS,
    ZENDESK,
    Vendor,
    anew,
    from_helpdesk,
    provider_of,
    scene_of,
    target_of,
    told,
)
from tests.servers.nobody import nobody

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIRST = "list tickets"


async def failure(reply: Reply, entry: str = FIRST) -> NotDelivered:
    """What comes of a delivery to a helpdesk that answers so."""
    async with scene_of(ZENDESK) as (desk, provider):
        desk.faults = [Fault(entry, reply)]
        with pytest.raises(NotDelivered) as failed:
            await provider.deliver(told())
    assert failed.value.reference is not None
    return failed.value


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_tried_again(status: int) -> None:
    failed = await failure(Reply(status))
    assert (failed.permanent, failed.retry_after) == (False, None)
    assert failed.reason == f"find: the helpdesk answers {status}"


async def test_a_conflict_is_tried_again_where_the_mapping_says_so() -> None:
    assert not (await failure(Reply(409), "create ticket")).permanent
    assert (await failure(Reply(409))).permanent


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "it refuses the request"),
        (401, "check `user` and `token` of the target"),
        (403, "the credentials do not allow it"),
        (404, "check `url` of the target"),
        (410, "it refuses the request"),
        (422, "the mapping and the helpdesk's required fields differ"),
    ],
)
async def test_refused_for_good(status: int, advice: str) -> None:
    words = b'{"error":"Ann Example <ann@example.org> is suspended"}'
    failed = await failure(Reply(status, words))
    assert failed.permanent
    assert failed.reason.startswith(f"find: the helpdesk answers {status}: ")
    assert advice in failed.reason
    assert "ann" not in failed.reason.lower()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("17", 17.0),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.0),
        ("9" * 400, 3600.0),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_that_the_helpdesk_asks_for(status: int, written: str, seconds: float | None) -> None:
    desk = Desk("zendesk")
    desk.faults = [Fault(FIRST, Reply(status, headers=(("Retry-After", written),)))]
    async with desk.server:
        provider = HelpdeskProvider("desk", target_of(ZENDESK, desk.server.url), SECRETS.__getitem__, now=lambda: NOW)
        with pytest.raises(NotDelivered) as failed:
            await provider.deliver(told())
        await provider.close()
    assert (failed.value.retry_after, failed.value.permanent) == (seconds, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    followed: list[Asked] = []

    async def answer(asked: Asked) -> Reply:
        followed.append(asked)
        return Reply(200, b'{"tickets":[]}')

    async with HttpServer(answer) as elsewhere:
        failed = await failure(Reply(status, headers=(("Location", f"{elsewhere.url}/api/v2/tickets"),)))
    assert failed.permanent
    assert "sends us elsewhere" in failed.reason
    assert followed == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, b"<html>Sign in</html>", (("Content-Type", "text/html"),)), "what is no JSON"),
        (Reply(200, b""), "what is no JSON"),
        (Reply(200, b"\xff\xfe"), "what is no JSON"),
        (Reply(200, b"[" * 100_000), "what is no JSON"),
        (Reply(200, b'"' + b"a" * MAX_ANSWER_BYTES + b'"'), "more than 1,048,576 bytes"),
        (Reply(200, b"x" * 20 * MAX_ANSWER_BYTES), "more than 1,048,576 bytes"),
        (Reply(200, b"\x1f\x8b", (("Content-Encoding", "gzip"),)), "packs its answer"),
        (Reply(200, b'{"tickets":', (("Content-Length", "500"),)), "breaks off"),
    ],
    ids=["a page", "nothing", "no text", "deep", "long", "huge", "packed", "cut off"],
)
async def test_an_answer_that_cannot_be_read_is_asked_for_again(reply: Reply, said: str) -> None:
    failed = await failure(reply)
    assert said in failed.reason
    assert not failed.permanent


@pytest.mark.parametrize("reply", [Reply(200, b"x" * 20 * MAX_ANSWER_BYTES), Reply(200, b"<html>"), Reply(204, b"")])
async def test_an_answer_that_nothing_is_taken_from_may_be_anything(reply: Reply) -> None:
    async with scene_of(ZENDESK) as (desk, provider):
        desk.faults = [Fault("add tags", reply, after=True)]
        receipt = await provider.deliver(told())
    assert receipt.reference == desk.only.id


async def test_an_answer_of_just_the_greatest_length_is_read() -> None:
    answer = b'{"tickets":[],"x":"' + b"a" * (MAX_ANSWER_BYTES - 21) + b'"}'
    assert len(answer) == MAX_ANSWER_BYTES
    async with scene_of(ZENDESK) as (desk, provider):
        desk.faults = [Fault(FIRST, Reply(200, answer))]
        receipt = await provider.deliver(told())
    assert receipt.reference == desk.only.id


@pytest.mark.parametrize("answer", [b'{"ticket":{"id":null}}', b'{"ticket":{"id":[1]}}', b'{"ticket":{"id":"a\\nb"}}'])
async def test_a_creation_without_an_id_in_its_answer_is_looked_for_again(answer: bytes) -> None:
    notification = told()
    async with scene_of(ZENDESK) as (desk, provider):
        desk.faults = [Fault("create ticket", Reply(201, answer), after=True)]
        with pytest.raises(NotDelivered, match="does not say which ticket it has created") as failed:
            await provider.deliver(notification)
        assert (failed.value.permanent, failed.value.reference) == (False, fallback_reference(notification))
        assert (await provider.deliver(notification)).reference == desk.only.id


@pytest.mark.parametrize("answer", [b"{}", b"null", b'"x"', b'{"tickets":null,"payload":null}', b"17"])
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
async def test_what_cannot_be_understood_does_not_say_that_there_is_nothing(vendor: Vendor, answer: bytes) -> None:
    """Whatever is asked, of a helpdesk that has the ticket, its note and other flags: an odd answer adds nothing."""
    async with scene_of(vendor) as (desk, provider):
        await provider.deliver(told())
        desk.only.flags.append("vip")
        before = (list(desk.only.flags), list(desk.only.notes))
        steps = len(desk.asked)
        await anew(vendor, desk, told())
        reading = [name for name in dict.fromkeys(desk.asked[steps:]) if desk.contract.is_read(name)]
        assert reading
        for name in reading:
            desk.faults = [Fault(name, Reply(200, answer))]
            with pytest.raises(NotDelivered, match=r"not as the mapping says|with nothing") as failed:
                await anew(vendor, desk, told())
            assert not failed.value.permanent
            assert (desk.only.flags, desk.only.notes) == before


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
async def test_a_helpdesk_that_does_not_answer_is_not_waited_for_longer_than_the_target_says(vendor: Vendor) -> None:
    notification = told()
    async with scene_of(vendor, seconds=1) as (desk, provider):
        desk.silent = vendor.create
        with pytest.raises(NotDelivered, match="does not answer in time") as failed:
            await provider.deliver(notification)
    assert (failed.value.permanent, failed.value.reference) == (False, fallback_reference(notification))


async def test_one_that_is_away_is_tried_again() -> None:
    with nobody() as port:
        provider = provider_of(ZENDESK, f"http://127.0.0.1:{port}")
        with pytest.raises(NotDelivered, match="cannot be reached") as failed:
            await provider.deliver(told())
        await provider.close()
    assert not failed.value.permanent
    assert f"127.0.0.1:{port}" not in failed.value.reason


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
async def test_secrets_are_shown_nowhere(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with scene_of(vendor) as (desk, provider):
        desk.faults = [Fault(vendor.create, Reply(401, b'{"token":"s3cret-token"}'))]
        with pytest.raises(NotDelivered) as failed:
            await provider.deliver(told())
        shown = [repr(provider), *traceback.format_exception(failed.value), caplog.text]
    packed = {
        base64.b64encode(f"{user}s3cret-token{end}".encode()).decode()
        for user in ("", "agent@example.com:")
        for end in ("", ":X")
    }
    packed.add(base64.b64encode(b"agent@example.com/token:s3cret-token").decode())
    for secret in ("s3cret-token", *packed):
        assert not any(secret in text for text in shown)


@pytest.mark.parametrize("kind", ["alert", "alert_resolved", "reminder", "response_due", "acknowledgement"])
async def test_a_helpdesk_is_told_of_escalations_only(kind: Kind) -> None:
    async with scene_of(ZENDESK) as (desk, provider):
        with pytest.raises(NotDelivered, match="told of escalations only") as failed:
            await provider.deliver(sample(kind))
    assert failed.value.permanent
    assert desk.targets == []


async def test_a_notification_of_nothing_fails_for_good() -> None:
    async with scene_of(ZENDESK) as (_, provider):
        with pytest.raises(NotDelivered, match="nothing to be told") as failed:
            await provider.deliver(replace(told(), notices=()))
    assert failed.value.permanent


async def test_of_a_digest_what_can_be_written_is_written() -> None:
    ours = [told(ticket_id=f"t-{number}", escalation_id=f"e-{number}").notices[0] for number in (1, 2, 3)]
    digest = replace(told(), notices=(ours[0], sample("alert").notices[0], ours[1], ours[2]))
    async with scene_of(ZENDESK) as (desk, provider):
        desk.faults = [Fault("create ticket", Reply(503, headers=(("Retry-After", "9"),)))]
        with pytest.raises(NotDelivered) as failed:
            await provider.deliver(digest)
        assert failed.value.reason == "2 of 4 are not written; the first: create: the helpdesk answers 503"
        assert (failed.value.permanent, failed.value.retry_after) == (False, 9.0)
        assert (failed.value.reference or "").split(",") == [fallback_reference(digest), *desk.tickets]
        with pytest.raises(NotDelivered, match="told of escalations only") as failed:
            await provider.deliver(digest)
    assert failed.value.permanent
    assert len(desk.tickets) == 3
    assert [len(ticket.notes) for ticket in desk.tickets.values()] == [1, 1, 1]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
async def test_deliveries_about_one_ticket_at_the_same_time_create_one(vendor: Vendor) -> None:
    async with scene_of(vendor) as (desk, provider):
        receipts = await asyncio.gather(*(provider.deliver(told(kind)) for kind in ("escalation", "raised") * 3))
    assert {receipt.reference for receipt in receipts} == {desk.only.id}


async def test_one_request_that_hangs_does_not_hold_up_another_ticket() -> None:
    async with scene_of(ZENDESK) as (desk, provider):
        desk.add("41")
        desk.silent = "list tickets"
        stuck = asyncio.create_task(provider.deliver(told(ticket_id="t-2")))
        await desk.is_silent.wait()
        await provider.deliver(told(**from_helpdesk(ZENDESK)))
        assert not stuck.done()
        stuck.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stuck
    assert desk.only.flags == ["escalated"]
