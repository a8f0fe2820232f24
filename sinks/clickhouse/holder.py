"""Who has the embedded engine open. One process at a time may: the engine locks a file beneath its path."""

import fcntl
import re
from pathlib import Path

_PID = re.compile(r"^PID: (\d+)$", re.MULTILINE)
_MOST_CHARACTERS = 200


def holder_of(path: Path) -> str | None:
    """The process that has the engine open at this path, by pid and command; None when none has."""
    status = path / "status"
    try:
        with status.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(status)
    except OSError:
        return None
    return None


def _named(status: Path) -> str:
    """What the engine wrote there when it took the lock."""
    found = _PID.search(status.read_text(errors="replace"))
    if found is None:
        return "another process"
    try:
        words = Path(f"/proc/{found[1]}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        # Another user's, or in another container.
        return f"process {found[1]}"
    return f"process {found[1]} (`{' '.join(words).strip()[:_MOST_CHARACTERS]}`)"
