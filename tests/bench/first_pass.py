"""A first pass over all texts of a folder, as a process of its own whose scorers remember nothing yet."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.vader import polarity_scores
from tests.parity.stock import stock_polarity_scores, stock_sentiment
from tests.parity.texts import files_in, texts_of

# Both take turns, so that whatever else the machine does slows both.
TURN = 100


def run(data: Path) -> tuple[int, float, float]:
    """The number of texts, and the seconds of processor time of the stock libraries and of the scorers."""
    texts = list(chain.from_iterable(map(texts_of, files_in(data))))
    # The stock analyzer reads its lexicon at the first call.
    stock_sentiment("")
    stock_seconds = seconds = 0.0
    for start in range(0, len(texts), TURN):
        turn = texts[start : start + TURN]
        stock_seconds += _seconds((stock_polarity_scores, stock_sentiment), turn)
        seconds += _seconds((polarity_scores, sentiment), turn)
    return len(texts), stock_seconds, seconds


def _seconds(scorers: Sequence[Callable[[str], object]], texts: Sequence[str]) -> float:
    began = time.process_time()
    for score in scorers:
        for text in texts:
            score(text)
    return time.process_time() - began


if __name__ == "__main__":
    print(json.dumps(run(Path(json.loads(sys.argv[1])))), flush=True)
