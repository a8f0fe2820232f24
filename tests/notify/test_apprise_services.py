"""Services by apprise, to real local servers: what they are sent, and what their answers mean."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from apprise.plugins.pagerduty import PAGERDUTY_API_LOOKUP
from msgspec.structs import replace
from pydantic import SecretStr

from schemas.notices import Acknowledged, Escalated
from schemas.notifications import KINDS, Kind, Notification
from sinks.notify.apprise_services import AppriseProvider, Service
from sinks.notify.base import NotDelivered
from sinks.notify.samples import digest, escalation, notification_of, sample
from sinks.notify.sms import SmsProvider
from sinks.notify.targets import AppriseTarget, SmsTarget
from sinks.notify.wording import read_wording
from tests.notify.logged import everything_logged
from tests.notify.web_server import Answer, Web, web_server
from tests.servers.nobody import nobody

WORDING = read_wording()
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@asynccontextmanager
async def provider(url: str) -> AsyncIterator[AppriseProvider]:
    made = AppriseProvider(AppriseTarget(url="env:CHAT"), "chat", SecretStr(url), WORDING)
    yield made
    await made.close()


def json_url(web: Web, rest: str = "/") -> str:
    """apprise's way to any server."""
    return web.address.replace("http://", "json://") + rest


async def test_a_message_as_a_service_gets_it() -> None:
    async with web_server() as web, provider(json_url(web, "/hooks")) as chat:
        assert await chat.deliver(sample("escalation")) == (None, "")
    (asked,) = web.asked
    assert asked.path == "/hooks"
    assert asked.json["title"] == "TKT-2026-0042, urgent: URGENT: Delivery problem"
    assert "> Customer: This is ridiculous. Give me my money back NOW!" in asked.json["message"]
    assert asked.json["type"] == "failure"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("escalation", "failure"),
        ("reminder", "warning"),
        ("resolved", "success"),
        ("alert", "failure"),
        ("alert_resolved", "success"),
        ("acknowledgement", "info"),
    ],
)
async def test_how_it_is_marked(kind: Kind, shown: str) -> None:
    async with web_server() as web, provider(json_url(web)) as chat:
        await chat.deliver(sample(kind))
    assert web.asked[0].json["type"] == shown


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (403, True), (404, True), (408, False), (429, False), (500, False)]
)
async def test_what_an_answer_means(status: int, permanent: bool) -> None:
    async with web_server() as web, provider(json_url(web)) as chat:
        web.answers = [Answer(status, {}, b"customer@example.com")]
        with pytest.raises(NotDelivered) as told:
            await chat.deliver(sample("escalation"))
    assert told.value.permanent is permanent
    assert told.value.reason == f"JSON answered {status}"


async def test_a_redirect_is_not_followed() -> None:
    async with web_server() as web, provider(json_url(web)) as chat:
        web.answers = [Answer(307, {"Location": f"{web.address}/elsewhere"}), Answer()]
        with pytest.raises(NotDelivered):
            await chat.deliver(sample("escalation"))
    assert len(web.asked) == 1


async def test_a_service_that_is_away() -> None:
    with nobody() as port:
        async with provider(f"json://127.0.0.1:{port}/") as chat:
            with pytest.raises(NotDelivered, match=r"^JSON did not take it$") as told:
                await chat.deliver(sample("escalation"))
    assert not told.value.permanent


async def test_nobody_is_called_by_what_a_customer_writes() -> None:
    told = sample("escalation").notices[0]
    assert isinstance(told, Escalated)
    words = "@everyone <!channel> <@U123> @here write to me@example.com"
    shouting = replace(told.escalation, subject=words, summary=(words,), reason=words)
    async with web_server() as web, provider(json_url(web)) as chat:
        await chat.deliver(notification_of(Escalated(escalation=shouting), "escalation"))
    for said in (web.asked[0].json["title"], web.asked[0].json["message"]):
        assert "@everyone" not in said
        assert "@here" not in said
        assert "<!channel>" not in said
        assert "<@U123>" not in said
        assert "me@example.com" in said


