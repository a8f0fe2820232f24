"""Analytics in a real browser: figures are those of the rows, everything chosen stands in the address."""

from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect as wait

from tests.browser.looking import run, text, texts, until
from tests.browser.page_rows import NOW, page_rows

pytestmark = pytest.mark.xdist_group("chromium")

Row = dict[str, Any]
MOODS = ("very_negative", "negative", "neutral", "positive", "very_positive")
# Every part of the view has its answer.
SHOWN = """["moods", "heat-map", "agents", "analytics-tickets", "emotions"].every(
    (id) => document.getElementById(id).childElementCount > 0)
    && document.getElementById("sum-tickets").innerText !== "–"
    && document.querySelectorAll("#filters [name=agent] option, #filters [name=channel] option").length > 3"""


def opened(page: Page, address: str, fragment: str = "#analytics", tenant: str = "default") -> None:
    page.goto(f"{address}/?tenant={tenant}{fragment}")
    until(page, SHOWN)


def events_of(tenant: str = "default") -> list[Row]:
    """The newest version of each event of the week, found without the database."""
    newest = {
        event["event_id"]: event for event in sorted(page_rows(NOW).scored_events, key=lambda row: row["version"])
    }
    return [row for row in newest.values() if row["tenant"] == tenant and row["occurred_at"] > NOW - timedelta(days=7)]


def customers(events: list[Row], **of: str) -> list[Row]:
    return [
        row
        for row in events
        if row["voice"] == "customer" and row["scored"] and all(row[name] == value for name, value in of.items())
    ]


def negative_share(messages: list[Row]) -> str:
    negative = sum(row["label"] in ("very_negative", "negative") for row in messages)
    return f"{negative / len(messages) * 100:.1f} %"


def test_figures_are_those_of_the_rows(page: Page, address: str) -> None:
    opened(page, address)
    events = events_of()
    messages = customers(events)
    assert text(page, "#sum-tickets") == str(len({row["ticket_id"] for row in events}))
    assert text(page, "#sum-tickets-beside") == f"{len(messages)} messages"
    assert text(page, "#sum-negative_share") == negative_share(messages)
    labels = Counter(row["label"] for row in messages)
    assert texts(page, "#moods tbody td:nth-child(2)") == [str(labels[label]) for label in MOODS]
    worst = min(messages, key=lambda row: (row["score"], row["ticket_id"]))
    assert text(page, "#analytics-tickets .ticket") == worst["ticket_id"]
    assert text(page, "#analytics-tickets .score") == f"{worst['score']:.2f}"


def test_a_cell_of_the_heat_map_tells_its_pair_and_is_a_filter(page: Page, address: str) -> None:
    opened(page, address)
    pair = customers(events_of(), channel="email", category="billing")
    cell = page.get_by_role("button", name="Email, Billing")
    assert cell.inner_text().split("\n") == [negative_share(pair), str(len(pair))]
    cell.click()
    until(page, f"document.getElementById('sum-tickets-beside').innerText === '{len(pair)} messages'")
    assert page.url.endswith("#analytics?channel=email&category=billing")
    assert texts(page, "#chips .chip") == ["Channel Email×", "Category Billing×"]
    page.locator("#chips .chip").first.click()
    wide = customers(events_of(), category="billing")
    until(page, f"document.getElementById('sum-tickets-beside').innerText === '{len(wide)} messages'")
    assert page.url.endswith("#analytics?category=billing")
    page.go_back()
    until(page, f"document.getElementById('sum-tickets-beside').innerText === '{len(pair)} messages'")


def test_a_link_shows_the_same(page: Page, address: str) -> None:
    # The clock of the rows is the window's: it tells when a span began.
    page.clock.set_fixed_time(NOW)
    opened(page, address, "#analytics?span=30&channel=chat&channel=email&label=very_negative&compare=none&sort=newest")
    messages = [row for row in customers(events_of(), label="very_negative") if row["channel"] in ("chat", "email")]
    until(page, f"document.getElementById('sum-tickets-beside').innerText === '{len(messages)} messages'")
    chosen = "return [...document.querySelectorAll('#filters [name=span]:checked')].map((each) => each.value)"
    assert run(page, chosen) == ["30"]
    assert run(page, "const { compare } = document.getElementById('filters').elements; return compare.value") == "none"
    assert run(page, "return document.getElementById('ticket-order').value") == "newest"
    assert texts(page, "#chips .chip") == ["Channel Chat×", "Channel Email×", "Label Very negative×"]


