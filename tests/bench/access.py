"""What the access layer takes of a request: processor time, before an application that answers at once, and before the
gateway over a log in memory. Without sockets.

python -m tests.bench.access
"""

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sinks.access.gate import Gate
from sinks.access.layer import AccessLayer
from sinks.access.limits import Rates
from sinks.access.principals import Role
from tests.access.doors import bearer, gateway_of, token, write
from tests.unit.gateway_pipeline import memory_log

REQUESTS = 1_000
ROUNDS = 9
EVENT = b'{"event_id": "e-1", "ticket_id": "T-1", "text": "Where is my parcel?"}'
TOKENS = 200


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers at once."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def micros(app: ASGIApp, headers: dict[str, str]) -> float:
    """Microseconds of processor time for one request."""

    async def receive() -> Message:
        return {"type": "http.request", "body": EVENT, "more_body": False}

    async def send(_: Message) -> None:
        pass

    told = {"Host": "here", "Content-Type": "application/json", **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/events", "query_string": b"", "headers": raw}
    scope |= {"scheme": "http", "client": ("127.0.0.1", 1)}
    began = time.process_time()
    for _ in range(REQUESTS):
        await app(dict(scope), receive, send)
    return (time.process_time() - began) / REQUESTS * 1e6


async def measure(folder: Path) -> dict[str, float]:
    """The median of some rounds, in turns."""
    own, others = token(Role.INGEST, tenant="acme"), [token(Role.READ) for _ in range(TOKENS)]
    write(folder / "tokens.toml", [each.stored for each in (own, *others)])
    closed = Gate(folder / "tokens.toml", rates=Rates(events="100000000/minute"))
    apps: dict[str, ASGIApp] = {
        "no layer": bare,
        "no tokens": AccessLayer(bare, Gate(), browsers=False),
        "tokens, a tenant, a limit": AccessLayer(bare, closed, browsers=False),
        "gateway, no tokens": gateway_of(memory_log(), None),
        "gateway, tokens": gateway_of(memory_log(), closed),
    }
    taken: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(ROUNDS):
        for name, app in apps.items():
            taken[name].append(await micros(app, bearer(own)))
    return {name: statistics.median(each) for name, each in taken.items()}


def main() -> None:
    """Print them."""
    with TemporaryDirectory() as folder:
        for name, taken in asyncio.run(measure(Path(folder))).items():
            print(f"{name:28}{taken:8.1f} µs")


if __name__ == "__main__":
    main()