async def test_a_long_text_is_one_message() -> None:
    told = sample("escalation").notices[0]
    assert isinstance(told, Escalated)
    # apprise's JSON takes 32,768 characters.
    long = replace(told.escalation, summary=("a" * 299,) * 200)
    async with web_server() as web, provider(json_url(web)) as chat:
        await chat.deliver(notification_of(Escalated(escalation=long), "escalation"))
    (asked,) = web.asked
    assert len(asked.json["message"]) == 32_768
    assert asked.json["message"].endswith("…")


@pytest.fixture
def _pagerduty_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """apprise knows one address of PagerDuty."""
    monkeypatch.setitem(PAGERDUTY_API_LOOKUP, "us", "not yet known")


@asynccontextmanager
async def pagerduty() -> AsyncIterator[tuple[Web, AppriseProvider]]:
    async with web_server() as web, provider("pagerduty://routing@key/desk/tickets?image=no") as pager:
        PAGERDUTY_API_LOOKUP["us"] = f"{web.address}/v2/enqueue"
        web.answers = [Answer(202)]
        yield web, pager


@pytest.mark.usefixtures("_pagerduty_here")
async def test_a_page_is_one_incident_from_its_first_to_its_last() -> None:
    async with pagerduty() as (web, pager):
        for kind in ("escalation", "raised", "reminder", "resolved"):
            await pager.deliver(sample(kind))
    posted = [asked.json for asked in web.asked]
    assert [each["event_action"] for each in posted] == ["trigger", "trigger", "trigger", "resolve"]
    assert {each["dedup_key"] for each in posted} == {escalation().escalation_id}
    first = posted[0]["payload"]
    assert first["summary"] == "TKT-2026-0042, urgent: URGENT: Delivery problem"
    assert first["severity"] == "critical"
    assert "A person must look at ticket" in first["custom_details"]["message"]


@pytest.mark.usefixtures("_pagerduty_here")
async def test_a_digest_is_an_incident_for_each_notice() -> None:
    async with pagerduty() as (web, pager):
        await pager.deliver(digest())
    assert [asked.json["event_action"] for asked in web.asked] == [
        "trigger",
        "trigger",
        "resolve",
        "trigger",
        "trigger",
    ] * 2


@pytest.mark.usefixtures("_pagerduty_here")
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_can_be_paged(kind: Kind) -> None:
    async with pagerduty() as (web, pager):
        await pager.deliver(sample(kind))
    assert web.asked[0].json["dedup_key"]


@pytest.mark.parametrize(
    "address",
    [
        "hunter2",
        "nonsense://hunter2",
        "slack://hunter2",
        "pagerduty://hunter2",
        "twilio://AC1:hunter2@1",
        "",
        "://hunter2",
    ],
)
def test_what_apprise_cannot_use_is_told_without_it(address: str) -> None:
    with everything_logged() as lines, pytest.raises(ValueError, match=r"^apprise ") as told:
        Service(address)
    assert "hunter2" not in f"{told.value}{lines}"
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__ or told.value.__context__ is None


async def test_nothing_that_is_secret_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    with everything_logged() as lines:
        async with web_server() as web, provider(json_url(web, "/hunter2?+X-Token=hunter2")) as chat:
            web.answers = [Answer(), Answer(403)]
            await chat.deliver(sample("escalation"))
            with pytest.raises(NotDelivered):
                await chat.deliver(sample("escalation"))
        with nobody() as port:
            async with provider(f"json://user:hunter2@127.0.0.1:{port}/hunter2") as chat:
                with pytest.raises(NotDelivered):
                    await chat.deliver(sample("escalation"))
    assert "hunter2" not in "".join(lines)
    assert "hunter2" not in "".join(capfd.readouterr())
    # Other services show more than this one: nothing of apprise's own comes through.
    assert not any("JSON" in line for line in lines)


async def test_answers_of_calls_at_the_same_time_are_not_mixed_up() -> None:
    async with web_server() as one, web_server() as other:
        one.answers, other.answers = [Answer(404)], [Answer(503)]
        async with provider(json_url(one)) as here, provider(json_url(other)) as there:
            told = await asyncio.gather(
                *(each.deliver(sample("escalation")) for each in (here, there) * 6), return_exceptions=True
            )
    assert [str(each) for each in told] == ["JSON answered 404", "JSON answered 503"] * 6


