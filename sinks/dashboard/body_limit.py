"""How much of a request's body is read: who sends without an end must not fill the memory of the server."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Ten thousand ids of tickets, which a re-analysis may name.
MOST_BYTES: Final = 4 * 1024 * 1024


class BodyLimit:
    """Lets an application read `most` bytes of a body, or those of `by_path`; more is answered with 413."""

    def __init__(self, app: ASGIApp, by_path: Mapping[str, int], most: int = MOST_BYTES) -> None:
        self._app = app
        self._by_path = by_path
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        most, read = self._by_path.get(scope.get("path", ""), self._most), 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most:,} bytes")
            return message

        await self._app(scope, bounded, send)
