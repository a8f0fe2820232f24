"""A report as PDF: its HTML, printed by a Chromium that is installed. Its page is A4; its pages are numbered."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS: Final = 60.0
_SAID: Final = 300


class NotPrinted(Exception):
    """There is no PDF. The message says why and what to do."""


def find_browser(which: Callable[[str], str | None] = shutil.which) -> str:
    """A Chromium of this machine. Raises NotPrinted."""
    found = next(filter(None, map(which, BROWSERS)), None)
    if found is None:
        raise NotPrinted(
            f"a PDF is printed by Chromium, and none of {', '.join(BROWSERS)} is on the path: install one "
            "(apt-get install chromium), or take --format html and print it in a browser"
        )
    return found


def pdf(page: str, browser: str, seconds: float = SECONDS) -> bytes:
    """The PDF of a page of HTML that says itself that it loads nothing. Raises NotPrinted, after `seconds` too."""
    with TemporaryDirectory(prefix="ticketpulse-report-", ignore_cleanup_errors=True) as folder:
        source, printed = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        said = _run(_command(browser, folder, source, printed), seconds)
        try:
            return printed.read_bytes()
        except FileNotFoundError:
            raise NotPrinted(f"{browser} made no PDF: {said or 'it says nothing'}") from None


def _command(browser: str, folder: str, source: Path, printed: Path) -> list[str]:
    return [
        browser,
        "--headless",
        # Root has no sandbox; what is printed is our own page, without scripts.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-background-networking",
        "--no-first-run",
        f"--user-data-dir={folder}/profile",
        "--no-pdf-header-footer",
        f"--print-to-pdf={printed}",
        source.as_uri(),
    ]


def _run(command: list[str], seconds: float) -> str:
    """What it said last. A browser is several processes; all of them end with this."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a browser that was found on the path
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise NotPrinted(f"{command[0]} cannot be started: {error.strerror}") from error
    with process:
        try:
            _, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise NotPrinted(f"{command[0]} has made no PDF within {seconds:g} s, and was stopped; try again") from None
        finally:
            _end(process.pid)
    return errors.decode(errors="replace").strip()[-_SAID:]


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
