"""Which language a text is in, cheaply where that is possible.

The share of known function words decides most texts in a few microseconds, and the script decides those that are not
in Latin letters. A trained identifier, py3langid's, is asked only about what is in doubt.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Final
from unicodedata import category

from streams.scoring.function_words import ENGLISH_ONLY, FUNCTION_WORDS
from streams.scoring.memo import Memo

Identify = Callable[[str], str | None]

# English first, because most texts are: below this share of function words the other languages are counted too.
_CLEAR: Final = 0.2
_ENOUGH: Final = 0.12
_FEWEST: Final = 2
_CLEARLY: Final = 1.5
_MAX_WORDS: Final = 200
# What the identifier sees of a text, and the least that it can say something about.
_SEEN: Final = 400
_LEAST_LETTERS: Final = 20
# Of 2,026 English texts in doubt it took three for another language at 0.5, one at 0.6, none at 0.7.
_SURE: Final = 0.7
# What the identifier says of names, numbers and letters thrown together.
_NO_LANGUAGE: Final = "zxx"

_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[ыэёъЫЭЁЪ]")),
)
_NOT_LATIN: Final = re.compile("[\u0370-\u1dff\u2e80-\ud7ff\uf900-\ufaff]")


class LanguageGuess:
    """Tells a text's language from its function words, from its script, or else from a trained identifier."""

    def __init__(self, identify: Identify | None = None) -> None:
        self._identify = identify

    def of(self, text: str, words: Sequence[str], english: int | None = None) -> str | None:
        """An ISO 639-1 code, or None when it is not known. `words` is what `words_of` made of the text, and `english`
        how many of them are in ENGLISH_ONLY, for who has counted them.
        """
        if len(words) > _MAX_WORDS:
            words, english = words[:_MAX_WORDS], None
        if text.isascii() or not _NOT_LATIN.search(text):
            code = _by_function_words(words, english)
        else:
            code = _by_script(text[:_SEEN]) or _by_function_words(words)
        if code is not None or self._identify is None or not _worth_asking(text):
            return code
        return self._identify(text[:_SEEN])


def _by_function_words(words: Sequence[str], english: int | None = None) -> str | None:
    """The language with clearly the most function words."""
    english = sum(map(ENGLISH_ONLY.__contains__, words)) if english is None else english
    if english >= _FEWEST and english >= _CLEAR * len(words):
        return "en"
    enough = max(_FEWEST, _ENOUGH * sum(map(str.isalpha, words)))
    # French and Italian join words with an apostrophe, English does not.
    joined = " ".join([word for word in words if "'" in word]).replace("'", "' ").split()
    if not joined:
        # Mostly all others together have too few, and need not be told apart.
        english, others = sum(map(_ENGLISH.__contains__, words)), sum(map(_NOT_ENGLISH.__contains__, words))
        if english >= enough and english > _CLEARLY * others:
            return "en"
    counts = Counter(chain.from_iterable(map(_languages_of, chain(words, joined))))
    if not counts:
        return None
    best = max(counts, key=counts.__getitem__)
    most = counts.pop(best)
    return best if most >= enough and most > _CLEARLY * max(counts.values(), default=0) else None


_ENGLISH: Final = FUNCTION_WORDS["en"]
_NOT_ENGLISH: Final = frozenset[str]().union(*(known for code, known in FUNCTION_WORDS.items() if code != "en"))
_languages_of = Memo(lambda word: tuple(code for code, known in FUNCTION_WORDS.items() if word in known)).__getitem__


def _by_script(text: str) -> str | None:
    """The language whose script most letters that are not Latin are in; None for scripts that several share."""
    foreign = len(_NOT_LATIN.findall(text))
    if foreign * 3 < sum(map(str.isalpha, text)):
        return None
    return next((code for code, letters in _SCRIPTS if letters.search(text)), None)


def _worth_asking(text: str) -> bool:
    head = text[:_SEEN]
    # Vowels of Indian scripts are marks, not letters.
    return (
        sum(category(letter)[0] in "LM" for letter in head) >= max(_LEAST_LETTERS, len(head) // 2)
        and " " in head.strip()
    )


def trained_identifier() -> Identify:
    """py3langid's model, which the process reads once, when it is first asked: that takes a second and 100 MB.

    It says nothing below a probability of 0.7.
    """
    return _identify


def load_identifier() -> None:
    """Read the model now, for who must not keep a text waiting for it."""
    _model()


# The scorer and the reader ask about the same text.
@lru_cache(maxsize=1_024)
def _identify(text: str) -> str | None:
    code, probability = _model()(text)
    return code if probability >= _SURE and code != _NO_LANGUAGE else None


@cache
def _model() -> Callable[[str], tuple[str, float]]:
    # To import it is most of the second, and most texts are not in doubt.
    from py3langid import langid  # noqa: PLC0415

    classify: Callable[[str], tuple[str, float]] = langid.LanguageIdentifier.from_model_file(
        langid.MODEL_FILE, norm_probs=True
    ).classify
    return classify
