"""A ticket's conversation in a real browser: all that is stored of it, and nothing that is in it runs."""

from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.looking import run, text, texts, until
from tests.browser.ticket_rows import HOSTILE_TICKET, LONG, LONG_EVENTS, ODD, TICKET

SHOWN = "document.getElementById('ticket').dataset.view === 'figures'"

pytestmark = pytest.mark.xdist_group("chromium")


def opened(page: Page, address: str, ticket: str, tenant: str = "tickets") -> None:
    page.goto(f"{address}/?tenant={tenant}#ticket?{urlencode({'id': ticket})}")
    until(page, SHOWN)


def stored(address: str, ticket: str) -> dict[str, Any]:
    url = f"{address}/api/v1/conversations/{quote(ticket, safe='')}"
    return dict(httpx.get(url, params={"tenant": "tickets"}, timeout=60, trust_env=False).raise_for_status().json())


def test_a_ticket_shows_what_was_said_and_why_it_scored_so(page: Page, address: str) -> None:
    opened(page, address, TICKET)
    told = stored(address, TICKET)
    assert text(page, "#ticket-id") == TICKET
    assert texts(page, "#ticket-facts .fact") == ["Resolved", "Email", "Billing", "customer c-2041", "TKT-2026-0041"]
    scores = ["–" if each["score"] is None else f"{each['score']:.2f}" for each in told["messages"]]
    assert texts(page, "#messages .score") == scores
    speakers = [each["voice"].capitalize() for each in told["messages"]]
    assert texts(page, "#messages .title b") == speakers
    assert texts(page, "#messages .about > .said") == [each["text"] for each in told["messages"] if each["text"]]
    moments = run(page, "return [...document.querySelectorAll('#messages time')].map((each) => each.dateTime)")
    assert moments == [each["at"] for each in told["messages"]]
    assert texts(page, "#messages li:first-child > .about > .reasons li") == [
        "−2.10 disgrace lexicon",
        "−1.30 nobody answers lexicon",
        "−0.50 Others",
        "−0.85 want my money back lexicon",
    ]
    first = texts(page, "#messages > li:first-child .fact")
    assert {"Very negative", "Angry", "status open", "Repeat contact", "Refund"} <= set(first)
    assert texts(page, "#ticket-figures dd")[:4] == ["3.55", "0.62", "3", "2"]


def test_an_escalation_shows_its_policy_its_rule_and_what_became_of_it(page: Page, address: str) -> None:
    opened(page, address, TICKET)
    shown = text(page, "#ticket-escalations")
    for expected in (
        "TKT-2026-0041",
        "High",
        "score 0.62 is below 2.00 and the ticket is open",
        "Resolved",
        "rule very_negative of policy support, version 3",
        "raised by very_negative, threat",
        "queue payments",
        "6 revisions",
        "Values: score 0.62, messages 1",
        "Terms: disgrace, money back",
        "Customer: Third time I write about the same double charge.",
        "A colleague will look at this within the hour.",
        "Was charged twice in February as well.",
        "Both charges refunded.",
    ):
        assert expected in shown
    times = dict(zip(texts(page, ".times dt"), texts(page, ".times dd"), strict=True))
    assert times == {
        "Raised": "4 Mar 05:20",
        "Answer due": "4 Mar 06:20",
        "Acknowledged": "4 Mar 05:24 (after 4 min)",
        "First answer": "4 Mar 05:43 (after 23 min)",
        "Resolved": "4 Mar 07:15 (after 1 h 55 min)",
    }
    assert "It has not escalated." not in shown
    assert sorted(texts(page, "#ticket-notifications .severity")) == ["Not sent", "Sent"]
    told = texts(page, "#ticket-notifications .fact")
    assert {"to leads", "l…@acme.example", "2 attempts", "1,240 ms", "to pager"} <= set(told)
    assert texts(page, "#ticket-notifications .reason") == ["over before it was told"]


