"""Assignments: as rows, and as the page offers them."""
