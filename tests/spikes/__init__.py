"""Alerts measured, not asserted: simulated series, the product's detector, and the two that people use otherwise."""
