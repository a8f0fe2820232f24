"""Preset A: three emotions by keyword, a fixed amount for each one found."""

import pytest

from tests.unit.reading import listed, read

# Preset A's lists once more, so that a change of the product's is seen.
FRUSTRATION = listed(
    "third time, still not fixed, not working, unbearable, frustrated, angry, disappointed, terrible, worst, "
    "broken, useless, never works, always fails, fed up, ridiculous, unacceptable, urgent, critical, emergency"
)
URGENCY = listed("urgent, asap, immediately, critical, emergency, right now, as soon as possible, time sensitive")
SATISFACTION = listed("thank, thanks, appreciate, excellent, great, perfect, wonderful, helpful, resolved, fixed")


def emotions(text: str) -> dict[str, float]:
    return read("helpdesk", text).emotions


@pytest.mark.parametrize("keyword", sorted({*FRUSTRATION, *URGENCY, *SATISFACTION}))
def test_each_keyword_adds_a_fixed_amount(keyword: str) -> None:
    expected = {
        "frustration": 0.2 * sum(each in keyword for each in FRUSTRATION),
        "urgency": 0.3 * sum(each in keyword for each in URGENCY),
        "satisfaction": 0.25 * sum(each in keyword for each in SATISFACTION),
    }
    found = emotions(f"So: {keyword.upper()}!")
    assert found == {name: pytest.approx(amount) for name, amount in expected.items() if amount}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This is the third time and it is still not fixed", {"frustration": 0.4, "satisfaction": 0.25}),
        ("angry, angry and angry", {"frustration": 0.2}),
        ("It is urgent, I need it asap", {"frustration": 0.2, "urgency": 0.6}),
        ("Thanks, great and helpful", {"satisfaction": 1.0}),
        ("Where do I find the invoice?", {}),
        # A keyword counts within words too: that is the preset's rule.
        ("No thanks to you", {"satisfaction": 0.5}),
        ("We have fixedly ungreatful angrybirds", {"frustration": 0.2, "satisfaction": 0.5}),
    ],
)
def test_a_keyword_counts_once_wherever_it_stands(text: str, expected: dict[str, float]) -> None:
    assert emotions(text) == expected


def test_a_strength_ends_at_one() -> None:
    assert emotions(" ".join(FRUSTRATION))["frustration"] == 1.0
    assert emotions("urgent asap immediately critical") == {"frustration": 0.4, "urgency": 1.0}
    assert emotions("excellent great perfect wonderful")["satisfaction"] == 1.0
    assert emotions("excellent great perfect wonderful helpful")["satisfaction"] == 1.0


def test_the_strongest_is_the_emotion() -> None:
    assert read("helpdesk", "urgent, asap, thank you").emotion == "urgency"
    assert read("helpdesk", "Where is it?").emotion is None


def test_it_reads_no_category_and_takes_the_urgency_of_the_ticket() -> None:
    found = read("helpdesk", "I was charged twice, give me a refund. This is urgent")
    assert (found.category, found.subcategory, found.urgency) == ("general", None, "medium")
    assert read("helpdesk", "hello", "urgent").urgency == "critical"


@pytest.mark.parametrize("text", ["", "   ", "?!...", "🙂", "\x00"])
def test_a_text_that_says_nothing_has_no_emotion(text: str) -> None:
    assert emotions(text) == {}


def test_ten_thousand_characters_and_special_ones_are_read() -> None:
    assert emotions("word " * 1_999 + "angry") == {"frustration": 0.2}
    assert emotions("ÄÖÜ <b>angry</b> & \u202e 你好 🙂 \\n %s ' \"") == {"frustration": 0.2}
