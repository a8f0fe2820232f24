"""How a member of a consumer group shows that it is there, and how it notices that nobody hears it."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.conn import CloseReason
from aiokafka.errors import RequestTimedOutError
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.group import HeartbeatRequest

# In a session's time. Members hear from the answer to one that others join or leave; until then what was theirs waits.
_HEARTBEATS: Final = 20
# A broker answers these at once. It keeps others on purpose: a fetch until there is something, a join until all joined.
_ANSWERED_AT_ONCE: Final = (HeartbeatRequest, FindCoordinatorRequest)


def membership(session_seconds: float) -> dict[str, int]:
    """The settings of a consumer that is given up after so many seconds of silence."""
    return {
        "session_timeout_ms": round(session_seconds * 1000),
        "heartbeat_interval_ms": round(session_seconds * 1000 / _HEARTBEATS),
    }


def expect_answers(consumer: AIOKafkaConsumer, session_seconds: float) -> None:
    """From now on a member whose heartbeat has no answer within a session looks for its group on a new connection.

    By then the group has given it up. aiokafka 0.14 waits for an answer to a heartbeat as long as for one to any
    request, 40 s, as on a connection that a firewall has forgotten.
    """
    client: Any = consumer._client
    send = client.send

    async def send_and_expect(node: int, request: Any, **group: Any) -> Any:
        connection = await client._get_conn(node, **group) if isinstance(request, _ANSWERED_AT_ONCE) else None
        if connection is None:
            return await send(node, request, **group)
        try:
            async with asyncio.timeout(session_seconds):
                return await send(node, request, **group)
        except TimeoutError:
            connection.close(reason=CloseReason.CONNECTION_TIMEOUT)
            raise RequestTimedOutError from None

    client.send = send_and_expect
