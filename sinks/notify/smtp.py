"""Mail, by the server of `[smtp]`."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import Final, NamedTuple

import aiosmtplib
from pydantic import SecretStr

from schemas.notifications import Notification
from sinks.notify.base import NotDelivered, Receipt
from sinks.notify.customers import acknowledged
from sinks.notify.mail import Envelope, NoAddress, address_of, mail_of, on_the_wire
from sinks.notify.targets import EmailTarget, Smtp
from sinks.notify.wording import Wording

# As many mails on their way at once; servers refuse more from one client.
CONNECTIONS: Final = 4
_IDLE_SECONDS: Final = 30.0
# For a greeting or a good-bye on a connection that has waited.
_POLITE_SECONDS: Final = 2.0
_ENHANCED: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_PERMANENT: Final = 500


class Login(NamedTuple):
    """For a server that asks for one."""

    user: SecretStr
    password: SecretStr


class MailServer:
    """Connections to a mail server, which wait half a minute for the next mail. Shared by all targets."""

    def __init__(self, settings: Smtp, login: Login | None) -> None:
        self._settings = settings
        self._login = login
        self._idle: list[tuple[aiosmtplib.SMTP, asyncio.TimerHandle]] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def send(
        self, sender: Address, recipients: Sequence[Address], mail: bytes, timeout: float
    ) -> Mapping[str, aiosmtplib.SMTPResponse]:
        """Hand a mail over. Returns which recipients were refused; when all were, or on any other failure, raises
        aiosmtplib's errors, OSError or TimeoutError. `timeout` is for each answer of the server, in seconds.
        """
        addresses = [each.addr_spec for each in recipients]
        async with self._slots, self._connection(timeout) as client:
            refused, _ = await client.sendmail(sender.addr_spec, addresses, mail, timeout=timeout)
            return refused

    async def close(self) -> None:
        """Say good-bye on connections that wait."""
        while self._idle:
            client, timer = self._idle.pop()
            timer.cancel()
            await _leave(client)

    @asynccontextmanager
    async def _connection(self, timeout: float) -> AsyncIterator[aiosmtplib.SMTP]:
        client = await self._waiting(timeout) or await self._connected(timeout)
        try:
            yield client
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused):
            # The server has said what is wrong, and goes on.
            self._keep(client)
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)

    async def _waiting(self, timeout: float) -> aiosmtplib.SMTP | None:
        """One that still answers: servers end connections on which nothing was said for a while."""
        while self._idle:
            client, timer = self._idle.pop()
            timer.cancel()
            try:
                await client.noop(timeout=min(timeout, _POLITE_SECONDS))
            except (aiosmtplib.SMTPException, OSError):
                client.close()
            except BaseException:
                client.close()
                raise
            else:
                return client
        return None

    async def _connected(self, timeout: float) -> aiosmtplib.SMTP:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=timeout,
            use_tls=settings.security == "smtps",
            start_tls={"starttls": True, "opportunistic": None}.get(settings.security, False),
            # Where no encryption would do too, one with a stranger is better (RFC 7435).
            validate_certs=settings.security != "opportunistic",
            username=self._login.user.get_secret_value() if self._login else None,
            password=self._login.password.get_secret_value() if self._login else None,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            timer = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._let_go, client)
            self._idle.append((client, timer))

    def _let_go(self, client: aiosmtplib.SMTP) -> None:
        self._idle = [each for each in self._idle if each[0] is not client]
        client.close()


class MailProvider:
    """Mails of one target. Raises ValueError for addresses in the file that are none."""

    def __init__(
        self,
        target: EmailTarget,
        name: str,
        settings: Smtp,
        server: MailServer,
        wording: Wording,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._target = target
        self._sender = _given(settings.sender, "`sender` of [smtp]")
        self._reply_to = _given(settings.reply_to, "`reply_to` of [smtp]") if settings.reply_to else None
        self._team = () if target.to == "customer" else tuple(_given(each, "an address of `to`") for each in target.to)
        self._server = server
        self._wording = wording
        self._now = now

    async def deliver(self, notification: Notification) -> Receipt:
        """One mail to all addresses. An address that is refused beside others that are not is told in the receipt:
        to send it again would be a second mail to the others.
        """
        envelope = Envelope(self._sender, self._recipients(notification), self._reply_to)
        to_customer = self._target.to == "customer"
        mail = mail_of(
            notification,
            self._wording.words(notification, self._target.language),
            envelope,
            self._now(),
            attach=self._target.attach and not to_customer,
            to_customer=to_customer,
        )
        try:
            written = on_the_wire(mail)
        except ValueError as error:
            raise NotDelivered(str(error), permanent=True) from None
        try:
            refused = await self._server.send(
                envelope.sender, envelope.recipients, written, self._target.timeout / 1000
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Its own words, which repeat addresses, stay out of tracebacks too.
            raise failure_of(error) from None
        return Receipt(reason=_told(refused, len(envelope.recipients)) if refused else "")

    async def close(self) -> None:
        """The server is shared; whoever made it closes it."""

    def _recipients(self, notification: Notification) -> tuple[Address, ...]:
        if self._target.to != "customer":
            return self._team
        known = acknowledged(notification.notices).email
        if known is None:
            raise NotDelivered("the customer's mail address is not known", permanent=True)
        try:
            return (address_of(known),)
        except NoAddress:
            raise NotDelivered("what is given as the customer's mail address is none", permanent=True) from None


def _given(written: str, where: str) -> Address:
    try:
        return address_of(written)
    except NoAddress:
        raise ValueError(f"{where} is no mail address; wanted: one as in ops@example.com") from None


def failure_of(error: Exception) -> NotDelivered:
    """What the ledger is told. The server's own words stay out of it, because they repeat addresses."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        answers = {each.recipient: aiosmtplib.SMTPResponse(each.code, each.message) for each in error.recipients}
        # One that may be taken later is worth another try.
        return NotDelivered(_told(answers, len(answers)), permanent=all(map(_is_final, answers.values())))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        answer = aiosmtplib.SMTPResponse(error.code, error.message)
        asked = isinstance(error, aiosmtplib.SMTPAuthenticationError)
        what = "does not accept user and password:" if asked else "answered"
        return NotDelivered(f"the mail server {what} {_code(answer)}", permanent=_is_final(answer))
    if any(isinstance(each, ssl.SSLError) for each in (error, error.__cause__, error.__context__)):
        return NotDelivered("the mail server has a certificate that is not trusted")
    return NotDelivered(f"the mail server {_without_answer(error)}")


def _without_answer(error: Exception) -> str:
    match error:
        case aiosmtplib.SMTPConnectError():
            return "cannot be reached"
        case TimeoutError():
            return "does not answer"
        case aiosmtplib.SMTPServerDisconnected() | ConnectionError():
            return "ended the connection"
        case aiosmtplib.SMTPException():
            return "offers no encryption, or not the login that [smtp] asks for"
    return "cannot be reached"


def _is_final(answer: aiosmtplib.SMTPResponse) -> bool:
    return answer.code >= _PERMANENT


async def _leave(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_POLITE_SECONDS)
    client.close()


def _told(refused: Mapping[str, aiosmtplib.SMTPResponse], of: int) -> str:
    codes = ", ".join(sorted({_code(each) for each in refused.values()}))
    return f"the mail server refused {len(refused)} of {of} recipients: {codes}"


def _code(answer: aiosmtplib.SMTPResponse) -> str:
    """As in "550 5.1.1"."""
    enhanced = _ENHANCED.match(answer.message)
    return f"{answer.code} {enhanced[1]}" if enhanced else str(answer.code)
