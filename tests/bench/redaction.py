"""The stage `score` with rules for personal data against without, in turns within one process: batches of 1,000 events
with texts of 100 characters, each third of them with an address or a number in it.
"""

from typing import Final

from rich.console import Console

from streams.escalation.book import preset_book
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import parse_keys
from streams.privacy.policy import PrivacyBook
from streams.score import ScoreStage
from streams.stages import load_preset
from tests.bench.figures import Figure
from tests.bench.score import complaints
from tests.bench.score_cost import event_micros, speed_with
from tests.unit.records import raw

LAPS, QUICK_LAPS = 5, 3
_BATCH: Final = 1_000
_SAID: Final = (" Write to jane.roe@example.com.", " Call +1 212 736 5000.", "", "", "", "")


def measure(laps: int, console: Console) -> list[Figure]:
    """All texts and ids masked, or hashed, against rules that are all off."""
    keys = parse_keys("k:only-for-this-bench")
    records = [
        raw(place, event_id=str(place), text=text + _SAID[place % len(_SAID)], customer_id=f"C{place % 300}")
        for place, text in enumerate(complaints()[:_BATCH])
    ]
    sides = {action: Redaction(_book(action), keys) for action in ("off", "mask", "hash")}
    stage = ScoreStage(preset_book("support"), load_preset)
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(laps + 1):
        for name, side in sides.items():
            stage.adopt_redaction(side)
            found[name].append(event_micros(stage, records))
    figures = [speed_with("redaction", name, found["off"][1:], found[name][1:]) for name in sides if name != "off"]
    for figure in figures:
        console.print(f"  redaction: {figure.name}: {figure.value:.2f}  {figure.note}")
    return figures


def _book(action: str) -> PrivacyBook:
    fields = ("text", "subject", "metadata", "customer_id", "email")
    return PrivacyBook.model_validate({"fields": dict.fromkeys(fields, action)})
