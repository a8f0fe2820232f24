"""One session with a mailbox on an IMAP server. Synchronous: a thread is for one session, and a session for one thread.

Nothing is remembered here from session to session: which mails are done is marked on the server.
"""

import imaplib
import re
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from pydantic import SecretStr

from streams.sources.mailbox_address import MailboxAddress

# For every answer of the server.
TIMEOUT_SECONDS: Final = 10.0
# Of a larger mail the head is read: an event has room for a small part of it.
MAX_MAIL_BYTES: Final = 16 * 1024 * 1024
_SLICE_SECONDS: Final = 1.0
# What the server tells together with its consent to IDLE stays in the library's buffer unseen: a mail that comes at
# that moment is found by the next look, so that must not be far.
_IDLE_SECONDS: Final = 5.0

_DATE: Final = re.compile(rb'INTERNALDATE "([^"]+)"')
_FLAG: Final = re.compile(r"\\(?:Seen|Flagged|Answered)|\$[A-Za-z0-9_.-]{1,60}")
_CRITERIA: Final = {"\\Seen": "UNSEEN", "\\Flagged": "UNFLAGGED", "\\Answered": "UNANSWERED"}


class MailboxAway(Exception):
    """The server cannot be reached, or has ended the session. Says where; to be tried again."""


class LoginRefused(MailboxAway):
    """The server does not let us in. What it says is not repeated: some repeat the password."""


class WrongMailbox(Exception):
    """The mailbox is not as the settings say: nothing is gained by trying again. Says what to set."""


class Received(NamedTuple):
    """A mail as it came, or its head if it is not whole, and when the server got it in."""

    raw: bytes
    at: datetime
    is_whole: bool


