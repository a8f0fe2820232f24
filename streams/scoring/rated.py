"""Which words of a text VADER and TextBlob rate, to tell them as reasons."""

from collections.abc import Iterable
from typing import Final

from streams.scoring import textblob_words, vader_words
from streams.scoring.memo import Memo

_AROUND: Final = ".,;:!?\"'()[]*"
_MOST: Final = 8


def rated_by_vader(chunks: list[str]) -> str:
    """Up to eight words in small letters, with commas between them, of what stands between a text's blanks."""
    return joined(map(_vader_word, chunks))


def rated_by_textblob(chunks: list[str]) -> str:
    """The same of the words that TextBlob rates."""
    return joined(map(_textblob_word, chunks))


def joined(words: Iterable[str]) -> str:
    """As a reason shows them; for a chunk without such a word there is an empty one."""
    return ", ".join(list(filter(None, words))[:_MOST])


def vader_word(chunk: str) -> str:
    """The word that VADER rates, in small letters, or the smiley; empty if there is none."""
    # A smiley is nothing but punctuation.
    return (chunk.strip(_AROUND).lower() or chunk) if vader_words.WORDS[vader_words.code_of(chunk)].is_rated else ""


def textblob_word(chunk: str) -> str:
    """The word that TextBlob rates, in small letters; empty if there is none."""
    word = chunk.strip(_AROUND).lower()
    return word if textblob_words.WORDS[textblob_words.code_of(word)].scores else ""


_vader_word = Memo(vader_word).__getitem__
_textblob_word = Memo(textblob_word).__getitem__
