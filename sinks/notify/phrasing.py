"""The filters by which templates write times, figures and the words of a language (`words.toml`)."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from sinks.notify.template_files import Source

_QUOTE: Final = "> "


class _Format(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    time: str | None = None
    decimal_point: str | None = None


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: _Format = _Format()
    words: dict[str, str] = {}


class Phrasing:
    """How a language writes what facts say. Made of words.toml files: what an earlier one says holds."""

    def __init__(self, sources: Iterable[Source]) -> None:
        """The files have nothing wrong in them (`wrong_words`)."""
        read = [_read(source) for source in sources]
        self._words = {name: word for each in reversed(read) for name, word in each.words.items()}
        self._time = next((each.format.time for each in read if each.format.time), "%Y-%m-%d %H:%M UTC")
        self._point = next((each.format.decimal_point for each in read if each.format.decimal_point), ".")

    @property
    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """By the names that templates use."""
        return {
            "word": self.word,
            "time": self.time,
            "number": self.number,
            "percent": self.percent,
            "quoted": quoted,
        }

    def word(self, name: str) -> str:
        """What the language has for `very_negative`; else the name itself, with spaces."""
        return self._words.get(name) or name.replace("_", " ")

    def time(self, moment: datetime) -> str:
        """As the language writes dates and times, UTC."""
        return moment.astimezone(UTC).strftime(self._time)

    def number(self, figure: float, places: int = 2) -> str:
        """With so many places, at most six."""
        return f"{figure:.{min(max(int(places), 0), 6)}f}".replace(".", self._point)

    def percent(self, share: float) -> str:
        """A share from 0 to 1 in whole percent."""
        return f"{share:.0%}"


def quoted(text: str) -> str:
    """Each line as mails quote: it can be taken for none of ours."""
    return "\n".join(f"{_QUOTE}{line}".rstrip() for line in str(text).split("\n"))


def wrong_words(source: Source) -> str | None:
    """What is wrong in a words.toml, with its line or field."""
    try:
        _read(source)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        return f"{source.path}: {error}"
    return None


def _read(source: Source) -> _Words:
    return msgspec.convert(tomllib.loads(source.text), _Words)
