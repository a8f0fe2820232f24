"""A chat endpoint by way of the package `openai`, which is part of the extra `llm`.

Google's models answer at an address of the same kind (https://generativelanguage.googleapis.com/v1beta/openai). The
package's own retries are off: budgets are counted by request, and time is bounded over all of them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError
from pydantic import SecretStr

from streams.llm.chat import Question, Reply
from streams.llm.completions import body_of, failure_of, reply_of
from streams.llm.outcome import Failed
from streams.llm.rules import Model

# More of an answer is not read, whatever it is.
ANSWER_BYTES: Final = 1_048_576


class OpenAIChat:
    """Keeps `Chat`. The key is in no error, no log and no representation of it."""

    def __init__(self, model: Model, key: SecretStr | None, now: Callable[[], datetime]) -> None:
        self._model = model
        self._now = now
        transport = _Bounded(httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=model.at_once)))
        # What is packed could be small on the way and without bound here; no answer is looked for elsewhere.
        client = httpx2.AsyncClient(
            transport=transport, follow_redirects=False, headers={"Accept-Encoding": "identity"}
        )
        self._client = AsyncOpenAI(
            # A server of one's own asks for none, but the package does.
            api_key=key.get_secret_value() if key else "none",
            base_url=model.endpoint,
            max_retries=0,
            http_client=client,
        )
        # What the package takes from the environment is meant for whoever else uses it.
        self._client.organization = self._client.project = None

    def __repr__(self) -> str:
        return f"OpenAIChat({self._model.endpoint}, {self._model.name})"

    async def ask(self, question: Question, timeout: float) -> Reply:
        """See `Chat`."""
        try:
            async with asyncio.timeout(timeout):
                answer = await self._client.post(
                    "/chat/completions", body=body_of(question, self._model), cast_to=httpx2.Response
                )
        except (TimeoutError, APITimeoutError):
            raise Failed("timeout", "it does not answer in time", again=True, spent=True) from None
        except APIStatusError as error:
            raise failure_of(error.status_code, dict(error.response.headers), self._now()) from None
        except APIConnectionError as error:
            kind = type(error.__cause__).__name__
            raise Failed("unreachable", f"it cannot be reached ({kind})", again=True, spent=True) from None
        except (OpenAIError, httpx2.HTTPError) as error:
            raise Failed("failed", f"it failed: {type(error).__name__}", again=True, spent=True) from None
        return reply_of(answer.content, self._model.name)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


class _Bounded(httpx2.AsyncBaseTransport):
    """Gives up an answer that is longer than it may be."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._transport.handle_async_request(request)
        answer.stream = _Stream(answer.stream)
        return answer

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream | httpx2.AsyncByteStream) -> None:
        assert isinstance(stream, httpx2.AsyncByteStream)  # noqa: S101 - what an asynchronous transport gives
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > ANSWER_BYTES:
                raise httpx2.ReadError("the answer is too long")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
