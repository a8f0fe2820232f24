"""Tickets that a team has already: a file of them, as events; see docs/import.md."""
