"""A POST to a target's address, and what its answer means. Follows no redirect and reads little."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

import httpx

from sinks.notify.base import NotDelivered
from sinks.pauses import retry_after

# The server did not get to it.
_AGAIN: Final = frozenset({408, 425, 429})
# More of an answer is not read, and its connection not used again.
_ANSWER_BYTES: Final = 65_536
# Nor is it waited for longer. By the end of this share of the time for a delivery it must be told that it is taken.
_ANSWER_SECONDS: Final = 1.0
_OWN_SHARE: Final = 0.9


class Poster:
    """Posts to one address. It is in no error: such addresses hold credentials at times."""

    def __init__(self, url: str, timeout: float, now: Callable[[], datetime]) -> None:
        """`timeout` is for each step of a request, in seconds; whoever calls may allow no more for all. Raises
        ValueError for what is no address.
        """
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL:
            raise ValueError("its url is none") from None
        self._now = now
        self._timeout = timeout
        # What is packed could be small on the way and without bound here.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "ticketpulse"}
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, follow_redirects=False)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Returns when the answer is 2xx, whatever comes behind its head. Raises NotDelivered."""
        until = asyncio.get_running_loop().time() + _OWN_SHARE * self._timeout
        try:
            async with self._client.stream("POST", self._url, content=body, headers=dict(headers)) as answer:
                check(answer.status_code, answer.headers, self._now())
                # To the end, so that the connection can be used again. That it is taken is known already.
                with suppress(httpx.HTTPError, TimeoutError):
                    await _read(answer, until)
        except httpx.TimeoutException:
            raise NotDelivered("it does not answer in time") from None
        except httpx.TransportError as error:
            raise NotDelivered(f"it cannot be reached ({type(error).__name__})") from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def check(status: int, headers: Mapping[str, str], now: datetime) -> None:
    """Raises NotDelivered unless it is 2xx: for good for a redirect and what is 4xx, but for what says "later"."""
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise NotDelivered(f"it answered {status}: the url of the target is not where it is any more", permanent=True)
    again = status in _AGAIN or status >= 500
    raise NotDelivered(
        f"it answered {status}",
        permanent=not again,
        retry_after=retry_after(headers.get("retry-after", ""), now) if again else None,
    )


async def _read(answer: httpx.Response, until: float) -> None:
    read = 0
    soon = asyncio.get_running_loop().time() + _ANSWER_SECONDS
    async with asyncio.timeout_at(min(soon, until)):
        async for piece in answer.aiter_raw():
            read += len(piece)
            if read > _ANSWER_BYTES:
                return
