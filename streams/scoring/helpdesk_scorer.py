"""VADER's compound and TextBlob's polarity and subjectivity behind one scorer."""

import re
from typing import Final

from textblob.en import sentiment as textblob_sentiment
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from schemas.scored import Sentiment
from streams.scoring.scorer import label_of, score_of

# Both libraries have quadratic parts: 10,000 emoji take stock VADER 27 s. What a customer wants to say is at the start.
MAX_CHARS: Final = 10_000
MAX_PICTOGRAPHS: Final = 200
_PICTOGRAPH = re.compile(r"[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")


class HelpdeskScorer:
    """The score and label are preset A's, from TextBlob's polarity; VADER's compound is carried beside them."""

    name = "lexicons-1"

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()
        # TextBlob reads its lexicon at the first use; a worker should be ready before its first event.
        textblob_sentiment("")

    def score(self, text: str) -> Sentiment:
        """Score the first 10,000 characters and the first 200 pictographs of a text."""
        bounded = bound(text)
        polarity, subjectivity = textblob_sentiment(bounded)
        score = score_of(polarity)
        compound: float = self._vader.polarity_scores(bounded)["compound"]
        return Sentiment(score, label_of(score), compound, polarity, subjectivity)


def bound(text: str) -> str:
    """The part of a text that is scored, so that any text takes a bounded time."""
    text = text[:MAX_CHARS]
    pictographs = [found.start() for found in _PICTOGRAPH.finditer(text)]
    if len(pictographs) > MAX_PICTOGRAPHS:
        head = pictographs[MAX_PICTOGRAPHS]
        text = text[:head] + _PICTOGRAPH.sub("", text[head:])
    return text