def test_who_has_a_ticket_is_told_with_who_had_it_before(page: Page, address: str) -> None:
    opened(page, address, TICKET)
    until(page, "!document.getElementById('ticket-assignment-box').hidden")
    assert text(page, "#ticket-assignment-now") == "over; bea had it"
    steps = ["waits for an agent", "ann", "bea", "over; bea had it"]
    assert sorted(texts(page, "#ticket-assignment li b")) == sorted(steps)
    shown = text(page, "#ticket-assignment")
    assert "nobody who can take it has room or is there; queue payments" in shown
    assert "the agent before did not answer in time; queue payments; before: ann" in shown
    opened(page, address, LONG)
    assert run(page, "return document.getElementById('ticket-assignment-box').hidden")


def test_hostile_text_in_every_field_is_shown_and_does_nothing(page: Page, address: str) -> None:
    opened(page, address, HOSTILE_TICKET)
    shown = run(page, "return document.getElementById('ticket').textContent").casefold()
    assert HOSTILE_TICKET.casefold() in shown
    # Each payload ends in the name of its field. Names are shown as words: what is between their underscores, too.
    for field in (
        *(
            "subject",
            "text",
            "channel",
            "other channel",
            "category",
            "other category",
            "status",
            "customer",
            "emotion",
            "signal",
            "rule",
            "term",
        ),
        *("unscored", "evidence name", "evidence", "fact name", "fact", "keyword", "summary", "reply", "note"),
        *("number", "queue", "priority", "state", "reason", "policy", "resolution_notes", "escalation rule"),
        *("raised", "raised too"),
        *("target", "provider", "recipient", "reference", "why not"),
        *("agent", "previous"),
    ):
        assert f" {field}" in shown, field
    assert shown.count("owned") > 30
    assert run(page, "return document.title") == "ticketpulse · live"
    made = "#ticket script, #ticket img, #ticket svg, #ticket [onload], #ticket [onerror], #ticket [onmouseover]"
    assert run(page, "return document.querySelectorAll(arguments[0]).length", made) == 0
    addresses = run(page, "return [...document.querySelectorAll('#ticket a')].map((each) => each.protocol)")
    assert addresses == ["http:"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("ticket", [TICKET, HOSTILE_TICKET, LONG, ODD, "unheard of"])
def test_nothing_scrolls_sideways(page: Page, address: str, width: int, ticket: str, errors: list[str]) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, address, ticket)
    assert run(page, "return document.documentElement.scrollWidth <= innerWidth")
    assert len(errors) == (ticket == "unheard of")


def test_an_id_may_have_anything_in_it(page: Page, address: str) -> None:
    opened(page, address, ODD)
    assert text(page, "#ticket-id") == ODD
    assert texts(page, "#messages .said") == ["Where is it?"]
    assert "escalated" in text(page, "#ticket-facts")
    assert "No number yet" in text(page, "#ticket-escalations")
    link = run(page, "return document.getElementById('ticket-json').href")
    assert httpx.get(link, timeout=60, trust_env=False).json() == stored(address, ODD)


def test_of_a_long_ticket_the_newest_are_shown(page: Page, address: str) -> None:
    opened(page, address, LONG)
    assert len(texts(page, "#messages > li")) == 100
    assert text(page, "#messages-count") == f"the newest 100 of {LONG_EVENTS} events"
    assert text(page, "#ticket-escalations") == "It has not escalated."


def test_a_ticket_of_which_nothing_is_stored_is_told_so(page: Page, address: str, errors: list[str]) -> None:
    opened(page, address, "unheard of")
    assert text(page, "#ticket-facts") == "Nothing is stored of this ticket of tenant tickets."
    assert run(page, "return getComputedStyle(document.getElementById('ticket-parts')).display") == "none"
    assert run(page, "return document.getElementById('drawer-notice').hidden")
    assert all("404" in each for each in errors)
    # What is missing now may come, and another one is there.
    run(page, "location.hash = arguments[0]", f"ticket?{urlencode({'id': TICKET})}")
    until(page, f"{SHOWN} && document.getElementById('ticket-id').textContent === '{TICKET}'")
    assert len(texts(page, "#messages > li")) == 7


