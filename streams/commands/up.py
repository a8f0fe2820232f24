"""`ticketpulse up`: everything on this machine."""

import json
import time
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.feed import RateOption
from streams.commands.page_client import PageAway, PageClosed, live, metrics
from streams.commands.settings import given_settings
from streams.commands.terminal import say

if TYPE_CHECKING:
    from streams.config import Settings

_EVERY_SECONDS = 5.0
_MINUTES = 30
_READ = 'helpdesk_events_in_total{stage="score"}'
_LAG = "helpdesk_consumer_lag_records{"


def up(
    embedded: Annotated[
        bool, typer.Option("--embedded", help="One process without Kafka and Java: for a try-out, not for load.")
    ] = False,
    feed: Annotated[bool, typer.Option("--feed/--no-feed", help="Whether real complaints are sent as tickets.")] = True,
    rate: RateOption = 20.0,
) -> None:
    """Run everything here, until Ctrl-C: Kafka, workers, sinks, gateway, page, and a live feed of real complaints.

    KAFKA_BROKERS and CLICKHOUSE_URL make it use servers that exist instead of local ones. A second run goes on where
    the first stopped. Logs and data are in TICKETPULSE_LOCAL_DIR, `.local` by default.

        ticketpulse up

        ticketpulse up --embedded --rate 5

        KAFKA_BROKERS=kafka:9092 ticketpulse up --no-feed
    """
    from streams.policies import library_source, notify_source, policy_source

    settings = given_settings()
    # Said before anything is started: in a worker's log nobody would look for it.
    policy_source(settings).read()
    notify_source(settings).read()
    library_source(settings).read()
    feed_rate = rate if feed else None
    with _Watch(settings, embedded):
        if embedded:
            _run_embedded(settings, feed_rate)
            return
        from streams.up.pipeline import run_pipeline

        status = run_pipeline(settings, feed_rate=feed_rate, on_event=say)
    raise typer.Exit(status)


def _run_embedded(settings: "Settings", feed_rate: float | None) -> None:
    from streams.embedded import run
    from streams.logs import configure_logs

    configure_logs()
    run(settings, rate=feed_rate)


class _Watch:
    """Says every few seconds what is seen, from a thread: the pipeline has the main one."""

    def __init__(self, settings: "Settings", embedded: bool) -> None:
        self._host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
        self._page_port = settings.page_port
        self._token = settings.token.get_secret_value() if settings.token else None
        self._targets = settings.local_dir / "metrics.json"
        # One process has all metrics in one place: the gateway's.
        self._only = f"{self._host}:{settings.gateway_port}" if embedded else None
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _run(self) -> None:
        told, read, at = False, 0.0, time.monotonic()
        figures: dict[str, Any] | None
        while not self._ended.wait(_EVERY_SECONDS if told else 0.5):
            try:
                figures = live(self._host, self._page_port, _MINUTES, self._token)
            except PageClosed:
                # It wants a token to be asked, which people have and this command needs not.
                figures = None
            except PageAway:
                continue
            if not told:
                told = True
                say(f"\n  the page is at http://{self._host}:{self._page_port}\n")
            seen = metrics([self._only] if self._only else _addresses(self._targets))
            now, total = time.monotonic(), seen.get(_READ, 0.0)
            # A worker that was started anew counts from 0 again.
            per_second = max(0.0, total - read) / (now - at)
            read, at = total, now
            lag = sum(value for name, value in seen.items() if name.startswith(_LAG))
            say(_line(per_second, figures["totals"] if figures else None, lag))


def _line(per_second: float, totals: dict[str, float] | None, lag: float) -> str:
    if totals is None:
        return f"{per_second:,.1f} events/s · lag {lag:,.0f}"
    share = totals["negative_share"]
    return (
        f"{per_second:,.1f} events/s · last {_MINUTES} min: {totals['events']:,} events, {totals['scored']:,} scored, "
        f"{'-' if share is None else f'{share:.0%}'} negative, {totals['escalations']:,} escalations · lag {lag:,.0f}"
    )


def _addresses(targets: Path) -> list[str]:
    """Where the processes serve their metrics, as the pipeline writes it down for Prometheus."""
    try:
        groups = json.loads(targets.read_text())
    except (OSError, ValueError):
        return []
    return [address for group in groups for address in group["targets"]]
