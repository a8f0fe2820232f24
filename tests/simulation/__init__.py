"""Deterministic simulation: the engine over the local log, with time, order and faults drawn from one seed.

`python -m tests.simulation --runs 50000` runs schedules; `--runs 1 --seed N` runs one again, exactly, and tells its
story.
"""
