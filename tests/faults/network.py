"""A broker that has further addresses behind proxies, so that one worker can be cut off while others reach it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from streams.up.local_kafka import Listener, LocalKafka
from streams.up.processes import free_port
from tests.servers.toxiproxy import HOST, Proxy, Toxiproxy


@asynccontextmanager
async def proxied(kafka: LocalKafka, folder: Path, *names: str) -> AsyncIterator[Mapping[str, Proxy]]:
    """Start the broker with a further address for each name, behind a proxy of that name."""
    async with Toxiproxy(folder) as toxiproxy:
        ports = {name: free_port() for name in names}
        proxies = {name: await toxiproxy.proxy(name, f"{HOST}:{port}") for name, port in ports.items()}
        kafka.listeners = [Listener(name.upper(), ports[name], proxies[name].address) for name in names]
        await kafka.start()
        yield proxies
