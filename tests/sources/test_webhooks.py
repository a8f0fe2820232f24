"""Webhooks over HTTP: who is let in, and what is answered."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from streams.gateway.app import create_app
from streams.gateway.reading import Limits
from streams.sources.signatures import WINDOW, chatwoot, jira, shared_secret, zammad, zendesk
from streams.sources.vendors import VENDORS
from tests.sources import payloads
from tests.sources.conftest import NOW, MemoryWriter

SECRET = "s3cret of both"  # noqa: S105
PAYLOADS = {
    "zendesk": payloads.zendesk(),
    "freshdesk": payloads.freshdesk(),
    "jira": payloads.jira(),
    "chatwoot": payloads.chatwoot(),
    "zammad": payloads.zammad(),
}
Headers = dict[str, str]


def _hex(algorithm: str, signed: bytes, secret: str = SECRET) -> str:
    return f"{algorithm}={hmac.new(secret.encode(), signed, algorithm).hexdigest()}"


def signed(vendor: str, body: bytes, at: datetime = NOW, secret: str = SECRET) -> Headers:
    """The headers as the vendor's documents say that they are made."""
    match vendor:
        case "zendesk":
            stamp = at.isoformat().replace("+00:00", "Z")
            digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
            return {
                "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
                "X-Zendesk-Webhook-Signature-Timestamp": stamp,
            }
        case "chatwoot":
            stamp = str(int(at.timestamp()))
            mark = _hex("sha256", stamp.encode() + b"." + body, secret)
            return {"X-Chatwoot-Signature": mark, "X-Chatwoot-Timestamp": stamp}
        case "freshdesk":
            return {"X-Webhook-Secret": secret}
        case _:
            return {"X-Hub-Signature": _hex("sha1" if vendor == "zammad" else "sha256", body, secret)}


@pytest.fixture
async def http(writer: MemoryWriter) -> AsyncIterator[httpx.AsyncClient]:
    secrets = {vendor: SecretStr(SECRET) for vendor in VENDORS}
    app = create_app(writer, webhook_secrets=secrets, limits=Limits(body_bytes=100_000), clock=lambda: NOW)
    async with _client(app) as client:
        yield client


def _client(app: Callable[..., object]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def post(http: httpx.AsyncClient, vendor: str, body: bytes, headers: Headers, query: str = "") -> httpx.Response:
    headers = {"content-type": "application/json; charset=utf-8"} | headers
    return await http.post(f"/api/v1/webhooks/{vendor}{query}", content=body, headers=headers)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_signed_webhook_is_accepted_with_the_ids_of_its_events(
    http: httpx.AsyncClient, writer: MemoryWriter, vendor: str
) -> None:
    body = msgspec.json.encode(PAYLOADS[vendor])
    answer = await post(http, vendor, body, signed(vendor, body), "?tenant=acme")
    assert answer.status_code == 202, answer.text
    events = writer.events()
    assert answer.json() == {"accepted": [each.event_id for each in events], "passed_over": None}
    assert len(events) == (2 if vendor == "zammad" else 1)
    assert {each.tenant for each in events} == {"acme"}
    again = await post(http, vendor, body, signed(vendor, body), "?tenant=acme")
    assert again.json() == answer.json()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_webhook_that_is_not_signed_is_refused(
    http: httpx.AsyncClient, writer: MemoryWriter, vendor: str
) -> None:
    body = msgspec.json.encode(PAYLOADS[vendor])
    answer = await post(http, vendor, body, {})
    assert answer.status_code == 401
    assert "is missing" in answer.json()["detail"]
    assert "www-authenticate" in answer.headers
    assert writer.records == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_wrong_signature_is_refused_and_repeats_nothing(
    http: httpx.AsyncClient, writer: MemoryWriter, vendor: str
) -> None:
    body = msgspec.json.encode(PAYLOADS[vendor])
    headers = signed(vendor, body, secret="another")  # noqa: S106
    answer = await post(http, vendor, body, headers)
    assert answer.status_code == 401
    assert not [value for value in (SECRET, *headers.values()) if value in answer.text]
    assert writer.records == []


@pytest.mark.parametrize("vendor", [each for each in VENDORS if each != "freshdesk"])
async def test_a_changed_body_is_refused(http: httpx.AsyncClient, writer: MemoryWriter, vendor: str) -> None:
    body = msgspec.json.encode(PAYLOADS[vendor])
    assert (await post(http, vendor, body + b" ", signed(vendor, body))).status_code == 401
    assert writer.records == []


@pytest.mark.parametrize("vendor", ["zendesk", "chatwoot"])
@pytest.mark.parametrize("apart", [-WINDOW - timedelta(seconds=1), WINDOW + timedelta(seconds=1)])
async def test_an_old_request_is_refused_although_it_is_signed(
    http: httpx.AsyncClient, vendor: str, apart: timedelta
) -> None:
    body = msgspec.json.encode(PAYLOADS[vendor])
    answer = await post(http, vendor, body, signed(vendor, body, NOW + apart))
    assert answer.status_code == 401
    assert "5 minutes" in answer.json()["detail"]
    within = NOW + apart * 0.9
    assert (await post(http, vendor, body, signed(vendor, body, within))).status_code == 202


@pytest.mark.parametrize("vendor", VENDORS)
async def test_without_a_secret_nobody_is_let_in(writer: MemoryWriter, vendor: str) -> None:
    async with _client(create_app(writer, clock=lambda: NOW)) as http:
        answer = await post(http, vendor, b"{}", signed(vendor, b"{}", secret=""))
    assert answer.status_code == 503
    assert f"TICKETPULSE_{vendor.upper()}_WEBHOOK_SECRET" in answer.json()["detail"]


async def test_an_unknown_vendor_is_told_who_is_known(http: httpx.AsyncClient) -> None:
    answer = await post(http, "otherdesk", b"{}", {})
    assert answer.status_code == 404
    assert "zendesk" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"", "value", "not_json"),
        (b"[" * 10_000, "value", "not_json"),
        (b'{"a": "\xff"}', "value", "not_json"),
        (b"[]", "value", "not_an_object"),
        (b"{}", "issue.key", "invalid_field"),
    ],
)
async def test_what_cannot_be_read_is_a_400_that_says_what(
    http: httpx.AsyncClient, body: bytes, field: str, reason: str
) -> None:
    answer = await post(http, "jira", body, signed("jira", body))
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["reason"]) == (field, reason)


