"""Runs a sender: by the targets in force, which may change while it runs."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sinks.notify.providers import TargetError
from sinks.notify.sender import Outbox, Sender
from sinks.notify.template_files import WordingError
from streams.notify.book import NotifyBook
from streams.notify.ways import Ways
from streams.policies import BookSource

log = logging.getLogger(__name__)


async def run_sender(
    open_outbox: Callable[[], Outbox], targets: BookSource[NotifyBook], folder: Path | None, stop: asyncio.Event
) -> None:
    """Send what is asked for until `stop` is set.

    Raises PolicyError, TargetError or WordingError before anything is sent, when the files are wrong. When they become
    wrong later, that is logged and the ones before stay in force.
    """
    opened = [Ways(targets.read(), folder)]
    sender = Sender(open_outbox(), opened[-1].by_target)

    def adopt(book: NotifyBook) -> None:
        try:
            ways = Ways(book, folder)
        except (TargetError, WordingError, OSError) as error:
            log.error("the ways to the targets stay as they were, because the new ones are wrong:\n%s", error)
            return
        opened.append(ways)
        sender.adopt(ways.by_target)

    following = asyncio.create_task(targets.follow(adopt))
    try:
        await sender.run(stop)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        # What had begun by the ways before has ended by now.
        for ways in opened:
            await ways.close()
