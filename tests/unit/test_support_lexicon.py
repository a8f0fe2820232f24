"""The support lexicon: that each entry does what it says, and how phrases are written and negated."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from streams.scoring.support_lexicon import Hit, Lexicon, Term, read_lexicon
from tests.unit.awkward_texts import ANY_TEXTS

LEXICON = read_lexicon()
SETS = {"negation": ["no", "not", "never", "don't"], "barrier": ["only", "believe"], "size": ["small", "big"]}


def lexicon(*matches: str, weight: float = -1.0, fixed: bool = False) -> Lexicon:
    return Lexicon([Term(match, weight, "", "test", "lexicon", fixed, hidden=False) for match in matches], SETS)


def hits(text: str, *matches: str, weight: float = -1.0, fixed: bool = False) -> Sequence[Hit]:
    one = lexicon(*matches, weight=weight, fixed=fixed)
    return one.hits(one.tokens_of(text).codes)


@pytest.mark.parametrize("term", LEXICON.terms, ids=lambda term: f"{term.group}: {term.match[:60]}")
def test_each_entry_is_found_in_its_own_example(term: Term) -> None:
    found = [hit for hit in LEXICON.hits(LEXICON.tokens_of(term.example).codes) if hit.term.match == term.match]
    assert found, f"{term.example!r} has other terms first"
    assert not found[0].negated
    assert found[0].weight == term.weight


def test_no_two_entries_are_the_same() -> None:
    assert [match for match, count in Counter(term.match for term in LEXICON.terms).items() if count > 1] == []


def test_no_word_stands_twice_among_the_alternatives() -> None:
    atoms = {atom.strip("()") for term in LEXICON.terms for atom in term.match.split()}
    twice = {atom: [word for word, count in Counter(atom.split("|")).items() if count > 1] for atom in atoms}
    assert {atom: words for atom, words in twice.items() if words} == {}


def test_weights_keep_to_the_scale() -> None:
    assert all(-3 <= term.weight <= 2 for term in LEXICON.terms)


@pytest.mark.parametrize(
    ("match", "text", "found"),
    [
        ("locked out", "I am locked out.", True),
        ("locked out", "I am LOCKED  OUT!", True),
        ("locked out", "locked, out", True),
        ("locked out", "locked. out", False),
        ("locked out", "locked\nout", False),
        ("locked out", "blocked out", False),
        ("locked out", "locked me out", False),
        ("locked (me) out", "locked me out", True),
        ("locked (me) out", "locked out", True),
        ("locked me|us out", "locked us out", True),
        ("too {size}", "too big", True),
        ("too {size}|late", "too late", True),
        ("too {size}", "too red", False),
        ("no _ at", "no table at", True),
        ("no _ at", "no at", False),
        ("paid ... twice", "paid twice", True),
        ("paid ... twice", "paid for it all twice", True),
        ("paid ... twice", "paid for it all again twice", False),
        ("paid ... twice", "paid. It was twice", False),
        ("{number}", "one", False),
        ("works", "it's works'", True),
        ("can't go", "can't go", True),
        ("# fail", "#fail", True),
        ("# fail", "fail", False),
    ],
)
def test_how_a_phrase_is_written(match: str, text: str, found: bool) -> None:
    sets = {**SETS, "number": ["two"]}
    one = Lexicon([Term(match, -1.0, "", "test", "lexicon", fixed=True, hidden=False)], sets)
    assert bool(one.hits(one.tokens_of(text).codes)) is found


def test_a_number_in_digits_is_of_the_set_number() -> None:
    one = Lexicon([Term("{number} days", -1.0, "", "test", "lexicon", False, False)], {**SETS, "number": ["two"]})
    assert len(one.hits(one.tokens_of("two days, 14 days, 3rd days, many days").codes)) == 3


def test_the_longest_phrase_wins_and_the_rest_begins_behind_it() -> None:
    found = hits("still not working out", "still", "still not working", "not", "working out", "out")
    assert [hit.term.match for hit in found] == ["still not working", "out"]


def test_a_complaint_takes_the_place_of_a_milder_one_around_it() -> None:
    weights = {
        "it ... not working": -1.0,
        "still not working": -1.8,
        "not": -0.2,
        "no longer works": -0.9,
        "works now": 1.0,
    }
    terms = [Term(match, weight, "", "test", "lexicon", True, False) for match, weight in weights.items()]
    one = Lexicon(terms, SETS)

    def found(text: str) -> list[str]:
        return [hit.term.match for hit in one.hits(one.tokens_of(text).codes)]

    assert found("it is still not working") == ["still not working"]
    assert found("it is not working") == ["it ... not working"]
    assert found("no longer works now") == ["no longer works"]


def test_of_equally_long_ones_the_weightier_wins() -> None:
    light, heavy = (
        Term(match, weight, "", "test", "lexicon", False, False) for match, weight in (("a|b", -1.0), ("a", -2.0))
    )
    one = Lexicon([light, heavy], SETS)
    assert one.hits(one.tokens_of("a").codes)[0].term is heavy


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("delayed", -1.0),
        ("not delayed", 0.4),
        ("was never really delayed", 0.4),
        ("no train was ever delayed", -1.0),
        ("not today, delayed", -1.0),
        ("no. delayed", -1.0),
        ("not only delayed", -1.0),
        ("I don't believe delayed", -1.0),
        ("not, delayed", -1.0),
    ],
)
def test_a_negation_turns_what_begins_up_to_three_words_later(text: str, weight: float) -> None:
    assert [hit.weight for hit in hits(text, "delayed")] == [pytest.approx(weight)]


def test_negated_praise_is_nearly_as_bad_as_it_was_good() -> None:
    assert [(hit.weight, hit.negated) for hit in hits("not resolved", "resolved", weight=1.0)] == [(-0.8, True)]


def test_a_fixed_phrase_and_one_that_begins_with_a_negation_are_not_turned() -> None:
    assert hits("not delayed", "delayed", fixed=True)[0].weight == -1.0
    assert hits("don't, no reply", "no reply")[0].weight == -1.0


def test_places_are_those_of_the_words_without_punctuation() -> None:
    text = 'Well, "still  not\tworking" (again)!'
    one = lexicon("still not working", "again")
    tokens = one.tokens_of(text)
    places = tokens.places(text, one.hits(tokens.codes))
    assert [text[start:end] for start, end, _, _ in places] == ["still  not\tworking", "again"]


@pytest.mark.parametrize("match", ["", "(a) b", "... a"])
def test_a_phrase_must_begin_with_a_word(match: str) -> None:
    with pytest.raises(ValueError, match="must begin with a word"):
        lexicon(match)


def test_a_set_must_exist() -> None:
    with pytest.raises(ValueError, match=r"no set \{colour\}"):
        lexicon("too {colour}")


def test_no_phrases_are_a_lexicon_too() -> None:
    assert hits("anything") == []


def test_a_folder_is_read_with_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[sets]\nnegation = ["not"]\nbarrier = ["only"]\n', "utf-8")
    (tmp_path / "b.toml").write_text(
        'rule = "sarcasm"\nterms = [{match = "oh", weight = -1, example = "Oh"}]\n', "utf-8"
    )
    (tmp_path / "notes.txt").write_text("nothing to read", "utf-8")
    assert [(term.match, term.group, term.rule) for term in read_lexicon(tmp_path).terms] == [("oh", "b", "sarcasm")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("terms = [", "b.toml"),
        ('terms = [{match = "a", weight = "x", example = ""}]', "b.toml: Expected `float`, got `str`"),
        ('terms = [{match = "a", weight = -9, example = ""}]', "b.toml: Expected `float` > -5"),
        ('terms = [{match = "a", example = ""}]', "b.toml: .* missing required field `weight`"),
        ('terms = [{match = "a", weight = 1, example = "", colour = 1}]', "b.toml: .* unknown field `colour`"),
        ('rule = "odd"', "b.toml: Invalid enum value"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "b.toml").write_text(content, "utf-8")
    with pytest.raises(ValueError, match=message):
        read_lexicon(tmp_path)


@given(ANY_TEXTS)
def test_hits_are_in_order_and_apart_and_in_the_text(text: str) -> None:
    tokens = LEXICON.tokens_of(text)
    found = LEXICON.hits(tokens.codes)
    assert all(left.last < right.first for left, right in pairwise(found))
    assert all(0 <= start <= end <= len(text) for start, end, _, _ in tokens.places(text, found))
