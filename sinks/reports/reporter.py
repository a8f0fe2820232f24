"""Makes reports when they are due, keeps them in a folder and has people told of them.

Each due time is done once. What is done is noted last, so a crash before that makes the report again: the same file,
and the same notice by its id, which is told once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from schemas.notices import encode_notice, notice_key
from sinks.dashboard.database import Away
from sinks.record_writer import NotAcknowledged, RecordWriter
from sinks.reports.html import html
from sinks.reports.kept import Folder, NotReadable
from sinks.reports.making import Maker, Wanted
from sinks.reports.markdown import markdown
from sinks.reports.schedule import Schedule
from sinks.reports.telling import notice_of

log = logging.getLogger(__name__)

# A clock that is turned, or a machine that slept, is noticed within this.
_LOOK_SECONDS: Final = 30.0
_AGAIN_SECONDS: Final = 60.0
# Nobody's report can be made until these are over.
_WAITED_FOR: Final = (Away, NotAcknowledged, NotReadable, OSError, TimeoutError)


class Reporter:
    """Of some tenants by one schedule. `page` is where people find the page; `now` is aware."""

    def __init__(
        self,
        schedule: Schedule,
        tenants: Sequence[str],
        folder: Folder,
        maker: Maker,
        writer: RecordWriter,
        *,
        page: str | None,
        now: Callable[[], datetime],
    ) -> None:
        self._schedule = schedule
        self._tenants = tenants
        self._folder = folder
        self._maker = maker
        self._writer = writer
        self._page = page
        self._now = now

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make reports beside the block; at its end what is under way is left, and made again at the next start."""
        await self._writer.start()
        task = asyncio.create_task(self._run(), name="reports")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._writer.stop()
            await self._maker.close()

    async def step(self) -> int:
        """Make what is due by now and is not done; how many were made.

        Of a schedule that is new here nothing is made up: it begins now. Raises Away, NotAcknowledged, OSError and
        NotReadable, and what was made until then is done; Away only after another tenant's report was tried too,
        because one tenant may ask for more than the database answers in time. Any other error is of one tenant's
        report: it is logged, the others' are made, and that one is due still.
        """
        with self._folder.owned() as is_ours:
            if not is_ours:
                return 0
            made, now, done = 0, self._now(), self._folder.done()
            unanswered: Away | None = None
            for tenant in self._tenants:
                try:
                    made += await self._step_of(tenant, done.get(f"{tenant} {self._schedule.name}"), now)
                except Away as error:
                    if unanswered is not None:
                        raise
                    unanswered = error
            if unanswered is not None:
                raise unanswered
            return made

    async def _step_of(self, tenant: str, done: datetime | None, now: datetime) -> int:
        name = f"{tenant} {self._schedule.name}"
        if done is None:
            self._folder.note(name, now)
            return 0
        made = 0
        try:
            for due in self._schedule.due(done, now):
                await self._make_one(tenant, due)
                self._folder.note(name, due)
                made += 1
        except _WAITED_FOR:
            raise
        except Exception:
            log.exception("%s: a report is due and fails; it is tried again", tenant)
        return made

    async def _make_one(self, tenant: str, due: datetime) -> None:
        wanted = Wanted(tenant, self._schedule.span(due), self._schedule.report_id(tenant, due))
        report = await self._maker.make(wanted)
        kept = self._folder.keep(report, "html", html(report, page=self._page))
        self._folder.keep(report, "md", markdown(report))
        notice = notice_of(report, self._page)
        await self._writer.send(notice_key(notice), encode_notice(notice))
        log.info("%s: the report that was due at %s is made", kept, due.isoformat())

    async def _run(self) -> None:
        """What goes wrong is logged and tried again; nothing is left out for that."""
        while True:
            pause = await self._try()
            await asyncio.sleep(pause)

    async def _try(self) -> float:
        """One step; how many seconds until the next."""
        try:
            await self.step()
        except _WAITED_FOR as error:
            log.warning("a report is due and cannot be made; it is tried again in a minute: %s", error)
            return _AGAIN_SECONDS
        now = self._now()
        until_next = self._schedule.next(now) - now
        return min(max(until_next, timedelta()).total_seconds(), _LOOK_SECONDS)
