"""The page in Chromium over a desk of a million tickets: how soon it is there, and how soon a filter is followed.

    python -m tests.bench.million FOLDER
    python -m tests.bench.page FOLDER [LAPS]

The page is served as in production, by a process of its own that reads the embedded engine. Beside the time on the
clock stands the processor time of that process, which other work on the machine lengthens less.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import httpx
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
_COMPUTED: Final = "a filter: all of it (processor)"
_ANSWERS: Final[Mapping[str, Mapping[str, str | int]]] = {
    "analytics/trends": {"step": "day", "compare": "previous"},
    "analytics/distribution": {},
    "analytics/heatmap": {"rows": "channel", "columns": "category"},
    "analytics/summary": {},
    "tickets": {"sort": "negative_first", "limit": 10},
    "analytics/emotions": {},
    "analytics/agents": {},
}
# Each of the other filters is another question: none is answered from a memory of ours.
_FILTERS: Final = ("email", "chat", "web", "phone", "whatsapp", "in_app", "social")

# The time from a change of the address to the frame in which a part is shown anew, for every part.
_CHANGE: Final = """
async ([parts, hash]) => {
  const began = performance.now();
  const watched = { childList: true, characterData: true, subtree: true, attributeFilter: ["aria-label"] };
  const shown = (id) => new Promise((done) => {
    const watch = new MutationObserver(() => {
      watch.disconnect();
      requestAnimationFrame(() => done([id, performance.now() - began]));
    });
    watch.observe(document.getElementById(id), watched);
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
    """Milliseconds of each lap by what was waited for, or what was computed for it."""
    found: dict[str, list[float]] = {}

    def processor() -> float:
        # In user and kernel mode, behind the name, which may have anything in it.
        times = Path(f"/proc/{served.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return 1_000 * sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

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
            before = processor()
            times = page.evaluate(_CHANGE, [_PARTS, f"#analytics?channel={channel}"])
            for part in _PARTS:
                found.setdefault(f"a filter: {part}", []).append(times[part])
            found.setdefault(_COMPUTED, []).append(processor() - before)
        for path, more in _ANSWERS.items():
            for channel in _FILTERS[:laps]:
                before = processor()
                httpx.get(
                    f"{served.address}/api/v1/{path}", params={"channel": channel, **more}, timeout=120
                ).raise_for_status()
                found.setdefault(f"{path} (processor)", []).append(processor() - before)
    return found


def main(folder: Path, laps: int) -> None:
    """Print the medians beside what they are to be."""
    table = Table("what is waited for", "median", "least", "most", "bar")
    for what, times in measure(folder, laps).items():
        bar = (
            "" if "processor" in what else f"{FILTER_MS} ms" if what.startswith("a filter") else f"{FIRST_PAINT_MS} ms"
        )
        table.add_row(what, *(f"{each:,.0f} ms" for each in (median(times), min(times), max(times))), bar)
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1] == _SERVE:
        serve(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else LAPS)
