"""Mails from a mailbox to the log of events, at least once, each the same event every time.

A mail is marked on the server only after the log has acknowledged its event. What is lost between the two, by a crash
or a connection that breaks, is sent again, and the pipeline counts an id once.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, ParamSpec, TypeVar

from pydantic import SecretStr

from schemas.rejections import Reason, Rejected
from sinks.pauses import doubled
from sinks.prometheus import MAILBOX_CONNECTED, MAILS
from streams.gateway.doorkeeper import TooLarge
from streams.gateway.writer import EventWriter, NotAcknowledged
from streams.sources.imap import ImapSession, LoginRefused, MailboxAway, Received, WrongMailbox, first_day
from streams.sources.mailbox_address import MailboxAddress
from streams.sources.mails import MailRules, Outgoing, outgoing_of, rejected

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LAST_PAUSE: Final = 60.0
# Servers lock out who tries often.
REFUSED_PAUSE: Final = 30.0
LAST_REFUSED_PAUSE: Final = 600.0

_MARKED_AGAIN: Final = 3

T = TypeVar("T")
P = ParamSpec("P")


class MailboxPlan(NamedTuple):
    """Which mailbox is read and how. `done` and `failed` are flags or folders; `days` is how old a mail may be;
    `seconds` is how often is looked, although the server tells of new mails. `ca` has other certificates to trust.
    """

    address: MailboxAddress
    rules: MailRules = MailRules()
    done: str = "$Ticketpulse"
    failed: str = "$TicketpulseFailed"
    days: int = 7
    seconds: float = 60.0
    ca: Path | None = None


class Pauses(NamedTuple):
    """Seconds between attempts: the first, the longest, and both where the login was refused."""

    first: float = FIRST_PAUSE
    last: float = LAST_PAUSE
    refused: float = REFUSED_PAUSE
    last_refused: float = LAST_REFUSED_PAUSE


DEFAULT_PAUSES: Final = Pauses()


class MailboxSource:
    """Reads a mailbox until it is stopped. `password` is asked for at each login, so that it may be changed.

    The writer is started by whoever made it.
    """

    def __init__(
        self,
        plan: MailboxPlan,
        password: Callable[[], SecretStr],
        writer: EventWriter,
        clock: Callable[[], datetime],
        pauses: Pauses = DEFAULT_PAUSES,
    ) -> None:
        self._plan = plan
        self._password = password
        self._writer = writer
        self._clock = clock
        self._pauses = pauses

    async def run(self, stop: asyncio.Event) -> None:
        """Carry mails over until `stop`. A mail that is under way then is carried over or left as it was.

        A server that is away is tried again, with growing pauses. Raises WrongMailbox at the beginning for what no
        attempt would mend; a mailbox that was right once is waited for.
        """
        failures, was_right = 0, False
        async with _interrupting(stop) as interrupted:
            while not stop.is_set():
                try:
                    async with self._session() as session:
                        failures, was_right = 0, True
                        await self._carry(session, stop, interrupted)
                except (MailboxAway, WrongMailbox) as error:
                    if isinstance(error, WrongMailbox) and not was_right:
                        raise
                    failures += 1
                    pause = self._pause(error, failures)
                    log.warning("%s; trying again in %g s", error, pause)
                    await _pass(stop, pause)

    def _pause(self, error: Exception, failures: int) -> float:
        pauses = self._pauses
        first, last = (
            (pauses.refused, pauses.last_refused) if isinstance(error, LoginRefused) else (pauses.first, pauses.last)
        )
        return doubled(first, failures - 1, last)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["_Session"]:
        plan = self._plan
        # From the first try on: one that never opens is closed.
        is_open = MAILBOX_CONNECTED.labels(plan.address.folder)
        password = self._password()
        with ThreadPoolExecutor(1, "mailbox") as thread:
            loop = asyncio.get_running_loop()
            opened = await loop.run_in_executor(
                thread, ImapSession, plan.address, password, plan.ca, plan.done, plan.failed
            )
            log.info("reading %s of %s at %s", plan.address.folder, plan.address.user, plan.address)
            is_open.set(1)
            try:
                yield _Session(opened, thread)
            finally:
                is_open.set(0)
                await loop.run_in_executor(thread, opened.close)

    async def _carry(self, session: "_Session", stop: asyncio.Event, interrupted: threading.Event) -> None:
        """Carry over what there is and wait for more."""
        handled = _Handled()
        while not stop.is_set():
            since = first_day(self._clock(), self._plan.days)
            waiting = await session.call(session.imap.waiting, since)
            new = [uid for uid in waiting if not handled.is_given_up(uid)]
            for uid in new:
                if stop.is_set():
                    return
                await self._one(session, uid, handled, stop)
            if not new:
                await session.call(session.imap.wait, self._plan.seconds, interrupted)

    async def _one(self, session: "_Session", uid: str, handled: "_Handled", stop: asyncio.Event) -> None:
        mail = await session.call(session.imap.fetch, uid)
        if mail is None:
            MAILS.labels("gone").inc()
            return
        outgoing = await session.call(self._read, mail)
        if not handled.is_repeated(uid, outgoing.event_id):
            try:
                is_sent = await self._send(outgoing, stop)
            except TooLarge as error:
                outgoing = rejected(mail.raw, mail.at, Rejected(Reason.TOO_LARGE, "mail", str(error)), self._plan.rules)
                is_sent = await self._send(outgoing, stop)
            if not is_sent:
                return
            handled.add(uid, outgoing.event_id)
            MAILS.labels(_outcome(outgoing)).inc()
        mark = self._plan.failed if outgoing.rejected else self._plan.done
        if outgoing.rejected:
            log.warning("mail %s is a dead letter and marked by %s: %s", uid, mark, outgoing.rejected)
        if not await session.call(session.imap.mark, uid, mark):
            log.warning("mail %s is sent, and the server does not mark it by %s: it may be sent again", uid, mark)

    def _read(self, mail: Received) -> Outgoing:
        return outgoing_of(mail.raw, mail.at, self._plan.rules, is_whole=mail.is_whole)

    async def _send(self, outgoing: Outgoing, stop: asyncio.Event) -> bool:
        """Whether the log has it. It is tried until then, or until the end. Raises TooLarge."""
        pause = self._pauses.first
        while not stop.is_set():
            try:
                await self._writer.send(outgoing.key, outgoing.value)
            except NotAcknowledged as error:
                log.warning("event %s is not acknowledged, trying again in %g s: %s", outgoing.event_id, pause, error)
                await _pass(stop, pause)
                pause = min(pause * 2, self._pauses.last)
            else:
                return True
        return False


class _Handled:
    """What was sent in a session. A mail that waits nevertheless has lost its mark, is there anew because the folder
    was made anew, or is another mail under the old id: the event's id tells.
    """

    def __init__(self) -> None:
        self._events: dict[str, str] = {}
        self._repeats: Counter[str] = Counter()

    def add(self, uid: str, event_id: str) -> None:
        """It is sent."""
        self._events[uid] = event_id
        self._repeats.pop(uid, None)

    def is_repeated(self, uid: str, event_id: str) -> bool:
        """Whether it was sent before, so that it need only be marked."""
        repeated = self._events.get(uid) == event_id
        self._repeats[uid] += repeated
        return repeated

    def is_given_up(self, uid: str) -> bool:
        """Whether the server forgets its mark again and again."""
        return self._repeats[uid] >= _MARKED_AGAIN


class _Session(NamedTuple):
    """A session and its thread."""

    imap: ImapSession
    thread: ThreadPoolExecutor

    def call(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Awaitable[T]:
        """Let the thread do something."""
        return asyncio.get_running_loop().run_in_executor(self.thread, partial(function, *arguments, **named))


def _outcome(outgoing: Outgoing) -> str:
    if outgoing.rejected:
        return "rejected"
    return "automatic" if outgoing.automatic else "taken"


@asynccontextmanager
async def _interrupting(stop: asyncio.Event) -> AsyncIterator[threading.Event]:
    """An event for threads, which is set with the other one."""
    interrupted = threading.Event()

    async def pass_on() -> None:
        await stop.wait()
        interrupted.set()

    task = asyncio.create_task(pass_on())
    try:
        yield interrupted
    finally:
        # Whatever ends the block, no thread waits on.
        interrupted.set()
        task.cancel()
        await asyncio.wait([task])


async def _pass(stop: asyncio.Event, seconds: float) -> None:
    """Let time pass, until the end at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
