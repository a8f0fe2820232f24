"""What to do: findings with the figures that they rest on. Pure.

A threshold that is passed for certain (all of the 95 % interval lies beyond it) is something to act on; one that may be
passed by chance is something to watch. A change is told only when it is more than chance.
"""

from typing import Final

from sinks.reports import changes, thresholds
from sinks.reports.evidence import Evidence
from sinks.reports.model import Finding, Level

_ORDER: Final[dict[Level, int]] = {"act": 0, "watch": 1, "good": 2}


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What rests on enough to act comes first, then what may be chance, then what has become better."""
    made = (
        *thresholds.critical(evidence),
        *thresholds.unanswered(evidence),
        *thresholds.negative(evidence),
        *changes.where_to_begin(evidence),
        *changes.negative_changed(evidence),
        *changes.categories_changed(evidence),
        *thresholds.escalated(evidence),
        *changes.escalated_changed(evidence),
        *thresholds.slow(evidence),
        *thresholds.technical(evidence),
        *thresholds.repeated(evidence),
        *changes.volume(evidence),
        *changes.topics(evidence),
    )
    return tuple(sorted(made, key=lambda each: _ORDER[each.level]))
