"""Words and phrases found in one pass: whole words, the longest, never across punctuation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.matcher import Match, Matcher
from streams.scoring.patterns import LONGEST
from streams.scoring.readers.support import LISTS
from streams.scoring.word_lists import WordList, read_lists
from streams.scoring.words import lowered, places_of, words_of
from tests.unit.awkward_texts import ANY_TEXTS, UNUSUAL
from tests.unit.naive_matcher import naive_matches

ALL_LISTS = read_lists(*LISTS)
EACH_LIST = [pytest.param(each, id=each.name) for each in ALL_LISTS]


def found(text: str, *entries: str, exceptions: tuple[str, ...] = (), negatable: bool = False) -> list[str]:
    listed = WordList("list", "", "", entries, (), exceptions, negatable)
    return [match.phrase for match in Matcher([listed]).find(text)]


@pytest.mark.parametrize("listed", EACH_LIST)
def test_every_list_finds_its_example_and_not_its_counterexample(listed: WordList) -> None:
    matcher = Matcher([listed])
    assert matcher.find(listed.hit)
    assert not matcher.find(listed.miss)


def test_list_names_are_unique() -> None:
    names = [each.name for each in ALL_LISTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("word", "text"), [("fix", "prefix"), ("late", "template"), ("add", "address")])
def test_a_word_within_another_is_none(word: str, text: str) -> None:
    assert found(text, word) == []
    assert found(f"{text} {word}", word) == [word]


def test_an_exception_takes_its_place() -> None:
    assert found("No thanks to you", "thanks", exceptions=("no thanks",)) == []
    assert found("No thanks to you, thanks", "thanks", exceptions=("no thanks",)) == ["thanks"]


def test_matches_tell_their_place_in_the_text() -> None:
    text = "Hé — I can’t LOG-IN!"
    [match] = Matcher([WordList("x", "", "", ("can't log in",))]).find(text)
    assert match == Match("x", "can't log in", 7, 19)
    assert text[match.start : match.end] == "can’t LOG-IN"


def test_each_list_has_its_own_matches_in_one_text() -> None:
    lists = [WordList("a", "", "", ("money back", "back")), WordList("b", "", "", ("my money",))]
    matches = Matcher(lists).find("my money back")
    assert {(match.list, match.phrase) for match in matches} == {("a", "money back"), ("b", "my money")}


@pytest.mark.parametrize("text", ["money. Back", "money, back", "money\nback", "money - back", "money (back)"])
def test_no_phrase_goes_across_punctuation(text: str) -> None:
    assert found(text, "money back") == []


@pytest.mark.parametrize("text", ["don't know", "don’t know", "dont know", "DO NOT know", "do not  know"])
def test_a_contraction_is_found_however_it_is_written(text: str) -> None:
    assert len(found(text, "don't know")) == 1


def test_optional_words_and_alternatives() -> None:
    pattern = "speak|talk to (a|the) human|person"
    assert found("Let me talk to a person, or speak to human", pattern) == ["talk to a person", "speak to human"]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("I am angry", True),
        ("I am not angry", False),
        ("I don't feel very angry", False),
        ("No, I am angry", True),
        ("I did not get it. Angry", True),
        ("Nobody here today was ever really angry", True),
    ],
)
def test_a_negation_up_to_three_words_before_counts(text: str, counts: bool) -> None:
    assert bool(found(text, "angry", negatable=True)) is counts


@pytest.mark.parametrize("pattern", ["", "(a)", "(a) (b|c)", "a " * (LONGEST + 1)])
def test_a_pattern_that_could_match_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="a pattern has"):
        found("", pattern)


@given(ANY_TEXTS | st.lists(st.sampled_from((*UNUSUAL, "-", "--", "'", "’s", "¶", "\n", " ", "a-b"))).map("".join))
def test_words_and_their_places_agree(text: str) -> None:
    lower = lowered(text)
    assert len(lower) == len(text)
    assert [word if word != "¶" else "\n" for word in words_of(text)] == [
        word if (word := lower[start:end]) != "¶" else "\n" for start, end in places_of(text)
    ]


_WORDS = st.sampled_from(["not", "no", "ask", "back", "can't", "money", ","])
_PART = st.lists(_WORDS.filter(str.isalpha) | st.just("can't"), min_size=1, max_size=2, unique=True).map("|".join)
_PATTERN = st.builds(
    lambda before, part, after: " ".join([*before, part, *after]),
    st.lists(_PART | _PART.map("({})".format), max_size=1),
    _PART,
    st.lists(_PART | _PART.map("({})".format), max_size=1),
)
_PATTERNS = st.lists(_PATTERN, max_size=2).map(tuple)


@given(
    st.builds(
        WordList, st.sampled_from("ab"), st.just(""), st.just(""), _PATTERNS, _PATTERNS, _PATTERNS, st.booleans()
    ),
    st.lists(_WORDS | st.just("can not"), max_size=12).map(" ".join),
)
def test_one_pass_finds_what_a_loop_over_all_phrases_finds(listed: WordList, text: str) -> None:
    words = words_of(text)
    assert Matcher([listed]).find_words(words) == naive_matches(listed, words)


@given(st.lists(st.sampled_from([word for each in ALL_LISTS for word in words_of(f"{each.hit} {each.miss}")])))
def test_many_lists_in_one_pass_find_what_each_finds_alone(words: list[str]) -> None:
    together = _TOGETHER.find_words(words)
    for name, alone in _ALONE.items():
        assert [hit for hit in together if hit.list == name] == alone.find_words(words)


_TOGETHER = Matcher(ALL_LISTS)
_ALONE = {each.name: Matcher([each]) for each in ALL_LISTS}
