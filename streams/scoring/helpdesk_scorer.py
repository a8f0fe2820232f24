"""VADER's compound and TextBlob's polarity and subjectivity behind one scorer."""

import re
from typing import Final

from schemas.scored import Sentiment
from streams.scoring.scorer import label_of, score_of
from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.vader import polarity_scores

# Any text takes a bounded time, and what a customer wants to say is at the start. The figures depend on both bounds:
# with others this would be another scorer, and need another name.
MAX_CHARS: Final = 10_000
MAX_PICTOGRAPHS: Final = 200
_PICTOGRAPH = re.compile(r"[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")


class HelpdeskScorer:
    """The score and label are preset A's, from TextBlob's polarity; VADER's compound is carried beside them."""

    name = "lexicons-1"

    def score(self, text: str) -> Sentiment:
        """Score the first 10,000 characters and the first 200 pictographs of a text."""
        bounded = bound(text)
        polarity, subjectivity = sentiment(bounded)
        score = score_of(polarity)
        return Sentiment(score, label_of(score), polarity_scores(bounded)["compound"], polarity, subjectivity)


def bound(text: str) -> str:
    """The part of a text that is scored, so that any text takes a bounded time."""
    text = text[:MAX_CHARS]
    pictographs = [found.start() for found in _PICTOGRAPH.finditer(text)]
    if len(pictographs) > MAX_PICTOGRAPHS:
        head = pictographs[MAX_PICTOGRAPHS]
        text = text[:head] + _PICTOGRAPH.sub("", text[head:])
    return text