async def test_an_event_that_cannot_be_is_a_400(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    body = msgspec.json.encode(payloads.jira(comment={"body": ""}))
    answer = await post(http, "jira", body, signed("jira", body))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "text"
    assert writer.records == []


async def test_what_is_passed_over_is_accepted_and_says_why(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    body = msgspec.json.encode(payloads.jira(comment={"jsdPublic": False}))
    answer = await post(http, "jira", body, signed("jira", body))
    assert answer.status_code == 202
    assert answer.json() == {"accepted": [], "passed_over": "the comment is internal"}
    assert writer.records == []


async def test_a_log_that_is_away_is_a_503(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    writer.away = True
    body = msgspec.json.encode(PAYLOADS["jira"])
    before = counted("helpdesk_gateway_events_total", outcome="unavailable")
    answer = await post(http, "jira", body, signed("jira", body))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert counted("helpdesk_gateway_events_total", outcome="unavailable") == before + 1


async def test_what_becomes_of_webhooks_is_counted(http: httpx.AsyncClient) -> None:
    outcomes = ("accepted", "passed_over", "unauthorized", "rejected")
    before = {each: counted("helpdesk_webhooks_total", vendor="jira", outcome=each) for each in outcomes}
    bodies = [payloads.jira(), payloads.jira("jira:issue_deleted"), {}]
    for body in map(msgspec.json.encode, bodies):
        await post(http, "jira", body, signed("jira", body))
    await post(http, "jira", b"{}", {})
    after = {each: counted("helpdesk_webhooks_total", vendor="jira", outcome=each) for each in outcomes}
    assert after == {each: count + 1 for each, count in before.items()}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_a_body_that_is_too_large_is_a_413(http: httpx.AsyncClient) -> None:
    body = b" " * 100_001
    assert (await post(http, "jira", body, signed("jira", body))).status_code == 413


async def test_another_kind_of_body_is_a_415(http: httpx.AsyncClient) -> None:
    answer = await post(http, "jira", b"a=b", {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 415


async def test_a_tenant_is_a_word(http: httpx.AsyncClient) -> None:
    assert (await post(http, "jira", b"{}", signed("jira", b"{}"), "?tenant=a/b")).status_code == 422


# -- signatures, by values that others have made


def test_zendesk_signs_the_time_and_then_the_body() -> None:
    stamp, body = "2021-07-25T10:00:00Z", b'{"say": "hello"}'
    digest = hmac.new(b"k", stamp.encode() + body, hashlib.sha256).digest()
    headers = {
        "x-zendesk-webhook-signature": base64.b64encode(digest).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }
    assert zendesk(b"k", headers, body, datetime(2021, 7, 25, 10, 1, tzinfo=UTC)) is None


def test_digests_are_those_of_the_rfcs() -> None:
    # RFC 2202, test 2, and RFC 4231, test 2.
    secret, body = b"Jefe", b"what do ya want for nothing?"
    assert zammad(secret, {"x-hub-signature": "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"}, body, NOW) is None
    sha256 = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert jira(secret, {"x-hub-signature": sha256}, body, NOW) is None


@pytest.mark.parametrize("stamp", ["", "yesterday", "9" * 40, "٣", "²"])
def test_a_signed_time_that_is_none_is_refused(stamp: str) -> None:
    body = b"{}"
    raw = stamp.encode("latin-1", "replace")
    mark = _hex("sha256", raw + b"." + body)
    assert chatwoot(SECRET.encode(), {"x-chatwoot-signature": mark, "x-chatwoot-timestamp": stamp}, body, NOW)


@pytest.mark.parametrize("given", ["ß", "", "\udcff", "s3cret of bot", "s3cret of both "])
def test_what_is_not_the_secret_is_refused(given: str) -> None:
    assert shared_secret(SECRET.encode(), {"x-webhook-secret": given}, b"", NOW)
