"""The page in Chromium over a desk of a million tickets: how soon it is there, and how soon a filter is followed.

    python -m tests.bench.million FOLDER
    python -m tests.bench.page FOLDER [LAPS]

The page is served as in production, by a process of its own that reads the embedded engine.
"""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from tests.bench.million import UNTIL
from tests.browser.page_process import serving
from tests.browser.serve_page import listen

LAPS: Final = 5
FIRST_PAINT_MS: Final = 1_000
FILTER_MS: Final = 300
_PATIENCE_MS: Final = 120_000
_SERVE: Final = "--serve"

# What of the page is built anew when its answer comes; a chart tells anew what it shows.
_PARTS: Final = ("analytics-messages", "heat-map", "moods", "sum-tickets-beside", "analytics-tickets", "agents")
# Each of the other filters is another question: none is answered from a memory of ours.
_FILTERS: Final = ("email", "chat", "web", "phone", "whatsapp", "in_app", "social")

# The time from a change of the address to the frame in which a part is shown anew, for every part.
_CHANGE: Final = """
async ([parts, hash]) => {
  const began = performance.now();
  const shown = (id) => new Promise((done) => {
    const watch = new MutationObserver(() => {
      watch.disconnect();
      requestAnimationFrame(() => done([id, performance.now() - began]));
    });
    watch.observe(document.getElementById(id), { childList: true, characterData: true, subtree: true, attributeFilter: ["aria-label"] });
  });
  const all = Promise.all(parts.map(shown));
  location.hash = hash;
  return Object.fromEntries(await all);
}"""
_PAINT: Final = """
() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntriesByName(
  "first-contentful-paint")[0]?.startTime)).observe({ type: "paint", buffered: true }))"""
_FILLED: Final = """
async () => {
  while (document.getElementById("figures").dataset.view === "loading") await new Promise(requestAnimationFrame);
  return performance.now();
}"""


def serve(folder: Path) -> None:
    """The page as of the end of the desk's events, until the standard input ends."""
    connecting = partial(connect, f"chdb://{folder}", readonly=True)
    asyncio.run(listen(create_page(connecting, now=lambda: UNTIL)))


@contextmanager
def looking() -> Iterator[Page]:
    """A window of Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(_PATIENCE_MS)
        yield page
        browser.close()


def measure(folder: Path, laps: int) -> Mapping[str, list[float]]:
    """Milliseconds of each lap by what was waited for."""
    found: dict[str, list[float]] = {}
    with serving("tests.bench.page", _SERVE, str(folder)) as served, looking() as page:
        for _ in range(laps):
            page.goto("about:blank")
            page.goto(f"{served.address}/#now")
            found.setdefault("first paint", []).append(page.evaluate(_PAINT))
            found.setdefault("figures of the live view", []).append(page.evaluate(_FILLED))
        page.goto(f"{served.address}/#analytics")
        page.locator("#agents table").wait_for()
        page.locator("#analytics-tickets .ticket").first.wait_for()
        for lap in range(laps):
            channel = _FILTERS[lap % len(_FILTERS)]
            times = page.evaluate(_CHANGE, [_PARTS, f"#analytics?channel={channel}"])
            for part in _PARTS:
                found.setdefault(f"a filter: {part}", []).append(times[part])
    return found


def main(folder: Path, laps: int) -> None:
    """Print the medians beside what they are to be."""
    table = Table("what is waited for", "median", "least", "most", "bar")
    for what, times in measure(folder, laps).items():
        bar = f"{FILTER_MS} ms" if what.startswith("a filter") else f"{FIRST_PAINT_MS} ms"
        table.add_row(what, *(f"{each:,.0f} ms" for each in (median(times), min(times), max(times))), bar)
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1] == _SERVE:
        serve(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else LAPS)
