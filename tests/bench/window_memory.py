"""What `track` holds of windows, which it keeps until no event can count in them any more: bytes of memory a row.

python -m tests.bench.window_memory --minutes 600 --agents 40
"""

import argparse
import os
from collections.abc import Iterator
from functools import partial

from schemas.windows import Totals, WindowKey
from streams.engine.stage import Output
from streams.engine.state import Overlay, State
from streams.track import totals
from streams.windows import WindowRules
from tests.bench.usage import resident_bytes

MINUTE = 60
# A midnight.
BEGIN = 20_000 * 86_400
# As many texts as one partition of a desk with two hundred events a second has in a minute.
EVENTS = 3_000


def main() -> None:
    """Print what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.window_memory", description=__doc__)
    parser.add_argument("--minutes", type=int, default=600)
    parser.add_argument("--agents", type=int, default=40, help="who each have events in every minute")
    arguments = parser.parse_args()
    rows, taken = measure(arguments.minutes, arguments.agents)
    a_minute = rows / arguments.minutes
    print(f"{rows:,} rows, {a_minute:.0f} a minute and partition; {taken / rows:.0f} bytes of memory each")
    rules = WindowRules()
    kept = a_minute * (rules.late_horizon + rules.future_tolerance) / MINUTE
    days, mebibytes = rules.late_horizon / 86_400, kept * taken / rows / 2**20
    print(f"after {days:.0f} days {kept:,.0f} rows, {mebibytes:,.0f} MiB a partition")


def measure(minutes: int, agents: int) -> tuple[int, float]:
    """The rows of so many minutes of one tenant in one partition, and the bytes by which the process grew for them.
    As many minutes went before, in which it has got what it needs besides.
    """
    state, rules = State(0, 1), WindowRules()
    _count(state, 0, minutes, agents, rules)
    rows, before = len(state), resident_bytes(os.getpid())
    _count(state, minutes, 2 * minutes, agents, rules)
    return len(state) - rows, resident_bytes(os.getpid()) - before


def _count(state: State, first: int, last: int, agents: int, rules: WindowRules) -> None:
    for start in range(BEGIN + first * MINUTE, BEGIN + last * MINUTE, MINUTE):
        overlay = Overlay(state)
        totals.add({key: _totals(key.value) for key in _keys(start, agents, rules)}, rules, overlay, Output())
        totals.tell(start * 1000, False, rules, overlay, Output())
        state.merge(overlay)


def _keys(start: int, agents: int, rules: WindowRules) -> Iterator[WindowKey]:
    key = partial(WindowKey, "default")
    values = [("overall", ""), ("journey_stage", "payment")]
    values += [("channel", name) for name in ("email", "chat", "web", "phone", "whatsapp", "in_app", "social")]
    values += [("category", name) for name in ("billing", "technical", "account", "general", "feature")]
    values += [("priority", "medium"), *(("agent", f"agent-{number}") for number in range(agents))]
    for size in rules.sizes:
        yield from (key(size, start - start % size, dimension, value) for dimension, value in values)


def _totals(value: str) -> Totals:
    if value.startswith("agent"):
        return Totals(events=EVENTS // 100)
    fifth, half = EVENTS // 5, EVENTS // 2
    return Totals(
        EVENTS, EVENTS, fifth, fifth, fifth, fifth, fifth, 500 * EVENTS, 6, 960, tickets=EVENTS,
        emotions={"grateful": half, "angry": half}, urgencies={"medium": half, "critical": half},
        response_times=dict.fromkeys(range(20), 2),
    )  # fmt: skip


if __name__ == "__main__":
    main()
