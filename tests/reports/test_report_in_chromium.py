"""A report as a reader has it: in a real browser, from a file, on a desk and on a phone, light and dark."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from sinks.reports.html import html
from tests.browser.conftest import chromium
from tests.reports.reports_made import report

__all__ = ["chromium"]

ATTACK = "<img src=x onerror=alert(1)><script>alert(1)</script>{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(report(ATTACK), page="https://support.example.com"))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_shown_as_it_is_meant(
    chromium: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(file.as_uri())
    # The policy of the file lets its own style through, and nothing was refused by it.
    assert said == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(244, 246, 249)", "dark": "rgb(18, 22, 29)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.get_by_role("img").count() == 2
    assert page.locator("h1").inner_text() == "Support report, 9 – 15 November 2026"
    assert ATTACK in page.locator("main").inner_text()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(chromium: Browser, file: Path, scheme: Literal["light", "dark"]) -> None:
    # axe is a script, which the file forbids itself.
    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    context.close()