def test_a_ticket_lies_over_the_list_which_stays_where_it_was(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 400})
    page.goto(f"{address}/?tenant=tickets&minutes=180")
    for part in ("worst", "alerts-list", "notifications"):
        until(page, f"document.getElementById('{part}').childElementCount > 0")
    follow = """
        const link = [...document.querySelectorAll("#worst a.ticket")].find((each) => each.text === arguments[0]);
        link.scrollIntoView({ block: "end" });
        const before = scrollY;
        link.click();
        return before;"""
    before = run(page, follow, LONG)
    assert before > 0
    until(page, f"{SHOWN} && document.querySelectorAll('#messages > li').length === 100")
    assert run(page, "return [scrollY, document.getElementById('drawer').scrollTop]") == [before, 0]
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('drawer').open && location.hash === ''")
    assert run(page, "return scrollY") == before


def test_a_list_leads_to_a_ticket_and_back(page: Page, address: str) -> None:
    page.goto(f"{address}/?tenant=default")
    until(page, "document.querySelectorAll('#escalations a.ticket').length > 0")
    # Somebody who stopped the page to read still gets the ticket.
    run(page, "document.getElementById('pause').click()")
    ticket = run(page, "const link = document.querySelector('#escalations a.ticket'); link.click(); return link.text")
    until(page, SHOWN)
    assert text(page, "#ticket-id") == ticket
    assert run(page, "return document.getElementById('state-word').textContent") == "Paused"
    assert run(page, "return document.getElementById('drawer').open")
    assert len(texts(page, "#ticket-escalations > li")) > 0
    run(page, "history.back()")
    until(page, "!document.getElementById('drawer').open && location.hash === ''")


def test_a_summary_is_written_when_somebody_asks_and_not_before(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, address, TICKET)
    assert text(page, "#summary") == ""
    assert not any("/summary" in url and "/tickets/" in url for url in asked)
    page.click("#summarise")
    until(page, "document.querySelectorAll('#summary dd').length > 0")
    assert text(page, "#summary-by") == "Sentences of the messages, picked by the program"
    said = " ".join(each["text"] for each in stored(address, TICKET)["messages"])
    titles = texts(page, "#summary dt")
    assert titles[0] == "What is wrong"
    assert all(each in " ".join(said.split()) for each in texts(page, "#summary dd"))
    # Another ticket has none until it is asked for.
    opened(page, address, ODD)
    assert text(page, "#summary") == ""


def test_a_summary_is_text_whatever_it_says(page: Page, address: str) -> None:
    hostile = "<img src=x onerror=window.hit=1> [a](javascript:alert(1))"
    page.route(
        "**/api/v1/tickets/*/summary?*",
        lambda route: route.fulfill(
            json={
                "written_by": "<b>model</b>",
                "fallback": None,
                "detail": "",
                "left_out": 3,
                "messages": 2,
                **dict.fromkeys(("problem", "tried", "wants", "next_step"), hostile),
            }
        ),
    )
    opened(page, address, TICKET)
    page.click("#summarise")
    until(page, "document.querySelectorAll('#summary dd').length === 4")
    assert texts(page, "#summary dd") == [hostile] * 4
    assert text(page, "#summary-by") == "Written by <b>model</b>; 3 older events left out"
    assert run(page, "return document.querySelectorAll('#summary a, #summary img, #summary-by b').length") == 0
    assert run(page, "return window.hit ?? null") is None


def test_a_server_that_gives_no_summary_is_told_of(page: Page, address: str, errors: list[str]) -> None:
    page.route(
        "**/api/v1/tickets/*/summary?*", lambda route: route.fulfill(status=503, json={"detail": "ClickHouse is away"})
    )
    opened(page, address, TICKET)
    page.click("#summarise")
    until(page, "document.getElementById('summary-by').textContent === 'ClickHouse is away.'")
    assert run(page, "return document.getElementById('summarise').disabled") is False
    assert all("503" in each for each in errors)
