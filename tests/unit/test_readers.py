"""What holds for the reader of each preset, whatever the text."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.readings import Reading, Signal, Urgency
from streams.scoring import PRESETS
from streams.scoring.key_phrases import MAX_WORDS, MOST
from streams.scoring.readers import PRESETS as WITH_READER
from streams.scoring.readers import reader_of
from streams.scoring.readings import MAX_CHARS, bounded
from tests.unit.awkward_texts import ANY_TEXTS, LOADED_TEXTS, SAMPLE, UNUSUAL
from tests.unit.reading import reader

EACH_PRESET = pytest.mark.parametrize("preset", PRESETS)
TEXTS = ANY_TEXTS | LOADED_TEXTS | st.lists(st.sampled_from((*SAMPLE, *UNUSUAL)), max_size=3).map(" ".join)


def test_each_preset_has_a_reader_of_its_name() -> None:
    assert set(WITH_READER) == set(PRESETS)
    assert [reader_of(preset).name for preset in PRESETS] == list(PRESETS)


def test_another_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no preset 'zendesk'; there are support, helpdesk, incident, whatsapp, assi"):
        reader_of("zendesk")


# The first text in doubt waits for the language model.
@EACH_PRESET
@given(text=TEXTS, polarity=st.floats(-1, 1), priority=st.sampled_from([None, "urgent", "low", "P1"]))
def test_any_text_can_be_read(preset: str, text: str, polarity: float, priority: str | None) -> None:
    found = reader(preset).read(text, polarity, priority)
    assert found == reader(preset).read(text, polarity, priority)
    assert all(0 < strength <= 1 for strength in found.emotions.values())
    assert found.urgency in get_args(Urgency)
    assert found.category
    assert len(found.key_phrases) <= MOST
    assert all(len(phrase.split()) <= MAX_WORDS for phrase in found.key_phrases)
    assert list(found.signals) == sorted({*found.signals} & {*get_args(Signal)})
    assert 0 <= found.questions <= len(text)
    assert found.language is None or len(found.language) == 2
    assert msgspec.json.decode(msgspec.json.encode(found), type=Reading) == found


@EACH_PRESET
@pytest.mark.parametrize("text", ["", "   \n\t", "...", "—", "(!)", "\x00", "\u200b", "🙂🙂🙂", "12345"])
def test_a_text_without_words_says_nothing(preset: str, text: str) -> None:
    found = reader(preset).read(text, 0.0, None)
    assert (found.emotions, found.signals, found.key_phrases, found.keywords) == ({}, (), (), ())
    assert (found.questions, found.journey_stage, found.language, found.subcategory) == (0, None, None, None)


@EACH_PRESET
@pytest.mark.parametrize(
    ("priority", "urgency"), [("urgent", "critical"), ("high", "high"), ("medium", "medium"), ("low", "low")]
)
def test_the_tickets_own_priority_goes_before_the_text(preset: str, priority: str, urgency: str) -> None:
    for text in ("URGENT! Fraud! Our site is down for everyone!", "No rush, whenever you like"):
        assert reader(preset).read(text, -0.9, priority).urgency == urgency


@EACH_PRESET
def test_a_long_text_is_read_at_its_head_and_tail(preset: str) -> None:
    filler = "so and then "
    whole = f"Why? {filler * 1_660}Why?"
    assert len(whole) < MAX_CHARS
    assert reader(preset).read(whole, 0.0, None).questions == 2
    long = f"Why? {filler * 1_500}Why? {filler * 1_500}Why?"
    assert len(long) > MAX_CHARS
    assert reader(preset).read(long, 0.0, None).questions == 2


def test_the_head_is_three_quarters_of_what_is_read() -> None:
    head, tail = "a" * (MAX_CHARS * 3 // 4), "b" * (MAX_CHARS // 4)
    assert bounded(f"  {head}{tail}\n") == f"{head}{tail}"
    assert bounded(f"{head}x{tail}") == f"{head}\n{tail}"
    assert bounded(f"{head}{'x' * 300_000}{tail}") == f"{head}\n{tail}"


@EACH_PRESET
@pytest.mark.parametrize(
    "text",
    ["word " * 40_000, "not " * 50_000, "?" * 200_000, "still not working " * 12_000, "`(" * 100_000, "=" * 200_000],
    ids=["word", "not", "?", "phrase", "`(", "="],
)
def test_the_time_has_a_bound(preset: str, text: str) -> None:
    """Two hundred thousand characters of what the patterns look for; a quadratic one would not end in the time."""
    assert reader(preset).read(text, 0.0, None).category
