"""The time of functions that take a few microseconds each and wait for nothing.

It is processor time: on a core that others use too, the clock on the wall would mostly tell of them.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Input = TypeVar("Input")


def micros(run: Callable[[Input], object], inputs: Sequence[Input], times: int = 1) -> float:
    """Microseconds of processor time for one input: the mean over all inputs, each taken `times` times."""
    began = time.process_time()
    for _ in range(times):
        for each in inputs:
            run(each)
    return (time.process_time() - began) / times / len(inputs) * 1e6
