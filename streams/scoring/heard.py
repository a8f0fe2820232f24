"""What stands between a text's blanks, with all that scorers and readers ask about it."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class Told(NamedTuple):
    """What a chunk tells a reader: its words and punctuation, what they are worth in key phrases, how many are words of
    English only, and the marks of programs.
    """

    words: tuple[str, ...]
    worth: str
    english: int
    marks: str


class Heard(msgspec.Struct, frozen=True, gc=False):
    """The chunks of a text, where line ends are blanks, and for each: its codes to the lexicon, whether it is a common
    English word, its codes to VADER and TextBlob, the word that either rates or nothing, and what is `Told`.

    Columns of one table, not rows: to turn it once is a third of the work of asking each row again and again.
    """

    chunks: Sequence[str] = ()
    lexicon: Sequence[str] = ()
    common: Sequence[bool] = ()
    vader: Sequence[str] = ()
    textblob: Sequence[str] = ()
    vader_words: Sequence[str] = ()
    textblob_words: Sequence[str] = ()
    words: Sequence[Sequence[str]] = ()
    worth: Sequence[str] = ()
    english: Sequence[int] = ()
    marks: Sequence[str] = ()
