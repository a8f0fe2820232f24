"""One scorer for each preset, and what takes its place when it cannot be loaded."""

import logging
from pathlib import Path

import pytest
from hypothesis import given

from streams.scoring import PRESETS, scorer_of, scorer_or_unavailable, support_lexicon
from streams.scoring.bounds import MAX_CHARS
from streams.scoring.presets import read_preset
from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.vader import polarity_scores
from tests.logged import ours
from tests.unit.awkward_texts import ANY_TEXTS

# What the systems' own descriptions say of these messages.
ANGRY = "This is ridiculous! I paid 2 weeks ago and still no delivery! Give me my money back NOW!"
CONFUSED = "I'm so confused. I added items to cart but don't know how to pay. Can someone help me?"
COURTEOUS = "Hello, I received my order but the item is damaged. I'd like to request a refund please."


@pytest.mark.parametrize(
    ("preset", "text", "label"),
    [
        ("helpdesk", "This is terrible, the worst", "very_negative"),
        ("helpdesk", "It is bad luck", "very_negative"),
        ("helpdesk", "The form is blue", "neutral"),
        ("helpdesk", "An excellent form", "very_positive"),
        ("incident", "I am sad", "negative"),
        ("incident", "The form is blue", "neutral"),
        ("incident", "I am glad", "positive"),
        ("whatsapp", ANGRY, "very_negative"),
        ("whatsapp", CONFUSED, "neutral"),
        ("whatsapp", COURTEOUS, "positive"),
        ("whatsapp", "I am sad", "negative"),
        ("whatsapp", "The form is blue", "neutral"),
        ("assistant", "That's not what I asked, great", "negative"),
        ("assistant", "I am glad", "positive"),
        ("analytics", "It is bad", "negative"),
        ("analytics", "The form is fine", "positive"),
        ("analytics", "It is a new form", "neutral"),
    ],
)
def test_each_preset_labels_by_its_own_rule(preset: str, text: str, label: str) -> None:
    assert scorer_of(preset).score(text).label == label


@pytest.mark.parametrize(
    ("preset", "figure"),
    [("helpdesk", "polarity"), ("incident", "compound"), ("whatsapp", "compound"), ("analytics", "polarity")],
)
def test_their_scores_are_one_stock_figure(preset: str, figure: str) -> None:
    found = scorer_of(preset).score(ANGRY)
    polarity, subjectivity = sentiment(ANGRY)
    compound = polarity_scores(ANGRY)["compound"]
    assert (found.compound, found.polarity, found.subjectivity) == (compound, polarity, subjectivity)
    assert found.score == round(((polarity if figure == "polarity" else compound) + 1) * 5, 2)


@pytest.mark.parametrize("preset", PRESETS)
@given(text=ANY_TEXTS)
def test_any_text_is_explained_as_it_is_scored(preset: str, text: str) -> None:
    scorer = scorer_or_unavailable(preset) if preset != "support" else SUPPORT
    explained = scorer.explain(text)
    if explained.sentiment is None:
        assert explained.unscored
        return
    assert explained.sentiment == scorer.score(text)
    assert 5 + sum(reason.points for reason in explained.reasons) == pytest.approx(
        explained.sentiment.score, abs=0.00501
    )
    assert 0 <= explained.confidence <= 1


@pytest.mark.parametrize(
    ("preset", "rule", "words"),
    [("helpdesk", "textblob", "terrible, hate"), ("incident", "vader", "terrible, hate, :(")],
)
def test_the_reason_names_the_words_that_are_rated(preset: str, rule: str, words: str) -> None:
    (reason,) = scorer_of(preset).explain("A terrible service, and I hate it :(").reasons
    assert (reason.rule, reason.term) == (rule, words)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_blank_text_is_unscored_and_counts_as_neutral(preset: str) -> None:
    scorer = scorer_of(preset)
    assert scorer.explain(" \n").unscored == "no text"
    assert (scorer.score("").score, scorer.score("").label) == (5.0, "neutral")


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "support"])
def test_a_cut_text_says_so(preset: str) -> None:
    assert scorer_of(preset).explain("fine " * 4_000).removed == {"characters": 20_000 - MAX_CHARS}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_batch_is_scored_in_order(preset: str) -> None:
    scorer = scorer_of(preset)
    assert scorer.score_all([ANGRY, "", COURTEOUS]) == [scorer.explain(text) for text in (ANGRY, "", COURTEOUS)]


def test_names_differ_so_that_rows_tell_who_scored_them() -> None:
    assert len({scorer_of(preset).name for preset in PRESETS}) == len(PRESETS)


def test_another_name_is_refused_with_those_that_there_are() -> None:
    for make in (scorer_of, scorer_or_unavailable):
        with pytest.raises(ValueError, match="no preset 'finance'; there are support, helpdesk, incident"):
            make("finance")


def test_a_broken_lexicon_is_named(broken_lexicon: Path) -> None:
    with pytest.raises(ValueError, match=r"broken\.toml: .*weight"):
        scorer_of("support")


def test_a_scorer_that_cannot_be_loaded_degrades(broken_lexicon: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        scorer = scorer_or_unavailable("support")
    assert scorer.name == "unavailable"
    assert len(ours(caplog)) == 1
    explained = scorer.explain(ANGRY)
    assert explained.sentiment is None
    assert explained.unscored is not None
    assert explained.unscored.startswith("scorer unavailable: ValueError: broken.toml")
    assert scorer.score(ANGRY).label == "neutral"
    assert scorer.score_all([ANGRY, ""]) == [explained, explained]


def test_a_scorer_that_can_be_loaded_is_itself() -> None:
    assert scorer_or_unavailable("support").name == scorer_of("support").name


def test_a_preset_has_bands_that_rise() -> None:
    bands = read_preset("support").bands
    assert list(bands) == sorted(bands)


def test_a_preset_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="finance"):
        read_preset("finance")


@pytest.fixture
def broken_lexicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of lexicons with a file that is wrong, in place of the installed one."""
    (tmp_path / "broken.toml").write_text('terms = [{match = "a", example = "A"}]', "utf-8")
    monkeypatch.setattr(support_lexicon, "FOLDER", tmp_path)
    return tmp_path


SUPPORT = scorer_of("support")
