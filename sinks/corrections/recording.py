"""Corrections into the log, each checked against what is stored and what was recorded a moment ago."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.corrections import Correction, encode_correction
from schemas.events import ticket_key
from sinks.access.principals import Principal
from sinks.corrections.deciding import Changed, Earlier, Known, decide
from sinks.corrections.models import CorrectionRequest
from sinks.corrections.reading import StoredReading, read_corrections_of, read_message
from sinks.dashboard.database import Database
from sinks.record_writer import RecordWriter

# The sink is a second or two behind, and people change their minds sooner. What another process of the page recorded
# in that time is not known here: then both corrections are kept, and the later one stands.
REMEMBERED: Final = 1_000


class NoMessage(Exception):
    """There is none of this id, or none with words; the message says which."""


class _Found(NamedTuple):
    read: StoredReading | None
    earlier: list[Earlier]


class Corrector:
    """Records corrections on `tickets.corrections.v1`. `now` is aware."""

    def __init__(self, database: Database, writer: RecordWriter, now: Callable[[], datetime]) -> None:
        self._database = database
        self._writer = writer
        self._now = now
        self._recent: deque[Correction] = deque(maxlen=REMEMBERED)

    async def record(
        self, asked: CorrectionRequest, tenant: str, by: Principal, key: str | None
    ) -> Correction | Known | Changed:
        """What became of it; a Correction is in the log. Raises NoMessage, NotAcknowledged, and Away when the database
        cannot be asked.
        """
        found = await self._database.ask(partial(_find, tenant, asked.ticket_id, asked.event_id))
        if found.read is None:
            raise NoMessage(f"no event {asked.event_id!r} of ticket {asked.ticket_id!r} of tenant {tenant!r} is stored")
        if not found.read.has_words:
            raise NoMessage(f"event {asked.event_id!r} has no words that could have been read wrongly")
        earlier = [*self._recorded(tenant, asked, found.earlier), *found.earlier]
        decided = decide(asked, tenant, by, key, found.read, earlier, self._now())
        if isinstance(decided, Correction):
            await self._writer.send(ticket_key(tenant, asked.ticket_id), encode_correction(decided))
            self._recent.appendleft(decided)
        return decided

    def _recorded(self, tenant: str, asked: CorrectionRequest, stored: list[Earlier]) -> list[Earlier]:
        """Those of the message, newest first, that are not stored yet."""
        wanted, known = (tenant, asked.ticket_id, asked.event_id), {each.correction_id for each in stored}
        return [
            Earlier(each.correction_id, each.field, each.old, each.new, each.corrected_by)
            for each in self._recent
            if (each.tenant, each.ticket_id, each.event_id) == wanted and each.correction_id not in known
        ]


def _find(tenant: str, ticket: str, event: str, client: Client) -> _Found:
    earlier = [
        Earlier(str(each.correction_id), each.field, each.old or "", each.new, each.corrected_by)
        for each in read_corrections_of(client, tenant, ticket)
        if each.event_id == event
    ]
    return _Found(read_message(client, tenant, ticket, event), earlier)
