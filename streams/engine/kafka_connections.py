"""What aiokafka 0.14 does not expect of uvloop.

Whoever writes to a transport that is closed already gets a RuntimeError from uvloop, where asyncio's own loop says
nothing and the answer fails later. aiokafka takes an OSError for a broken connection, and anything else for a mistake
of its own, which ends the consumer: a cut at the wrong moment ended the worker. Tested in
tests/integration/test_aiokafka.py.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def _send_or_say_that_it_is_broken(self: Any, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


def expect_closed_transports() -> None:
    """From now on a connection of aiokafka that is closed is broken, whatever the loop says of it."""
    AIOKafkaConnection.send = _send_or_say_that_it_is_broken
