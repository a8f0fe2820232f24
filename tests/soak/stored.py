"""What the ClickHouse sink makes of a round's topics, and what `ticketpulse windows verify` says of it."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from streams.broker.lag import measure
from streams.topics import STORED
from streams.up.processes import last_lines
from tests.soak.windows import SIZES
from tests.soak.workers import ProductProcess, WorkerDied

_GROUP: Final = "ticketpulse-clickhouse"
_POLL_SECONDS = 0.5
_STUCK_SECONDS = 300.0
# The oldest events of a round are some sixty hours old.
_OLDEST = timedelta(days=4)


async def stored_differently(brokers: str, folder: Path) -> list[str]:
    """Store all that is on the topics, in an embedded database of its own, and compare its windows with its events;
    says which of them differ. Raises WorkerDied.
    """
    environment = environment_of(brokers, f"chdb://{folder / 'clickhouse'}")
    await run_command(["migrate"], environment, folder)
    await _store(brokers, environment, folder)
    return await different_windows(environment, folder)


def environment_of(brokers: str, clickhouse_url: str) -> dict[str, str]:
    """What sinks and commands are told, so that they work with what workers make."""
    return {
        "KAFKA_BROKERS": brokers,
        "CLICKHOUSE_URL": clickhouse_url,
        "TICKETPULSE_WINDOW_SIZES": str(list(SIZES)),
    }


async def different_windows(environment: dict[str, str], folder: Path) -> list[str]:
    """What `windows verify` finds in a round that is stored."""
    since = (datetime.now(UTC) - _OLDEST).isoformat(timespec="seconds")
    command = ["windows", "verify", "--from", since, "--output", "json"]
    return _said(json.loads(await run_command(command, environment, folder, 1)))


class Sink(ProductProcess):
    """Writes what is on the topics to ClickHouse."""

    def __init__(self, number: int, environment: dict[str, str], folder: Path) -> None:
        super().__init__(f"clickhouse-{number}", ["-m", "streams.cli", "sink", "clickhouse"], environment, folder)


async def all_is_stored(brokers: str) -> bool:
    """Whether the sink has stored every record of its topics."""
    return not any(each.lag for each in await measure(brokers, {_GROUP: list(STORED)}, _POLL_SECONDS))


async def _store(brokers: str, environment: dict[str, str], folder: Path) -> None:
    """Run the sink until it has read everything."""
    sink = Sink(0, environment, folder)
    try:
        async with asyncio.timeout(_STUCK_SECONDS):
            while not await all_is_stored(brokers):
                sink.alive()
        await sink.leave()
    finally:
        sink.discard()


async def run_command(command: list[str], environment: dict[str, str], folder: Path, *accepted: int) -> bytes:
    """What a command of the product prints. Its exit code is 0, or one that is accepted too."""
    path = folder / f"{command[0]}.log"
    with path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "streams.cli", *command),
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env={**os.environ, **environment},
        )
        out, _ = await process.communicate()
    if process.returncode not in (0, *accepted):
        raise WorkerDied(f"{' '.join(command)} ended with {process.returncode}; {last_lines(path)}")
    return out


def _said(told: dict[str, Any]) -> list[str]:
    if not told["final"]:
        return ["stored windows: none is final"]
    if not told["different"]:
        return []
    return [f"stored windows: {told['different']} of {told['final']} differ, as {told['differences'][0]}"]
