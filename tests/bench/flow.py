"""The way from the gateway to an escalation alone: three processes and a broker, for a machine with little to spare."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from streams.up.processes import answers, free_port

START_SECONDS: Final = 300.0
STOP_SECONDS: Final = 30.0
PROCESSES: Final = (("worker", "--stage", "score"), ("worker", "--stage", "track"), ("serve", "gateway"))


@asynccontextmanager
async def flow(folder: Path, brokers: str, more: Mapping[str, str]) -> AsyncIterator[str]:
    """Gateway, `score` and `track`; yields the gateway's address once it accepts events. Logs are in `folder`."""
    gateway = free_port()
    settings = {
        "KAFKA_BROKERS": brokers,
        "TICKETPULSE_LOCAL_DIR": str(folder / "product"),
        "TICKETPULSE_GATEWAY_PORT": str(gateway),
        **more,
    }
    running: list[asyncio.subprocess.Process] = []
    try:
        made = await _begin(folder, ("topics", "apply"), settings)
        assert await made.wait() == 0, (folder / "apply.log").read_text()
        for command in PROCESSES:
            running.append(await _begin(folder, command, settings))
        async with asyncio.timeout(START_SECONDS):
            while not await answers("127.0.0.1", gateway, "/readyz"):
                assert all(process.returncode is None for process in running), f"one ended: see {folder}"
                await asyncio.sleep(0.2)
        yield f"http://127.0.0.1:{gateway}"
    finally:
        for process in running:
            if process.returncode is None:
                process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.gather(*(process.wait() for process in running))


async def _begin(folder: Path, command: tuple[str, ...], settings: Mapping[str, str]) -> asyncio.subprocess.Process:
    with (folder / f"{command[-1]}.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "streams.cli", *command),
            stdout=log,
            stderr=log,
            env=os.environ | settings | {"TICKETPULSE_METRICS_PORT": str(free_port())},
        )
