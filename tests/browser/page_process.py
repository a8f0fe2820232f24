"""The page in a process of its own, as a context that yields its address."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.browser.page_rows import NOW


def serving_rows(folder: Path) -> AbstractContextManager[str]:
    """Serve `page_rows(NOW)` from a database in `folder`."""
    return serving("tests.browser.serve_page", str(folder), NOW.isoformat())


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that serves until its input ends and prints its address. It answers when the block begins."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, f"the page ended with code {process.wait()} before it listened"
        yield address
    finally:
        # The end of its input stops it.
        process.communicate()
