"""The page as a process of its own, over a server."""

import asyncio
from pathlib import Path

from streams.up.processes import free_port
from tests.soak.workers import ProductProcess

WAIT = 120.0


async def test_prometheus_sees_the_page_even_while_its_servers_are_away(tmp_path: Path) -> None:
    environment = {
        "KAFKA_BROKERS": f"127.0.0.1:{free_port()}",
        "CLICKHOUSE_URL": f"http://127.0.0.1:{free_port()}/nobody",
        "TICKETPULSE_PAGE_PORT": str(free_port()),
    }
    page = ProductProcess("page", ["-m", "streams.cli", "serve", "page"], environment, tmp_path)
    try:
        assert "helpdesk_audit_lost_total 0.0" in await told(page)
    finally:
        page.discard()


async def told(page: ProductProcess) -> str:
    async with asyncio.timeout(WAIT):
        while page.alive():
            try:
                return page.metrics()
            # Also one that listens already and has no time to answer.
            except OSError:
                await asyncio.sleep(0.1)
    raise AssertionError("the page has ended")
