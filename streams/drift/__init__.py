"""Drift: the level of a tenant's hours has changed for good. Pure.

`adwin` finds that a stream of values has fallen into two, `season` says what an hour of the week is usually like,
`series` puts both together for one measure, `alerting` watches those of every tenant, and `words` says it to people.
"""

from streams.drift.series import HOURLY, DriftRules

__all__ = ["HOURLY", "DriftRules"]
