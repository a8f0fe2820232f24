"""A server that takes Alertmanager's webhooks and keeps them for whoever waits for one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
from fastapi import FastAPI, Request

from streams.http_server import address_of, listen, serving


class Alert(msgspec.Struct, frozen=True):
    """One alert of a message."""

    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    fingerprint: str

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.labels["alertname"]


class Message(msgspec.Struct, frozen=True):
    """What Alertmanager posts."""

    receiver: str
    alerts: Sequence[Alert]


class Inbox:
    """Every message so far. `address` is where to send more."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: list[Message] = []
        self._came = asyncio.Condition()

    async def take(self, body: bytes) -> None:
        """Keep one more message. Raises ValidationError for what Alertmanager would not send."""
        async with self._came:
            self.messages.append(msgspec.json.decode(body, type=Message))
            self._came.notify_all()

    async def until(self, receiver: str, wanted: Callable[[Alert], bool]) -> Alert:
        """The first alert for a receiver that is wanted, as soon as there is one."""
        async with self._came:
            await self._came.wait_for(lambda: any(map(wanted, self.alerts(receiver))))
            return next(filter(wanted, self.alerts(receiver)))

    def alerts(self, receiver: str) -> Sequence[Alert]:
        """Every alert that was sent to a receiver, in order."""
        return [alert for message in self.messages if message.receiver == receiver for alert in message.alerts]


@asynccontextmanager
async def receiving() -> AsyncIterator[Inbox]:
    """An inbox that listens as long as the block runs."""
    app = FastAPI()
    with listen("127.0.0.1", 0) as listener:
        inbox = Inbox(address_of(listener))

        @app.post("/{receiver}")
        async def receive(receiver: str, request: Request) -> None:
            await inbox.take(await request.body())

        async with serving(app, listener):
            yield inbox
