"""One sentence or short text: what the general scorers say of it, and what the support lexicon adds.

The parts are added as velocities are: tanh(atanh(blend) + the sum of atanh(points / 5)). The result stays between -1
and 1, a sentence without a phrase of the lexicon has the blend alone, and a phrase in an otherwise neutral one moves it
by just its points.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from streams.scoring.heard import Heard
from streams.scoring.hearing import Hearing
from streams.scoring.hidden import without_hidden
from streams.scoring.presets import Blend
from streams.scoring.rated import joined
from streams.scoring.support_lexicon import Hit, Lexicon, Place, Tokens
from streams.scoring.textblob_sentiment import sentiment_of
from streams.scoring.tone import asked, correction_of_request, correction_of_sarcasm, is_request, sarcasm_in
from streams.scoring.vader import compound_and_balance

# Beyond it, atanh tells only who shouts loudest.
_LIMIT: Final = 0.97
_MIDDLE: Final = 5.0
# A reason's size, rule and term, its points, and where it starts and ends.
Why = tuple[float, str, str, float, int, int]


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
    rated_by_vader: Sequence[str]  # words, and nothing for the chunks between them
    rated_by_textblob: Sequence[str]
    compound: float
    textblob_polarity: float
    subjectivity: float

    def reasons(self, weight: float, offset: int) -> list[Why]:
        """Why, for a sentence that counts `weight` in a text in which it begins at `offset`."""
        scale = _MIDDLE * weight
        text = self.text
        found: list[Why] = []
        if self.vader:
            points = self.vader * scale
            found.append((abs(points), "vader", joined(self.rated_by_vader), points, 0, 0))
        if self.textblob:
            points = self.textblob * scale
            found.append((abs(points), "textblob", joined(self.rated_by_textblob), points, 0, 0))
        if self.tone:
            points = self.tone * scale
            place = self.sarcasm
            rule, (start, end, _, _) = ("sarcasm", place) if place else ("question", (0, len(text), 0, 0))
            found.append((abs(points), rule, text[start:end], points, start + offset, end + offset))
        if self.hits:
            factor = self._factor()
            for hit, (start, end, _, _), drive in zip(self.hits, self.places, self.drives, strict=True):
                share = drive * factor
                if share:
                    rule = "negated" if hit.negated else hit.term.rule
                    points = share * scale
                    found.append((abs(points), rule, text[start:end], points, start + offset, end + offset))
        return found

    def _factor(self) -> float:
        """What makes shares of the drives. Phrases against the sum get their part with the other sign."""
        total = sum(self.drives)
        # Phrases that cancel out would each have added what the slope of tanh says.
        return self.added / total if abs(total) > 1e-6 else 1 - (self.polarity - self.added) ** 2


def assess_all(
    texts: Sequence[str], heard: Sequence[Heard], lexicon: Lexicon, hearing: Hearing, blend: Blend
) -> list[Part]:
    """Assess cleaned sentences or short texts that are not empty, each by itself; `heard` is what is heard in each.

    Step by step for all of them, not text by text: each step has tables of its own, which the others would drive out of
    the processor's caches. That saves a quarter.
    """
    tokens = [_tokens_of(text, each, lexicon) for text, each in zip(texts, heard, strict=True)]
    found = [lexicon.hits(each.codes) for each in tokens]
    places = [each.places(text, hits) if hits else [] for each, text, hits in zip(tokens, texts, found, strict=True)]
    seen = [
        without_hidden(text, each, hits, where, hearing) if hits else (text, each)
        for text, each, hits, where in zip(texts, heard, found, places, strict=True)
    ]
    by_vader = [compound_and_balance(text, each.vader) for text, each in seen]
    by_textblob = [sentiment_of(text, each.chunks, each.textblob) for text, each in seen]
    of_seen = [each for _, each in seen]
    steps = zip(texts, tokens, found, places, of_seen, by_vader, by_textblob, strict=True)
    return [_part(blend, *each) for each in steps]


def _tokens_of(text: str, heard: Heard, lexicon: Lexicon) -> Tokens:
    # To the lexicon, and to nobody else, the end of a line is a token.
    if "\n" in text:
        return lexicon.tokens_of(text)
    return Tokens(heard.chunks, heard.lexicon, "".join(heard.lexicon))


def _part(
    blend: Blend,
    text: str,
    tokens: Tokens,
    hits: Sequence[Hit],
    places: Sequence[Place],
    seen: Heard,
    by_vader: tuple[float, float],
    by_textblob: tuple[float, float],
) -> Part:
    compound, balance = by_vader
    polarity, subjectivity = by_textblob
    vader = blend.compound * compound + blend.balance * balance
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
    return Part(
        vader + textblob + tone + added,
        vader,
        textblob,
        tone,
        added,
        hits,
        drives,
        places,
        sarcasm,
        text,
        seen.vader_words,
        seen.textblob_words,
        compound,
        polarity,
        subjectivity,
    )


def _place_of(hit: Hit | None, tokens: Tokens, text: str) -> Place | None:
    return tokens.places(text, [hit])[0] if hit else None
