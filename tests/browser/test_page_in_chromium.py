"""The page in a real browser: the figures on it are those of the database, and nothing that a ticket says runs."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.chromium import Browser
from tests.browser.page_process import serving_rows
from tests.browser.page_rows import HOSTILE

SHOWN = "!['loading', 'paused'].includes(document.getElementById('state').dataset.state)"
LIST_SHOWN = "document.getElementById('worst').childElementCount > 0"

pytestmark = pytest.mark.xdist_group("chromium")


def opened(browser: Browser, url: str) -> None:
    browser.open(url)
    browser.until(SHOWN)


def answer_of(address: str, tenant: str = "default") -> dict[str, Any]:
    parameters: dict[str, str | int] = {"tenant": tenant, "minutes": 30}
    return dict(httpx.get(f"{address}/api/v1/live", params=parameters, timeout=60, trust_env=False).json())


def test_the_page_shows_the_figures_of_the_database(browser: Browser, address: str) -> None:
    opened(browser, address)
    live = answer_of(address)
    totals, full_minute = live["totals"], live["series"][-2]
    assert browser.text("#tile-volume") == str(full_minute["events"])
    assert browser.text("#tile-negative") == f"{totals['negative_share'] * 100:.1f} %"
    assert browser.text("#tile-escalation") == f"{totals['escalation_rate'] * 100:.1f} %"
    assert browser.text("#tile-score") == f"{totals['score_avg']:.2f}"
    moods = ["very_negative", "negative", "neutral", "positive", "very_positive"]
    assert browser.texts("#labels tbody td:nth-child(2)") == [str(totals[mood]) for mood in moods]
    assert browser.texts("#channels tbody td:nth-child(2)") == [str(row["events"]) for row in live["channels"]]
    assert browser.texts("#worst .ticket") == [row["ticket_id"] for row in live["worst"]]
    assert browser.texts("#escalations .reason") == [row["reason"] for row in live["escalations"]]
    assert browser.texts("#escalations .title .muted") == [row["number"] for row in live["escalations"]]
    assert browser.text("#dead-letters tbody td") == "2"
    assert browser.text("#state") == "Live"
    assert browser.console_errors() == []


def test_every_chart_is_drawn_and_can_be_read_without_eyes(browser: Browser, address: str) -> None:
    opened(browser, address)
    painted = """
        return [...document.querySelectorAll("#figures .chart canvas")].map((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.some((value, index) => index % 4 === 3 && value === 255);
        });"""
    assert browser.run(painted) == [True, True, True]
    press = """
        const chart = document.getElementById("chart-volume");
        chart.focus();
        chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
        return chart.getAttribute("aria-label");"""
    newest = (answer_of(address))["series"][-1]
    assert f"{newest['scored']} messages" in browser.run(press)
    assert "still open" in browser.run(press.replace("ArrowLeft", "ArrowRight"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("tenant", ["default", "single", "hostile", "nobody"])
def test_nothing_scrolls_sideways(browser: Browser, address: str, width: int, tenant: str) -> None:
    browser.resize(width, 800)
    opened(browser, f"{address}/?tenant={tenant}")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def test_hostile_text_is_shown_and_does_nothing(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=hostile")
    browser.until(LIST_SHOWN)
    assert HOSTILE in browser.texts("#worst .excerpt")
    assert browser.run("return document.title") == "ticketpulse · live"
    assert browser.run("return document.querySelectorAll('main script, main img').length") == 0
    assert browser.console_errors() == []


def test_the_policy_stops_a_script_that_would_get_in(browser: Browser, address: str) -> None:
    """Were a text ever inserted as markup, it would be refused: the second wall."""
    opened(browser, address)
    insert = "try { document.querySelector('main').innerHTML = arguments[0]; return 'in' } catch (e) { return e.name }"
    assert browser.run(insert, HOSTILE) == "TypeError"


def test_without_events_it_says_how_to_send_one(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=nobody")
    assert "No events yet" in browser.text("#empty")
    assert re.search(r"curl -X POST http://.*/api/v1/events", browser.text("#empty-command"))
    assert browser.run("return getComputedStyle(document.querySelector('.tiles')).display") == "none"


def test_a_refused_parameter_is_explained(browser: Browser, address: str) -> None:
    opened(browser, f"{address}/?tenant=not%20a%20tenant")
    assert "tenant" in browser.text("#notice")


def test_the_last_figures_stay_when_the_server_goes_away(browser: Browser, tmp_path: Path) -> None:
    with serving_rows(tmp_path / "database") as address:
        opened(browser, address)
        before = browser.text("#tile-negative")
    browser.until("document.getElementById('state').dataset.state === 'away'")
    assert browser.text("#tile-negative") == before
    assert "cannot be reached. The figures below are those of" in browser.text("#notice")


def test_colours_follow_the_system_until_chosen(browser: Browser, address: str) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    opened(browser, address)
    dark = browser.run(ground)
    browser.run("document.getElementById('theme').click()")
    light = browser.run(ground)
    assert light != dark
    opened(browser, address)
    assert browser.run(ground) == light


def test_a_paused_page_asks_nothing(browser: Browser, address: str) -> None:
    opened(browser, address)
    browser.run("document.getElementById('pause').click()")
    assert browser.text("#state") == "Paused"
    browser.run("document.getElementById('pause').click()")
    browser.until("document.getElementById('state').dataset.state === 'live'")
