"""Advisory databases on this machine: OSV's protocol over HTTP, and PyPI's behind a proxy, as pip-audit asks them."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.supply.audit import KNOWN_BAD

Pinned = tuple[str, str]
OLD_HOLE: Final[dict[Pinned, str]] = {KNOWN_BAD: "CVE-2019-11324"}


class Database(NamedTuple):
    """What is known: the hole of each bad version, and, where it knows packages, all that it does."""

    holes: Mapping[Pinned, str]
    packages: frozenset[Pinned] = frozenset()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    database: Database
    folder: Path


class _Osv(BaseHTTPRequestHandler):
    """POST with a package and a version: {} where nothing is known, whatever the name."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, version = asked["package"]["name"], asked["version"]
        hole = self.server.database.holes.get((name, version))
        fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9999"}]}
        affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [fixed]}]
        self.answer(200, {"vulns": [{"id": hole, "summary": "A hole.", "affected": affected}]} if hole else {})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """Answer with JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests' output is not the place."""


class _Pypi(_Osv):
    """A proxy that is itself whatever it is asked to connect to; GET /pypi/<name>/<version>/json."""

    def do_CONNECT(self) -> None:
        host = self.path.partition(":")[0]
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*_certificate(self.server.folder, host))
        self.send_response(200)
        self.end_headers()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        """Close what the encryption was put around, too."""
        super().finish()
        self.connection.close()

    def do_GET(self) -> None:
        _, _, name, version, _ = self.path.split("/")
        pinned = (name, version)
        hole = self.server.database.holes.get(pinned)
        known = hole is not None or pinned in self.server.database.packages
        holes = [{"id": hole, "details": "A hole.", "aliases": [], "fixed_in": ["9999"]}] if hole else []
        self.answer(200, {"vulnerabilities": holes}) if known else self.answer(404, {"message": "Not Found"})


_LOCK: Final = threading.Lock()


def _certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Made at the first connection, before the client looks for whom it trusts."""
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}"]
    files = ["-addext", f"subjectAltName=DNS:{host}", "-keyout", "key.pem", "-out", "trusted.pem"]
    with _LOCK:
        if (folder / "trusted.pem").stat().st_size == 0:
            subprocess.run([*request, *files], cwd=folder, check=True, capture_output=True)
    return folder / "trusted.pem", folder / "key.pem"


@contextmanager
def serving_osv(database: Database) -> Iterator[str]:
    """The address to ask."""
    with _serving(_Osv, database, Path()) as address:
        yield f"{address}/v1/query"


@contextmanager
def serving_pypi(database: Database, folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which PyPI is this one."""
    (folder / "trusted.pem").touch()
    with _serving(_Pypi, database, folder) as address:
        trusted = str(folder / "trusted.pem")
        yield {"HTTPS_PROXY": address, "https_proxy": address, "REQUESTS_CA_BUNDLE": trusted, "NO_PROXY": ""}


@contextmanager
def _serving(handler: type[_Osv], database: Database, folder: Path) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), handler)
    server.database, server.folder = database, folder
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
