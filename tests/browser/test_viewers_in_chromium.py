"""What a viewer does: watches what comes, corrects a message, signs in, uses keys; and everybody can read the page."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.conftest import Tokens
from tests.browser.late_rows import LATE_TEXT, LATE_TICKET
from tests.browser.looking import run, text, texts, until
from tests.browser.page_process import PageProcess
from tests.browser.ticket_rows import HOSTILE_TICKET, TICKET

pytestmark = pytest.mark.xdist_group("chromium")

LIVE = "document.getElementById('state').dataset.state === 'live'"


def test_what_comes_is_shown_without_being_asked_for(page: Page, process: PageProcess) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{process.address}/?tenant=single")
    until(page, LIVE)
    until(page, "document.querySelectorAll('#worst a.ticket').length === 1")
    process.tell("more")
    until(page, f"document.querySelector('#escalations a.ticket')?.innerText === '{LATE_TICKET}'")
    until(page, f"document.querySelector('#worst a.ticket')?.innerText === '{LATE_TICKET}'")
    assert text(page, "#worst .excerpt") == LATE_TEXT
    # A machine that stands still for half a minute makes the page ask once, as it should.
    half_minutes = int(run(page, "return performance.now()")) // 30_000
    assert len([url for url in asked if "/api/v1/live" in url]) <= half_minutes
    assert 1 <= len([url for url in asked if "/api/v1/stream" in url]) <= 1 + half_minutes


def test_a_page_without_a_stream_asks(page: Page, address: str, errors: list[str]) -> None:
    page.route("**/api/v1/stream*", lambda route: route.fulfill(status=502, body="no streams through here"))
    page.goto(address)
    until(page, "document.getElementById('worst').childElementCount > 0")
    assert text(page, "#tile-negative").endswith("%")
    with page.expect_request("**/api/v1/live*"):
        pass
    # Once is enough for half a minute, which may be over on a busy machine.
    failed = list(errors)
    half_minutes = int(run(page, "return performance.now()")) // 30_000
    assert all("502" in each for each in failed)
    assert 1 <= len(failed) <= 1 + half_minutes


def test_a_message_is_corrected(page: Page, process: PageProcess) -> None:
    page.goto(f"{process.address}/?tenant=tickets#now?ticket={TICKET}")
    until(page, "document.querySelectorAll('#messages > li').length === 7")
    assert texts(page, "#messages > li:first-child mark") == ["Nobody answers", "disgrace", "want my money back"]
    page.locator("#messages > li").first.get_by_role("button", name="Correct").click()
    form = page.get_by_role("form", name="Correct this message")
    form.get_by_label("What").select_option("category")
    form.get_by_label("Is", exact=True).last.fill("fraud_report")
    form.get_by_label("Why (may be left out)").fill("<b>A stolen card</b>")
    form.get_by_role("button", name="Record correction").click()
    until(page, "document.querySelectorAll('form.correcting').length === 0")
    process.tell("store")
    until(page, "document.querySelectorAll('#messages p.corrected').length === 1")
    told = text(page, "#messages > li:first-child p.corrected")
    assert "Category corrected from Billing to Fraud report by anyone" in told
    assert "<b>A stolen card</b>" in told
    assert {"Billing", "corrected: Fraud report"} <= set(texts(page, "#messages > li:first-child .fact"))


def test_a_correction_that_is_refused_says_why(page: Page, address: str, errors: list[str]) -> None:
    page.route(
        "**/api/v1/corrections*",
        lambda route: route.continue_() if route.request.method == "GET" else route.continue_(post_data="{}"),
    )
    page.goto(f"{address}/?tenant=tickets#now?ticket={TICKET}")
    page.locator("#messages > li").nth(2).get_by_role("button", name="Correct").click()
    page.get_by_role("button", name="Record correction").click()
    until(page, "document.querySelector('form.correcting [role=status]')?.innerText.includes('ticket_id')")
    page.get_by_role("button", name="Cancel").click()
    until(page, "document.querySelectorAll('form.correcting').length === 0")
    assert any("422" in each for each in errors)


def test_signing_in_and_out(page: Page, process: PageProcess, tokens: Tokens, errors: list[str]) -> None:
    page.goto(process.guarded)
    until(page, "document.getElementById('sign-in').open")
    token = page.get_by_label("Token")
    token.fill("ticketpulse_wrong")
    token.press("Enter")
    until(page, "document.getElementById('sign-in-said').innerText.startsWith('No such token')")
    token.fill(tokens.reader)
    token.press("Enter")
    # Its own tenant is chosen, because it may see no other.
    until(page, f"{LIVE} || document.getElementById('state').dataset.state === 'quiet'")
    assert page.locator("#tenant").input_value() == "tickets"
    assert not run(page, "return document.getElementById('sign-in').open")
    assert run(page, "return document.cookie") == "", "no script can read it"
    # Who may only look has nothing to correct with.
    run(page, "location.hash = arguments[0]", f"ticket?id={TICKET}")
    until(page, "document.querySelectorAll('#messages > li').length === 7")
    assert page.get_by_role("button", name="Correct").count() == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    until(page, "document.getElementById('sign-in').open")
    token.fill(tokens.agent)
    token.press("Enter")
    until(page, "!document.getElementById('sign-in').open")
    run(page, "location.hash = arguments[0]", f"ticket?id={TICKET}")
    until(page, "document.querySelectorAll('#messages button.correct').length > 0")
    page.get_by_role("button", name="Correct").first.wait_for()
    assert all("401" in each for each in errors), errors


def test_keys_lead_everywhere_and_can_be_switched_off(page: Page, address: str) -> None:
    page.goto(address)
    until(page, f"{LIVE} && document.querySelectorAll('#worst a.ticket').length > 1")
    page.keyboard.press("j")
    page.keyboard.press("j")
    # Links within closed alerts come before, but are not to be seen.
    focused = run(page, "return document.activeElement.innerText")
    assert focused == texts(page, "#escalations a.ticket")[1]
    page.keyboard.press("Enter")
    until(page, "document.getElementById('drawer').open")
    until(page, f"document.getElementById('ticket-id').innerText === '{focused}'")
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('drawer').open && location.hash === ''")
    page.keyboard.press("?")
    until(page, "document.getElementById('help').open")
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('help').open")
    page.keyboard.press("a")
    until(page, "location.hash === '#analytics' && !document.getElementById('analytics').hidden")
    page.keyboard.press("/")
    assert run(page, "return document.activeElement.name") == "channel"
    page.locator("#to-analytics").focus()
    page.keyboard.press("t")
    until(page, "location.hash === '#trends'")
    page.keyboard.press("n")
    until(page, "location.hash === '#now'")
    page.keyboard.press("p")
    until(page, "document.getElementById('state').dataset.state === 'paused'")
    page.keyboard.press("?")
    page.locator("#shortcuts-on").uncheck()
    page.locator("#help-close").click()
    page.keyboard.press("p")
    page.reload()
    until(page, LIVE)
    page.keyboard.press("p")
    assert run(page, "return document.getElementById('pause').getAttribute('aria-pressed')") == "false"


PLACES = (
    "/",
    "/#analytics?channel=email",
    "/#trends",
    f"/?tenant=tickets#now?ticket={TICKET}",
)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: Page, address: str, colours: str) -> None:
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light", reduced_motion="reduce")
    found = {}
    for place in PLACES:
        page.goto("about:blank")
        page.goto(f"{address}{place}")
        until(page, "!document.querySelector('main:not([hidden])[data-view=loading]')")
        if "ticket=" in place:
            until(page, "document.getElementById('ticket').dataset.view === 'figures'")
            page.get_by_role("button", name="Correct").first.click()
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found[place, violation["id"]] = [node["html"] for node in violation["nodes"]]
    page.keyboard.press("Escape")
    assert found == {}


def test_hostile_tickets_are_inert_in_marks_and_in_the_form(page: Page, address: str) -> None:
    page.goto(f"{address}/?tenant=tickets#now")
    until(page, "document.querySelectorAll('#worst a.ticket').length > 1")
    page.locator("#worst a.ticket", has_text=HOSTILE_TICKET[:12]).first.click()
    until(page, "document.getElementById('ticket').dataset.view === 'figures'")
    page.get_by_role("button", name="Correct").first.click()
    assert run(page, "return document.querySelectorAll('dialog script, dialog img, dialog svg').length") == 0
    assert run(page, "return document.title") == "ticketpulse · live"
