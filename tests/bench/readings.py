"""What each part of the default preset takes for a text, beside the stock libraries, in turns within one process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from rich.console import Console

from streams.scoring.clean import clean
from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess, trained_identifier
from streams.scoring.machine_made import machine_of
from streams.scoring.markers import questions_in, shown_in
from streams.scoring.matcher import Matcher
from streams.scoring.readers.support import LISTS, SupportReader
from streams.scoring.readings import Asked
from streams.scoring.scorer import polarity_of
from streams.scoring.support_lexicon import Lexicon, read_lexicon
from streams.scoring.support_scorer import SupportScorer, read_support_scorer
from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.topic_votes import vote
from streams.scoring.vader import polarity_scores
from streams.scoring.word_lists import read_lists
from streams.scoring.words import words_of
from tests.bench.figures import Figure, below, known
from tests.bench.timing import micros
from tests.parity.stock import stock_polarity_scores, stock_sentiment
from tests.parity.texts import texts_of

_DATA: Final = Path(__file__).parents[1] / "data"
FILES: Final = (_DATA / "banking77.csv", _DATA / "complaints.jsonl")
SHORT, LONG = 100, 1_000
# At most so many texts of each size: all of the short ones, because a worker is given some hundred at once.
TEXTS: Final = {SHORT: 200, LONG: 10}
LAPS, QUICK_LAPS = 30, 5
# The parts are many times as fast as the stock libraries, and a lap of each should take some milliseconds.
TIMES: Final = 10
STOCK, EVERYTHING = "stock VADER and TextBlob", "everything"
# The budget of a text of 100 characters is 60 µs on a machine on which the stock libraries take 183.
BUDGET: Final = round(60 / 183, 2)

Input = TypeVar("Input")
# The microseconds of each part for a text.
Lap = Mapping[str, float]


class Support:
    """The parts of the default preset, apart and together."""

    def __init__(self) -> None:
        identify = trained_identifier()
        self.lexicon: Lexicon = read_lexicon()
        self.scorer: SupportScorer = read_support_scorer()
        self.reader = SupportReader(LanguageGuess(identify))
        self.matcher = Matcher(read_lists(*LISTS))
        self.language = LanguageGuess(identify)

    def phrases_of(self, text: str) -> object:
        """The phrases of the support lexicon."""
        return self.lexicon.hits(self.lexicon.tokens_of(text).codes)

    def everything(self, texts: Sequence[str]) -> object:
        """The score with its reasons, and all readings, as the pipeline asks for them: a batch at once."""
        found = self.scorer.score_all(texts)
        polarities = [polarity_of(each.sentiment.score) if each.sentiment else 0.0 for each in found]
        return self.reader.read_all(
            [Asked(each.text, at, None, each.heard) for each, at in zip(found, polarities, strict=True)]
        )

    def parts(self, texts: Sequence[str]) -> dict[str, Callable[[], float]]:
        """The microseconds of each part for one of the texts; a part gets what it gets within the whole."""
        cleaned = [clean(text).text for text in texts]
        words = list(map(words_of, cleaned))
        both = list(zip(cleaned, words, strict=True))
        cut = [(text, text.split()) for text in cleaned]
        return {
            STOCK: partial(micros, _stock, texts),
            "clean": _of(clean, texts),
            "machine-made?": _of(machine_of, texts),
            "VADER": _of(polarity_scores, cleaned),
            "TextBlob": _of(sentiment, cleaned),
            "phrases of the lexicon": _of(self.phrases_of, cleaned),
            "score": _of(self.scorer.score, texts),
            "score with reasons": _of(self.scorer.explain, texts),
            "words": _of(words_of, cleaned),
            "words and phrases of all lists": _of(self.matcher.find_words, words),
            "topic": _of(vote, list(map(self.matcher.find_words, words))),
            "key phrases": _of(key_phrases, words),
            "error, code, picture, questions": _of(_marks, cut),
            "language": _of(self._language_of, both),
            "all readings": _of(self._read, cleaned),
            EVERYTHING: lambda: micros(self.everything, [texts], TIMES) / len(texts),
        }

    def _language_of(self, text: tuple[str, list[str]]) -> object:
        return self.language.of(*text)

    def _read(self, text: str) -> object:
        return self.reader.read(text, 0.0, None)


def measure(laps: int, console: Console) -> list[Figure]:
    """The whole against its budget, then each part: the least of all laps."""
    support = Support()
    short, long = (_laps(support, size, laps) for size in (SHORT, LONG))
    figures = [*_whole(short, long), *_parts(short, long)]
    for figure in figures:
        console.print(f"  {figure.name}: {figure.value:.2f} {figure.unit}  {figure.note}")
    return figures


def texts_of_size(characters: int) -> list[str]:
    """The beginnings of messages that have as many characters, drawn evenly from all."""
    messages = chain.from_iterable(map(texts_of, FILES))
    beginnings = [message[:characters] for message in messages if len(message) >= characters]
    step = max(1, len(beginnings) // TEXTS[characters])
    return beginnings[::step][: TEXTS[characters]]


def _of(part: Callable[[Input], object], inputs: Sequence[Input]) -> Callable[[], float]:
    return partial(micros, part, inputs, TIMES)


def _laps(support: Support, size: int, laps: int) -> Sequence[Lap]:
    parts = support.parts(texts_of_size(size))
    # The first lap warms up.
    return [{name: part() for name, part in parts.items()} for _ in range(laps + 1)][1:]


def _whole(short: Sequence[Lap], long: Sequence[Lap]) -> Iterator[Figure]:
    name = f"{EVERYTHING} / stock, {SHORT} characters"
    yield below("readings", name, _ratio(short), "", BUDGET, _described(short))
    yield known("readings", f"{EVERYTHING} / stock, {LONG:,} characters", [_ratio(long)], "", _described(long))


def _ratio(laps: Sequence[Lap]) -> float:
    """Of the least of all laps, because what else runs can only add to a time."""
    return _least(laps, EVERYTHING) / _least(laps, STOCK)


def _described(laps: Sequence[Lap]) -> str:
    ratios = [lap[EVERYTHING] / lap[STOCK] for lap in laps]
    micros_of_both = f"{_least(laps, EVERYTHING):,.0f} of {_least(laps, STOCK):,.0f} µs"
    return f"{micros_of_both}; lap by lap {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _parts(short: Sequence[Lap], long: Sequence[Lap]) -> Iterator[Figure]:
    for name in short[0]:
        note = f"{_least(long, name):,.0f} µs for {LONG:,} characters"
        spread = _least(short, name), max(lap[name] for lap in short)
        yield Figure("readings", f"{name}, {SHORT} characters", spread[0], "µs", spread=spread, note=note)


def _least(laps: Sequence[Lap], name: str) -> float:
    return min(lap[name] for lap in laps)


def _stock(text: str) -> object:
    return stock_polarity_scores(text), stock_sentiment(text)


def _marks(text: tuple[str, Sequence[str]]) -> object:
    return shown_in(*text), questions_in(text[0])
