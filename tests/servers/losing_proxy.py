"""Stands between a client and a server and loses answers to inserts: they are done, and the client never hears it."""

import socket
import struct
from contextlib import suppress
from threading import Lock, Thread

_INSERT = b"INSERT"
_RESET = struct.pack("ii", 1, 0)
_BYTES = 1 << 16


class LosingProxy:
    """Listens on a port of its own until `close`. `lose` answers are still to be lost, `lost` ones were.
    A client that loses an answer sees its connection end in order, or with `reset` abruptly.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self.lose = 0
        self.lost = 0
        self.reset = False
        self._server = server
        # Each connection has a thread of its own.
        self._counting = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # A thread in accept() holds the socket open until it is shut down.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _is_to_be_lost(self) -> bool:
        with self._counting:
            if not self.lose:
                return False
            self.lose -= 1
            self.lost += 1
            return True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            asked = _Asked()
            Thread(target=_forward, args=(client, server, asked), daemon=True).start()
            while answer := server.recv(_BYTES):
                if asked.an_insert and self._is_to_be_lost():
                    if self.reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    # The thread that reads from it holds it open otherwise.
                    client.shutdown(socket.SHUT_RD if self.reset else socket.SHUT_RDWR)
                    return
                asked.an_insert = False
                client.sendall(answer)


class _Asked:
    """Whether what was asked last is an insert."""

    an_insert = False


def _forward(client: socket.socket, server: socket.socket, asked: _Asked) -> None:
    with suppress(OSError):
        while sent := client.recv(_BYTES):
            asked.an_insert = asked.an_insert or _INSERT in sent
            server.sendall(sent)
        server.shutdown(socket.SHUT_WR)
