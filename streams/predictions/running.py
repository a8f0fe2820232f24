"""Rounds of prediction: which conversations changed, what is expected of them, and the records into the log."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from schemas.events import ticket_key
from schemas.predictions import KINDS, Prediction, encode_prediction
from schemas.toml_files import FileError
from sinks.clickhouse.client import CannotOpen
from sinks.clickhouse.console import QueryFailed
from sinks.prometheus import PREDICTION_MODEL, PREDICTIONS, PREDICTIONS_NEWEST
from sinks.record_writer import NotAcknowledged, RecordWriter
from streams.predictions.evaluation import Rules
from streams.predictions.foretelling import Due, Means, foretell
from streams.predictions.history import DAY_MS
from streams.predictions.reading import read_due, read_means, read_tickets
from streams.predictions.shelved import KINDS as MODEL_KINDS
from streams.predictions.shelved import Models

# Tickets that are in memory at once.
PIECE: Final = 2_000
# The engine takes a statement of 256 KiB, in which the ids stand twice.
_ID_CHARS: Final = 100_000
MOST: Final = 500_000
_MEANS_SECONDS: Final = 3_600.0
_FIRST_WAIT, _LAST_WAIT = 1.0, 30.0


class OfTenant(Protocol):
    """Which models foretell for a tenant, now."""

    def of(self, tenant: str) -> Models:
        """Raises FileError or OSError where that cannot be told."""
        ...


class Baselines:
    """No models."""

    def of(self, tenant: str) -> Models:
        """None of any kind."""
        return Models()


@dataclass(kw_only=True)
class Rounds:
    """What a round needs. Conversations with an event in the last `days` are looked at; one in which nothing happens is
    foretold anew every `refresh` seconds, because waiting is a fact too.
    """

    url: str
    writer: RecordWriter
    models: OfTenant
    rules: Rules
    now: Callable[[], datetime]
    days: int = 30
    refresh: int = 6 * 3600
    show: Callable[[str], None] = lambda message: None
    _means: Means = field(default_factory=dict)
    _means_until: float = 0.0

    async def once(self, stop: asyncio.Event) -> int:
        """Foretell what changed since the newest predictions that are stored; returns how many conversations. Raises
        QueryFailed, CannotOpen and NotAcknowledged; whatever was sent then is sent again, and counts once.
        """
        now = self.now()
        now_ms = int(now.timestamp() * 1000)
        since = now_ms - self.days * DAY_MS
        bucket = now_ms - now_ms % (self.refresh * 1000)
        due = await asyncio.to_thread(read_due, self.url, since, bucket, MOST)
        await asyncio.to_thread(self._renew_means, since)
        models = {tenant: self.models.of(tenant) for tenant in dict.fromkeys(each.tenant for each in due)}
        done = 0
        for piece in pieces(due):
            if stop.is_set():
                break
            found = await asyncio.to_thread(self._foretell, piece, models, now)
            await self._send(found)
            done += len(found)
            self.show(f"{done:,} of {len(due):,} conversations")
        self._count(now)
        return done

    def _foretell(self, piece: Sequence[Due], models: Mapping[str, Models], now: datetime) -> list[Prediction]:
        history = read_tickets(self.url, piece)
        return foretell(history, piece, models, self._means, self.rules, now)

    def _renew_means(self, since: int) -> None:
        if time.monotonic() >= self._means_until:
            self._means = read_means(self.url, since - 60 * DAY_MS)
            self._means_until = time.monotonic() + _MEANS_SECONDS

    async def _send(self, found: Sequence[Prediction]) -> None:
        await asyncio.gather(
            *(self.writer.send(ticket_key(each.tenant, each.ticket_id), encode_prediction(each)) for each in found)
        )
        for kind in KINDS:
            estimates = [getattr(each, kind) for each in found]
            for by, count in (
                ("model", sum(each is not None and bool(each.model) for each in estimates)),
                ("baseline", sum(each is not None and not each.model for each in estimates)),
            ):
                PREDICTIONS.labels(kind, by).inc(count)

    def _count(self, now: datetime) -> None:
        PREDICTIONS_NEWEST.set(now.timestamp())
        for kind, versioned in zip(MODEL_KINDS, self.models.of(""), strict=True):
            PREDICTION_MODEL.labels(kind).set(0 if versioned is None else trained_at(versioned.version))


async def keep_predicting(
    rounds: Rounds,
    every: float,
    stop: asyncio.Event,
    tell: Callable[[str], None],
    explain: Callable[[Exception], str] = str,
) -> None:
    """Rounds until `stop`, `every` seconds from the begin of one to that of the next. While the database or the log is
    away it waits, told once by the first line of what `explain` makes of the error, up to half a minute from one try
    to the next.
    """
    wait, told = _FIRST_WAIT, False
    while not stop.is_set():
        began = time.monotonic()
        try:
            await rounds.once(stop)
        except (QueryFailed, CannotOpen, NotAcknowledged, FileError, OSError) as error:
            if not told:
                tell(f"predictions wait: {(explain(error).strip() or repr(error)).splitlines()[0]}")
                told = True
            await _sleep(stop, wait)
            wait = min(wait * 2, _LAST_WAIT)
        else:
            if told:
                tell("predictions go on")
            wait, told = _FIRST_WAIT, False
            await _sleep(stop, max(0.0, every - (time.monotonic() - began)))


def pieces(due: Sequence[Due]) -> Iterator[list[Due]]:
    """Some at a time: as many as fit into memory and into a statement."""
    piece: list[Due] = []
    chars = 0
    for each in due:
        size = len(each.ticket.encode()) + 4
        if piece and (len(piece) >= PIECE or chars + size > _ID_CHARS):
            yield piece
            piece, chars = [], 0
        piece.append(each)
        chars += size
    if piece:
        yield piece


def trained_at(version: str) -> float:
    """Unix seconds of a version's time."""
    return datetime.strptime(version[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
