"""Clients of Kafka and ClickHouse, as far as the pages on recovery call them.

    python -m tests.recovery.clients {clickhouse URL | topics BROKERS | groups BROKERS} OPTION...

Brokers and server are the ones of the test, whatever a page names. Any other option than the known ones is an error.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest


def clickhouse(url: str, options: list[str]) -> None:
    """`clickhouse-client --query SQL`, with rows to insert on stdin."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--query", required=True)
    given = parser.parse_args(options)
    rows = b"\n" + sys.stdin.buffer.read() if given.query.startswith("INSERT INTO") and "FORMAT" in given.query else b""
    at = urlsplit(url)
    with urlopen(Request(f"http://{at.hostname}:{at.port}/", given.query.encode() + rows), timeout=120) as answer:
        sys.stdout.write(answer.read().decode())


async def topics(admin: Any, options: list[str]) -> None:
    """`kafka-topics.sh --bootstrap-server … --delete --topic NAME`."""
    given = _delete("--topic", options)
    await admin.delete_topics([given.topic])
    # As the tool does, which returns when the topic is gone from the cluster's metadata.
    while any(one["error_code"] == 0 for one in await admin.describe_topics([given.topic])):
        await asyncio.sleep(0.1)


async def groups(admin: Any, options: list[str]) -> None:
    """`kafka-consumer-groups.sh --bootstrap-server … --delete --group NAME`."""
    given = _delete("--group", options)
    coordinator = await admin.find_coordinator(given.group)
    response = await admin._send_request(DeleteGroupsRequest([given.group]), coordinator)
    for name, code in response.results:
        if code:
            raise SystemExit(f"{name}: {code}")


def _delete(what: str, options: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--delete", action="store_true", required=True)
    parser.add_argument(what, required=True)
    return parser.parse_args(options)


async def _with_admin(act: Callable[[Any, list[str]], Awaitable[None]], brokers: str, options: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        await act(admin, options)
    finally:
        await admin.close()


if __name__ == "__main__":
    kind, server, *rest = sys.argv[1:]
    if kind == "clickhouse":
        clickhouse(server, rest)
    else:
        asyncio.run(_with_admin({"topics": topics, "groups": groups}[kind], server, rest))
