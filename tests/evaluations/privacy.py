"""What is found of personal data, and what a text takes of a language model."""

import json
import statistics
import time
from collections.abc import Sequence

from streams.demo.feed import load_complaints
from streams.llm.data import seen, shortened
from streams.llm.rules import CATEGORIES
from streams.llm.tasks import Classify, message_data
from streams.llm.tokens import estimated
from streams.privacy import find, redact
from streams.scoring.clean import clean
from tests.evaluations.row import PROJECT_DATA, Row
from tests.privacy.labelled import Labelled, held_out, labelled

_LAPS = 5
_CHARACTERS = 6_000


def rows() -> list[Row]:
    """Places must be exact. The time is processor time, the least of five laps."""
    messages = (PROJECT_DATA / "support_messages.jsonl").read_text("utf-8").splitlines()
    return [
        _found("generated, and hard negatives", labelled(), "patterns corrected on it"),
        _found("sentences written after the patterns", held_out(), "four corrections since"),
        _asked("complaints", [text for each in load_complaints() if (text := each.text)]),
        _asked("support messages", [str(json.loads(line)["text"]) for line in messages]),
    ]


def _found(name: str, texts: Sequence[Labelled], split: str) -> Row:
    wanted = {(place, found) for place, each in enumerate(texts) for found in each.found}
    got = {(place, found) for place, each in enumerate(texts) for found in find(each.text)}
    right = len(wanted & got)
    figures = {
        "precision": f"{right / len(got):.3f}",
        "recall": f"{right / len(wanted):.3f}",
        "values": str(len(wanted)),
    }
    return Row("personal data", f"{name} ({len(texts)})", split, figures)


def _asked(name: str, texts: Sequence[str]) -> Row:
    task = Classify(CATEGORIES)
    ours = estimated(task.instructions) + estimated(json.dumps(task.schema))
    data = [message_data(shortened(redact(seen(clean(text).text)).text, _CHARACTERS)) for text in texts]
    tokens = [estimated(each) for each in data]
    figures = {
        "tokens of the text": f"{statistics.mean(tokens):.0f}",
        "tokens in": f"{statistics.mean(tokens) + ours:.0f}",
    }
    return Row("a language model, `classify`", f"{name} ({len(texts)})", "all", figures, _cost(texts))


def _cost(texts: Sequence[str]) -> str:
    laps = []
    for _ in range(_LAPS):
        began = time.process_time()
        for text in texts:
            find(text)
        laps.append(time.process_time() - began)
    return f"{min(laps) / len(texts) * 1e6:.0f} µs to look for personal data"
