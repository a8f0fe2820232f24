"""What a chunk of a text tells the default reader."""

from streams.scoring.function_words import ENGLISH_ONLY
from streams.scoring.heard import Told
from streams.scoring.key_phrases import worth_of
from streams.scoring.markers import marks_in
from streams.scoring.words import tokens_in


def told_by(chunk: str) -> Told:
    """What a chunk of an ASCII text tells, or one of the `chunks_of` it, or a word of any text."""
    words = tokens_in(chunk)
    return Told(words, "".join(map(worth_of, words)), sum(map(ENGLISH_ONLY.__contains__, words)), marks_in(chunk))
