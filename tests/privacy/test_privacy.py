"""Personal data in texts: what is found of it, what is left alone, and that all of it can be put back."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.privacy import KINDS, Redactor, find, redact, restore
from tests.privacy.labelled import held_out, labelled, negatives

TEXTS = [each.text for each in labelled()]
# What makes patterns try again and again.
HOSTILE = [
    *("a", "a@", "a.", "1", "1 ", "1-", "1:", "1.", "abcdef0123456789", "http://a/", "Hi Aa\n", "Mr Ab ", " ", "\n"),
    *("DE89 3704 ", "-----BEGIN PRIVATE KEY-----", "Thanks,\n\n\n", "password is ", "bearer ", "eyJabcdefgh."),
    *("a@b.cd ", "+1 ", "(1", "call ", "Aa1", "my name is A", "http://" + "a" * 1990 + " ", "x@y."),
]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_found_where_they_stand_and_nowhere_else(kind: str) -> None:
    wanted = {(each.text, found) for each in labelled() for found in each.found if found.kind == kind}
    got = {(text, found) for text in TEXTS for found in find(text) if found.kind == kind}
    assert len(wanted) >= 10
    assert got == wanted


@pytest.mark.parametrize("text", negatives())
def test_other_numbers_and_words_stay(text: str) -> None:
    assert redact(text).text == text


def test_sentences_of_others_are_read_as_well_as_the_document_says() -> None:
    wanted = {(each.text, found) for each in held_out() for found in each.found}
    got = {(each.text, found) for each in held_out() for found in find(each.text)}
    assert len(got & wanted) >= 37
    assert len(got - wanted) <= 1


def test_one_value_has_one_placeholder_in_all_texts_of_a_conversation() -> None:
    redactor = Redactor()
    said = [
        "Write to a@b.example or c@d.example",
        "I wrote to A@B.example from +1 212 736 5000",
        "Call (212) 736-5000!",
    ]
    assert redactor.redact_all(said) == [
        "Write to [EMAIL_1] or [EMAIL_2]",
        "I wrote to [EMAIL_1] from [PHONE_1]",
        "Call [PHONE_2]!",
    ]
    assert redactor.originals["[EMAIL_1]"] == "a@b.example"


def test_what_a_customer_writes_like_a_placeholder_stands_for_nothing() -> None:
    redacted = redact("[EMAIL_1] said: write to a@b.example, not to [EMAIL_3]")
    assert redacted.text == "[EMAIL_1] said: write to [EMAIL_2], not to [EMAIL_3]"
    assert restore(redacted.text, redacted.originals) == "[EMAIL_1] said: write to a@b.example, not to [EMAIL_3]"


def test_only_the_wanted_kinds_are_put_back() -> None:
    redacted = redact("Dear Kim, card 4111 1111 1111 1111 of kim@a.example")
    assert restore(redacted.text, redacted.originals, ("NAME", "EMAIL")) == "Dear Kim, card [CARD_1] of kim@a.example"
    assert redacted.counts == {"EMAIL": 1, "CARD": 1, "NAME": 1}


@given(st.lists(st.sampled_from([*TEXTS, "[CARD_1]", "[NAME_99]", "{", "\u202e", "\n"]), max_size=6), st.text())
@settings(max_examples=60, deadline=None)
def test_a_text_comes_back_as_it_was(parts: list[str], between: str) -> None:
    text = between.join(parts)
    redacted = redact(text)
    again = restore(redacted.text, redacted.originals)
    # Values that are one are put back as the first was written.
    assert again.casefold().replace(" ", "").replace("-", "") == text.casefold().replace(" ", "").replace("-", "")


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_taken_and_its_places_are_in_order(text: str) -> None:
    found = find(text)
    ends = [0, *(each.end for each in found)]
    assert all(end <= each.start < each.end <= len(text) for end, each in zip(ends, found, strict=False))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_end(piece: str) -> None:
    # What grows with the square of the length would take minutes.
    redact((piece * (100_000 // len(piece) + 1))[:100_000])


@pytest.mark.timeout(60)
def test_a_mixture_of_hostile_texts_ends() -> None:
    rng = random.Random(5)
    redact("".join(rng.choices(HOSTILE, k=20_000))[:200_000])
