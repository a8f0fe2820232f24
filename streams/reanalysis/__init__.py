"""Stored events scored again by the current model and policy, as new versions of their rows; see docs/reanalysis.md."""
