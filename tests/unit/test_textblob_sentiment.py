"""TextBlob's figures are the stock library's, to the last bit."""

import time

import pytest
from hypothesis import example, given, settings

from streams.scoring.textblob_sentiment import sentiment
from tests.parity.stock import textblob_difference
from tests.parity.texts import sentences_of
from tests.unit.awkward_texts import (
    ANY_TEXTS,
    LOADED_TEXTS,
    SAMPLE,
    SMILEY_TEXTS,
    SMILEYS,
    UNUSUAL,
    demonstrations,
    each,
)

EDGES = [
    # Nothing to score, and single words.
    *("", " ", "\n\n"),
    *each("the · good · Good · GOOD! · ! · !! · ... · x\x00y · good\x00"),
    # Negations, near and over small words, of adverbs, and contractions, which the tokenizer takes apart.
    *each(
        "not good · not a good · not is a good · not the good · no good · never good · not very good · "
        "not not good · really not good · really no good · really is not good · very not good · good not · "
        "not · really not · isn't good · don't good · can't · won't be good · isn’t good · n't good · "
        "shouldn't · good n't bad · I'd I'm it's we'll you're I've good · 'good' · ''good · dogs' good · "
        "rock 'n' roll good"
    ),
    # Adverbs, in rows, over small words, and with intensities above and below 1.
    *each(
        "very good · very very good · really very good · very, good · very is good · very the good · "
        "slightly good · extremely terrible · very perfect · very worst · really very perfect · terribly good · "
        "hardly good · absolutely amazing perfect · not really very good"
    ),
    # Exclamation marks: what they raise, at its limit, over sentences, and before there is anything.
    *each(
        "good! · good!! · terrible!!!!!! · good ! the ! · ! good · !good · not good! · the! good. the! · "
        "perfect!!! · good. the the ! bad ! · really! good · not! good · very !! good"
    ),
    # The mark of sarcasm, and what looks like it.
    "( ! ",
    *each("good (!) · good ( ! ) · good (! ) · (!) · x(!)y good · ( !)y · good(!) · (great!) · (! · !) · not (!)"),
    # Smileys: whole, in pieces, at the end of a word or of a number, and where none is.
    *each(
        ":) · : ) · :-) · : - ) · good:) · good :) bad · :):( · :) :( · 8) · 18) · 18 ) · 8 - ) · XD · X D · "
        "fox D · http://x.y/ · a :/ b · : (this) · note: (a) b · <3 · < 3 · x<3 · ♥ · o.O · o .O · o . O · "
        "o. O · °O° · ° o ° · :'( · : ' ( · :'''( · :''( · :-. · : - . · >.> · > . > · not :) · "
        "really :) good · xd :D · ;)! · :)! · !:) · :p. · :P, · =) · -:) · :-)) · ((: · :c · :s · a:s · "
        "it's :s"
    ),
    # Sentences end between the pieces, or do not.
    *each(
        ".\n:\n) · :\n\n) · :\n\n( · :\r\n\r\n) · :\n \n( · :\n( · good\n\nbad :\n( · o\n.O · :. ) · ! :) · "
        "!\n\n:) · o.\n\nO · .” ) · :END-OF-SENTENCE · : END-OF-SENTENCE ) · : END-OF-SENTENCE ( · "
        "END-OF-SENTENCE · not END-OF-SENTENCE good · very\n\ngood :) · not\n\nbad :) · end-of-sentence good · "
        "(END-OF-SENTENCE)"
    ),
    # Periods and abbreviations.
    *each(
        "Mr. good · e.g. good · U.S. good · a. good · good. bad · good.. bad · not .. good · very a... good · "
        "not .... good · very ... good · good... bad · good.... bad · etc.. · etc... · Tb. good · "
        "not T||. good · very T||. good · very Tb. good · not U.S. good · very etc.. good · T|. good · "
        "T||.|. good · T|.. · i.e., good · good.,.,. · ..good · .good · w/ good · a.m.) · vs.!"
    ),
    # Quotes, brackets and other punctuation, which peel off.
    *each(
        '"good" · good"bad · “good” · good”bad · good’bad · ‘good’ · “not” good · [good] · {good} · *good* · '
        "~good~ · good/bad · good-bad · #good · good% · <good> · good_ · 1,000 good · good;bad · a--b · "
        "`good` · good| · $5 · ^ · well-off · f*cking good"
    ),
]


@pytest.mark.parametrize("text", [*EDGES, *UNUSUAL, *SMILEYS, *demonstrations()])
def test_the_figures_are_the_stock_ones_at_the_edges_of_each_rule(text: str) -> None:
    assert textblob_difference(text) is None


@pytest.mark.parametrize("smiley", SMILEYS)
def test_the_figures_are_the_stock_ones_for_smileys_in_pieces(smiley: str) -> None:
    for pieces in (" ".join(smiley), f"really not {' '.join(smiley)} good", f"box{smiley} good", f"{smiley}{smiley}"):
        assert textblob_difference(pieces) is None
    for cut in range(1, len(smiley)):
        for gap in (" ", "\n\n", ". ", "! ", "\r\n\r\n"):
            assert textblob_difference(f"a bad {smiley[:cut]}{gap}{smiley[cut:]} not good") is None


def test_the_figures_are_the_stock_ones_on_real_texts() -> None:
    assert not list(filter(None, map(textblob_difference, SAMPLE)))
    assert not list(filter(None, (textblob_difference(part) for text in SAMPLE for part in sentences_of(text))))


def test_the_figures_are_the_stock_ones_on_a_very_long_text() -> None:
    assert textblob_difference("\n\n".join(SAMPLE)) is None
    assert textblob_difference("very " * 5_000 + "good" + " !" * 5_000) is None
    assert textblob_difference("good" * 20_000) is None


@settings(max_examples=300, deadline=None)
@given(LOADED_TEXTS)
def test_the_figures_are_the_stock_ones_whatever_rules_meet(text: str) -> None:
    assert textblob_difference(text) is None


@settings(max_examples=300, deadline=None)
@given(SMILEY_TEXTS)
def test_the_figures_are_the_stock_ones_among_smileys(text: str) -> None:
    assert textblob_difference(text) is None


@settings(max_examples=200, deadline=None)
@given(ANY_TEXTS)
@example("\ud83d\ude00 good")
def test_the_figures_are_the_stock_ones_for_any_text(text: str) -> None:
    assert textblob_difference(text) is None


@pytest.mark.parametrize(
    "text", ["😀" * 10_000, ":)" * 50_000, "! " * 50_000, ".," * 50_000, "T" + "|." * 50_000, "'" * 100_000]
)
def test_no_text_takes_long(text: str) -> None:
    """Usual are 10 ms for 10,000 characters; the bound is for a slow machine."""
    # Of the processor: what others take of it meanwhile is not meant.
    began = time.thread_time()
    polarity, subjectivity = sentiment(text)
    assert time.thread_time() - began < 5
    assert -1 <= polarity <= 1
    assert 0 <= subjectivity <= 1