def test_a_span_is_dragged_and_marked_by_keys(page: Page, address: str) -> None:
    opened(page, address)
    over = page.locator("#analytics-messages .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    # Eight days are shown, and the second to the fourth are dragged over.
    width, middle = box["width"] / 8, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1.5 * width, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 2.5 * width, middle)
    page.mouse.move(box["x"] + 3.5 * width, middle)
    page.mouse.up()
    until(page, "location.hash === '#analytics?from=2026-02-26T00%3A00%3A00Z&to=2026-03-01T00%3A00%3A00Z'")
    until(page, "document.getElementById('sum-tickets-beside').innerText === '0 messages'")
    assert run(page, "const { from, to } = filters.elements; return [from.value, to.value]") == [
        "2026-02-26",
        "2026-02-28",
    ]
    until(page, "document.getElementById('heat-map').innerText.startsWith('No customer message')")
    page.go_back()
    until(page, "document.getElementById('sum-tickets-beside').innerText !== '0 messages'")
    chart = page.locator("#analytics-score_avg")
    page.mouse.move(0, 0)
    for key in ("ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter"):
        chart.press(key)
    until(page, "location.hash === '#analytics?from=2026-03-02T00%3A00%3A00Z&to=2026-03-05T00%3A00%3A00Z'")


def test_charts_are_drawn_and_read_and_days_can_be_typed(page: Page, address: str) -> None:
    opened(page, address)
    chart = page.locator("#analytics-messages")
    chart.press("ArrowLeft")
    messages = customers(events_of())
    today = [row for row in messages if row["occurred_at"].day == NOW.day]
    wait(chart).to_have_attribute("aria-label", f"4 Mar · {len(today)} messages · 0 messages on 25 Feb")
    page.locator("#filters [name=from]").fill("2026-03-04")
    until(page, "location.hash === '#analytics?from=2026-03-04'")
    until(page, f"document.getElementById('sum-tickets-beside').innerText === '{len(today)} messages'")


def test_more_tickets_come_and_open_over_the_view(page: Page, address: str) -> None:
    opened(page, address)
    assert len(texts(page, "#analytics-tickets > li")) == 10
    page.get_by_role("button", name="More tickets").click()
    until(page, "document.querySelectorAll('#analytics-tickets > li').length === 20")
    first = page.locator("#analytics-tickets .ticket").first
    ticket = first.inner_text()
    first.click()
    until(page, f"document.getElementById('ticket-id').innerText === '{ticket}'")
    assert page.url.endswith(f"#analytics?ticket={ticket}")
    # The address opens it again over the same view.
    page.reload()
    until(page, f"{SHOWN} && document.getElementById('ticket-id').innerText === '{ticket}'")
    page.locator("#drawer-close").click()
    until(page, "location.hash === '#analytics'")


def test_a_figure_leads_to_the_tickets_behind_it(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_role("button", name="Escalation rate").click()
    until(page, "document.getElementById('tickets-that').innerText === 'with an escalation'")
    each = "[...document.querySelectorAll('#analytics-tickets > li')]"
    until(page, f"{each}.every((ticket) => ticket.innerText.includes('escalated'))")
    assert page.url.endswith("#analytics?has=escalations")
    page.locator("#more-tickets").click()
    escalated = {row["ticket_id"] for row in page_rows(NOW).escalations if row["tenant"] == "default"}
    until(page, "document.querySelectorAll('#analytics-tickets > li').length === 20")
    assert set(texts(page, "#analytics-tickets .ticket")) <= escalated
    page.get_by_role("button", name="All of them").click()
    until(page, "location.hash === '#analytics'")


def test_the_share_of_negative_messages_leads_to_their_tickets(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_role("button", name="Negative share").click()
    until(page, "document.getElementById('tickets-that').innerText === 'with a negative message'")
    assert page.url.endswith("#analytics?has=any_negative")
    each = "[...document.querySelectorAll('#analytics-tickets > li .score')]"
    until(page, f"{each}.length > 0 && {each}.every((score) => score.classList.value.includes('negative'))")
    page.get_by_role("button", name="Tickets", exact=True).click()
    until(page, "location.hash === '#analytics'")


def test_the_report_of_what_is_shown_is_a_link_away(page: Page, address: str) -> None:
    opened(page, address, "#analytics?channel=email")
    until(page, "document.getElementById('span-report').href.includes('channel=email')")
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="Report").click()
    report = opening.value
    report.wait_for_load_state()
    assert "Support report" in report.title()
    asked = parse_qs(urlsplit(report.url).query)
    assert asked["channel"] == ["email"]
    assert asked["from"] < asked["to"]


def test_hostile_filters_and_rows_do_nothing(page: Page, address: str) -> None:
    opened(page, address, tenant="tickets")
    assert run(page, "return document.querySelectorAll('#analytics script, #analytics img').length") == 0
    assert run(page, "return document.title").endswith("ticketpulse · analytics")


def test_a_filter_that_is_refused_is_explained(page: Page, address: str, errors: list[str]) -> None:
    page.goto(f"{address}/#analytics?channel=%3Cscript%3E")
    until(page, "document.getElementById('notice').innerText.includes('channel')")
    assert texts(page, "#chips .chip") == ["Channel <script>×"]
    assert all("422" in each for each in errors)


@pytest.mark.parametrize("tenant", ["default", "tickets", "nobody"])
def test_nothing_scrolls_sideways_on_a_phone(page: Page, address: str, tenant: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/?tenant={tenant}#analytics")
    until(page, "document.getElementById('analytics').dataset.view === 'figures'")
    until(page, "document.getElementById('analytics-tickets').childElementCount > 0")
    assert run(page, "return document.documentElement.scrollWidth <= innerWidth")
