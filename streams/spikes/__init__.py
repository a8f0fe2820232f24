"""Spikes, falls and silences: what of a series of windows cannot be chance. Pure.

`measures` says which series a window feeds, `baseline` what each of them is usually like at this hour of the week,
`evidence` how improbable the newest windows are, and `watch` when an alert begins and ends.
"""

from streams.spikes.baseline import Baseline
from streams.spikes.measures import MEASURES, Reading, readings_of
from streams.spikes.watch import Finding, SpikeRules, Watched, close, look_early

__all__ = [
    "MEASURES",
    "Baseline",
    "Finding",
    "Reading",
    "SpikeRules",
    "Watched",
    "close",
    "look_early",
    "readings_of",
]
