"""The `support` score: what moves it, why, how sure it is, and what is not scored."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring import scorer_of
from streams.scoring.clean import MAX_CHARS
from streams.scoring.scorer import Explained
from streams.scoring.support_scorer import MAX_REASONS
from tests.unit.awkward_texts import ANY_TEXTS, SAMPLE

SCORER = scorer_of("support")
# Phrases of the lexicon with its negations and marks, so that most drawn texts are full of hits.
PHRASES = st.lists(
    st.sampled_from(
        [
            *("still not working", "thanks for nothing", "great", "not", "charged twice", "no delays", "never", "rude"),
            *(".", ",", "?", "!", "\n", "but", "love how you", "please", "support", ":)", "terrible", "how do I"),
        ]
    ),
    max_size=80,
).map(" ".join)


def score(text: str) -> float:
    sentiment = SCORER.explain(text).sentiment
    assert sentiment is not None
    return sentiment.score


@pytest.mark.parametrize(
    "text",
    [
        *("It is still not working", "This is the third time", "No response at all", "I was charged twice"),
        *("Refund me now", "I'm locked out of my account", "The app crashes", "Thanks for nothing"),
        *("It works, no thanks to you", "Great, another outage", "My flight was cancelled and nobody tells us why"),
        *("Two hours on hold", "You lost my bag", "The driver never showed up", "Your agent hung up on me"),
        "I'd like to kindly point out that this is the fifth invoice with the wrong VAT number.",
    ],
)
def test_complaints_are_negative_though_the_words_are_mild(text: str) -> None:
    assert score(text) < 4.6


@pytest.mark.parametrize(
    "text",
    [
        *("please help support", "support", "Please, kindly help me", "I would like an invoice", "@united please"),
        *("Hello, where can I find my customer number?", "Could you tell me how to change my address?"),
        *("Is my card supported?", "Dear support team, best regards", "My credit card is blue"),
        *("Does United fly to Boston?", "Thanks in advance for the form"),
    ],
)
def test_requests_and_words_that_mean_nothing_are_neutral(text: str) -> None:
    sentiment = SCORER.score(text)
    assert sentiment.label == "neutral"


@pytest.mark.parametrize(
    "text", ["Thanks, it works now", "Shout out to your team", "You guys rock", "No complaints, all went well"]
)
def test_praise_is_positive(text: str) -> None:
    assert score(text) > 6


@pytest.mark.parametrize("cheer", ["Great", "Wonderful", "Fantastic", "Awesome"])
def test_sarcasm_turns_the_praise(cheer: str) -> None:
    explained = SCORER.explain(f"{cheer}, another outage")
    assert explained.sentiment is not None
    assert explained.sentiment.label == "very_negative"
    assert "sarcasm" in {reason.rule for reason in explained.reasons}
    assert score(f"{cheer} work") > 6


def test_negation_works_in_front_of_phrases() -> None:
    assert score("The bus was delayed") < 4.6 < score("The bus was not delayed")
    assert score("My problem is resolved") > 5 > score("My problem is not resolved")


def test_a_question_takes_back_half_of_what_is_bad() -> None:
    said, asked = score("My payment failed"), score("What is it if my payment failed?")
    assert asked - said == pytest.approx((5 - said) / 2, abs=0.1)


def test_a_quoted_reply_does_not_move_the_score() -> None:
    said = "The app crashes."
    quoted = (
        f"{said}\n\nOn Mon, 3 Mar 2025 at 10:12, Acme <a@acme.example> wrote:\n> Great, thanks for your kind words!"
    )
    explained = SCORER.explain(quoted)
    assert explained.sentiment == SCORER.score(said)
    assert explained.removed == {"quoted_lines": 3}
    assert explained.text == said


def test_reasons_tell_the_term_and_its_place() -> None:
    text = "@acme Hello, still  not working!"
    explained = SCORER.explain(text)
    [reason] = explained.reasons
    assert (reason.rule, reason.term) == ("lexicon", "still  not working")
    assert explained.text[reason.start : reason.end] == reason.term


def test_places_of_a_long_text_are_those_in_the_whole() -> None:
    text = f"{'It was on a Monday when I ordered the form. ' * 10}\nStill not working. Still not working."
    explained = SCORER.explain(text)
    places = [(reason.start, reason.end) for reason in explained.reasons if reason.rule == "lexicon"]
    assert [text[start:end] for start, end in places] == ["Still not working"] * 2
    assert len(set(places)) == 2


def test_reasons_name_the_words_that_the_libraries_rate() -> None:
    rules = {reason.rule: reason.term for reason in SCORER.explain("The courier was terrible").reasons}
    assert rules["vader"] == "terrible"
    assert rules["textblob"] == "terrible"


def test_the_weightiest_reason_comes_first_and_many_are_added_up() -> None:
    explained = SCORER.explain("It is still not working, and the agent was rude. I got no reply! " * 20)
    sizes = [abs(reason.points) for reason in explained.reasons if reason.rule != "others"]
    assert sizes == sorted(sizes, reverse=True)
    assert len(explained.reasons) == MAX_REASONS
    assert explained.reasons[-1].rule == "others"


def check(explained: Explained) -> None:
    if explained.sentiment is None:
        assert explained.unscored
        assert not explained.reasons
        return
    sentiment = explained.sentiment
    assert explained.unscored is None
    # The score has two decimals.
    # The score has two decimals, and each reason's points have three.
    rounding = 0.00501 + 0.0005 * len(explained.reasons)
    assert 5 + sum(reason.points for reason in explained.reasons) == pytest.approx(sentiment.score, abs=rounding)
    assert all(reason.points == round(reason.points, 3) for reason in explained.reasons)
    assert 0 <= sentiment.score <= 10
    assert -1 <= sentiment.compound <= 1
    assert -1 <= sentiment.polarity <= 1
    assert 0 <= sentiment.subjectivity <= 1
    assert 0 <= explained.confidence <= 1
    assert len(explained.reasons) <= MAX_REASONS


@given(ANY_TEXTS | st.text() | PHRASES)
def test_any_text_has_reasons_that_add_up_or_one_for_being_unscored(text: str) -> None:
    check(SCORER.explain(text))


def test_the_reasons_of_real_texts_add_up() -> None:
    for text in SAMPLE[::3]:
        check(SCORER.explain(text))


@pytest.mark.parametrize(
    ("text", "unscored"),
    [
        ("", "no text"),
        (" \n\t ", "no text"),
        ("https://acme.example/a", "no text"),
        ("> You\n> said so", "no text"),
        ("Automatic reply: away", "automatic reply"),
        ("Mail delivery failed: returning message", "bounce"),
        ("This is an automated message, do not answer.", "machine-made"),
        ("Ich habe vor zwei Wochen bestellt und das Paket ist noch nicht da.", "unsupported language: de"),
        ("注文した商品がまだ届きません。", "unsupported language: ja"),
    ],
)
def test_what_is_not_scored_says_why_and_counts_as_neutral(text: str, unscored: str) -> None:
    explained = SCORER.explain(text)
    assert (explained.sentiment, explained.unscored, explained.confidence) == (None, unscored, 0.0)
    assert SCORER.score(text).label == "neutral"


def test_an_answer_to_a_notice_is_a_customers() -> None:
    notice = "This is an automated message, please do not reply to this email."
    text = f"The parcel never came.\n\nFrom: Acme\nSent: Monday\nTo: Ann\nSubject: Your order\n\n{notice}"
    assert SCORER.explain(text).sentiment == SCORER.score("The parcel never came.")
    assert SCORER.explain(notice).unscored == "machine-made"


@pytest.mark.parametrize(
    "text", ["Give me a refund", "I'd prefer a Mastercard.", "Send me a physical card", "ok danke"]
)
def test_english_with_few_words_is_scored(text: str) -> None:
    assert SCORER.explain(text).sentiment is not None


def test_the_confidence_grows_with_what_agrees() -> None:
    silent = SCORER.explain("The form is blue").confidence
    agreeing = SCORER.explain("Terrible service, still no reply, I was charged twice").confidence
    divided = SCORER.explain("Great staff but the app crashes and I love the terrible food").confidence
    assert silent == 0.5
    assert divided < 0.6
    assert agreeing > 0.9


def test_a_long_text_is_scored_on_head_and_tail_and_says_so() -> None:
    filler = "The form is on the desk. " * 4_000
    text = f"Your agent was rude. {filler} You lost my bag."
    explained = SCORER.explain(text)
    assert explained.removed["characters"] == len(text) - MAX_CHARS
    assert {"rude", "lost my bag"} <= {reason.term for reason in explained.reasons}
    assert len(explained.text) <= MAX_CHARS + 1
    middle = SCORER.explain(f"{filler}Your agent was rude.{filler}")
    assert "rude" not in {reason.term for reason in middle.reasons}


def test_long_texts_are_pooled_by_sentence() -> None:
    # A whole text of many mild words would be as bad as the scale goes.
    text = "I have a problem with the form. " * 100
    assert score(text) == pytest.approx(score("I have a problem with the form."), abs=0.1)


def test_one_call_scores_a_batch_in_order() -> None:
    texts = ["It is still not working", "", "You guys rock"]
    assert SCORER.score_all(texts) == [SCORER.explain(text) for text in texts]


@pytest.mark.parametrize(
    "piece",
    [
        "> quote\n",
        "<",
        "<a ",
        "\n",
        "x",
        "😀😡",
        "-- \n",
        "Thanks,\n",
        "not ",
        "&#",
        "a@",
        "From: a\nSent: b\n",
        "8D ",
        "?",
    ],
)
def test_what_is_scored_of_a_huge_text_is_bounded(piece: str) -> None:
    explained = SCORER.explain(piece * (200_000 // len(piece)))
    check(explained)
    assert len(explained.text) <= MAX_CHARS + 1
    assert explained.removed["characters"] >= 200_000 - MAX_CHARS - len(piece)


def test_most_of_our_own_labelled_messages_are_told_right() -> None:
    lines = (Path(__file__).parents[1] / "data" / "support_messages.jsonl").read_text("utf-8").splitlines()
    ours = [row for row in map(json.loads, lines) if row["source"] == "ours"]
    told = [(row["label"], SCORER.score(row["text"]).label) for row in ours]
    assert sum(label == said.removeprefix("very_") for label, said in told) >= 0.9 * len(told)
    assert [label for label, said in told if said == "very_negative" and label != "negative"] == []


def test_a_terms_place_is_right_where_blanks_make_up_for_a_lines_end() -> None:
    reasons = SCORER.explain("An improper use\nI have a letter from my attorney  and a  report.").reasons
    assert [each.term for each in reasons if each.rule == "lexicon"] == ["attorney"]