class ImapSession:
    """A session that is logged in, with the folder open. `done` and `failed` are flags (`\\Seen`, `$Name`) or folders,
    by which mails are marked that are taken or cannot be read.

    Every method may raise MailboxAway; then the session is of no more use than to be closed.
    """

    def __init__(self, address: MailboxAddress, password: SecretStr, ca: Path | None, done: str, failed: str) -> None:
        self._address = address
        self._marks = (done, failed)
        with _as_away(address):
            self._box = _connected(address, ca)
        try:
            self._enter(password)
        except BaseException:
            self.close()
            raise

    def _enter(self, password: SecretStr) -> None:
        address = self._address
        with _as_away(address):
            _log_in(self._box, address, password)
            # What a server can do it may tell only to those who are in.
            _, capabilities = self._box.client.capability()
            self._box.client.capabilities = tuple(capabilities[0].decode().upper().split())
            try:
                self._box.folder.set(address.folder)
            except MailboxFolderSelectError:
                raise WrongMailbox(
                    f"{address} has no folder {address.folder}: the path of the address names it"
                ) from None
            self._prepare()

    def _prepare(self) -> None:
        """Make the folders for what is done; see that the flags can be set."""
        _, allowed = self._box.client.response("PERMANENTFLAGS")
        flags = allowed[0].decode() if allowed and allowed[0] else "\\*"
        for mark in self._marks:
            if not is_flag(mark):
                if not self._box.folder.exists(mark):
                    self._box.folder.create(mark)
            elif "\\*" not in flags and mark.lower() not in flags.lower():
                raise WrongMailbox(
                    f"{self._address} cannot mark mails by {mark}; name a folder, or one of {flags}, to be used instead"
                )

    def waiting(self, since: date) -> Sequence[str]:
        """The ids of the mails that have no mark, oldest first, of those that came on that day or later."""
        criteria = ["UNDELETED", f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}"]
        criteria += [_CRITERIA.get(mark, f"UNKEYWORD {mark}") for mark in self._marks if is_flag(mark)]
        with _as_away(self._address):
            # Opened again: a session whose folder was removed and made anew would go on looking at the old one.
            self._box.folder.set(self._address.folder)
            return sorted(self._box.uids(" ".join(criteria), charset=None), key=int)

    def fetch(self, uid: str) -> Received | None:
        """A mail; None for one that somebody has removed meanwhile."""
        parts = f"(UID INTERNALDATE BODY.PEEK[]<0.{MAX_MAIL_BYTES}>)"
        with _as_away(self._address):
            status, answer = self._box.client.uid("FETCH", uid, parts)
        if status != "OK":
            return None
        attributes = b" ".join(each[0] if isinstance(each, tuple) else each for each in answer if each)
        raw = next((each[1] for each in answer if isinstance(each, tuple)), None)
        found = _DATE.search(attributes)
        if raw is None or found is None:
            return None
        at = datetime.strptime(found[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z")
        return Received(raw, at, len(raw) < MAX_MAIL_BYTES)

    def mark(self, uid: str, mark: str) -> bool:
        """Flag a mail or move it. False when the server does not do it."""
        with _as_away(self._address):
            if is_flag(mark):
                return self._store(uid, mark)
            if "MOVE" in self._box.client.capabilities:
                self._box.move(uid, mark)
                return True
            self._box.copy(uid, mark)
            return self._store(uid, "\\Deleted")

    def _store(self, uid: str, flag: str) -> bool:
        # imap-tools removes for good, with each flag, what anybody else has marked as deleted.
        status, _ = self._box.client.uid("STORE", uid, "+FLAGS.SILENT", f"({flag})")
        return bool(status == "OK")

    def wait(self, seconds: float, interrupted: threading.Event) -> None:
        """Return when the mailbox has changed, soon after it is interrupted, or after the time at the latest."""
        if "IDLE" not in self._box.client.capabilities:
            interrupted.wait(seconds)
            return
        until = time.monotonic() + min(seconds, _IDLE_SECONDS)
        with _as_away(self._address), self._box.idle as idle:
            while not interrupted.is_set() and time.monotonic() < until:
                began = time.monotonic()
                # Nothing before the time is the end of the connection.
                if idle.poll(_SLICE_SECONDS) or time.monotonic() - began < _SLICE_SECONDS / 2:
                    return

    def close(self) -> None:
        """End the session, however it stands."""
        with suppress(imaplib.IMAP4.error, ImapToolsError, OSError):
            self._box.logout()
        with suppress(OSError):
            self._box.client.shutdown()


@contextmanager
def _as_away(address: MailboxAddress) -> Iterator[None]:
    """What goes wrong with a connection, as MailboxAway."""
    try:
        yield
    except OSError as error:
        raise MailboxAway(f"{address}: {error.strerror or error or type(error).__name__}") from None
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise MailboxAway(f"{address}: the session has ended ({type(error).__name__})") from None


def is_flag(mark: str) -> bool:
    """Whether mails are marked by a flag, and not moved to a folder. Raises ValueError for a flag that is none."""
    if not mark.startswith(("\\", "$")):
        return False
    if not _FLAG.fullmatch(mark):
        raise ValueError(f"{mark!r} is no flag; wanted: \\Seen, \\Flagged, \\Answered, $Word, or a folder's name")
    return True


def first_day(now: datetime, days: int) -> date:
    """From which day on mails are looked at. A day more, because servers know days by clocks of their own."""
    return (now - timedelta(days=days + 1)).date()


def _connected(address: MailboxAddress, ca: Path | None) -> BaseMailBox:
    if address.security == "none":
        return MailBoxUnencrypted(address.host, address.port, TIMEOUT_SECONDS)
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError):
        raise WrongMailbox(f"{ca} has no certificates in PEM") from None
    if address.security == "starttls":
        return MailBoxStartTls(address.host, address.port, TIMEOUT_SECONDS, context)
    return MailBox(address.host, address.port, TIMEOUT_SECONDS, ssl_context=context)


def _log_in(box: BaseMailBox, address: MailboxAddress, password: SecretStr) -> None:
    secret = password.get_secret_value()
    # LOGIN is for ASCII, and the library's error would show what is not.
    log_in = box.login if (address.user + secret).isascii() else box.login_utf8
    try:
        log_in(address.user, secret, None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        raise LoginRefused(
            f"{address} does not let {address.user} in: is the password right, and IMAP allowed?"
        ) from None


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
