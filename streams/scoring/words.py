"""A text cut into words and punctuation, once for all that reads it."""

import re
from itertools import chain
from typing import Final

from streams.scoring.memo import Memo

# A word may hold an apostrophe but no hyphen, so that "log-in" and "log in" are the same. Punctuation is a token of
# its own, because no phrase goes across it; so is a dash between blanks, and the end of a line.
_TOKEN: Final = re.compile(r"\w+(?:'\w+)*|[^\w\s'-][^\w\s]*|(?<!\S)-+(?!\S)|\n")
_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
LINE_END: Final = "\n"
# What stands for the end of a line where blanks are lost.
_LINE_END: Final = "¶"


def words_of(text: str) -> list[str]:
    """Words in lower case and punctuation, in order; a token is a word if its first character is one of a word."""
    # Of other letters, what is lower case may hang on the whole text.
    chunks = chunks_of(text if text.isascii() else lowered(text))
    # Most of what stands between two blanks was seen before: three times as fast as the pattern over the whole text.
    return list(chain.from_iterable(map(_TOKENS.__getitem__, chunks)))


def chunks_of(text: str) -> list[str]:
    """What stands between the blanks of a text, and its line ends, each as a mark that is not ASCII."""
    return (text.replace(LINE_END, f" {_LINE_END} ") if LINE_END in text else text).split()


def places_of(text: str) -> list[tuple[int, int]]:
    """Where each token starts and ends in the text."""
    return [token.span() for token in _TOKEN.finditer(lowered(text))]


def lowered(text: str) -> str:
    """Lower case with plain apostrophes, of the same length as the text, so that places agree."""
    if text.isascii():
        return text.lower().replace("`", "'")
    text = text.translate(_APOSTROPHES)
    lower = text.lower()
    # A few letters grow when they change case: those stay as they are.
    return lower if len(lower) == len(text) else "".join(map(_lower_letter, text))


def _lower_letter(letter: str) -> str:
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def tokens_in(chunk: str) -> tuple[str, ...]:
    """The words and punctuation of one of the `chunks_of` a text: of one in ASCII, whatever its case."""
    return (LINE_END,) if chunk == _LINE_END else tuple(_TOKEN.findall(lowered(chunk) if chunk.isascii() else chunk))


_TOKENS: Final[Memo[tuple[str, ...]]] = Memo(tokens_in)
