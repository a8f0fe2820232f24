"""SQL for people while the embedded engine is open: the process that holds it answers on a socket of its owner's.

Only one process may open the embedded engine, so others ask that one. A request is one line of JSON; the answer is a
byte that says how it went, then the result in the wanted format, to the end of the stream.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.clickhouse.client import EMBEDDED, connect

DONE, FAILED = b"+", b"-"
MAX_REQUEST_BYTES = 1 << 20
# Whoever asks for more should write a file with the engine's own tools.
MAX_ROWS = 1_000_000


class Query(msgspec.Struct, frozen=True):
    """A statement and the ClickHouse format of its result; one that `writes` has none."""

    sql: str
    format: str
    writes: bool = False


class QueryFailed(Exception):
    """The engine refused the statement; the message is its own."""


def socket_of(url: str) -> Path:
    """Where the process that has `chdb://PATH` open listens: beside the path."""
    path = url.removeprefix(EMBEDDED).rstrip("/") + ".sock"
    # The kernel takes 107 characters; seen from where we are it may be fewer.
    return Path(min(path, os.path.relpath(path), key=len))


def query(url: str, sql: str, form: str) -> bytes:
    """Run one statement that reads, wherever the engine is. Raises QueryFailed or CannotOpen."""
    return _wherever(url, Query(sql, form))


def execute(url: str, sql: str) -> None:
    """Run one statement that writes, wherever the engine is. Raises QueryFailed or CannotOpen."""
    _wherever(url, Query(sql, "", writes=True))


def _wherever(url: str, asked: Query) -> bytes:
    if url.startswith(EMBEDDED):
        path = socket_of(url)
        if path.exists():
            try:
                return _ask(path, asked)
            except ConnectionRefusedError:
                path.unlink()  # left behind by a process that was killed
    client = connect(url, readonly=not asked.writes)
    try:
        return _run(client, asked)
    finally:
        client.close()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[None]:
    """Answer queries from this process, which has the engine open, for as long as the context lasts.

    Does nothing for a server, which others can ask themselves.
    """
    if not url.startswith(EMBEDDED):
        yield
        return
    path = socket_of(url)
    path.unlink(missing_ok=True)
    client = connect(url, readonly=True)
    one_at_a_time = asyncio.Lock()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = msgspec.json.decode(await reader.readline(), type=Query)
            async with one_at_a_time:
                writer.write(DONE + await asyncio.to_thread(_answer, url, client, asked))
        except (QueryFailed, msgspec.DecodeError, ValueError) as error:
            writer.write(FAILED + str(error).encode())
        writer.close()

    server = await asyncio.start_unix_server(answer, path, limit=MAX_REQUEST_BYTES)
    path.chmod(0o600)
    try:
        async with server:
            yield
    finally:
        path.unlink(missing_ok=True)
        client.close()


def _ask(path: Path, asked: Query) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(msgspec.json.encode(asked) + b"\n")
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    if answer[:1] != DONE:
        raise QueryFailed(answer[1:].decode() or "the process that has the engine open ended before it answered")
    return answer[1:]


def _answer(url: str, reader: Client, asked: Query) -> bytes:
    if not asked.writes:
        return _run(reader, asked)
    # Seldom, and by the owner of the socket alone, who could as well open the engine when nobody else has.
    client = connect(url)
    try:
        return _run(client, asked)
    finally:
        client.close()


def _run(client: Client, asked: Query) -> bytes:
    if asked.writes:
        try:
            client.command(asked.sql)
        except ClickHouseError as error:
            raise QueryFailed(str(error)) from error
        return b""
    settings = {"max_result_rows": MAX_ROWS}
    try:
        return bytes(client.raw_query(asked.sql, fmt=asked.format, settings=settings))
    except ClickHouseError as error:
        raise QueryFailed(str(error)) from error
