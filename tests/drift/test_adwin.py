"""ADWIN against another implementation, against plain sums, and against the bound of the paper."""

import math
import random
import statistics

import msgspec
import pytest

from streams.drift import adwin
from streams.drift.adwin import GRACE, LEAST, MAX_BUCKETS, Window
from tests.drift import reference


def window_of(values: list[float]) -> Window:
    window = Window()
    for place, value in enumerate(values):
        window = adwin.add(window, value, value, 1.0, place)
    return window


@pytest.mark.parametrize("kind", reference.KINDS)
@pytest.mark.parametrize("delta", reference.DELTAS)
def test_changes_are_found_where_another_implementation_finds_them(kind: str, delta: float) -> None:
    for seed in reference.SEEDS:
        window, found = Window(), []
        for place, value in enumerate(reference.values(kind, seed)):
            window = adwin.add(window, value, value, 1.0, place)
            if adwin.find_change(window, delta) is not None:
                found.append(place)
                window = Window()
        assert found == reference.changes()[f"{kind}-{seed}-{delta}"]


def test_the_reference_has_changes_to_agree_on() -> None:
    found = reference.changes()
    assert sum(map(len, found.values())) > 20
    assert not any(places for name, places in found.items() if name.startswith("still"))


def test_a_cut_is_believed_from_the_bound_of_the_paper_on() -> None:
    values = [0.2] * 32 + [0.6] * 16
    change = adwin.find_change(window_of(values), 0.5)
    assert change is not None
    assert (change.before.values, change.after.values) == (32, 16)
    assert change.before.mean == pytest.approx(0.2)
    assert change.after.mean == pytest.approx(0.6)
    assert change.after.start == 32
    logarithm = math.log(2 * math.log(len(values)) / change.probability)
    inverse = 1 / (32 - LEAST + 1) + 1 / (16 - LEAST + 1)
    bound = math.sqrt(2 * inverse * statistics.pvariance(values) * logarithm) + 2 / 3 * inverse * logarithm
    assert bound == pytest.approx(0.4)
    assert adwin.find_change(window_of(values), change.probability * 0.99) is None
    assert adwin.find_change(window_of(values), change.probability * 1.01) is not None


def test_buckets_hold_what_was_added_and_few_of_them_are_needed() -> None:
    draw = random.Random(5)
    values = [draw.random() for _ in range(8_766)]
    window = window_of(values)
    assert adwin.width(window) == len(values)
    assert all(len(row) <= MAX_BUCKETS for row in window.rows)
    assert len(msgspec.msgpack.encode(window)) < 4_000
    at = 0
    for place in range(len(window.rows) - 1, -1, -1):
        for bucket in window.rows[place]:
            held = values[at : at + 2**place]
            assert bucket.start == at
            assert bucket.total == pytest.approx(sum(held))
            assert bucket.weight == len(held)
            assert bucket.squares == pytest.approx(statistics.pvariance(held) * len(held))
            at += 2**place
    assert at == len(values)


def test_a_window_is_the_same_after_it_was_a_row_of_the_changelog() -> None:
    window = window_of([0.1, 0.9, 0.4] * 40)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(window), type=Window) == window


def test_too_few_values_say_nothing_and_values_outside_of_0_to_1_are_refused() -> None:
    assert adwin.find_change(window_of([0.0] * (GRACE // 2) + [1.0] * (GRACE // 2)), 0.9999) is None
    assert adwin.find_change(Window(), 0.5) is None
    with pytest.raises(ValueError, match="not within 0 to 1"):
        adwin.add(Window(), 1.01, 1.01, 1.0, 0)
