"""Looks up what stands between a text's blanks: once for all that ask, in one memory."""

from typing import NamedTuple

from streams.scoring import textblob_sentiment, vader_words
from streams.scoring.english import is_common
from streams.scoring.heard import Heard
from streams.scoring.memo import Memo
from streams.scoring.rated import textblob_word, vader_word
from streams.scoring.support_lexicon import Lexicon
from streams.scoring.told import told_by


class Chunk(NamedTuple):
    """A row of the table whose columns are `Heard`, but for the chunk itself."""

    lexicon: str
    common: bool
    vader: str
    textblob: str
    vader_word: str
    textblob_word: str
    words: tuple[str, ...]
    worth: str
    english: int
    marks: str


class Hearing:
    """Looks texts up. Immutable but for a bounded memory of chunks, 40 MB when it is full; threads may share it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.chunk = Memo(self._chunk).__getitem__

    def hear(self, text: str) -> Heard:
        """What a text says."""
        chunks = text.split()
        return Heard(chunks, *zip(*map(self.chunk, chunks), strict=False))

    def _chunk(self, chunk: str) -> Chunk:
        return Chunk(
            self._lexicon.codes_of(chunk),
            is_common(chunk),
            vader_words.code_of(chunk),
            textblob_sentiment.codes_of(chunk),
            vader_word(chunk),
            textblob_word(chunk),
            *told_by(chunk),
        )