async def test_a_service_that_hangs_holds_up_no_other() -> None:
    asked, go_on = threading.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await go_on.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, web_server() as web, provider(f"json://127.0.0.1:{port}/?rto=60") as hung:
        waiting = [asyncio.create_task(hung.deliver(sample("escalation"))) for _ in range(10)]
        await asyncio.to_thread(asked.wait)
        async with provider(json_url(web)) as well:
            await well.deliver(sample("escalation"))
        assert not any(each.done() for each in waiting)
        go_on.set()
        told = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, NotDelivered) for each in told)


@asynccontextmanager
async def phones(url: str, target: SmsTarget) -> AsyncIterator[SmsProvider]:
    made = SmsProvider(target, "phones", SecretStr(url), WORDING)
    yield made
    await made.close()


TEAM = SmsTarget(url="env:SMS", to=("+49 30 901820", "+1 (202) 555-0123"))
CUSTOMER = SmsTarget(url="env:SMS", to="customer")


async def test_a_message_to_each_phone() -> None:
    async with web_server() as web, phones(json_url(web, "/to/{phone}"), TEAM) as team:
        assert await team.deliver(sample("escalation")) == (None, "")
    assert [asked.path for asked in web.asked] == ["/to/+4930901820", "/to/+12025550123"]
    assert web.asked[0].json["message"] == "TKT-2026-0042, urgent: URGENT: Delivery problem"


async def test_a_customer_is_told_what_the_policy_says() -> None:
    async with web_server() as web, phones(json_url(web, "/to/{phone}"), CUSTOMER) as team:
        await team.deliver(sample("acknowledgement"))
    (asked,) = web.asked
    assert asked.path == "/to/+4930901820"
    assert asked.json["message"] == (
        "We are sorry that you have waited for so long. We answer within 15 minutes. [TKT-2026-0042]"
    )


async def test_one_of_two_phones_refused_is_told_and_not_sent_again() -> None:
    async with web_server() as web, phones(json_url(web, "/to/{phone}"), TEAM) as team:
        web.answers = [Answer(400), Answer()]
        receipt = await team.deliver(sample("escalation"))
    assert receipt.reason == "refused for 1 of 2 phones"


async def test_every_phone_refused() -> None:
    async with web_server() as web, phones(json_url(web, "/to/{phone}"), TEAM) as team:
        web.answers = [Answer(400), Answer(503)]
        with pytest.raises(NotDelivered) as told:
            await team.deliver(sample("escalation"))
    # Perhaps the second one is taken later.
    assert not told.value.permanent


def with_phone(phone: str | None) -> Notification:
    told = sample("acknowledgement")
    notice = told.notices[0]
    assert isinstance(notice, Acknowledged)
    return replace(told, notices=(replace(notice, phone=phone),))


@pytest.mark.parametrize(
    "phone", ["", "call me", "+49", "1234/../x?y=12345", "+49301234567890123", "0\r\n12345x", "٠١٢٣٤٥٦"]
)
async def test_what_is_no_phone_number_is_sent_nowhere(phone: str) -> None:
    async with web_server() as web, phones(json_url(web, "/to/{phone}"), CUSTOMER) as team:
        with pytest.raises(NotDelivered, match=r"^what is given as phone number is none$") as told:
            await team.deliver(with_phone(phone))
        assert web.asked == []
    assert told.value.permanent


async def test_without_a_phone_nobody_is_told() -> None:
    async with web_server() as web, phones(json_url(web, "/to/{phone}"), CUSTOMER) as team:
        with pytest.raises(NotDelivered, match=r"^the customer's phone number is not known$"):
            await team.deliver(with_phone(None))
        with pytest.raises(NotDelivered, match=r"^customers are told that their words have come"):
            await team.deliver(sample("escalation"))
        assert web.asked == []


def test_an_address_without_a_place_for_the_number() -> None:
    with pytest.raises(ValueError, match=r"^its url has no \{phone\}, where the number goes$"):
        SmsProvider(TEAM, "phones", SecretStr("twilio://AC1:hunter2@+12025550123"), WORDING)


def test_logs_of_others_are_left_alone() -> None:
    Service("json://127.0.0.1/")
    assert logging.getLogger().level == logging.getLogger("").level
    assert logging.getLogger("sinks").propagate
