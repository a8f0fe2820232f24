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
