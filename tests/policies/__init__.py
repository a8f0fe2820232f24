"""Policies that tests decide by."""

from pathlib import Path

from streams.escalation.book import read_book

SIMPLE_FOLDER = Path(__file__).parent
SIMPLE = read_book(SIMPLE_FOLDER)
SIMPLE_FILE = SIMPLE_FOLDER / "simple.toml"
# Rules of every kind, which the naive model of conversations knows by heart.
WATCHED_FILE = SIMPLE_FOLDER / "watched" / "watched.toml"
