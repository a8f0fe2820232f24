"""Mails to a real server: that it is well, away, slow, refuses, or dies at the worst moment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Literal

import pytest
from aiosmtpd.smtp import SMTP
from msgspec.structs import replace
from pydantic import SecretStr

from schemas.notices import Acknowledged
from schemas.notifications import KINDS, Notification
from sinks.notify.base import NotDelivered
from sinks.notify.samples import digest, sample
from sinks.notify.smtp import CONNECTIONS, Login, MailProvider, MailServer
from sinks.notify.targets import EmailTarget, Smtp
from sinks.notify.wording import read_wording
from streams.notify.book import OF_CUSTOMERS
from tests.notify.mail_server import hang_up, mail_server
from tests.servers.certificate import shared
from tests.servers.nobody import nobody

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
TEAM = ("ops@example.com", "lead@example.com")
WORDING = read_wording()


@asynccontextmanager
async def provider(
    port: int,
    to: tuple[str, ...] | Literal["customer"] = TEAM,
    *,
    timeout: int = 20_000,
    login: Login | None = None,
    security: Literal["none", "starttls", "opportunistic", "smtps"] = "none",
    now: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[MailProvider]:
    settings = Smtp(
        host="127.0.0.1", port=port, security=security, sender="desk@example.com", reply_to="support@example.com"
    )
    server = MailServer(settings, login)
    target = EmailTarget(to=to).model_copy(update={"timeout": timeout})
    yield MailProvider(target, "ops", settings, server, WORDING, now)
    await server.close()


def body(mail: EmailMessage, kind: Literal["plain", "html"]) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


async def test_a_mail_as_it_arrives() -> None:
    told = sample("escalation")
    async with mail_server() as box, provider(box.port) as ops:
        assert await ops.deliver(told) == (None, "")
    (mail,) = box.mails
    assert mail.recipients == TEAM
    assert mail.sender == "desk@example.com"
    message = mail.message
    assert message["Message-ID"] == told.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert (message["From"], message["Reply-To"]) == ("desk@example.com", "support@example.com")
    assert message["To"] == "ops@example.com, lead@example.com"
    assert message["Subject"] == "TKT-2026-0042, urgent: URGENT: Delivery problem"
    assert message["In-Reply-To"] is None
    assert "A person must look at ticket TKT-2026-0042." in body(message, "plain")
    assert "<strong>A person must look at ticket TKT-2026-0042.</strong>" in body(message, "html")
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "conversation.txt"
    assert "> Give me my money back NOW!" in attached.get_content()


async def test_a_report_comes_in_words_and_as_a_page() -> None:
    told = sample("report")
    async with mail_server() as box, provider(box.port) as mails:
        await mails.deliver(told)
    (mail,) = box.mails
    assert mail.message["Subject"] == "Support report, 9 – 15 November 2026 (default)"
    assert "1. **Act:** look at billing first." in body(mail.message, "plain")
    shown = body(mail.message, "html")
    assert "31 %" in shown
    assert "▲ before 24 %" in shown
    assert "(before 3 h 3 min" not in shown
    (attached,) = mail.message.iter_attachments()
    assert attached.get_filename() == "report-2026-11-09-2026-11-16.html"
    assert attached.get_content_type() == "text/html"
    assert "<h1>Support report" in attached.get_content()


async def test_a_customer_is_answered_in_the_thread() -> None:
    told = sample("acknowledgement")
    async with mail_server() as box, provider(box.port, "customer") as mails:
        await mails.deliver(told)
    (mail,) = box.mails
    assert mail.recipients == ("customer@example.com",)
    assert mail.message["Auto-Submitted"] == "auto-replied"
    assert mail.message["In-Reply-To"] == mail.message["References"] == "<order-1042@mail.example.com>"
    assert list(mail.message.iter_attachments()) == []


@pytest.mark.parametrize("told", [*(sample(kind) for kind in KINDS if kind not in OF_CUSTOMERS), digest()])
async def test_what_is_for_teams_is_sent_to_no_customer(told: Notification) -> None:
    async with mail_server() as box, provider(box.port, "customer") as mails:
        with pytest.raises(NotDelivered, match=r"^customers are told that their words have come") as refused:
            await mails.deliver(told)
        twice = sample("acknowledgement")
        with pytest.raises(NotDelivered, match=r"^customers are told that their words have come"):
            await mails.deliver(replace(twice, notices=twice.notices * 2))
    assert refused.value.permanent
    assert box.connections == 0


def with_address(email: str | None, in_reply_to: str | None = None) -> Notification:
    told = sample("acknowledgement")
    notice = told.notices[0]
    assert isinstance(notice, Acknowledged)
    return replace(told, notices=(replace(notice, email=email, in_reply_to=in_reply_to),))


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example, c@d.example",
        "<a@b.example>",
        "a@b.example>\r\nRCPT TO:<x@y.example",
        "Bob <a@b.example>",
        '"a b"@c.example',
        "a b@c.example",
        "a@",
        "@b.example",
        "no address",
        "",
        "ä@b.example",
        "=?utf-8?q?x=0D=0ABcc=3Ay?=@b.example",
        "a@=?utf-8?q?x=0D=0ABcc=3Ay?=.example",
        "a.=?utf-8?q?x=0D=0ABcc=3Ay?=@b.example",
        "a@b.example\0",
        "a" * 300 + "@b.example",
    ],
)
async def test_what_is_no_address_is_sent_nowhere(address: str) -> None:
    async with mail_server() as box, provider(box.port, "customer") as mails:
        with pytest.raises(NotDelivered) as told:
            await mails.deliver(with_address(address))
    assert told.value.permanent
    assert told.value.reason == "what is given as the customer's mail address is none"
    assert box.connections == 0


async def test_without_an_address_nobody_is_told() -> None:
    async with mail_server() as box, provider(box.port, "customer") as mails:
        with pytest.raises(NotDelivered, match=r"^the customer's mail address is not known$") as told:
            await mails.deliver(with_address(None))
    assert told.value.permanent
    assert box.connections == 0


@pytest.mark.parametrize(
    "known",
    [
        "<a@b>\r\nBcc: x@y.example",
        "no id",
        "<>",
        "<" + "a" * 1000 + ">",
        "<ä@b>",
        "<=?utf-8?q?x=0D=0ABcc=3Ay?=@b>",
        "<a@=?utf-8?q?x=0D=0ABcc=3Ay?=>",
    ],
)
async def test_what_is_no_message_id_is_not_answered(known: str) -> None:
    async with mail_server() as box, provider(box.port, "customer") as mails:
        await mails.deliver(with_address("a@b.example", known))
    assert box.mails[0].message["In-Reply-To"] is None
    assert box.mails[0].recipients == ("a@b.example",)


async def test_a_long_message_id_is_answered_as_it_is() -> None:
    known = "<" + "a" * 300 + "@mail.example.com>"
    async with mail_server() as box, provider(box.port, "customer") as mails:
        await mails.deliver(with_address("a@b.example", known))
    assert f"In-Reply-To: {known}\r\n".encode() in box.mails[0].raw


async def test_an_international_domain() -> None:
    async with mail_server() as box, provider(box.port, "customer") as mails:
        await mails.deliver(with_address("a@jürgen.example"))
    assert box.mails[0].recipients == ("a@xn--jrgen-kva.example",)


async def test_a_server_that_is_away() -> None:
    with nobody() as port:
        async with provider(port) as ops:
            with pytest.raises(NotDelivered, match=r"^the mail server cannot be reached$") as told:
                await ops.deliver(sample("escalation"))
    assert not told.value.permanent


def only(address: str, answer: str) -> Callable[[str], str | None]:
    return lambda asked: answer if asked == address else None


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        ("451 4.7.1 Greylisted, ops@example.com", False, "451 4.7.1"),
        ("550 5.1.1 <ops@example.com> unknown", True, "550 5.1.1"),
    ],
)
async def test_every_recipient_refused(answer: str, permanent: bool, said: str) -> None:
    async with mail_server() as box, provider(box.port) as ops:
        box.rcpt = lambda _: answer
        with pytest.raises(NotDelivered) as told:
            await ops.deliver(sample("escalation"))
    assert told.value.permanent is permanent
    assert told.value.reason == f"the mail server refused 2 of 2 recipients: {said}"


async def test_a_server_that_leaves_while_it_is_told_of_recipients() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        box.rcpt = lambda _: "421 4.3.2 Going down"
        with pytest.raises(NotDelivered, match=r"^the mail server ended the connection$") as told:
            await ops.deliver(sample("escalation"))
        assert not told.value.permanent
        box.rcpt = lambda _: None
        await ops.deliver(sample("escalation"))
    assert len(box.mails) == 1


async def test_one_that_may_be_taken_later_is_worth_another_try() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        box.rcpt = lambda asked: "450 4.2.1 busy" if asked == TEAM[0] else "550 5.1.1 unknown"
        with pytest.raises(
            NotDelivered, match=r"^the mail server refused 2 of 2 recipients: 450 4.2.1, 550 5.1.1$"
        ) as told:
            await ops.deliver(sample("escalation"))
    assert not told.value.permanent


async def test_one_of_two_recipients_refused_is_told_and_not_sent_again() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        box.rcpt = only(TEAM[1], "550 5.1.1 <lead@example.com> unknown")
        receipt = await ops.deliver(sample("escalation"))
    assert receipt.reason == "the mail server refused 1 of 2 recipients: 550 5.1.1"
    assert box.mails[0].recipients == (TEAM[0],)


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        ("421 4.3.2 Going down", False, "421 4.3.2"),
        ("452 4.3.1 Disk full", False, "452 4.3.1"),
        ("554 5.7.1 Spam", True, "554 5.7.1"),
    ],
)
async def test_the_mail_refused(answer: str, permanent: bool, said: str) -> None:
    async with mail_server() as box, provider(box.port) as ops:
        box.data = lambda _: answer
        with pytest.raises(NotDelivered) as told:
            await ops.deliver(sample("escalation"))
        assert told.value.permanent is permanent
        assert told.value.reason == f"the mail server answered {said}"
        box.data = lambda _: None
        await ops.deliver(sample("escalation"))
    assert len(box.mails) == 1


async def test_a_server_that_does_not_answer() -> None:
    # Long enough for the answers before: a server that is not even reached in time is told in other words.
    async with mail_server() as box, provider(box.port, timeout=10_000) as ops:
        gone = asyncio.Event()

        async def stall(_: SMTP) -> None:
            await gone.wait()

        box.after_data = stall
        with pytest.raises(NotDelivered, match=r"^the mail server does not answer$") as told:
            await ops.deliver(sample("escalation"))
        gone.set()
    assert not told.value.permanent


async def test_a_server_that_dies_before_it_says_that_it_has_the_mail() -> None:
    """What nobody can avoid: it comes twice. It is the same mail, by its id."""
    clock = iter([NOW, NOW + timedelta(seconds=30)])
    async with mail_server() as box, provider(box.port, now=lambda: next(clock)) as ops:

        async def die(server: SMTP) -> None:
            hang_up(server)

        box.after_data = die
        with pytest.raises(NotDelivered, match=r"^the mail server ended the connection$") as told:
            await ops.deliver(sample("escalation"))
        assert not told.value.permanent
        box.after_data = None
        await ops.deliver(replace(sample("escalation"), revision=3, attempt=2))
    assert len(box.mails) == 2
    assert {mail.message["Message-ID"] for mail in box.mails} == {sample("escalation").message_id}
    assert len({mail.message["Date"] for mail in box.mails}) == 2


async def test_a_connection_is_used_again() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        for _ in range(3):
            await ops.deliver(sample("escalation"))
        assert box.connections == 1
        box.rcpt = lambda _: "550 5.1.1 unknown"
        with pytest.raises(NotDelivered):
            await ops.deliver(sample("escalation"))
        box.rcpt = lambda _: None
        await ops.deliver(sample("escalation"))
        assert box.connections == 1
    assert len(box.mails) == 4


async def test_one_that_the_server_has_ended_is_not() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        await ops.deliver(sample("escalation"))
        box.hang_up()
        await ops.deliver(sample("escalation"))
    assert (len(box.mails), box.connections) == (2, 2)


async def test_few_connections_at_once() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        await asyncio.gather(*(ops.deliver(sample("escalation")) for _ in range(20)))
    assert len(box.mails) == 20
    assert box.most_at_once <= CONNECTIONS


async def test_one_who_gives_up_leaves_no_connection_behind() -> None:
    async with mail_server() as box, provider(box.port) as ops:
        came, gone = asyncio.Event(), asyncio.Event()

        async def stall(_: SMTP) -> None:
            came.set()
            await gone.wait()

        box.after_data = stall
        delivery = asyncio.create_task(ops.deliver(sample("escalation")))
        await came.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        gone.set()
        box.after_data = None
        # It is not on the connection that still waits for an answer to the first.
        await ops.deliver(sample("escalation"))
        assert box.connections == 2


async def test_the_right_login() -> None:
    async with (
        mail_server(login=True) as box,
        provider(box.port, login=Login(SecretStr("ticketpulse"), SecretStr("right"))) as ops,
    ):
        await ops.deliver(sample("escalation"))
    assert len(box.mails) == 1


async def test_the_wrong_login() -> None:
    async with (
        mail_server(login=True) as box,
        provider(box.port, login=Login(SecretStr("ticketpulse"), SecretStr("hunter2"))) as ops,
    ):
        with pytest.raises(NotDelivered) as told:
            await ops.deliver(sample("escalation"))
    assert told.value.permanent
    assert told.value.reason == "the mail server does not accept user and password: 535 5.7.8"
    assert "hunter2" not in f"{told.value!r} {ops._server._login!r}"
    # Nor does a traceback tell, where the server's words would stand.
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    assert box.mails == []


async def test_no_mail_goes_in_the_clear_where_encryption_is_asked_for() -> None:
    async with mail_server() as box, provider(box.port, security="starttls") as ops:
        with pytest.raises(NotDelivered, match=r"^the mail server offers no encryption, or not the login") as told:
            await ops.deliver(sample("escalation"))
    assert not told.value.permanent
    assert box.mails == []


async def test_opportunistic_takes_what_there_is() -> None:
    async with mail_server() as box, provider(box.port, security="opportunistic") as ops:
        await ops.deliver(sample("escalation"))
    assert len(box.mails) == 1


ENCRYPTED: tuple[Literal["starttls", "smtps"], ...] = ("starttls", "smtps")


@pytest.mark.parametrize("security", ENCRYPTED)
async def test_a_mail_goes_encrypted(security: Literal["starttls", "smtps"], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(shared().file))
    async with mail_server(security=security) as box, provider(box.port, security=security) as ops:
        await ops.deliver(sample("escalation"))
        await ops.deliver(sample("reminder"))
    assert len(box.mails) == 2


@pytest.mark.parametrize("security", ENCRYPTED)
async def test_no_mail_goes_to_a_server_that_nobody_vouches_for(security: Literal["starttls", "smtps"]) -> None:
    async with mail_server(security=security) as box, provider(box.port, security=security) as ops:
        with pytest.raises(NotDelivered, match=r"^the mail server has a certificate that is not trusted$") as told:
            await ops.deliver(sample("escalation"))
    assert not told.value.permanent
    assert box.mails == []


async def test_opportunistic_rather_encrypts_for_a_stranger_than_not_at_all() -> None:
    async with mail_server(security="starttls") as box, provider(box.port, security="opportunistic") as ops:
        await ops.deliver(sample("escalation"))
    # This server takes no mail in the clear.
    assert len(box.mails) == 1


async def test_an_answer_of_the_server_shows_nobody() -> None:
    async with mail_server() as box, provider(box.port, ("secret.person@example.com",)) as ops:
        box.rcpt = lambda address: f"550 5.1.1 {address}: Recipient address rejected"
        with pytest.raises(NotDelivered) as told:
            await ops.deliver(sample("escalation"))
    assert "secret" not in told.value.reason
