"""Words that VADER and TextBlob do not see: a filler stands in place of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streams.scoring.heard import Heard
from streams.scoring.hearing import Hearing
from streams.scoring.support_lexicon import Hit, Place, before, behind

# No scorer knows it, and it is longer than two letters.
_FILLER: Final = "thing"


def without_hidden(
    text: str, heard: Heard, hits: Sequence[Hit], places: Sequence[Place], hearing: Hearing
) -> tuple[str, Heard]:
    """The text with a filler in place of what means nothing in a ticket, or something else than it seems to, and what
    is heard in it by those two. `heard` is what is heard in the whole; `places` are those of the hits.
    """
    hidden = [place for hit, place in zip(hits, places, strict=True) if hit.term.hidden]
    if not hidden:
        return text, heard
    pieces: list[str] = []
    done = 0
    for start, end, _, _ in hidden:
        pieces += (text[done:start], _FILLER)
        done = end
    seen = "".join([*pieces, text[done:]])
    if "\n" in text or (len(hidden) > 1 and _overlap(hidden)):
        # Two in one chunk, or chunks whose numbers count line ends too.
        return seen, hearing.hear(seen)
    chunks, vader, textblob = list(heard.chunks), list(heard.vader), list(heard.textblob)
    vader_words, textblob_words = list(heard.vader_words), list(heard.textblob_words)
    # From behind, so that the numbers of those before stay.
    for _, _, first, last in reversed(hidden):
        chunk = f"{before(chunks[first])}{_FILLER}{behind(chunks[last])}"
        filled = hearing.chunk(chunk)
        chunks[first], vader[first], textblob[first] = chunk, filled.vader, filled.textblob
        vader_words[first], textblob_words[first] = filled.vader_word, filled.textblob_word
        if last > first:
            for column in (chunks, vader, textblob, vader_words, textblob_words):
                del column[first + 1 : last + 1]
    return seen, Heard(chunks, (), (), vader, textblob, vader_words, textblob_words)


def _overlap(places: Sequence[Place]) -> bool:
    return any(last >= first for (_, _, _, last), (_, _, first, _) in pairwise(places))
