"""Reports of a database, with a client of its own: a long span must not hold up whoever looks at the page."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from clickhouse_connect.driver.client import Client

from sinks.analytics.selection import Selection
from sinks.dashboard.database import Database
from sinks.reports.composing import compose
from sinks.reports.material import read_material
from sinks.reports.model import Report
from sinks.reports.schedule import Span


class Wanted(NamedTuple):
    """One report that is to be made."""

    tenant: str
    span: Span
    report_id: str


class Maker(Protocol):
    """Makes reports."""

    async def make(self, wanted: Wanted) -> Report:
        """The report. Raises Away when the database does not answer."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...


class DatabaseMaker:
    """Keeps `Maker` over the client that `connect` opens. `now` is aware."""

    def __init__(self, connect: Callable[[], Client], now: Callable[[], datetime]) -> None:
        self._database = Database(connect)
        self._now = now

    async def make(self, wanted: Wanted) -> Report:
        """Of all tickets of the tenant."""
        begin, end = wanted.span
        selection = Selection(tenant=wanted.tenant, since=begin, until=end)
        material = await self._database.ask(lambda client: read_material(client, selection))
        return compose(material, self._now(), wanted.report_id)

    async def close(self) -> None:
        """Close the client if it was ever opened."""
        await self._database.close()
