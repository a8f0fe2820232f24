"""A mail server (aiosmtpd) that keeps what it is sent, and refuses, stalls or dies where a test says so."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Literal, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificate import shared

Answer = Callable[[str], str | None]


class Mail(NamedTuple):
    """One that the server has taken. `raw` is what went over the wire."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes


class MailBox:
    """The server. A test sets what it answers: `rcpt` is asked with the address, `data` with how many mails came
    before; None means that all is well. `after_data` happens between the mail and the server's answer.
    """

    def __init__(self, user: str, password: str) -> None:
        self.port = 0
        self.mails: list[Mail] = []
        self.connections = 0
        self.most_at_once = 0
        self.rcpt: Answer = lambda _: None
        self.data: Callable[[int], str | None] = lambda _: None
        self.after_data: Callable[[SMTP], Awaitable[None]] | None = None
        self._login = user, password
        self._open = 0
        self._servers: list[SMTP] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient."""
        refused = self.rcpt(address)
        if refused is None:
            envelope.rcpt_tos.append(address)
        return refused or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The mail itself."""
        refused = self.data(len(self.mails))
        if refused is not None:
            return refused
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Mail(str(envelope.mail_from), tuple(envelope.rcpt_tos), message, raw))
        if self.after_data is not None:
            await self.after_data(server)
        return "250 2.0.0 OK queued"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        """Whether it is the login."""
        assert isinstance(given, LoginPassword)
        success = (given.login.decode(), given.password.decode()) == self._login
        return AuthResult(success=success, handled=False)

    def hang_up(self) -> None:
        """End all connections without a word."""
        for server in self._servers:
            hang_up(server)

    def serve(self, *, login: bool, encryption: ssl.SSLContext | None) -> SMTP:
        """The protocol of one connection."""
        with warnings.catch_warnings():
            # It would have a login only behind TLS.
            warnings.simplefilter("ignore", UserWarning)
            server = _Counted(
                self,
                hostname="mail.test",
                auth_required=login,
                auth_require_tls=False,
                authenticator=self.authenticate if login else None,
                tls_context=encryption,
                require_starttls=encryption is not None,
                loop=asyncio.get_running_loop(),
            )
        self._servers.append(server)
        return server

    def came(self) -> None:
        """A connection began."""
        self.connections += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)

    def went(self) -> None:
        """A connection ended."""
        self._open -= 1


def hang_up(server: SMTP) -> None:
    """End its connection without a word."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


class _Counted(SMTP):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.came()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.went()
        super().connection_lost(error)


@asynccontextmanager
async def mail_server(
    *, login: bool = False, security: Literal["none", "starttls", "smtps"] = "none"
) -> AsyncIterator[MailBox]:
    """Listens as long as the block runs. The login is "ticketpulse" and "right"; the certificate is `shared`."""
    box = MailBox("ticketpulse", "right")
    encryption = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encryption.load_cert_chain(*shared())
    server = await asyncio.get_running_loop().create_server(
        lambda: box.serve(login=login, encryption=encryption if security == "starttls" else None),
        "127.0.0.1",
        0,
        ssl=encryption if security == "smtps" else None,
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        box.hang_up()
        await server.wait_closed()
