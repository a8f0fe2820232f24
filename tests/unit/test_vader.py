"""VADER's figures are the stock library's, to the last bit and in the same order."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.scoring.vader import polarity_scores
from tests.parity.stock import vader_difference
from tests.parity.texts import sentences_of
from tests.unit.awkward_texts import ANY_TEXTS, EMOJI, LOADED_TEXTS, SAMPLE, SMILEY_TEXTS, UNUSUAL, demonstrations, each

EDGES = [
    # No words, one word, only neutral ones.
    *("", " ", "\n"),
    *each("! · ? · !!! ??? · good · the · good! · x\x00y"),
    # The negations, next to the word, two and three words before it, and what looks like one.
    *each(
        "not good · not a good · not at all good · not one two three good · isn't good · ain't good · "
        "isn’t good · never good · never so good · never this good · never been so good · never so very good · "
        "never this one good · so good · so very very good · without doubt good · without a doubt good · "
        "without any doubt a good · without good · rarely a good · no good · no very good · very no good · "
        "VERY no good · no such very good · no bad or good · no bad nor good · no · no no · no, good · "
        "good no · bad no good · NO good thing · no doubt · nor good · dont good · uh-uh good"
    ),
    # Degree adverbs, near and far, loud, before bad words, and those that the lexicon lists.
    *each(
        "very good · VERY good · very VERY good · VERY GOOD · extremely bad · EXTREMELY bad · barely a good · "
        "slightly less good · very, very, very good · kind of good · kind of a good · kind · kind of · "
        "KIND OF good · sort of really good · just enough of a good · not just enough good · less than good · "
        "most bad"
    ),
    # "least".
    *each("least good · at least good · the very least good · one least good · LEAST good · least least good"),
    # Idioms, before, around and after the word.
    *each(
        "it is the shit · this is the bomb today · a b bad ass · yeah right · so a yeah right · kiss of death · "
        "it was a kiss of death · food to die for · a beating heart · wow a beating heart · "
        "a big bus stop good · a bus stop good · badass · the bomb the shit · x the shit good · "
        "x bus stop the shit · x y bad ass good · no the shit kind of bad"
    ),
    # "but": before, after, twice, in capitals, and values that become equal to others on the way.
    *each(
        "good but bad · but good · good but · bad but but good · good BUT bad · good bad but good bad · but · "
        "good but, bad · good, but. bad · good good good but good good · great fine but fine great great fine"
    ),
    # Capitals: some, all, none, of what is neutral, of smileys.
    *each("GOOD · GOOD day · GOOD DAY · good DAY · I am good · a :D good · BAD :d · GOOD 123 · Good"),
    # Punctuation inside, around and counted.
    *each(
        "good!!!!!! · good? · good?? · good??? · good???? · bad!? · benefit awful! · ?!bad · 'good' · (good) · "
        "g.o.o.d · go!od · $$ :) :-( ;) <3 </3 :'( xD · 'good · well-being · good-bad · good/bad · --good-- · "
        "_good_ · .ok."
    ),
    # Emoji: side by side, at either end, glued to words, with exclamation marks in their descriptions.
    "\n😀",
    *each("😀 · 😀😀 · a😀 · 😀a · 😀 good · good😀bad · 😀! · 🔛 · 🆙 · 🆙🆙🆙 · not 😀 · 😀 but 😢 · 💘💋😁"),
]


@pytest.mark.parametrize("text", [*EDGES, *UNUSUAL, *demonstrations()])
def test_the_figures_are_the_stock_ones_at_the_edges_of_each_rule(text: str) -> None:
    assert vader_difference(text) is None


def test_the_figures_are_the_stock_ones_on_real_texts() -> None:
    assert not list(filter(None, map(vader_difference, SAMPLE)))
    assert not list(filter(None, (vader_difference(part) for text in SAMPLE for part in sentences_of(text))))


def test_the_figures_are_the_stock_ones_on_a_very_long_text() -> None:
    assert vader_difference("\n\n".join(SAMPLE)[:20_000]) is None
    assert vader_difference("not " * 5_000 + "good") is None
    assert vader_difference("good" * 20_000) is None


@settings(max_examples=300)
@given(LOADED_TEXTS)
def test_the_figures_are_the_stock_ones_whatever_rules_meet(text: str) -> None:
    assert vader_difference(text) is None


@settings(max_examples=200)
@given(st.one_of(ANY_TEXTS, SMILEY_TEXTS))
@example("\ud83d\ude00 good")
def test_the_figures_are_the_stock_ones_for_any_text(text: str) -> None:
    assert vader_difference(text) is None


@settings(max_examples=200)
@given(st.lists(st.sampled_from([*EMOJI, " ", "good", "not ", "!"]), max_size=60).map("".join))
@example("♋🆙")  # the second is described as "UP! button"
def test_the_figures_are_the_stock_ones_for_emoji(text: str) -> None:
    assert vader_difference(text) is None


# Rated 2, 1, 3, 1.5, 0.5, -2, -1 and -3: a half of one, or one and a half of it, is what another one has.
_RELATED = (
    "benefit",
    "alright",
    "heavenly",
    "agree",
    "feeling",
    "awful",
    "alone",
    "dismal",
    "no",
    "not",
    "x",
    "but",
    "but",
)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_RELATED), max_size=60).map(" ".join))
def test_but_weighs_equal_values_as_the_stock_list_does(text: str) -> None:
    assert vader_difference(text) is None
    assert vader_difference(text.replace("x", "😀")) is None


@pytest.mark.parametrize("text", ["😀" * 10_000, "😀 😢" * 5_000, "good but " * 10_000, "A" * 100_000, "!" * 100_000])
def test_no_text_takes_long(text: str) -> None:
    """The stock analyzer needs 27 s for the first one. Usual are 10 ms; the bound is for a slow machine."""
    # Of the processor: what others take of it meanwhile is not meant.
    began = time.thread_time()
    scores = polarity_scores(text)
    assert time.thread_time() - began < 2
    assert -1 <= scores["compound"] <= 1
    assert sum(scores[share] for share in ("neg", "neu", "pos")) == pytest.approx(1, abs=0.002)
