"""How well articles and questions that are alike are found.

On the questions of BANKING77 that are in tests/data, and the articles of tests/suggestions. The thresholds were looked
for on the same questions.
"""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from sinks.suggestions.articles import read_articles
from sinks.suggestions.bm25 import Bm25
from sinks.suggestions.finding import THRESHOLD, ArticleFinder, Found
from sinks.suggestions.similar import THRESHOLD as ALIKE
from sinks.suggestions.terms import terms_of
from streams.escalation.policy import AutoAnswer
from tests.evaluations.row import Row
from tests.suggestions.labelled import ARTICLES, LABELLED
from tests.unit.banking import QUESTIONS

AUTOMATIC: Final = AutoAnswer().threshold
_DATA: Final = f"BANKING77 ({len(QUESTIONS)}) and 26 articles"
_LAPS: Final = 3


class Ranked(NamedTuple):
    """A question's article (None where there is none), and what was found, best first, whatever its share."""

    article: str | None
    found: Sequence[Found]

    @property
    def rank(self) -> int:
        """The place of its article, from 1; 0 if it was not found."""
        names = [found.passage.article.name for found in self.found]
        return names.index(self.article) + 1 if self.article in names else 0

    def is_shown(self, threshold: float) -> bool:
        """Whether anything is suggested."""
        return bool(self.found) and self.found[0].share >= threshold


def ranked() -> list[Ranked]:
    """All questions."""
    finder = ArticleFinder(read_articles(ARTICLES)[0])
    return [Ranked(article, finder.find(text, "", "en", threshold=0.0, most=100)) for text, article in LABELLED]


def precision_at_one(questions: Sequence[Ranked]) -> float:
    """The share of questions with an article for which it comes first."""
    ranks = [each.rank for each in questions if each.article]
    return ranks.count(1) / len(ranks)


def mean_reciprocal_rank(questions: Sequence[Ranked]) -> float:
    """The mean of one over the place of the article, 0 where it was not found."""
    ranks = [each.rank for each in questions if each.article]
    return sum(1 / rank for rank in ranks if rank) / len(ranks)


def shown(questions: Sequence[Ranked], threshold: float) -> tuple[float, float, float]:
    """Above a threshold: the share of questions with an article that get a suggestion, the share of those whose first
    is right, and the share of questions without an article that get one.
    """
    having = [each for each in questions if each.article]
    told = [each for each in having if each.is_shown(threshold)]
    without = [each for each in questions if not each.article]
    wrongly = sum(each.is_shown(threshold) for each in without)
    return len(told) / len(having), sum(each.rank == 1 for each in told) / len(told), wrongly / len(without)


def alike(threshold: float) -> tuple[float, float]:
    """For each question the one that is most alike among the others, as tickets are compared: how many have one above a
    threshold, and of how many of these it has the same intent, of 77.
    """
    terms = [terms_of(text, "en") for text, _ in QUESTIONS]
    index = Bm25(terms)
    hits = []
    for place, each in enumerate(terms):
        shares = index.shares(each)
        shares[place] = -1.0
        best = int(shares.argmax())
        if shares[best] >= threshold:
            hits.append(QUESTIONS[best][1] == QUESTIONS[place][1])
    return len(hits) / len(terms), sum(hits) / len(hits)


def rows() -> list[Row]:
    """Articles, and the nearest other question. The time is processor time, the least of three laps."""
    questions, cost = _timed()
    first = {"precision@1": f"{precision_at_one(questions):.3f}", "MRR": f"{mean_reciprocal_rank(questions):.3f}"}
    made = [Row("help articles by BM25", _DATA, "all", first, cost)]
    for threshold in (THRESHOLD, AUTOMATIC):
        told, right, wrongly = shown(questions, threshold)
        figures = {
            "shown": f"{told:.2f}",
            "right of these": f"{right:.2f}",
            "shown without an article": f"{wrongly:.2f}",
        }
        made.append(Row(f"the same, from {threshold}", _DATA, "looked for on it", figures))
    told, right = alike(ALIKE)
    figures = {"shown": f"{told:.2f}", "right of these": f"{right:.2f}"}
    made.append(
        Row(
            f"the nearest question, from {ALIKE}",
            f"the same questions ({len(QUESTIONS)})",
            "each from the others",
            figures,
        )
    )
    return made


def _timed() -> tuple[list[Ranked], str]:
    laps = []
    for _ in range(_LAPS):
        began = time.process_time()
        questions = ranked()
        laps.append(time.process_time() - began)
    return questions, f"{min(laps) / len(LABELLED) * 1e6:.0f} µs a question, the index included"
