"""Alerts and trends in a real browser: figures are those of the database, and a view can be linked and gone back to."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.chromium import Browser
from tests.browser.page_process import serving_rows
from tests.browser.series_rows import HOSTILE_PHRASE

ALERTS_SHOWN = "document.getElementById('alerts-list').childElementCount > 0"
SHOWN = f"!['loading', 'paused'].includes(document.getElementById('state').dataset.state) && {ALERTS_SHOWN}"
TRENDS_SHOWN = f"document.getElementById('trends').dataset.view === 'figures' && {ALERTS_SHOWN}"

pytestmark = pytest.mark.xdist_group("chromium series")


def opened(browser: Browser, url: str, shown: str = SHOWN) -> None:
    browser.open(url)
    browser.until(shown)


def hidden(browser: Browser, selector: str) -> bool:
    return not browser.run("return document.querySelector(arguments[0]).checkVisibility()", selector)


def answer_of(address: str, path: str, **parameters: str | int) -> dict[str, Any]:
    answer = httpx.get(f"{address}/api/v1/{path}", params=parameters, timeout=60, trust_env=False)
    return dict(answer.raise_for_status().json())


def test_alerts_are_those_of_the_database_and_the_header_tells(browser: Browser, address: str) -> None:
    opened(browser, address)
    alerts = answer_of(address, "alerts", minutes=30)["alerts"]
    assert browser.texts("#alerts-list .sentence") == [alert["summary"] for alert in alerts]
    assert browser.texts("#alerts-list .severity") == ["Critical", "Warning", "Warning", "Resolved"]
    assert browser.texts("#alerts-list time") == ["since 09:54", "since 09:25", "since 1 Mar 08:20", "09:10 – 10:08"]
    assert browser.texts("#alerts-list .facts-line")[0].split("\n") == [
        "Spike of negative share",
        "58.0 % where 24.0 % is expected (2.4 times)",
        "by chance: 1 in 320,000,000",
        "windows of 5 min",
    ]
    assert browser.text("#mark-word") == "3 alerts firing"
    assert browser.run("return document.title") == "(3) ticketpulse · live"
    assert browser.console_errors() == []


def test_an_alert_opens_by_keyboard_to_its_tickets_and_phrases_and_stays_open(browser: Browser, address: str) -> None:
    opened(browser, address)
    assert hidden(browser, "#alerts-list .links a")
    browser.run("document.querySelector('#alerts-list summary').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.devtools(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
        )
    browser.until("document.querySelector('#alerts-list details').open")
    first = answer_of(address, "alerts", minutes=30)["alerts"][0]
    assert browser.texts("#alerts-list li:first-child .links a") == first["tickets"]
    shares = [f"{each['share'] * 100:.1f} %" for each in first["phrases"]]
    usual = [f"{each['usual'] * 100:.1f} %" for each in first["phrases"]]
    assert browser.texts("#alerts-list li:first-child tbody th") == [each["phrase"] for each in first["phrases"]]
    assert browser.texts("#alerts-list li:first-child tbody td:nth-child(2)") == shares
    assert browser.texts("#alerts-list li:first-child tbody td:nth-child(3)") == usual
    # A longer span has one more: the list is built anew.
    browser.run("document.querySelector('[name=minutes][value=\"180\"]').click()")
    browser.until("document.querySelectorAll('#alerts-list details').length === 5")
    assert browser.run("return document.activeElement === document.querySelector('#alerts-list summary')")
    open_ones = browser.run("return [...document.querySelectorAll('#alerts-list details')].map((each) => each.open)")
    assert open_ones == [True, False, False, False, False]


def test_a_ticket_leads_to_its_conversation_whatever_its_id(browser: Browser, address: str) -> None:
    opened(browser, address)
    links = browser.run("return [...document.querySelectorAll('#alerts-list .links a')].map((each) => each.href)")
    assert f"{address}/#ticket?id=a%2Fb%3Fc%23d" in links
    name, link = browser.run("const [one] = document.querySelectorAll('#worst a.ticket'); return [one.text, one.href]")
    browser.open(link)
    browser.until("document.getElementById('ticket').dataset.view === 'figures'")
    assert browser.text("#ticket-id") == name


def test_a_tenant_that_is_silent_is_told_so(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=silent")
    assert "No events yet" in browser.text("#empty")
    assert browser.texts("#alerts-list .severity") == ["Critical"]
    assert browser.text("#mark-word") == "1 alert firing"


def test_without_alerts_nothing_is_marked(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=single")
    assert hidden(browser, "#mark")
    assert "no alert fires" in browser.text("#alerts-list")
    assert browser.run("return document.title") == "ticketpulse · live"


def test_the_mark_leads_to_the_alerts_from_either_view(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/#trends", TRENDS_SHOWN)
    browser.until("!document.getElementById('mark').hidden")
    browser.run("document.getElementById('mark').click()")
    browser.until("document.activeElement.id === 'alerts'")
    assert hidden(browser, "#trends")


def test_trends_are_those_of_the_database(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/#trends?size=3600&dimension=channel&value=email", TRENDS_SHOWN)
    trends = answer_of(address, "trends", size=3600, dimension="channel", value="email")
    newest = trends["newest"]
    assert browser.text("#newest-events") == f"{newest['events']['now']:.0f}"
    assert browser.text("#newest-negative_share") == f"{newest['negative_share']['now'] * 100:.1f} %"
    assert browser.text("#newest-escalation_rate") == f"{newest['escalation_rate']['now'] * 100:.1f} %"
    assert browser.text("#newest-score_avg") == f"{newest['score_avg']['now']:.2f}"
    signs = "▲▼"
    steps = ("before", "day_before", "week_before")
    for measure, scale, digits in (("negative_share", 100, 1), ("escalation_rate", 100, 1), ("score_avg", 1, 2)):
        changes = [newest[measure]["now"] - newest[measure][step] for step in steps]
        wanted = [f"{signs[change < 0]} {abs(change * scale):.{digits}f}" for change in changes]
        told = browser.texts(f"#compared-{measure} b")
        assert [words.removesuffix(" points") for words in told] == wanted
    growth = [newest["events"]["now"] / newest["events"][step] - 1 for step in steps]
    wanted = [f"{signs[change < 0]} {abs(change * 100):.1f} %" for change in growth]
    assert browser.texts("#compared-events b") == wanted
    assert browser.texts("#trend-alerts .sentence") == [alert["summary"] for alert in trends["alerts"]]
    assert browser.console_errors() == []


def test_every_trend_is_drawn_marked_and_can_be_read_without_eyes(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/#trends?size=300&dimension=channel&value=email", TRENDS_SHOWN)
    # Drawn once the charts have their width.
    marked = browser.until("""(() => {
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
      })()""")
    assert marked[1] == max(marked), "the alert is about the negative share"
    press = """
        const chart = document.getElementById("trend-events");
        chart.focus();
        chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
        return chart.getAttribute("aria-label");"""
    series = answer_of(address, "trends", size=300, dimension="channel", value="email", windows=288)["series"]
    assert browser.run(press).startswith(f"4 Mar 10:20 · {series[-1]['events']} event")
    assert browser.run(press).startswith(f"4 Mar 10:15 · {series[-2]['events']} events · average ")
    assert browser.run("return document.getElementById('trend-events').getAttribute('aria-label')").endswith("1 alert")


def test_what_is_chosen_stands_in_the_address_and_back_goes_back(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=default", SHOWN)
    browser.run("document.getElementById('to-trends').click()")
    browser.until(TRENDS_SHOWN)
    assert hidden(browser, "#figures")
    assert browser.run("return document.getElementById('to-trends').getAttribute('aria-current')") == "page"
    choose = """
        const of = document.getElementById("of");
        of.value = JSON.stringify(["category", "billing"]);
        of.dispatchEvent(new Event("change", { bubbles: true }));"""
    browser.until("document.querySelectorAll('#of option').length === 6")
    browser.run(choose)
    browser.until("document.getElementById('trend-alerts').innerText.includes('category billing')")
    browser.run("document.querySelector('[name=size][value=\"86400\"]').click()")
    browser.until("document.getElementById('trends-span').innerText.includes('windows of a day')")
    assert browser.run("return location.href") == (
        f"{address}/?tenant=default#trends?size=86400&dimension=category&value=billing"
    )
    assert len(browser.texts("#compared-events b")) == 2, "the day before is the window before"
    browser.run("history.back()")
    browser.until("document.getElementById('trends-span').innerText.includes('windows of an hour')")
    assert browser.run("return document.getElementById('of').value") == '["category","billing"]'
    browser.run("history.go(-2)")
    browser.until("document.getElementById('trends').hidden")
    assert browser.text("#tile-negative").endswith("%")
    browser.run("history.forward()")
    browser.until("document.getElementById('figures').hidden")
    assert browser.console_errors() == []


def test_new_topics_are_listed(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=topics#trends?size=300", TRENDS_SHOWN)
    browser.until("document.getElementById('topics').childElementCount > 0")
    assert browser.texts("#topics tbody th") == ["late parcel", "locked account"]
    assert browser.texts("#topics tbody td:nth-child(2)") == ["6", "15"]
    assert "the last hour against the day before" in browser.text("#topics-span")


def test_hostile_names_do_nothing(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=hostile")
    assert browser.texts("#alerts-list .sentence")[0].startswith(HOSTILE_PHRASE)
    value = httpx.QueryParams({"size": "300", "dimension": "channel", "value": HOSTILE_PHRASE})
    opened(browser, f"{address}/?tenant=hostile#trends?{value}", TRENDS_SHOWN)
    browser.until("document.getElementById('trend-alerts').innerText.includes('<img')")
    assert browser.run("return document.querySelectorAll('main script, main img').length") == 0
    browser.until("document.title === 'ticketpulse · trends'")
    assert browser.console_errors() == []


def test_a_refused_series_is_explained(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/#trends?size=60")
    assert "size" in browser.text("#notice")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "place", ["/", "/?tenant=many", "/?tenant=hostile", "/#trends", "/#trends?size=86400", "/?tenant=silent#trends"]
)
def test_nothing_scrolls_sideways(browser: Browser, address: str, width: int, place: str) -> None:
    browser.resize(width, 800)
    opened(browser, f"{address}{place}")
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def test_the_figures_stay_and_the_page_says_so_when_the_server_goes_away(browser: Browser, tmp_path: Path) -> None:
    with serving_rows(tmp_path / "database") as address:
        opened(browser, f"{address}/#trends", TRENDS_SHOWN)
        before = browser.text("#newest-events")
    browser.run("document.getElementById('pause').click(); document.getElementById('pause').click()")
    browser.until("document.getElementById('state').dataset.state === 'away'")
    assert browser.text("#newest-events") == before
    assert "cannot be reached. The figures below are those of" in browser.text("#notice")
