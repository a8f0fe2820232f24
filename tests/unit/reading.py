"""Readings as the pipeline makes them: the preset's scorer first, then its reader."""

from functools import cache

from schemas.readings import Reading
from streams.scoring import Explainer, scorer_of
from streams.scoring.readers import reader_of
from streams.scoring.readings import Reader
from streams.scoring.scorer import polarity_of


def read(preset: str, text: str, priority: str | None = None) -> Reading:
    """What a preset reads from a text."""
    found = scorer(preset).explain(text)
    polarity = polarity_of(found.sentiment.score) if found.sentiment else 0.0
    return reader(preset).read(found.text, polarity, priority)


@cache
def scorer(preset: str) -> Explainer:
    return scorer_of(preset)


@cache
def reader(preset: str) -> Reader:
    return reader_of(preset)


def listed(words: str) -> list[str]:
    """The words and phrases of a list, which commas part."""
    return words.split(", ")
