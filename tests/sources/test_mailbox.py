"""The way from a mailbox to the log, with a real IMAP server."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.events import TicketEvent
from schemas.rejections import Reason, Rejected
from sinks.prometheus import MAILBOX_CONNECTED
from streams.gateway.doorkeeper import Doorkeeper, RedactingWriter
from streams.gateway.writer import EventWriter
from streams.sources.imap import MAX_MAIL_BYTES, ImapSession, LoginRefused, MailboxAway, WrongMailbox
from streams.sources.mailbox import MailboxPlan, MailboxSource, Pauses
from streams.sources.mailbox_address import MailboxAddress, Security, parse_address
from streams.sources.mails import MailRules
from tests.privacy.test_at_door import HASHED, Rules
from tests.servers.dovecot import PASSWORD, USER, Dovecot
from tests.sources.conftest import MemoryWriter
from tests.sources.test_mails import mail

QUICK = Pauses(first=0.05, last=0.2, refused=0.05, last_refused=0.2)
DONE, FAILED = "$Ticketpulse", "$TicketpulseFailed"
SEEN = "\\Seen"


def numbered(number: int, **headers: str) -> bytes:
    return mail(f"Message {number}", Message_ID=f"<n{number}@example.org>", **headers)


class Box:
    """A folder of the server, as the people who write to it and look at it see it."""

    def __init__(self, server: Dovecot, folder: str) -> None:
        self.server, self.folder = server, folder
        with server.client() as client:
            client.create(folder)

    def put(self, *mails: bytes, flags: str = "", at: datetime | None = None) -> None:
        """Deliver mails."""
        with self.server.client() as client:
            for each in mails:
                status, answer = client.append(self.folder, flags, at or datetime.now(UTC), each)
                assert status == "OK", answer

    def found(self, criteria: str, folder: str | None = None) -> int:
        """How many mails fulfil something; none in a folder that is not there."""
        with self.server.client() as client:
            if client.select(folder or self.folder)[0] != "OK":
                return 0
            return len(client.search(None, criteria)[1][0].split())

    def remove(self, criteria: str = "ALL") -> None:
        """Delete mails for good."""
        with self.server.client() as client:
            client.select(self.folder)
            for number in client.search(None, criteria)[1][0].split():
                client.store(number.decode(), "+FLAGS", "\\Deleted")
            client.expunge()

    def address(self, security: Security = "none", port: int | None = None) -> MailboxAddress:
        return MailboxAddress("127.0.0.1", port or self.server.port, USER, self.folder, security)


@pytest.fixture
def box(mail_server: Dovecot, unique: Callable[[str], str]) -> Box:
    return Box(mail_server, unique("support"))


@asynccontextmanager
async def carrying(writer: EventWriter, plan: MailboxPlan, *wrong: str) -> AsyncIterator[None]:
    """A source that runs until the end of the block. It tries these wrong passwords before the right one."""
    passwords = chain(wrong, repeat(PASSWORD))
    source = MailboxSource(plan, lambda: SecretStr(next(passwords)), writer, lambda: datetime.now(UTC), QUICK)
    stop = asyncio.Event()
    task = asyncio.create_task(source.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


def plan_of(box: Box, **changed: Any) -> MailboxPlan:
    return MailboxPlan(box.address(), seconds=30)._replace(**changed)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    while not await asyncio.to_thread(condition):
        await asyncio.sleep(0.02)


async def test_mails_become_events_oldest_first_and_are_marked(box: Box, writer: MemoryWriter) -> None:
    box.put(*map(numbered, range(3)))
    async with carrying(writer, plan_of(box)):
        await until(lambda: box.found(f"KEYWORD {DONE}") == 3)
    assert [each.text for each in writer.events()] == ["Message 0", "Message 1", "Message 2"]
    assert box.found("UNSEEN") == 3


async def test_a_new_mail_is_told_by_the_server(box: Box, writer: MemoryWriter) -> None:
    # The next look would be later than the test may take.
    async with carrying(writer, plan_of(box, seconds=1_000.0)):
        for number in range(3):
            await asyncio.to_thread(box.put, numbered(number))
            await writer.count(number + 1)
    assert [each.text for each in writer.events()] == ["Message 0", "Message 1", "Message 2"]


async def test_a_mail_is_not_taken_twice(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1))
    for _ in range(2):
        async with carrying(writer, plan_of(box)):
            await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    box.put(numbered(2))
    async with carrying(writer, plan_of(box)):
        await writer.count(2)
    assert [each.text for each in writer.events()] == ["Message 1", "Message 2"]


async def test_a_mail_is_marked_only_after_the_log_has_it(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1))
    writer.away = True
    async with carrying(writer, plan_of(box)):
        await writer.refused.wait()
        assert await asyncio.to_thread(box.found, f"KEYWORD {DONE}") == 0
        writer.away = False
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    assert len(writer.records) == 1


async def test_a_stop_while_the_log_is_away_leaves_the_mail(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1))
    writer.away = True
    async with carrying(writer, plan_of(box)):
        await writer.refused.wait()
    assert box.found(f"UNKEYWORD {DONE}") == 1


async def test_a_mail_that_is_too_large_with_its_hashes_is_a_dead_letter(box: Box, writer: MemoryWriter) -> None:
    box.put(mail("a1@b.co\n" * 28_000, Message_ID="<large@x>"), mail("Call +1 212 736 5000", Message_ID="<n@x>"))
    kept = RedactingWriter(writer, Doorkeeper(Rules(HASHED)))
    async with carrying(kept, plan_of(box)):
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1 == box.found(f"KEYWORD {FAILED}"))
    dead, event = writer.read()
    assert isinstance(dead, Rejected)
    assert b"with personal data replaced" in writer.records[0][1]
    assert isinstance(event, TicketEvent)
    assert (event.text or "").startswith("Call [PHONE:new.")


async def test_a_mail_that_says_nothing_does_not_stop_the_others(box: Box, writer: MemoryWriter) -> None:
    box.put(mail("", Subject="", Message_ID="<empty@x>"), numbered(1))
    async with carrying(writer, plan_of(box)):
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    dead, event = writer.read()
    assert isinstance(dead, Rejected)
    assert dead.reason == Reason.EMPTY
    assert writer.events() == [event]
    assert box.found(f"KEYWORD {FAILED}") == 1


async def test_mails_are_moved_where_folders_are_named(box: Box, writer: MemoryWriter) -> None:
    done, failed = f"{box.folder}/done", f"{box.folder}/failed"
    box.put(mail("", Subject=""), numbered(1))
    async with carrying(writer, plan_of(box, done=done, failed=failed)):
        await until(lambda: box.found("ALL", done) == 1)
    assert box.found("ALL", failed) == 1
    assert box.found("ALL") == 0


async def test_a_server_that_cannot_move_copies(
    own_mail_server: Dovecot, writer: MemoryWriter, unique: Callable[[str], str]
) -> None:
    own_mail_server.capability = "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN"
    own_mail_server.start()
    box = Box(own_mail_server, unique("support"))
    box.put(numbered(1))
    # It does not tell of new mails either.
    async with carrying(writer, plan_of(box, done="Done", seconds=0.05)):
        await until(lambda: box.found("ALL", "Done") == 1)
        await asyncio.to_thread(box.put, numbered(2))
        await until(lambda: box.found("DELETED") == 2)
    assert len(writer.records) == 2


async def test_what_others_have_deleted_is_left_alone(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1), flags="\\Deleted")
    box.put(numbered(2))
    async with carrying(writer, plan_of(box)):
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    assert [each.text for each in writer.events()] == ["Message 2"]
    assert box.found("ALL") == 2


async def test_old_mails_are_left_alone(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1), at=datetime.now(UTC) - timedelta(days=10))
    box.put(numbered(2))
    async with carrying(writer, plan_of(box, days=7)):
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    assert [each.text for each in writer.events()] == ["Message 2"]


async def test_seen_can_be_the_mark(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1), flags=SEEN)
    box.put(numbered(2))
    async with carrying(writer, plan_of(box, done=SEEN)):
        await until(lambda: box.found("SEEN") == 2)
    assert [each.text for each in writer.events()] == ["Message 2"]


async def test_a_mail_that_is_gone_meanwhile_is_passed_over(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1))
    session = await asyncio.to_thread(ImapSession, box.address(), SecretStr(PASSWORD), None, DONE, FAILED)
    try:
        (uid,) = session.waiting(datetime.now(UTC).date() - timedelta(days=1))
        box.remove()
        assert session.fetch(uid) is None
        # Nor does it matter to the mark.
        session.mark(uid, DONE)
        assert session.waiting(datetime.now(UTC).date() - timedelta(days=1)) == []
    finally:
        session.close()


async def test_a_folder_that_is_made_anew_gives_the_same_events(box: Box, writer: MemoryWriter) -> None:
    # Its ids begin anew, and its marks are lost. Who waits for news of the old one hears none.
    async with carrying(writer, plan_of(box, seconds=0.5)):
        box.put(numbered(1))
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
        with box.server.client() as client:
            client.delete(box.folder)
            client.create(box.folder)
        box.put(numbered(1), numbered(2))
        await until(lambda: box.found(f"KEYWORD {DONE}") == 2)
    events = writer.events()
    assert {each.text for each in events} == {"Message 1", "Message 2"}
    assert len({each.event_id for each in events}) == 2


async def test_another_mail_under_an_old_id_is_sent(box: Box, writer: MemoryWriter) -> None:
    async with carrying(writer, plan_of(box, seconds=0.5)):
        box.put(numbered(1))
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
        with box.server.client() as client:
            client.delete(box.folder)
            client.create(box.folder)
        box.put(numbered(2))
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
        await writer.count(2)
    assert [each.text for each in writer.events()][-1] == "Message 2"


async def test_a_mark_that_is_removed_is_set_again_without_another_event(box: Box, writer: MemoryWriter) -> None:
    async with carrying(writer, plan_of(box, seconds=0.5)):
        box.put(numbered(1))
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
        with box.server.client() as client:
            client.select(box.folder)
            client.store("1", "-FLAGS", DONE)
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    assert len(writer.records) == 1


async def test_a_server_that_restarts_is_waited_for(
    own_mail_server: Dovecot, writer: MemoryWriter, unique: Callable[[str], str]
) -> None:
    own_mail_server.start()
    box = Box(own_mail_server, unique("support"))
    box.put(numbered(1))
    async with carrying(writer, plan_of(box)):
        await writer.count(1)
        await asyncio.to_thread(own_mail_server.stop)
        await until(lambda: not connected(box))
        await asyncio.to_thread(own_mail_server.start)
        await asyncio.to_thread(box.put, numbered(2))
        await until(lambda: box.found(f"KEYWORD {DONE}") == 2)
    assert {each.text for each in writer.events()} == {"Message 1", "Message 2"}


def connected(box: Box) -> bool:
    return bool(MAILBOX_CONNECTED.labels(box.folder)._value.get())


async def test_a_refused_login_is_told_without_the_password_and_tried_again(
    box: Box, writer: MemoryWriter, caplog: pytest.LogCaptureFixture
) -> None:
    box.put(numbered(1))
    with caplog.at_level(logging.DEBUG):
        async with carrying(writer, plan_of(box), "hunter2", "hunter2"):
            await writer.count(1)
    assert caplog.text.count(f"does not let {USER} in") == 2
    assert "hunter2" not in caplog.text
    assert PASSWORD not in caplog.text


def test_a_password_need_not_be_ascii(own_mail_server: Dovecot, unique: Callable[[str], str]) -> None:
    own_mail_server.set_password("pässwörd")
    own_mail_server.start()
    address = MailboxAddress("127.0.0.1", own_mail_server.port, USER, "INBOX", "none")
    ImapSession(address, SecretStr("pässwörd"), None, DONE, FAILED).close()
    with pytest.raises(LoginRefused) as refused:
        ImapSession(address, SecretStr("wröng"), None, DONE, FAILED)
    assert "wröng" not in f"{refused.value!r}"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encryption_wants_a_certificate_that_is_trusted(mail_server: Dovecot, box: Box, security: Security) -> None:
    port = mail_server.tls_port if security == "tls" else mail_server.port
    address = box.address(security, port)
    ImapSession(address, SecretStr(PASSWORD), mail_server.certificate, DONE, FAILED).close()
    with pytest.raises(MailboxAway, match="certificate"):
        ImapSession(address, SecretStr(PASSWORD), None, DONE, FAILED)


def test_a_file_without_certificates_is_named(box: Box, tmp_path: Path) -> None:
    with pytest.raises(WrongMailbox, match=r"nothing\.pem"):
        ImapSession(box.address("tls"), SecretStr(PASSWORD), tmp_path / "nothing.pem", DONE, FAILED)


async def test_a_folder_that_is_not_there_ends_it(box: Box, writer: MemoryWriter) -> None:
    address = box.address()._replace(folder="Suport")
    with pytest.raises(WrongMailbox, match="no folder Suport"):
        async with asyncio.timeout(60):
            await MailboxSource(
                plan_of(box, address=address), lambda: SecretStr(PASSWORD), writer, lambda: datetime.now(UTC)
            ).run(asyncio.Event())


async def test_a_huge_mail_is_read_in_part(box: Box, writer: MemoryWriter) -> None:
    box.put(mail("word " * (MAX_MAIL_BYTES // 5 + 10_000)))
    async with carrying(writer, plan_of(box)):
        await until(lambda: box.found(f"KEYWORD {DONE}") == 1)
    (event,) = writer.events()
    assert event.metadata["cut"] == "mail"
    assert event.metadata["cut_characters"] > 0


async def test_the_owners_rules_hold(box: Box, writer: MemoryWriter) -> None:
    box.put(numbered(1, Subject="Re: [#4711]"))
    async with carrying(writer, plan_of(box, rules=MailRules(tenant="acme", by_subject=True))):
        await writer.count(1)
    assert writer.records[0][0] == b"acme/4711"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("imaps://ann@mx.example", MailboxAddress("mx.example", 993, "ann", "INBOX", "tls")),
        ("imap://ann%40x.example@mx.example/", MailboxAddress("mx.example", 143, "ann@x.example", "INBOX", "starttls")),
        ("imaps://a@x@mx:1/In/Sub%20s", MailboxAddress("mx", 1, "a@x", "In/Sub s", "tls")),
        ("imap+insecure://a@127.0.0.1:1143", MailboxAddress("127.0.0.1", 1143, "a", "INBOX", "none")),
    ],
)
def test_addresses_are_read(url: str, address: MailboxAddress) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("imaps://ann:hunter2@mx.example", "password"),
        ("imaps://mx.example", "no user"),
        ("imaps://ann@", "no host"),
        ("pop3://ann@mx.example/hunter2", "imaps"),
        ("imaps://ann@mx.example:hunter2", "cannot be read"),
    ],
)
def test_a_wrong_address_is_told_and_not_repeated(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as wrong:
        parse_address(url)
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize("mark", ["$", "\\Deleted", "$two words", "\\"])
def test_a_flag_that_is_none_is_told(box: Box, mark: str) -> None:
    with (
        pytest.raises(ValueError, match="no flag"),
        contextlib.closing(ImapSession(box.address(), SecretStr(PASSWORD), None, mark, FAILED)),
    ):
        pass
