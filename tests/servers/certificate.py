"""Certificates for servers on 127.0.0.1 that nobody else has signed."""

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """The files of one, and of its key."""

    file: Path
    key: Path


def certify(folder: Path) -> Certificate:
    """Make one in a folder, for two days."""
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run([*request, *files], cwd=folder, check=True, capture_output=True)
    return Certificate(folder / "certificate.pem", folder / "key.pem")


@cache
def shared() -> Certificate:
    """One for all servers of this process."""
    folder = Path(tempfile.mkdtemp(prefix="certificate-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return certify(folder)


class Authority:
    """Signs certificates, for two days; its own is `file`. Its files are in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.file = folder / "authority.pem"
        self._make("authority", "-subj", "/CN=authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name: str, *, host: str = "127.0.0.1", password: str = "") -> Certificate:
        """A certificate of that common name for a host; the key is locked where a password is given."""
        other = f"subjectAltName=IP:{host}" if host[0].isdigit() else f"subjectAltName=DNS:{host}"
        signed = ["-CA", str(self.file), "-CAkey", str(self._folder / "authority.key")]
        usage = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", other]
        return self._make(name, "-subj", f"/CN={name}", *usage, *signed, password=password)

    def _make(self, name: str, *options: str, password: str = "") -> Certificate:
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"]
        locked = ["-passout", f"pass:{password}"] if password else ["-nodes"]
        request = [
            "openssl",
            "req",
            "-x509",
            *curve,
            *locked,
            *options,
            "-keyout",
            str(made.key),
            "-out",
            str(made.file),
        ]
        subprocess.run(request, check=True, capture_output=True)
        return made
