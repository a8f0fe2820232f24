"""The page in a process of its own, as a context that yields its address."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path


@contextmanager
def serving(folder: Path, now: datetime) -> Iterator[str]:
    """Serve `page_rows(now)` from a database in `folder`. The address answers when the block begins."""
    command = [sys.executable, "-m", "tests.browser.serve_page", str(folder), now.isoformat()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, f"the page ended with code {process.wait()} before it listened"
        yield address
    finally:
        # The end of its input stops it.
        process.communicate()
