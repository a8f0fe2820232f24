"""The embedded pipeline: its folder is copied while it is stopped, lost and put back; or its tables alone are lost."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import httpx
import pytest

from streams import topics
from streams.topics import STORED
from tests.integration.test_embedded import Batch, Embedded, event, post, read, until
from tests.recovery.desk import shown

# Several lives of processes, on a machine that does other things as well.
pytestmark = pytest.mark.timeout(900)


def run(folder: Path, name: str) -> None:
    """A block of the pages, where `.local` is the pipeline's folder."""
    text = shown()[name].text.replace("/var/backups", str(folder))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["/bin/bash", "-ec", text], cwd=folder, env=environment, check=True)


async def one_life(embedded: Embedded, batches: Sequence[Batch]) -> None:
    """Send these, wait until all that there is has been stored, and stop in order."""
    async with embedded.life() as (process, client):
        for batch in batches:
            assert await post(client, batch, []) == []
        await until(lambda: stored(embedded, client))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 120) == 0


async def stored(embedded: Embedded, client: httpx.AsyncClient) -> bool:
    """Whether every stage and the sink have read everything."""
    with embedded.log() as log:
        written = log.group_positions("clickhouse")
        sent = sum(log.bounds(slot).end for slot in log.slots(["tickets.events.v1"]))
        scored = sum(log.bounds(slot).end for slot in log.slots(["tickets.scored.v1"]))
        return scored >= sent and all(log.bounds(slot).end == written.get(slot, 0) for slot in log.slots(STORED))


async def test_the_embedded_pipeline_goes_on_from_its_copy_and_fills_tables_that_are_lost(tmp_path: Path) -> None:
    local = tmp_path / ".local"
    local.mkdir()
    embedded, random = Embedded(local), Random(7)
    first, second = ([event(number, random) for number in range(start, start + 40)] for start in (0, 40))
    await one_life(embedded, [first])
    before = embedded.rows()
    assert before["scored_events"] == 40
    run(tmp_path, "copy the embedded pipeline")
    run(tmp_path, "restore the embedded pipeline")
    assert embedded.rows() == before

    run(tmp_path, "fill the embedded tables")
    await one_life(embedded, [second, first[:10]])
    filled = embedded.rows()
    assert filled["scored_events"] == 80
    with embedded.log() as log:
        raised = {json.loads(record.value or b"")["escalation_id"] for record in read(log, topics.ESCALATIONS)}
    assert filled["escalations"] == len(raised) > before["escalations"]
