"""What replacing at the door does to scores: the project's texts, scored as they are and as the door leaves them.

python -m tests.privacy.door_scores
"""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streams.demo.feed import load_complaints
from streams.privacy.keys import parse_keys
from streams.privacy.policy import Action, TenantRules
from streams.privacy.replacing import Replacer
from streams.scoring import Explained
from streams.stages import load_preset
from tests.privacy.labelled import held_out, labelled

_DATA: Final = Path(__file__).parents[1] / "data"
_KEYS: Final = parse_keys("2026-11:only-for-this-figure")
# Of the bench of redaction: what customers write behind what they have to say.
_ADDED: Final = " Write to jane.roe@example.com or call +1 212 736 5000."


class Change(NamedTuple):
    """Of `texts`, in how many something was replaced, how many have another label then, and how far their scores (0 to
    10) moved at most. `right` counts those with the label that people gave, before and after.
    """

    texts: int
    replaced: int
    labels: int
    most: float
    right: tuple[int, int] | None


def sets() -> Iterator[tuple[str, Sequence[str], Sequence[str] | None]]:
    """The project's texts by what they are; labels where people gave some."""
    yield "complaints (real)", [each.text for each in load_complaints()], None
    with gzip.open(_DATA / "banking77_test.csv.gz", "rt") as file:
        yield "questions of BANKING77 (real)", [row["text"] for row in csv.DictReader(file)], None
    lines = (_DATA / "support_messages.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    messages, labels = [each["text"] for each in told], [each["label"] for each in told]
    yield "support messages (labelled)", messages, labels
    yield "the same with an address and a number behind each", [each + _ADDED for each in messages], labels
    yield "sentences with personal data (ours)", [each.text for each in (*labelled(), *held_out())], None


def change(texts: Sequence[str], labels: Sequence[str] | None, action: Action) -> Change:
    """What replacing does to the scores of texts."""
    preset = load_preset("support")
    rules = TenantRules(fields={"text": action})
    left = [Replacer("default", rules, _KEYS).text(text, action)[0] for text in texts]
    before, after = preset.scorer.score_all(texts), preset.scorer.score_all(left)
    pairs = list(zip(before, after, strict=True))
    return Change(
        len(texts),
        sum(text != now for text, now in zip(texts, left, strict=True)),
        sum(_label(one) != _label(other) for one, other in pairs),
        max(abs(_score(one) - _score(other)) for one, other in pairs),
        None if labels is None else (_right(before, labels), _right(after, labels)),
    )


_COARSE: Final[Mapping[str, str]] = {"very_negative": "negative", "very_positive": "positive"}


def _label(found: Explained) -> str:
    return found.sentiment.label if found.sentiment else ""


def _score(found: Explained) -> float:
    return found.sentiment.score if found.sentiment else 0.0


def _right(found: Sequence[Explained], labels: Sequence[str]) -> int:
    return sum(_COARSE.get(_label(one), _label(one)) == label for one, label in zip(found, labels, strict=True))


def main() -> None:
    """Print the figures."""
    for name, texts, labels in sets():
        for action in ("mask", "hash"):
            made = change(texts, labels, action)
            right = "" if made.right is None else f"; right {made.right[0]} → {made.right[1]}"
            print(
                f"{name}, {action}: {made.texts:,} texts, replaced in {made.replaced:,}, "
                f"{made.labels} other labels, scores by {made.most:.2f} at most{right}"
            )


if __name__ == "__main__":
    main()
