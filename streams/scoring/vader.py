"""VADER's figures for a text, equal to the last bit to those of vaderSentiment 3.3.2, many times as fast.

The stock analyzer visits each word, and lower-cases the whole text up to six times for each that its lexicon has. Here
a text becomes a string of codes, one for a word, through a dictionary; a pattern finds the words that count; and what
such a word is worth follows from at most six codes, through a second dictionary. Both are bounded.

One step depends on the Python that runs it: `sum()` of floats is compensated from Python 3.12 on. The same `sum()` is
called here on the same numbers without the zeros, which change neither kind of sum, so the figures are the stock
analyzer's on the same Python; between 3.11 and 3.12 both may differ alike in the last digit.
"""

import heapq
import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from streams.scoring.memo import Memo
from streams.scoring.rounding import round_3, round_4
from streams.scoring.vader_rules import AFTER, BEFORE, valence_of
from streams.scoring.vader_words import WORDS, Word, code_of, spell_emoji

_OUTSIDE: Final = " "


def polarity_scores(text: str) -> dict[str, float]:
    """`neg`, `neu` and `pos`, the shares of the text from 0 to 1, and `compound`, its sentiment from -1 to 1.

    A text without words has 0.0 throughout. The time is proportional to the length of the text, but for a text with
    "but" (n log n in its rated words).
    """
    spelt = spell_emoji(text)
    codes = "".join(map(_code_of, spelt.split()))
    valences = _valences(codes)
    if not valences:
        return {"neg": 0.0, "neu": 1.0 if codes else 0.0, "pos": 0.0, "compound": 0.0}
    emphasis = _emphasis(spelt)
    positive, negative, total = _weighed(valences, len(codes) - len(valences), emphasis)
    return {
        "neg": _share(negative, total),
        "neu": round_3((len(codes) - len(valences)) / total),
        "pos": _share(positive, total),
        "compound": _compound(valences, emphasis),
    }


def compound_and_balance(text: str, codes: Sequence[str]) -> tuple[float, float]:
    """`compound`, and `pos` less `neg`, for who knows the `code_of` of all that stands between the text's blanks."""
    spelt = spell_emoji(text)
    joined = "".join(codes if spelt is text else map(_code_of, spelt.split()))
    valences = _valences(joined)
    if not valences:
        return 0.0, 0.0
    emphasis = _emphasis(spelt)
    positive, negative, total = _weighed(valences, len(joined) - len(valences), emphasis)
    return _compound(valences, emphasis), _share(positive, total) - _share(negative, total)


def _valences(codes: str) -> list[float]:
    """The valences of the words that have one other than 0."""
    windows = _WINDOW.findall(f"{_BEFORE_ALL}{codes}{_AFTER_ALL}")
    if not windows:
        return []
    valences = list(map(_IN_EVEN_TEXT if codes.islower() or codes.isupper() else _IN_SHOUTING_TEXT, windows))
    if but := _BUT.search(codes):
        _weigh_around(but.start(), valences, [found.start() for found in _RATED.finditer(codes)])
    return [valence for valence in valences if valence]


def _weigh_around(but: int, valences: list[float], places: Sequence[int]) -> None:
    """Halve what stands before "but" and raise by half what stands after it.

    The stock analyzer looks for each value in the list that it is changing, and changes the first that is equal, which
    may be one that it has already changed. The heaps say which one that is without a search.
    """
    equal: defaultdict[float, list[int]] = defaultdict(list)
    for number, valence in enumerate(valences):
        candidates = equal[valence]
        heapq.heappush(candidates, number)
        while valences[candidates[0]] != valence:
            heapq.heappop(candidates)
        first = candidates[0]
        weighed = valence * (0.5 if places[first] < but else 1.5)
        valences[first] = weighed
        heapq.heappush(equal[weighed], first)


def _emphasis(text: str) -> float:
    """What up to four exclamation marks and two or more question marks add."""
    exclamations = min(text.count("!"), 4) * 0.292
    questions = text.count("?")
    return exclamations + (0 if questions < 2 else questions * 0.18 if questions <= 3 else 0.96)


def _weighed(valences: Sequence[float], neutral: int, emphasis: float) -> tuple[float, float, float]:
    """What speaks for and what against, both above zero, and all of it with the neutral words."""
    positive = negative = 0.0
    for valence in valences:
        # One more, because a neutral word counts one.
        if valence > 0:
            positive += valence + 1
        else:
            negative += valence - 1
    if positive > -negative:
        positive += emphasis
    elif positive < -negative:
        negative -= emphasis
    return positive, -negative, positive - negative + neutral


def _share(part: float, total: float) -> float:
    # Of -0.0, round would keep the sign.
    return round_3(part / total) if part else 0.0


def _compound(valences: Sequence[float], emphasis: float) -> float:
    """The sum of the valences brought to -1 to 1: s / sqrt(s * s + 15)."""
    total = float(sum(valences))
    if total > 0:
        total += emphasis
    elif total < 0:
        total -= emphasis
    return round_4(max(-1.0, min(total / math.sqrt(total * total + 15), 1.0)))


def _of_window(codes: str, shouting: bool) -> float:
    before = [WORDS[code] for code in reversed(codes[:BEFORE]) if code != _OUTSIDE]
    after = [WORDS[code] for code in codes[BEFORE + 1 :] if code != _OUTSIDE]
    return valence_of(before, WORDS[codes[BEFORE]], after, shouting)


def _any(asked: Callable[[Word], bool]) -> str:
    """A character class for the codes of some words."""
    return f"[{''.join(code for code, word in WORDS.items() if asked(word))}]"


_BEFORE_ALL: Final = _OUTSIDE * BEFORE
_AFTER_ALL: Final = _OUTSIDE * AFTER
_BUT: Final = re.compile(_any(lambda word: word.name == "but"))
_RATED: Final = re.compile(_any(lambda word: word.is_rated))
_NEAR: Final = _any(lambda word: word.is_rated and not word.looks_ahead)
_FAR: Final = _any(lambda word: word.is_rated and word.looks_ahead)
# A rated word with what its rules see. Windows overlap, so nothing is consumed.
_WINDOW: Final = re.compile(f"(?=(.{{{BEFORE}}}(?:{_NEAR}|{_FAR}.{{{AFTER}}})))")
_code_of = Memo(code_of).__getitem__
_IN_EVEN_TEXT: Final = Memo(partial(_of_window, shouting=False)).__getitem__
_IN_SHOUTING_TEXT: Final = Memo(partial(_of_window, shouting=True)).__getitem__
