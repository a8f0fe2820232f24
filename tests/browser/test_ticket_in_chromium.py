"""A ticket's conversation in a real browser: all that is stored of it, and nothing that is in it runs."""

from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.browser.chromium import Browser
from tests.browser.ticket_rows import HOSTILE_TICKET, LONG, LONG_EVENTS, ODD, TICKET

SHOWN = "document.getElementById('ticket').dataset.view === 'figures'"

pytestmark = pytest.mark.xdist_group("chromium")


def opened(browser: Browser, address: str, ticket: str, tenant: str = "tickets") -> None:
    browser.open(f"{address}/?tenant={tenant}#ticket?{urlencode({'id': ticket})}")
    browser.until(SHOWN)


def stored(address: str, ticket: str) -> dict[str, Any]:
    url = f"{address}/api/v1/conversations/{quote(ticket, safe='')}"
    return dict(httpx.get(url, params={"tenant": "tickets"}, timeout=60, trust_env=False).raise_for_status().json())


def test_a_ticket_shows_what_was_said_and_why_it_scored_so(browser: Browser, address: str) -> None:
    opened(browser, address, TICKET)
    told = stored(address, TICKET)
    assert browser.text("#ticket-id") == TICKET
    assert browser.texts("#ticket-facts .fact") == ["Resolved", "Email", "Billing", "customer c-2041", "TKT-2026-0041"]
    scores = ["–" if each["score"] is None else f"{each['score']:.2f}" for each in told["messages"]]
    assert browser.texts("#messages .score") == scores
    speakers = [each["voice"].capitalize() for each in told["messages"]]
    assert browser.texts("#messages .title b") == speakers
    assert browser.texts("#messages .said") == [each["text"] for each in told["messages"] if each["text"]]
    moments = browser.run("return [...document.querySelectorAll('#messages time')].map((each) => each.dateTime)")
    assert moments == [each["at"] for each in told["messages"]]
    assert browser.texts("#messages li:first-child > .about > .reasons li") == [
        "−2.10 disgrace lexicon",
        "−1.30 nobody answers lexicon",
        "−0.50 Others",
        "−0.85 want my money back lexicon",
    ]
    first = browser.texts("#messages > li:first-child .fact")
    assert {"Very negative", "Angry", "status open", "Repeat contact", "Refund"} <= set(first)
    assert browser.texts("#ticket-figures dd")[:4] == ["3.55", "0.62", "3", "2"]
    assert browser.console_errors() == []


def test_an_escalation_shows_its_policy_its_rule_and_what_became_of_it(browser: Browser, address: str) -> None:
    opened(browser, address, TICKET)
    shown = browser.text("#ticket-escalations")
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
    times = dict(zip(browser.texts(".times dt"), browser.texts(".times dd"), strict=True))
    assert times == {
        "Raised": "4 Mar 05:20",
        "Answer due": "4 Mar 06:20",
        "Acknowledged": "4 Mar 05:24 (after 4 min)",
        "First answer": "4 Mar 05:43 (after 23 min)",
        "Resolved": "4 Mar 07:15 (after 1 h 55 min)",
    }
    assert "It has not escalated." not in shown
    assert sorted(browser.texts("#ticket-notifications .severity")) == ["Not sent", "Sent"]
    told = browser.texts("#ticket-notifications .fact")
    assert {"to leads", "l…@acme.example", "2 attempts", "1,240 ms", "to pager"} <= set(told)
    assert browser.texts("#ticket-notifications .reason") == ["over before it was told"]


def test_hostile_text_in_every_field_is_shown_and_does_nothing(browser: Browser, address: str) -> None:
    opened(browser, address, HOSTILE_TICKET)
    shown = browser.run("return document.getElementById('ticket').textContent").casefold()
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
    ):
        assert f" {field}" in shown, field
    assert shown.count("owned") > 30
    assert browser.run("return document.title").endswith("ticketpulse · ticket")
    made = "#ticket script, #ticket img, #ticket svg, #ticket [onload], #ticket [onerror], #ticket [onmouseover]"
    assert browser.run("return document.querySelectorAll(arguments[0]).length", made) == 0
    addresses = browser.run("return [...document.querySelectorAll('#ticket a')].map((each) => each.protocol)")
    assert addresses == ["http:"]
    assert browser.console_errors() == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("ticket", [TICKET, HOSTILE_TICKET, LONG, ODD, "unheard of"])
