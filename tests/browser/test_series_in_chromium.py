"""Alerts and trends in a real browser: figures are those of the database, and a view can be linked and gone back to."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.looking import is_hidden, run, text, texts, until
from tests.browser.page_process import serving_rows
from tests.browser.series_rows import HOSTILE_PHRASE

ALERTS_SHOWN = "document.getElementById('alerts-list').childElementCount > 0"
SHOWN = f"!['loading', 'paused'].includes(document.getElementById('state').dataset.state) && {ALERTS_SHOWN}"
TRENDS_SHOWN = f"document.getElementById('trends').dataset.view === 'figures' && {ALERTS_SHOWN}"

pytestmark = pytest.mark.xdist_group("chromium")


def opened(page: Page, url: str, shown: str = SHOWN) -> None:
    page.goto(url)
    until(page, shown)


def answer_of(address: str, path: str, **parameters: str | int) -> dict[str, Any]:
    answer = httpx.get(f"{address}/api/v1/{path}", params=parameters, timeout=60, trust_env=False)
    return dict(answer.raise_for_status().json())


def test_alerts_are_those_of_the_database_and_the_header_tells(page: Page, address: str) -> None:
    opened(page, address)
    alerts = answer_of(address, "alerts", minutes=30)["alerts"]
    assert texts(page, "#alerts-list .sentence") == [alert["summary"] for alert in alerts]
    assert texts(page, "#alerts-list .severity") == ["Critical", "Warning", "Warning", "Resolved"]
    assert texts(page, "#alerts-list time") == ["since 09:54", "since 09:25", "since 1 Mar 08:20", "09:10 – 10:08"]
    assert texts(page, "#alerts-list .facts-line")[0].split("\n") == [
        "Spike of negative share",
        "58.0 % where 24.0 % is expected (2.4 times)",
        "by chance: 1 in 320,000,000",
        "windows of 5 min",
    ]
    assert text(page, "#mark-word") == "3 alerts firing"
    assert run(page, "return document.title") == "(3) ticketpulse · live"


def test_an_alert_opens_by_keyboard_to_its_tickets_and_phrases_and_stays_open(page: Page, address: str) -> None:
    opened(page, address)
    assert is_hidden(page, "#alerts-list .links a")
    page.locator("#alerts-list summary").first.press("Enter")
    until(page, "document.querySelector('#alerts-list details').open")
    first = answer_of(address, "alerts", minutes=30)["alerts"][0]
    assert texts(page, "#alerts-list li:first-child .links a") == first["tickets"]
    shares = [f"{each['share'] * 100:.1f} %" for each in first["phrases"]]
    usual = [f"{each['usual'] * 100:.1f} %" for each in first["phrases"]]
    assert texts(page, "#alerts-list li:first-child tbody th") == [each["phrase"] for each in first["phrases"]]
    assert texts(page, "#alerts-list li:first-child tbody td:nth-child(2)") == shares
    assert texts(page, "#alerts-list li:first-child tbody td:nth-child(3)") == usual
    # A longer span has one more: the list is built anew.
    run(page, "document.querySelector('[name=minutes][value=\"180\"]').click()")
    until(page, "document.querySelectorAll('#alerts-list details').length === 5")
    assert run(page, "return document.activeElement === document.querySelector('#alerts-list summary')")
    open_ones = run(page, "return [...document.querySelectorAll('#alerts-list details')].map((each) => each.open)")
    assert open_ones == [True, False, False, False, False]


def test_a_ticket_leads_to_its_conversation_whatever_its_id(page: Page, address: str) -> None:
    opened(page, address)
    links = run(page, "return [...document.querySelectorAll('#alerts-list .links a')].map((each) => each.href)")
    assert f"{address}/#ticket?id=a%2Fb%3Fc%23d" in links
    name, link = run(page, "const [one] = document.querySelectorAll('#worst a.ticket'); return [one.text, one.href]")
    page.goto(link)
    until(page, "document.getElementById('ticket').dataset.view === 'figures'")
    assert text(page, "#ticket-id") == name


def test_a_tenant_that_is_silent_is_told_so(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=silent")
    assert "No events yet" in text(page, "#empty")
    assert texts(page, "#alerts-list .severity") == ["Critical"]
    assert text(page, "#mark-word") == "1 alert firing"


def test_without_alerts_nothing_is_marked(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=single")
    assert is_hidden(page, "#mark")
    assert "no alert fires" in text(page, "#alerts-list")
    assert run(page, "return document.title") == "ticketpulse · live"


def test_the_mark_leads_to_the_alerts_from_either_view(page: Page, address: str) -> None:
    opened(page, f"{address}/#trends", TRENDS_SHOWN)
    until(page, "!document.getElementById('mark').hidden")
    run(page, "document.getElementById('mark').click()")
    until(page, "document.activeElement.id === 'alerts'")
    assert is_hidden(page, "#trends")


def test_trends_are_those_of_the_database(page: Page, address: str) -> None:
    opened(page, f"{address}/#trends?size=3600&dimension=channel&value=email", TRENDS_SHOWN)
    trends = answer_of(address, "trends", size=3600, dimension="channel", value="email")
    newest = trends["newest"]
    assert text(page, "#newest-events") == f"{newest['events']['now']:.0f}"
    assert text(page, "#newest-negative_share") == f"{newest['negative_share']['now'] * 100:.1f} %"
    assert text(page, "#newest-escalation_rate") == f"{newest['escalation_rate']['now'] * 100:.1f} %"
    assert text(page, "#newest-score_avg") == f"{newest['score_avg']['now']:.2f}"
    signs = "▲▼"
    steps = ("before", "day_before", "week_before")
    for measure, scale, digits in (("negative_share", 100, 1), ("escalation_rate", 100, 1), ("score_avg", 1, 2)):
        changes = [newest[measure]["now"] - newest[measure][step] for step in steps]
        wanted = [f"{signs[change < 0]} {abs(change * scale):.{digits}f}" for change in changes]
        told = texts(page, f"#compared-{measure} b")
        assert [words.removesuffix(" points") for words in told] == wanted
    growth = [newest["events"]["now"] / newest["events"][step] - 1 for step in steps]
    wanted = [f"{signs[change < 0]} {abs(change * 100):.1f} %" for change in growth]
    assert texts(page, "#compared-events b") == wanted
    assert texts(page, "#trend-alerts .sentence") == [alert["summary"] for alert in trends["alerts"]]


def test_every_trend_is_drawn_marked_and_can_be_read_without_eyes(page: Page, address: str) -> None:
    opened(page, f"{address}/#trends?size=300&dimension=channel&value=email", TRENDS_SHOWN)
    # Drawn once the charts have their width.
    marked = until(
        page,
        """(() => {
        const probe = document.createElement("i");
        probe.style.color = "var(--alert)";
        document.body.append(probe);
        const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
        probe.remove();
        const counts = [...document.querySelectorAll("#trends .chart canvas")].map((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let found = 0;
          for (let at = 0; at < data.length; at += 4) {
            found += data[at] === red && data[at + 1] === green && data[at + 2] === blue;
          }
          return found;
        });
        return counts.length === 4 && counts.every((found) => found > 0) && counts;
      })()""",
    )
    assert marked[1] == max(marked), "the alert is about the negative share"
    press = """
        const chart = document.getElementById("trend-events");
        chart.focus();
        chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
        return chart.getAttribute("aria-label");"""
    series = answer_of(address, "trends", size=300, dimension="channel", value="email", windows=288)["series"]
    assert run(page, press).startswith(f"4 Mar 10:20 · {series[-1]['events']} event")
    assert run(page, press).startswith(f"4 Mar 10:15 · {series[-2]['events']} events · average ")
    assert run(page, "return document.getElementById('trend-events').getAttribute('aria-label')").endswith("1 alert")


def test_what_is_chosen_stands_in_the_address_and_back_goes_back(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=default", SHOWN)
    run(page, "document.getElementById('to-trends').click()")
    until(page, TRENDS_SHOWN)
    assert is_hidden(page, "#figures")
    assert run(page, "return document.getElementById('to-trends').getAttribute('aria-current')") == "page"
    choose = """
        const of = document.getElementById("of");
        of.value = JSON.stringify(["category", "billing"]);
        of.dispatchEvent(new Event("change", { bubbles: true }));"""
    until(page, "document.querySelectorAll('#of option').length === 6")
    run(page, choose)
    until(page, "document.getElementById('trend-alerts').innerText.includes('category billing')")
    run(page, "document.querySelector('[name=size][value=\"86400\"]').click()")
    until(page, "document.getElementById('trends-span').innerText.includes('windows of a day')")
    assert run(page, "return location.href") == (
        f"{address}/?tenant=default#trends?size=86400&dimension=category&value=billing"
    )
    assert len(texts(page, "#compared-events b")) == 2, "the day before is the window before"
    run(page, "history.back()")
    until(page, "document.getElementById('trends-span').innerText.includes('windows of an hour')")
    assert run(page, "return document.getElementById('of').value") == '["category","billing"]'
    run(page, "history.go(-2)")
    until(page, "document.getElementById('trends').hidden")
    assert text(page, "#tile-negative").endswith("%")
    run(page, "history.forward()")
    until(page, "document.getElementById('figures').hidden")


def test_new_topics_are_listed(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=topics#trends?size=300", TRENDS_SHOWN)
    until(page, "document.getElementById('topics').childElementCount > 0")
    assert texts(page, "#topics tbody th") == ["late parcel", "locked account"]
    assert texts(page, "#topics tbody td:nth-child(2)") == ["6", "15"]
    assert "the last hour against the day before" in text(page, "#topics-span")


def test_hostile_names_do_nothing(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=hostile")
    assert texts(page, "#alerts-list .sentence")[0].startswith(HOSTILE_PHRASE)
    value = httpx.QueryParams({"size": "300", "dimension": "channel", "value": HOSTILE_PHRASE})
    opened(page, f"{address}/?tenant=hostile#trends?{value}", TRENDS_SHOWN)
    until(page, "document.getElementById('trend-alerts').innerText.includes('<img')")
    assert run(page, "return document.querySelectorAll('main script, main img').length") == 0
    until(page, "document.title === 'ticketpulse · trends'")


def test_a_refused_series_is_explained(page: Page, address: str, errors: list[str]) -> None:
    opened(page, f"{address}/#trends?size=60")
    until(page, "document.getElementById('notice').innerText.includes('size')")
    assert any("422" in each for each in errors)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "place", ["/", "/?tenant=many", "/?tenant=hostile", "/#trends", "/#trends?size=86400", "/?tenant=silent#trends"]
)
def test_nothing_scrolls_sideways(page: Page, address: str, width: int, place: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, f"{address}{place}")
    run(page, "for (const details of document.querySelectorAll('details')) details.open = true")
    assert run(page, "return document.documentElement.scrollWidth <= innerWidth")


def test_the_figures_stay_and_the_page_says_so_when_the_server_goes_away(
    page: Page, tmp_path: Path, errors: list[str]
) -> None:
    with serving_rows(tmp_path / "database") as served:
        opened(page, f"{served.address}/#trends", TRENDS_SHOWN)
        before = text(page, "#newest-events")
    run(page, "document.getElementById('pause').click(); document.getElementById('pause').click()")
    until(page, "document.getElementById('state').dataset.state === 'away'")
    assert text(page, "#newest-events") == before
    assert "cannot be reached. The figures below are those of" in text(page, "#notice")
    assert all("ERR_" in each for each in errors), errors
