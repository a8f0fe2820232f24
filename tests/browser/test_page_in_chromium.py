"""The page in a real browser: the figures on it are those of the database, and nothing that a ticket says runs."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.looking import run, text, texts, until
from tests.browser.page_process import serving_rows
from tests.browser.page_rows import HOSTILE

SHOWN = "!['loading', 'paused'].includes(document.getElementById('state').dataset.state)"
LIST_SHOWN = "document.getElementById('worst').childElementCount > 0"

pytestmark = pytest.mark.xdist_group("chromium")


def opened(page: Page, url: str) -> None:
    page.goto(url)
    until(page, SHOWN)


def answer_of(address: str, tenant: str = "default") -> dict[str, Any]:
    parameters: dict[str, str | int] = {"tenant": tenant, "minutes": 30}
    return dict(httpx.get(f"{address}/api/v1/live", params=parameters, timeout=60, trust_env=False).json())


def test_the_page_shows_the_figures_of_the_database(page: Page, address: str) -> None:
    opened(page, address)
    live = answer_of(address)
    totals, yesterday, full_minute = live["totals"], live["yesterday"], live["series"][-2]
    assert text(page, "#tile-volume") == str(totals["events"])
    assert text(page, "#tile-volume-last") == f"{full_minute['events']} in the last full minute"
    whole = sum(minute["events"] for minute in live["series"][:-1])
    growth = whole / yesterday["events"] - 1
    assert text(page, "#tile-volume-beside") == f"▲\u00a0{growth * 100:.0f}\u00a0% · {yesterday['events']} yesterday"
    less = (yesterday["negative_share"] - totals["negative_share"]) * 100
    told = f"▼\u00a0{less:.1f}\u00a0points · {yesterday['negative_share'] * 100:.1f} % yesterday"
    assert text(page, "#tile-negative-beside") == told
    assert text(page, "#tile-alert-beside").startswith("channel email: share of negative messages 58%")
    assert text(page, "#tile-negative") == f"{totals['negative_share'] * 100:.1f} %"
    assert text(page, "#tile-escalation") == f"{totals['escalation_rate'] * 100:.1f} %"
    assert text(page, "#tile-score") == f"{totals['score_avg']:.2f}"
    moods = ["very_negative", "negative", "neutral", "positive", "very_positive"]
    assert texts(page, "#labels tbody td:nth-child(2)") == [str(totals[mood]) for mood in moods]
    assert texts(page, "#channels tbody td:nth-child(2)") == [str(row["events"]) for row in live["channels"]]
    assert texts(page, "#worst .ticket") == [row["ticket_id"] for row in live["worst"]]
    assert texts(page, "#escalations .reason") == [row["reason"] for row in live["escalations"]]
    assert texts(page, "#escalations .title .muted") == [row["number"] for row in live["escalations"]]
    agents = [row["agent"] for row in live["escalations"]]
    assert set(agents) == {"", "ann"}
    second = texts(page, "#escalations .facts-line .fact:nth-child(2)")
    assert [told == "agent ann" for told in second] == [agent == "ann" for agent in agents]
    assert text(page, "#dead-letters tbody td") == "2"
    assert text(page, "#state") == "Live"


def test_every_chart_is_drawn_and_can_be_read_without_eyes(page: Page, address: str) -> None:
    opened(page, address)
    painted = """
        return [...document.querySelectorAll("#figures .chart canvas")].map((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.some((value, index) => index % 4 === 3 && value === 255);
        });"""
    assert run(page, painted) == [True, True, True]
    press = """
        const chart = document.getElementById("chart-volume");
        chart.focus();
        chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
        return chart.getAttribute("aria-label");"""
    newest = (answer_of(address))["series"][-1]
    assert f"{newest['scored']} messages" in run(page, press)
    assert "still open" in run(page, press.replace("ArrowLeft", "ArrowRight"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("tenant", ["default", "single", "hostile", "nobody"])
def test_nothing_scrolls_sideways(page: Page, address: str, width: int, tenant: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, f"{address}/?tenant={tenant}")
    assert run(page, "return document.documentElement.scrollWidth <= innerWidth")


def test_hostile_text_is_shown_and_does_nothing(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=hostile")
    until(page, LIST_SHOWN)
    assert HOSTILE in texts(page, "#worst .excerpt")
    assert run(page, "return document.title") == "ticketpulse · live"
    assert run(page, "return document.querySelectorAll('main script, main img').length") == 0


def test_the_policy_stops_a_script_that_would_get_in(page: Page, address: str, errors: list[str]) -> None:
    """Were a text ever inserted as markup, it would be refused: the second wall."""
    opened(page, address)
    insert = "try { document.querySelector('main').innerHTML = arguments[0]; return 'in' } catch (e) { return e.name }"
    assert run(page, insert, HOSTILE) == "TypeError"
    assert ["TrustedHTML" in each for each in errors] == [True]


def test_without_events_it_says_how_to_send_one(page: Page, address: str) -> None:
    opened(page, f"{address}/?tenant=nobody")
    assert "No events yet" in text(page, "#empty")
    assert re.search(r"curl -X POST http://.*/api/v1/events", text(page, "#empty-command"))
    assert run(page, "return getComputedStyle(document.querySelector('.tiles')).display") == "none"


def test_a_refused_parameter_is_explained(page: Page, address: str, errors: list[str]) -> None:
    opened(page, f"{address}/?tenant=not%20a%20tenant")
    until(page, "document.getElementById('notice').innerText.includes('tenant')")
    assert any("422" in each for each in errors)


def test_the_last_figures_stay_when_the_server_goes_away(page: Page, tmp_path: Path, errors: list[str]) -> None:
    with serving_rows(tmp_path / "database") as served:
        opened(page, served.address)
        before = text(page, "#tile-negative")
    until(page, "document.getElementById('state').dataset.state === 'away'")
    assert text(page, "#tile-negative") == before
    assert "cannot be reached. The figures below are those of" in text(page, "#notice")
    assert all("ERR_" in each for each in errors), errors


def test_colours_follow_the_system_until_chosen(page: Page, address: str) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    opened(page, address)
    dark = run(page, ground)
    run(page, "document.getElementById('theme').click()")
    light = run(page, ground)
    assert light != dark
    opened(page, address)
    assert run(page, ground) == light


def test_a_paused_page_asks_nothing(page: Page, address: str) -> None:
    opened(page, address)
    run(page, "document.getElementById('pause').click()")
    assert text(page, "#state") == "Paused"
    run(page, "document.getElementById('pause').click()")
    until(page, "document.getElementById('state').dataset.state === 'live'")