def test_nothing_scrolls_sideways(browser: Browser, address: str, width: int, ticket: str) -> None:
    browser.resize(width, 800)
    opened(browser, address, ticket)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def test_an_id_may_have_anything_in_it(browser: Browser, address: str) -> None:
    opened(browser, address, ODD)
    assert browser.text("#ticket-id") == ODD
    assert browser.texts("#messages .said") == ["Where is it?"]
    assert "escalated" in browser.text("#ticket-facts")
    assert "No number yet" in browser.text("#ticket-escalations")
    link = browser.run("return document.getElementById('ticket-json').href")
    assert httpx.get(link, timeout=60, trust_env=False).json() == stored(address, ODD)


def test_of_a_long_ticket_the_newest_are_shown(browser: Browser, address: str) -> None:
    opened(browser, address, LONG)
    assert len(browser.texts("#messages > li")) == 100
    assert browser.text("#messages-count") == f"the newest 100 of {LONG_EVENTS} events"
    assert browser.text("#ticket-escalations") == "It has not escalated."


def test_a_ticket_of_which_nothing_is_stored_is_told_so(browser: Browser, address: str) -> None:
    opened(browser, address, "unheard of")
    assert browser.text("#ticket-facts") == "Nothing is stored of this ticket of tenant tickets."
    assert browser.run("return getComputedStyle(document.getElementById('ticket-parts')).display") == "none"
    assert browser.run("return document.getElementById('notice').hidden")
    # What is missing now may come, and another one is there.
    browser.run("location.hash = arguments[0]", f"ticket?{urlencode({'id': TICKET})}")
    browser.until(f"{SHOWN} && document.getElementById('ticket-id').textContent === '{TICKET}'")
    assert len(browser.texts("#messages > li")) == 7


def test_a_ticket_is_read_from_its_beginning_and_the_list_from_where_one_was(browser: Browser, address: str) -> None:
    browser.resize(1280, 400)
    browser.open(f"{address}/?tenant=tickets&minutes=180")
    browser.until("document.querySelectorAll('#worst a.ticket').length > 1")
    follow = """
        const link = [...document.querySelectorAll("#worst a.ticket")].find((each) => each.text === arguments[0]);
        link.scrollIntoView({ block: "end" });
        const before = scrollY;
        link.click();
        return before;"""
    before = browser.run(follow, LONG)
    assert before > 0
    browser.until(f"{SHOWN} && document.querySelectorAll('#messages > li').length === 100")
    assert browser.run("return [scrollY, document.activeElement.id]") == [0, "ticket"]
    browser.run("history.back()")
    browser.until(f"scrollY === {before}")


def test_a_list_leads_to_a_ticket_and_back(browser: Browser, address: str) -> None:
    browser.open(f"{address}/?tenant=default")
    browser.until("document.querySelectorAll('#escalations a.ticket').length > 0")
    # Somebody who stopped the page to read still gets the ticket.
    browser.run("document.getElementById('pause').click()")
    ticket = browser.run("const link = document.querySelector('#escalations a.ticket'); link.click(); return link.text")
    browser.until(SHOWN)
    assert browser.text("#ticket-id") == ticket
    assert browser.text("#state") == "Paused"
    assert browser.run("return document.getElementById('figures').hidden")
    assert len(browser.texts("#ticket-escalations > li")) > 0
    browser.run("history.back()")
    browser.until("!document.getElementById('figures').hidden")
    assert browser.run("return document.getElementById('ticket').hidden")
    assert browser.console_errors() == []
