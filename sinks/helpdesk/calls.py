"""One request to a helpdesk, and what its answer means. Never follows a redirect, never reads more than it may."""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Final

import httpx
import msgspec
from pydantic import JsonValue

from sinks.helpdesk.filling import Unfit, Values, fill, fill_header, fill_path, fill_text
from sinks.helpdesk.mapping import Request
from sinks.notify.base import NotDelivered
from sinks.pauses import retry_after

MAX_ANSWER_BYTES: Final = 1_048_576
# Whatever a mapping says: the server did not get to it.
_AGAIN: Final = frozenset({408, 425, 429})
_REFUSED: Final = {
    401: "it does not take the credentials; check `user` and `token` of the target",
    403: "the credentials do not allow it; the helpdesk's administrator can",
    404: "it knows no such thing; check `url` of the target",
    422: "it does not take what the request says; the mapping and the helpdesk's required fields differ",
}


class NotThere(NotDelivered):
    """The helpdesk answers 404: it has no such ticket, or the address is wrong."""


class Calls:
    """Sends the requests of a mapping to one helpdesk.

    `headers` go with every request and hold the credentials: they are in no error and in no representation.
    """

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float, now: Callable[[], datetime]) -> None:
        self._url = url.rstrip("/")
        self._now = now
        # What is packed could be small on the way and without bound here.
        self._client = httpx.AsyncClient(
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
            timeout=timeout,
            follow_redirects=False,
            verify=_certificates(),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def ask(self, name: str, request: Request, values: Values) -> JsonValue:
        """The JSON that a request is answered with; None where nothing is taken from it, or where the helpdesk says
        that it has found nothing. `name` is the request's, for reasons. Raises NotDelivered.
        """
        try:
            prepared = self._prepare(request, values)
        except (Unfit, httpx.InvalidURL, UnicodeEncodeError) as error:
            reason = str(error) if isinstance(error, Unfit) else "a value cannot stand in its address"
            raise NotDelivered(f"{name}: {reason}", permanent=True) from None
        try:
            answer = await self._client.send(prepared, stream=True)
        except httpx.TimeoutException:
            raise NotDelivered(f"{name}: the helpdesk does not answer in time") from None
        except httpx.HTTPError as error:
            # Its text can name addresses.
            raise NotDelivered(f"{name}: the helpdesk cannot be reached ({type(error).__name__})") from None
        try:
            return await self._read(name, request, answer)
        finally:
            await answer.aclose()

    def _prepare(self, request: Request, values: Values) -> httpx.Request:
        query = {key: filled for key, each in request.query.items() if (filled := fill_text(each, values))}
        return self._client.build_request(
            request.method,
            self._url + fill_path(request.path, values),
            params=query or None,
            headers={key: fill_header(each, values) for key, each in request.headers.items()},
            json=None if request.body is None else fill(request.body, values),
        )

    async def _read(self, name: str, request: Request, answer: httpx.Response) -> JsonValue:
        status = answer.status_code
        if status in request.none:
            return None
        if not (answer.is_success or status in request.done):
            raise self._refused(name, request, answer)
        if not request.take:
            # To the end, so that the connection can be used again. That it is done is known already.
            with suppress(NotDelivered):
                await _bounded(name, answer)
            return None
        body = await _bounded(name, answer)
        try:
            decoded: JsonValue = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise NotDelivered(f"{name}: the helpdesk answers {status} with what is no JSON") from None
        if decoded is None:
            raise NotDelivered(f"{name}: the helpdesk answers {status} with nothing")
        return decoded

    def _refused(self, name: str, request: Request, answer: httpx.Response) -> NotDelivered:
        status = answer.status_code
        if status in request.again or status in _AGAIN or status >= 500:
            wait = retry_after(answer.headers.get("Retry-After", ""), self._now())
            return NotDelivered(f"{name}: the helpdesk answers {status}", retry_after=wait)
        if answer.is_redirect:
            reason = "it sends us elsewhere, where the credentials are not sent; check `url` of the target"
        else:
            reason = _REFUSED.get(status, "it refuses the request")
        kind = NotThere if status == 404 else NotDelivered
        return kind(f"{name}: the helpdesk answers {status}: {reason}", permanent=True)


@cache
def _certificates() -> ssl.SSLContext:
    # To read them takes longer than all else that a provider begins with.
    return httpx.create_ssl_context()


async def _bounded(name: str, answer: httpx.Response) -> bytes:
    """The body. Raises NotDelivered where it is too long, packed, or breaks off."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotDelivered(f"{name}: the helpdesk packs its answer, which it was asked not to do")
    body = bytearray()
    try:
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise NotDelivered(f"{name}: the helpdesk's answer has more than {MAX_ANSWER_BYTES:,} bytes")
    except httpx.HTTPError as error:
        raise NotDelivered(f"{name}: the helpdesk's answer breaks off ({type(error).__name__})") from None
    return bytes(body)
