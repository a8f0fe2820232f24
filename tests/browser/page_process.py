"""The page in a process of its own, as a context that yields its address."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.page_rows import NOW


@dataclass(frozen=True)
class PageProcess:
    """Where it serves: openly, and where it asks for tokens, if it was given some."""

    address: str
    guarded: str
    _process: "subprocess.Popen[str]"

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def tell(self, word: str) -> None:
        """Send it a line, and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == word


def serving_rows(folder: Path, *arguments: str) -> AbstractContextManager[PageProcess]:
    """Serve `page_rows(NOW)` from a database in `folder`."""
    return serving("tests.browser.serve_page", str(folder), NOW.isoformat(), *arguments)


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[PageProcess]:
    """Run a module that serves until its input ends and prints its address. It answers when the block begins."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        addresses = process.stdout.readline().split()
        assert addresses, f"the page ended with code {process.wait()} before it listened"
        yield PageProcess(addresses[0], addresses[-1], process)
    finally:
        # The end of its input stops it.
        process.communicate()
