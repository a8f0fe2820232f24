"""Suggestions in a ticket's drawer, in a real browser: copied, judged, inert."""

from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Tokens
from tests.browser.looking import run, text, texts, until
from tests.browser.page_process import PageProcess
from tests.browser.ticket_rows import ASKING, HOSTILE_TICKET, OF_ASKING, TICKET

pytestmark = pytest.mark.xdist_group("chromium")

PARTS = "#suggestions-parts"
LOOKED = f"document.querySelector('{PARTS} .draft')"
SAID = f"[...document.querySelectorAll('{PARTS} [role=status]')].map((each) => each.textContent)"
MARKUP = "#suggestions script, #suggestions img, #suggestions svg"


def opened(page: Page, address: str, ticket: str = ASKING, tenant: str = OF_ASKING) -> None:
    page.goto(f"{address}/?tenant={tenant}#ticket?{urlencode({'id': ticket})}")
    until(page, LOOKED)


def uses(process: PageProcess, tenant: str = OF_ASKING) -> dict[str, tuple[int, int]]:
    process.tell("store")
    address = f"{process.address}/api/v1/suggestions/stats"
    asked = httpx.get(address, params={"tenant": tenant}, timeout=60, trust_env=False).raise_for_status()
    return {each["id"]: (each["used"], each["dismissed"]) for each in asked.json()["suggestions"]}


def test_a_draft_is_changed_copied_and_counted(page: Page, process: PageProcess) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, process.address)
    assert ASKING in run(page, f"return {LOOKED}.value")
    words = page.get_by_label("Draft of an answer, to be changed and copied")
    words.fill("An answer of my own.")
    # By the keys alone: the button is what comes after the draft.
    words.press("Tab")
    assert run(page, "return document.activeElement.innerText") == "Copy"
    page.keyboard.press("Enter")
    until(page, f"{SAID}.includes('Copied.')")
    assert page.evaluate("() => navigator.clipboard.readText()") == "An answer of my own."
    page.locator(PARTS).get_by_role("button", name="Of no use").last.click()
    until(page, f"{SAID}.includes('Thank you.')")
    until(page, "performance.getEntriesByType('resource').filter((each) => each.name.includes('/used')).length === 2")
    counted = uses(process)
    assert (1, 0) in counted.values()
    assert counted["cards/pin"] == (0, 1)


def test_articles_lead_to_where_they_are(page: Page, address: str) -> None:
    opened(page, address)
    assert "Help articles" in texts(page, f"{PARTS} h3")
    links = "[...document.querySelectorAll(arguments[0])].map((each) => [each.href, each.rel])"
    found = run(page, f"return {links}", f"{PARTS} a[target]")
    assert found[0] == ["https://help.example.com/cards/pin", "noopener noreferrer"]
    page.locator(f"{PARTS} summary").first.click()
    assert "any cash machine" in text(page, f"{PARTS} details[open] .said")


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_words_are_inert_and_nothing_scrolls_sideways(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for ticket, tenant in ((TICKET, "tickets"), (HOSTILE_TICKET, "tickets"), (ASKING, OF_ASKING)):
        opened(page, address, ticket, tenant)
        assert run(page, "const it = document.getElementById('drawer'); return it.scrollWidth <= it.clientWidth")
        assert run(page, "return document.querySelectorAll(arguments[0]).length", MARKUP) == 0
    assert run(page, "return document.title") == "ticketpulse · live"


def test_who_may_only_look_copies_and_judges_nothing(
    page: Page, process: PageProcess, tokens: Tokens, errors: list[str]
) -> None:
    page.goto(f"{process.guarded}/?tenant=tickets")
    page.get_by_label("Token").fill(tokens.reader)
    page.get_by_role("button", name="Sign in").click()
    until(page, "document.documentElement.dataset.may === 'read'")
    before = uses(process, "tickets")
    opened(page, process.guarded, TICKET, "tickets")
    assert not page.locator(f"{PARTS} .act-only").first.is_visible()
    page.locator(PARTS).get_by_role("button", name="Copy").first.click()
    until(page, f"{SAID}[0] !== ''")
    assert uses(process, "tickets") == before
    assert all("401" in each for each in errors), errors
