"""The scorers of the presets that replaced systems wrote: one stock figure, and the rule that labels it."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from schemas.scored import Label, Reason, Sentiment
from streams.scoring.bounds import bound
from streams.scoring.rated import rated_by_textblob, rated_by_vader
from streams.scoring.readers.assistant import PHRASES
from streams.scoring.readers.substrings import has_any
from streams.scoring.readers.whatsapp import ANGER, CONFUSION, COURTESY
from streams.scoring.readings import bounded
from streams.scoring.scorer import Explained, label_of, score_of
from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.vader import polarity_scores
from streams.scoring.words import lowered

# A label from a figure, -1 to 1, and the text.
LabelRule = Callable[[float, str], Label]

_POINTS: Final = 5.0


class StockScorer:
    """Scores by VADER's compound or by TextBlob's polarity, (figure + 1) * 5, and labels by the preset's own rule.

    Of a text the first 10,000 characters and the first 200 pictographs are scored, as they are: nothing is cleaned.
    """

    def __init__(self, name: str, figure: Literal["vader", "textblob"], rule: LabelRule) -> None:
        self.name = name
        self._figure = figure
        self._rule = rule

    def score(self, text: str) -> Sentiment:
        """The sentiment; that of a text of blanks is neutral."""
        return self._assess(text, bound(text))

    def score_all(self, texts: Sequence[str]) -> list[Explained]:
        """One result for each text, in order."""
        return list(map(self.explain, texts))

    def explain(self, text: str) -> Explained:
        """The sentiment. The one reason is the words that the library rates, and the confidence the figure's size."""
        seen = bound(text)
        if not seen.strip():
            return Explained(None, unscored="no text")
        found = self._assess(text, seen)
        figure = found.compound if self._figure == "vader" else found.polarity
        rated = rated_by_vader if self._figure == "vader" else rated_by_textblob
        reasons = (Reason(self._figure, rated(seen.split()), figure * _POINTS),) if figure else ()
        removed = {"characters": len(text) - len(seen)} if len(seen) < len(text) else {}
        return Explained(found, reasons, abs(figure), removed=removed, text=seen)

    def _assess(self, text: str, seen: str) -> Sentiment:
        polarity, subjectivity = sentiment(seen)
        compound = polarity_scores(seen)["compound"]
        figure = compound if self._figure == "vader" else polarity
        return Sentiment(score_of(figure), self._rule(figure, text), compound, polarity, subjectivity)


def _helpdesk(polarity: float, text: str) -> Label:
    return label_of(score_of(polarity))


def _incident(compound: float, text: str) -> Label:
    """B: negative < -0.1, positive > 0.1, else neutral."""
    return _three(compound, below=compound < -0.1, above=compound > 0.1)


def _analytics(polarity: float, text: str) -> Label:
    """E: positive from 0.3, negative down from -0.3."""
    return _three(polarity, below=polarity <= -0.3, above=polarity >= 0.3)


def _whatsapp(compound: float, text: str) -> Label:
    """C's angry is very negative; its confused is never positive; courtesy that is not negative is positive."""
    lower = lowered(bounded(text))
    if has_any(lower, ANGER):
        return "very_negative"
    if compound < -0.1:
        return "negative"
    if has_any(lower, CONFUSION):
        return "neutral"
    return "positive" if compound > 0.1 or has_any(lower, COURTESY) else "neutral"


def _assistant(compound: float, text: str) -> Label:
    """D has signals of dissatisfaction and no score: a signal is negative, the rest is labelled as B does."""
    return "negative" if has_any(lowered(bounded(text)), PHRASES) else _incident(compound, text)


def _three(figure: float, below: bool, above: bool) -> Label:
    return "negative" if below else "positive" if above else "neutral"


STOCK_SCORERS: Final = {
    "helpdesk": StockScorer("lexicons-1", "textblob", _helpdesk),
    "incident": StockScorer("incident-1", "vader", _incident),
    "whatsapp": StockScorer("whatsapp-1", "vader", _whatsapp),
    "assistant": StockScorer("assistant-1", "vader", _assistant),
    "analytics": StockScorer("analytics-1", "textblob", _analytics),
}
