"""One sentence or short text: what the general scorers say of it, and what the support lexicon adds.

The parts are added as velocities are: tanh(atanh(blend) + the sum of atanh(points / 5)). The result stays between -1
and 1, a sentence without a phrase of the lexicon has the blend alone, and a phrase in an otherwise neutral one moves it
by just its points.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streams.scoring.presets import Blend
from streams.scoring.rated import rated_by_textblob, rated_by_vader
from streams.scoring.support_lexicon import Hit, Lexicon, Tokens
from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.tone import asked, correction_of_request, correction_of_sarcasm, is_request, sarcasm_in
from streams.scoring.vader import polarity_scores

# Beyond it, atanh tells only who shouts loudest.
_LIMIT: Final = 0.97
_MIDDLE: Final = 5.0
# Stands for words that mean nothing in a ticket; no scorer knows it, and it is longer than two letters.
_FILLER: Final = "thing"

Place = tuple[int, int]
# A reason's rule and term, its points, and where it starts and ends.
Why = tuple[str, str, float, int, int]


class Part(msgspec.Struct, frozen=True, gc=False):
    """A sentence's sentiment, -1 to 1, and the parts that add up to it; then the general scorers' own figures."""

    polarity: float
    vader: float
    textblob: float
    tone: float  # what sarcasm takes away or a request gives back
    added: float  # by the lexicon
    hits: Sequence[Hit]
    drives: Sequence[float]  # of the hits, which add up
    places: Sequence[Place]
    sarcasm: Place | None
    text: str
    seen: Sequence[str]  # what stood between the blanks of the text as the general scorers saw it
    compound: float
    textblob_polarity: float
    subjectivity: float

    def reasons(self, weight: float, offset: int) -> list[Why]:
        """Why, for a sentence that counts `weight` in a text in which it begins at `offset`."""
        scale = _MIDDLE * weight
        found: list[Why] = []
        if self.vader:
            found.append(("vader", rated_by_vader(self.seen), self.vader * scale, 0, 0))
        if self.textblob:
            found.append(("textblob", rated_by_textblob(self.seen), self.textblob * scale, 0, 0))
        if self.tone:
            rule = "sarcasm" if self.sarcasm else "question"
            start, end = self.sarcasm or (0, len(self.text))
            found.append((rule, self.text[start:end], self.tone * scale, start + offset, end + offset))
        if self.hits:
            for hit, (start, end), share in zip(self.hits, self.places, self._shares(), strict=True):
                if share:
                    rule = "negated" if hit.negated else hit.term.rule
                    found.append((rule, self.text[start:end], share * scale, start + offset, end + offset))
        return found

    def _shares(self) -> list[float]:
        """What each phrase adds. Those against the sum get their part with the other sign."""
        total = sum(self.drives)
        # Phrases that cancel out would each have added what the slope of tanh says.
        factor = self.added / total if abs(total) > 1e-6 else 1 - (self.polarity - self.added) ** 2
        return [drive * factor for drive in self.drives]


def assess_all(texts: Sequence[str], chunks: Sequence[list[str]], lexicon: Lexicon, blend: Blend) -> list[Part]:
    """Assess cleaned sentences or short texts that are not empty, each by itself; `chunks` stand between their blanks.

    Step by step for all of them, not text by text: each step has tables of its own, which the others would drive out of
    the processor's caches. That saves a quarter.
    """
    tokens = list(map(lexicon.tokens_of, texts, chunks))
    found = [lexicon.hits(each.codes) for each in tokens]
    places = list(map(Tokens.places, tokens, texts, found))
    seen = list(map(_without_hidden, texts, found, places))
    seen_chunks = [cut if text is whole else text.split() for text, whole, cut in zip(seen, texts, chunks, strict=True)]
    scores = list(map(polarity_scores, seen, seen_chunks))
    figures = list(map(sentiment, seen, seen_chunks))
    steps = zip(texts, tokens, found, places, seen_chunks, scores, figures, strict=True)
    return [_part(blend, *each) for each in steps]


def _part(
    blend: Blend,
    text: str,
    tokens: Tokens,
    hits: Sequence[Hit],
    places: Sequence[Place],
    seen: Sequence[str],
    scores: Mapping[str, float],
    figures: tuple[float, float],
) -> Part:
    polarity, subjectivity = figures
    compound = scores["compound"]
    vader = blend.compound * compound + blend.balance * (scores["pos"] - scores["neg"])
    textblob = blend.polarity * polarity
    if abs(vader + textblob) > _LIMIT:
        factor = _LIMIT / abs(vader + textblob)
        vader, textblob = vader * factor, textblob * factor
    tone, added, sarcasm = 0.0, 0.0, None
    drives: Sequence[float] = ()
    if is_request(text, tokens.chunks):
        hits = asked(hits)
        tone = correction_of_request(vader + textblob)
    if hits:
        sarcasm = _place_of(sarcasm_in(tokens.chunks, hits), tokens, text)
        if sarcasm and vader + textblob > 0:
            tone = correction_of_sarcasm(vader + textblob)
        heard = vader + textblob + tone
        drives = [math.atanh(hit.weight / _MIDDLE) for hit in hits]
        added = math.tanh(math.atanh(heard) + sum(drives)) - heard
    blended = vader + textblob + tone + added
    of_words = compound, polarity, subjectivity
    return Part(blended, vader, textblob, tone, added, hits, drives, places, sarcasm, text, seen, *of_words)


def _place_of(hit: Hit | None, tokens: Tokens, text: str) -> Place | None:
    return tokens.places(text, [hit])[0] if hit else None


def _without_hidden(text: str, hits: Sequence[Hit], places: Sequence[Place]) -> str:
    """The text with a filler in place of what means nothing in a ticket, or something else than it seems to."""
    if not hits:
        return text
    parts: list[str] = []
    done = 0
    for hit, (start, end) in zip(hits, places, strict=True):
        if hit.term.hidden:
            parts += [text[done:start], _FILLER]
            done = end
    return "".join([*parts, text[done:]]) if parts else text
