"""Faults at the real processes, each with a check that nothing was lost or doubled."""
