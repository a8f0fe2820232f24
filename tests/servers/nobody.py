"""An address of this machine where nobody listens, and nobody else can meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nobody() -> Iterator[int]:
    """A port that refuses connections until the end of the block. It is bound all the time: one that was only found
    free can be taken by another process before it is asked.
    """
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port
