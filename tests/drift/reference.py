"""Streams by seed, and where another implementation of ADWIN finds changes in them: river 0.26.1 with `clock=1`, which
begins anew after each change. `python -m tests.drift.reference` writes the file anew where river is installed.
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("adwin_by_river.json")
LENGTH: Final = 3_000
DELTAS: Final = (0.002, 0.05)
SEEDS: Final = range(3)

_LEVELS: Final[dict[str, Callable[[float], float]]] = {
    "still": lambda part: 0.5,
    "one_step": lambda part: 0.2 if part < 0.5 else 0.35,
    "steps": lambda part: (0.3, 0.5, 0.45, 0.7)[int(part * 4)],
    "slope": lambda part: 0.3 + 0.4 * part,
}
KINDS: Final = tuple(_LEVELS)


def values(kind: str, seed: int) -> Iterator[float]:
    """A stream of that kind: yes or no for `one_step`, else around its level."""
    draw = random.Random(seed)
    for place in range(LENGTH):
        level = _LEVELS[kind](place / LENGTH)
        yield float(draw.random() < level) if kind == "one_step" else min(max(draw.gauss(level, 0.1), 0.0), 1.0)


def changes() -> dict[str, list[int]]:
    """Where river finds changes, by kind, seed and δ."""
    return json.loads(FILE.read_text())  # type: ignore[no-any-return]


def main() -> None:
    from river.drift import ADWIN  # type: ignore[import-not-found]  # noqa: PLC0415

    found = {}
    for kind in KINDS:
        for seed in SEEDS:
            for delta in DELTAS:
                window = ADWIN(delta=delta, clock=1)
                places = []
                for place, value in enumerate(values(kind, seed)):
                    window.update(value)
                    if window.drift_detected:
                        places.append(place)
                found[f"{kind}-{seed}-{delta}"] = places
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
