"""ClickHouse's HTTP interface in front of the embedded engine: what the real client, clickhouse-connect, needs of it.

    python -m tests.servers.clickhouse_http FOLDER PORT [--config FILE] [--certificate FILE --key FILE [--clients FILE]]

The queries run in a real ClickHouse engine; only the transport is ours. No users, no sessions: loopback only. Of the
engine's configuration, the user `default` may be given less rights than all.
"""

import argparse
import re
import ssl
import tempfile
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

HOST = "127.0.0.1"

# Parameters of the transport; every other one that is no query parameter is a setting of the engine.
_TRANSPORT = {
    "cancel_http_readonly_queries_on_client_close",
    "client_protocol_version",
    "database",
    "enable_http_compression",
    "http_headers_progress_interval_ms",
    "query",
    "query_id",
    "send_progress_in_http_headers",
    "wait_end_of_query",
}
_PARAMETER = "param_"
_INSERT = re.compile(rb"\A\s*(INSERT\s+INTO\s+[^\n]*?)\s+FORMAT\s+(\w+)[ \t]*\r?\n", re.IGNORECASE)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)[\s;]*\Z", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_NOT_FOUND = {"60", "81"}


class Handler(BaseHTTPRequestHandler):
    """One request, one handle of the engine: `USE` and `SET` hold for a handle, so no request sees another's."""

    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: Nagle's algorithm would hold the second one back.
    wbufsize = 1 << 16
    folder: str

    def do_GET(self) -> None:
        """Answer /ping."""
        self._answer(HTTPStatus.OK, b"Ok.\n", {})

    def do_POST(self) -> None:
        """Run one statement."""
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        statement = parameters.get("query", "").encode()
        try:
            body = self._body()
            output, written_as = self._run(statement + b"\n" + body if statement else body, parameters)
        except (RuntimeError, ValueError) as error:
            self._refuse(str(error))
        else:
            self._answer(HTTPStatus.OK, output, {"X-ClickHouse-Format": written_as} if output else {})

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the tests read what the client says."""

    def _run(self, statement: bytes, parameters: dict[str, str]) -> tuple[bytes, str]:
        handle = _open(self.folder)
        try:
            if database := parameters.get("database"):
                handle.query(f"USE {_quoted(database, '`')}")
            settings = {name for name in parameters if name not in _TRANSPORT and not name.startswith(_PARAMETER)}
            # Last, because nothing else can be set after it.
            for name in sorted(settings, key="readonly".__eq__):
                handle.query(f"SET {name} = {_quoted(parameters[name], chr(39))}")
            if insert := _INSERT.match(statement):
                return _insert(handle, insert, statement[insert.end() :]), "Null"
            named = _FORMAT.search(statement)
            written_as = named[1].decode() if named else "TabSeparated"
            bound = {
                name.removeprefix(_PARAMETER): value
                for name, value in parameters.items()
                if name.startswith(_PARAMETER)
            }
            return handle.query(statement, written_as, params=bound).bytes() or b"", written_as
        finally:
            handle.close()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return _frames(body) if self.headers.get("Content-Encoding") == "lz4" else body

    def _chunks(self) -> bytes:
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _refuse(self, error: str) -> None:
        message = error[max(0, error.find("Code: ")) :]
        code = match[1] if (match := _CODE.match(message)) else "1002"
        status = HTTPStatus.NOT_FOUND if code in _NOT_FOUND else HTTPStatus.INTERNAL_SERVER_ERROR
        self._answer(status, message.encode(), {"X-ClickHouse-Exception-Code": code})

    def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _open(folder: str) -> Any:
    # Two packages bring this module, one of them without types; which is installed last differs.
    connect: Any = chdb.connect
    return connect(folder)


def _insert(handle: Any, insert: re.Match[bytes], rows: bytes) -> bytes:
    """The engine takes binary rows from a file; inside a statement it breaks them."""
    into, written_as = insert.groups()
    with tempfile.NamedTemporaryFile() as file:
        file.write(rows)
        file.flush()
        handle.query(b"%s FROM INFILE '%s' FORMAT %s" % (into, file.name.encode(), written_as))
    return b""


def _frames(body: bytes) -> bytes:
    """The client writes one lz4 frame for each block; a plain decompress reads the first and drops the others."""
    blocks = []
    while body:
        frame = lz4.frame.LZ4FrameDecompressor()
        blocks.append(frame.decompress(body))
        if not frame.eof:
            raise ValueError("Code: 271. DB::Exception: the lz4 body ends within a frame. (CANNOT_DECOMPRESS)")
        body = frame.unused_data or b""
    return b"".join(blocks)


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark


def main(folder: str, port: int, config: str | None, tls: ssl.SSLContext | None) -> None:
    """Serve until the process is ended. The engine stays open as long as one handle of it is."""
    Handler.folder = f"{folder}?config-file={config}" if config else folder
    engine = _open(Handler.folder)
    server = ThreadingHTTPServer((HOST, port), Handler)
    if tls is not None:
        # The handshake is each connection's own business, in its thread.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    try:
        server.serve_forever()
    finally:
        engine.close()


def context(certificate: str, key: str, clients: str | None) -> ssl.SSLContext:
    """TLS of the server; with `clients`, whoever comes has to show a certificate that one of those signed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    if clients:
        made.load_verify_locations(clients)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("port", type=int)
    for option in ("--config", "--certificate", "--key", "--clients"):
        parser.add_argument(option)
    given = parser.parse_args()
    encrypted = context(given.certificate, given.key, given.clients) if given.certificate else None
    main(given.folder, given.port, given.config, encrypted)
