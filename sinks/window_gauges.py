"""The newest final window of each tenant, size and channel, as gauges for Prometheus."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily

from schemas.windows import WindowAggregate

# The channel that stands for all of them together.
ALL_CHANNELS: Final = "all"
LABELS: Final = ("tenant", "size", "channel")


class Figure(NamedTuple):
    """What one gauge shows of a window; None shows nothing."""

    help: str
    of: Callable[[WindowAggregate], float | None]


class Source(NamedTuple):
    """Who tells of a window: one partition of a stage."""

    stage: str
    partition: int


class _Cell(NamedTuple):
    tenant: str
    size: int
    channel: str


class _Shown(NamedTuple):
    source: Source
    window: WindowAggregate
    until: int


class WindowGauges:
    """A collector: one series of each figure for each tenant, size and channel, all of the same window.

    A series ends with the time until which its window is shown, so that silence is not taken for the last figures.
    Labels are bounded: beyond `tenants` tenants and `channels` channels windows are left out, until an older tenant or
    channel has nothing to show any more. Those that are reserved always have room. `clock` gives Unix milliseconds.
    """

    def __init__(
        self, figures: Mapping[str, Figure], clock: Callable[[], int], *, tenants: int = 20, channels: int = 20
    ) -> None:
        self._figures = figures
        self._clock = clock
        self._tenants = tenants
        # One more: all of them together are no channel.
        self._channels = channels + 1
        self._cells: dict[_Cell, _Shown] = {}
        self._reserved: frozenset[str] = frozenset()

    def reserve(self, tenants: Collection[str]) -> None:
        """From now on these have room, beside so many others."""
        self._reserved = frozenset(tenants)

    def show(self, source: Source, window: WindowAggregate, until: int) -> bool:
        """Show a final window until then (Unix milliseconds), unless a newer one is known. False: there is no room."""
        if until <= self._clock():
            return True
        cell = _Cell(window.tenant, window.size, window.value or ALL_CHANNELS)
        known = self._cells.get(cell)
        if known is None and not self._has_room(cell):
            return False
        if known is None or _age(known.window) < _age(window):
            self._cells[cell] = _Shown(source, window, until)
        return True

    def forget(self, source: Source) -> None:
        """Show nothing more of what a partition told: it is somebody else's now."""
        self._cells = {cell: shown for cell, shown in self._cells.items() if shown.source != source}

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The families, at each scrape; called by Prometheus' client on a thread of its own."""
        now = self._clock()
        shown = [(cell, each.window) for cell, each in self._cells.copy().items() if each.until > now]
        for name, figure in self._figures.items():
            family = GaugeMetricFamily(name, figure.help, labels=LABELS)
            for cell, window in shown:
                value = figure.of(window)
                if value is not None:
                    family.add_metric([cell.tenant, str(cell.size), cell.channel], value)
            yield family

    def _has_room(self, cell: _Cell) -> bool:
        now = self._clock()
        self._cells = {known: shown for known, shown in self._cells.items() if shown.until > now}
        tenants = {known.tenant for known in self._cells} | {cell.tenant}
        channels = {known.channel for known in self._cells} | {cell.channel, ALL_CHANNELS}
        return len(tenants - self._reserved) <= self._tenants and len(channels) <= self._channels


def _age(window: WindowAggregate) -> tuple[float, int]:
    return window.start.timestamp(), window.revision
