"""A signed POST to a real server, and what its answers mean."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from schemas.notifications import KINDS, Notification
from sinks.notify import posting
from sinks.notify.apprise_services import keep_quiet
from sinks.notify.base import NotDelivered
from sinks.notify.samples import digest, sample
from sinks.notify.targets import WebhookTarget
from sinks.notify.webhook import Hook, WebhookProvider
from sinks.pauses import retry_after
from streams.http_server import address_of, listen
from tests.notify.logged import everything_logged
from tests.notify.web_server import Answer, web_server
from tests.servers.nobody import nobody

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
KEY = "s3cret"


def target_of(url: str, timeout: int = 20_000) -> WebhookTarget:
    target = WebhookTarget.model_validate({"url": url, "secret": "env:HOOK"})
    return target.model_copy(update={"timeout": timeout})


@asynccontextmanager
async def provider(url: str, timeout: int = 20_000) -> AsyncIterator[WebhookProvider]:
    made = WebhookProvider(target_of(url, timeout), "hook", SecretStr(KEY), lambda: NOW)
    yield made
    await made.close()


async def test_a_post_as_whoever_gets_it_checks_it() -> None:
    told = sample("escalation")
    async with web_server() as web, provider(f"{web.address}/hooks/7") as hook:
        assert await hook.deliver(told) == (None, "")
    (asked,) = web.asked
    assert asked.path == "/hooks/7"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["idempotency-key"] == told.notification_id
    timestamp = asked.headers["x-ticketpulse-timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    mac = hmac.new(KEY.encode(), f"{timestamp}.".encode() + asked.body, hashlib.sha256)
    assert asked.headers["x-ticketpulse-signature"] == f"v1={mac.hexdigest()}"


@pytest.mark.parametrize("told", [*map(sample, KINDS), digest()], ids=lambda each: f"{each.kind}-{len(each.notices)}")
async def test_what_is_posted_says_what_the_notices_say(told: Notification) -> None:
    async with web_server() as web, provider(web.address) as hook:
        await hook.deliver(told)
    read = msgspec.json.decode(web.asked[0].body, type=Hook)
    assert read.notices == told.notices
    assert (read.version, read.kind, read.about) == (1, told.kind, told.about)


async def test_another_attempt_is_the_same_post() -> None:
    told = sample("escalation")
    async with web_server() as web, provider(web.address) as hook:
        await hook.deliver(told)
        await hook.deliver(replace(told, attempt=2, revision=3))
    first, second = web.asked
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True),
        (401, True),
        (404, True),
        (408, False),
        (410, True),
        (425, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
async def test_what_an_answer_means(status: int, permanent: bool) -> None:
    async with web_server() as web, provider(web.address) as hook:
        web.answers = [Answer(status, {"Retry-After": "17"}, b"customer@example.com is unknown")]
        with pytest.raises(NotDelivered) as told:
            await hook.deliver(sample("escalation"))
    assert told.value.permanent is permanent
    assert told.value.retry_after == (None if permanent else 17.0)
    assert told.value.reason == f"it answered {status}"


async def test_a_redirect_is_not_followed() -> None:
    async with web_server() as web, provider(web.address) as hook:
        web.answers = [Answer(307, {"Location": f"{web.address}/elsewhere"})]
        with pytest.raises(NotDelivered, match=r"^it answered 307: the url of the target") as told:
            await hook.deliver(sample("escalation"))
    assert told.value.permanent
    assert [asked.path for asked in web.asked] == ["/"]


async def test_a_server_that_is_away() -> None:
    with nobody() as port:
        async with provider(f"http://127.0.0.1:{port}/secret-path") as hook:
            with pytest.raises(NotDelivered, match=r"^it cannot be reached \(ConnectError\)$") as told:
                await hook.deliver(sample("escalation"))
    assert not told.value.permanent


async def test_a_server_that_does_not_answer() -> None:
    # The kernel takes the connection, and nobody ever reads from it.
    with listen("127.0.0.1", 0) as silent:
        async with provider(address_of(silent), timeout=200) as hook:
            with pytest.raises(NotDelivered, match=r"^it does not answer in time$") as told:
                await hook.deliver(sample("escalation"))
    assert not told.value.permanent


async def test_a_server_that_breaks_off() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, provider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as hook:
        with pytest.raises(NotDelivered, match=r"^it cannot be reached") as told:
            await hook.deliver(sample("escalation"))
    assert not told.value.permanent


async def test_what_is_taken_is_taken_however_the_answer_ends() -> None:
    async def promise_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\nthat is all")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(promise_more, "127.0.0.1", 0)
    async with server, provider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as hook:
        assert await hook.deliver(sample("escalation")) == (None, "")


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    async with web_server() as web, provider(web.address) as hook:
        web.answers = [Answer(body=b"x" * 10_000_000)]
        assert await hook.deliver(sample("escalation")) == (None, "")


@pytest.mark.parametrize("body", [b"", b"1\r\nx\r\n"], ids=["silence", "and on"])
async def test_what_is_taken_is_taken_though_the_answer_never_ends(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between the end of its own share and that of the sender's time lies a tenth: of a second that is too little for a
    # busy machine, and a tenth of what is enough would be long to wait for. So here its share is small.
    assert posting._OWN_SHARE <= 0.9
    monkeypatch.setattr(posting, "_OWN_SHARE", 0.02)
    monkeypatch.setattr(posting, "_ANSWER_SECONDS", 600.0)
    over = asyncio.Event()

    async def go_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        # Until the client goes away.
        with suppress(ConnectionError):
            while await reader.read(65_536):
                writer.write(body)
        writer.transport.abort()
        over.set()

    server = await asyncio.start_server(go_on, "127.0.0.1", 0)
    async with server, provider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=60_000) as hook:
        # As the sender bounds a delivery.
        async with asyncio.timeout(60.0):
            assert await hook.deliver(sample("escalation")) == (None, "")
        await over.wait()


async def test_neither_address_nor_secret_is_logged() -> None:
    keep_quiet()
    with everything_logged() as lines:
        async with web_server() as web, provider(f"{web.address}/token-in-the-path") as hook:
            web.answers = [Answer(), Answer(500)]
            await hook.deliver(sample("escalation"))
            with pytest.raises(NotDelivered) as told:
                await hook.deliver(sample("escalation"))
    shown = f"{lines} {told.value!r} {vars(hook)!r}"
    assert "token-in-the-path" not in "".join(lines)
    assert KEY not in shown


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("999999999999", 3600.0),
        ("Sun, 22 Nov 2026 01:30:40 GMT", 40.0),
        ("Sun, 22 Nov 2026 01:30:40 -0000", 40.0),
        ("Sun, 22 Nov 2026 01:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2099 01:00:00 GMT", 3600.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        (f"Sun, 22 Nov {'9' * 30} 01:00:00 GMT", None),
        (f"Sun, 22 Nov 2026 01:00:{'9' * 30} GMT", None),
        (f"Sun, 22 Nov 2026 01:00:00 +{'9' * 30}", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 3600.0),
    ],
)
def test_what_is_asked_to_wait(written: str, seconds: float | None) -> None:
    assert retry_after(written, NOW) == seconds


def test_what_is_no_address_is_told_without_it() -> None:
    with pytest.raises(ValueError, match=r"^its url is none$"):
        WebhookProvider(target_of("https://hooks.example:secret/"), "hook", SecretStr(KEY))
