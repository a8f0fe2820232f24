"""The scorers against the stock libraries, in turns within one process, on complaints cut to a size."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from textblob.en import sentiment as bare_textblob

from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.vader import polarity_scores
from tests.bench.child import Child
from tests.bench.figures import Figure, at_least, below, known
from tests.bench.timing import micros
from tests.parity.stock import stock_polarity_scores, stock_sentiment
from tests.parity.texts import texts_of

COMPLAINTS = Path(__file__).parents[1] / "data" / "complaints.jsonl"
LAPS, QUICK_LAPS = 11, 3
EMOJI = "😀😢😡👍💔"


class Size(NamedTuple):
    """How long the texts are, how many there are, and how many times as fast both scorers together must be."""

    characters: int
    texts: int
    wanted: float


SIZES = (Size(100, 40, 12), Size(1_000, 20, 10), Size(10_000, 4, 20))


class Lap(NamedTuple):
    """Microseconds of processor time for a text."""

    stock_vader: float
    vader: float
    stock_textblob: float
    bare_textblob: float
    textblob: float

    @property
    def ratio(self) -> float:
        """How many times as fast both are together."""
        return (self.stock_vader + self.stock_textblob) / (self.vader + self.textblob)

    @property
    def bare_ratio(self) -> float:
        """The same if TextBlob's analyzer is called without the object around it."""
        return (self.stock_vader + self.bare_textblob) / (self.vader + self.textblob)


async def measure(laps: int, data: Path | None, console: Console) -> list[Figure]:
    """The warm sizes, emoji, and, with a folder of texts, a first pass over them in a process of its own."""
    complaints = "\n\n".join(texts_of(COMPLAINTS))
    figures = [_at_size(size, complaints, laps, console) for size in SIZES]
    figures += _emoji(laps)
    if data:
        figures.append(await _first_pass(data, console))
    return figures


def _at_size(size: Size, complaints: str, laps: int, console: Console) -> Figure:
    texts = [complaints[start : start + size.characters] for start in _starts(len(complaints), size)]
    # The first lap warms up.
    found = [_lap(texts) for _ in range(laps + 1)][1:]
    name = f"both / stock, {size.characters:,} characters, warm"
    figure = at_least("scorers", name, [lap.ratio for lap in found], "times", size.wanted, _described(found))
    console.print(f"  {figure.name}: {figure.value:.1f}  {figure.note}")
    return figure


def _starts(length: int, size: Size) -> Iterator[int]:
    return (number * (length // size.texts) for number in range(size.texts))


def _lap(texts: Sequence[str]) -> Lap:
    return Lap(
        micros(stock_polarity_scores, texts),
        micros(polarity_scores, texts, 10),
        micros(stock_sentiment, texts),
        micros(bare_textblob, texts),
        micros(sentiment, texts, 10),
    )


def _described(laps: Sequence[Lap]) -> str:
    stock_vader, vader, stock_textblob, _, textblob = (median(values) for values in zip(*laps, strict=True))
    bare = median(lap.bare_ratio for lap in laps)
    micros = f"VADER {stock_vader:,.0f} → {vader:,.0f} µs, TextBlob {stock_textblob:,.0f} → {textblob:,.0f} µs"
    return f"{micros}; {bare:.1f} times without the object around TextBlob's analyzer"


def _emoji(laps: int) -> Iterator[Figure]:
    """The stock analyzer is quadratic in emoji, so the ratio is of a tenth of them."""
    many, few = [EMOJI * 2_000], [EMOJI * 200]
    millis = [(micros(polarity_scores, many) + micros(sentiment, many)) / 1e3 for _ in range(laps)]
    yield below("scorers", "10,000 emoji", median(millis), "ms", 50, f"at most {max(millis):.1f} ms")
    ratios = [micros(stock_polarity_scores, few) / micros(polarity_scores, few, 10) for _ in range(min(laps, 3))]
    yield known("scorers", "VADER / stock, 1,000 emoji", ratios, "times")


async def _first_pass(data: Path, console: Console) -> Figure:
    async with Child("tests.bench.first_pass", str(data)) as child:
        texts, stock_seconds, seconds = await child.answer(tuple[int, float, float])
    name = f"both / stock, first pass over {texts:,} texts"
    note = f"{stock_seconds:.1f} → {seconds:.1f} s"
    console.print(f"  {name}: {note}")
    return at_least("scorers", name, [stock_seconds / seconds], "times", 5, note)
