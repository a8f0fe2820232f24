"""Which language a text is in, cheaply where that is possible.

The share of known function words decides most texts in a few microseconds, and the script decides those that are not
in Latin letters. A trained identifier is asked only about what is in doubt, and only where one is installed (the
extra `language`).
"""

import importlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from typing import Final

from streams.scoring.function_words import FUNCTION_WORDS

Identify = Callable[[str], str | None]

# English first, because most texts are: below this share of function words the other languages are counted too.
_CLEAR: Final = 0.2
_ENOUGH: Final = 0.12
_FEWEST: Final = 2
_MAX_WORDS: Final = 200
# What the identifier sees of a text, and the least that it can say something about.
_SEEN: Final = 400
_LEAST_LETTERS: Final = 20
_SURE: Final = 0.9

_ENGLISH: Final = FUNCTION_WORDS["en"]
_OTHERS: Final = tuple((code, words) for code, words in FUNCTION_WORDS.items() if code != "en")
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

    def of(self, text: str, words: Sequence[str]) -> str | None:
        """An ISO 639-1 code, or None when it is not known. `words` is what `words_of` made of the text."""
        words = words[:_MAX_WORDS]
        if text.isascii() or not _NOT_LATIN.search(text):
            code = _by_function_words(words)
        else:
            code = _by_script(text[:_SEEN]) or _by_function_words(words)
        if code is not None or self._identify is None or not _worth_asking(text):
            return code
        return self._identify(text[:_SEEN])


def _by_function_words(words: Sequence[str]) -> str | None:
    """The language with clearly the most function words."""
    english = sum(map(_ENGLISH.__contains__, words))
    if english >= _FEWEST and english >= _CLEAR * len(words):
        return "en"
    # French and Italian join words with an apostrophe.
    pieces = " ".join(words).replace("'", " ").split()
    total = sum(map(str.isalpha, pieces))
    counts = {code: sum(map(known.__contains__, pieces)) for code, known in _OTHERS}
    counts["en"] = english
    best, second = sorted(counts, key=counts.__getitem__, reverse=True)[:2]
    clear = counts[best] >= max(_FEWEST, _ENOUGH * total) and counts[best] > 1.5 * counts[second]
    return best if clear else None


def _by_script(text: str) -> str | None:
    """The language whose script most letters that are not Latin are in; None for scripts that several share."""
    foreign = len(_NOT_LATIN.findall(text))
    if foreign * 3 < sum(map(str.isalpha, text)):
        return None
    return next((code for code, letters in _SCRIPTS if letters.search(text)), None)


def _worth_asking(text: str) -> bool:
    head = text[:_SEEN]
    return sum(map(str.isalpha, head)) >= max(_LEAST_LETTERS, len(head) // 2) and " " in head.strip()


def trained_identifier() -> Identify | None:
    """py3langid's model, read once; None where it is not installed. Says nothing below a probability of 0.9."""
    if importlib.util.find_spec("py3langid") is None:
        return None
    langid = importlib.import_module("py3langid.langid")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def identify(text: str) -> str | None:
        code, probability = identifier.classify(text)
        return str(code) if probability >= _SURE else None

    return identify
