"""How a server tells its applications that it is about to stop, so that an endless answer ends itself in order."""

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_NAME: Final = "ticketpulse.stopping"


class TellsOfStop:
    """An application whose requests know whether the server is `stopping`."""

    def __init__(self, app: ASGIApp, stopping: Callable[[], bool]) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        extensions = {**(scope.get("extensions") or {}), _NAME: self._stopping}
        await self._app({**scope, "extensions": extensions}, receive, send)


def stopping_of(scope: Scope) -> Callable[[], bool]:
    """Whether the server of a request is about to stop; never, where nothing tells it."""
    told: Callable[[], bool] = (scope.get("extensions") or {}).get(_NAME, _never)
    return told


def _never() -> bool:
    return False
