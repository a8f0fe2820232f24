"""What a mapping takes from an answer: where a value stands, or whether something is in a list. Pure."""

from typing import Self

from pydantic import JsonValue, StrictInt, StrictStr, model_validator

from sinks.helpdesk.filling import Values, fill_text, names_in
from sinks.notify.targets import Part

Path = tuple[StrictStr | StrictInt, ...]


class Odd(ValueError):
    """An answer is not of the shape that the mapping knows. Says where, and never what."""


class Take(Part):
    """The value at `at`, by names and numbers from 0. With `where`, `at` is a list, and the value is that of its first
    element in which the value at `where` is equal to `equals`, or contains `contains`: the element's value at `then`,
    or true without one. It is none where a list has no such element; where there is no list or no such name, the answer
    is odd, because what cannot be read does not say that there is nothing.
    """

    at: Path = ()
    where: Path | None = None
    equals: str | None = None
    contains: str | None = None
    then: Path = ()

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        asked = (self.equals is not None) + (self.contains is not None)
        if asked != (self.where is not None):
            raise ValueError("`where` goes with one of `equals` and `contains`")
        if self.then and self.where is None:
            raise ValueError("`then` goes with `where`; without one, `at` is the whole path")
        return self

    def names(self) -> tuple[str, ...]:
        """The names of its places. Raises as `names_in` does."""
        return tuple(names_in([self.equals or "", self.contains or ""]))

    def of(self, answer: JsonValue, values: Values) -> JsonValue:
        """What the answer has there. Raises Odd."""
        found = _shaped(answer, self.at)
        if self.where is None:
            return found
        if not isinstance(found, list):
            raise Odd(f"there is no list at {_told(self.at)}")
        for element in found:
            if self._fits(_at(element, self.where), values):
                return _at(element, self.then) if self.then else True
        return None

    def _fits(self, value: JsonValue, values: Values) -> bool:
        if self.contains is not None:
            wanted = fill_text(self.contains, values)
            return bool(wanted) and isinstance(value, str | list) and wanted in value
        return value is not None and str(value) == fill_text(self.equals or "", values)


def _shaped(value: JsonValue, path: Path) -> JsonValue:
    """The value there; none behind the end of a list. Raises Odd."""
    for depth, step in enumerate(path, 1):
        if isinstance(value, list) and isinstance(step, int):
            if not 0 <= step < len(value):
                return None
            value = value[step]
        elif isinstance(value, dict) and step in value:
            value = value[str(step)]
        else:
            raise Odd(f"there is nothing at {_told(path[:depth])}")
    return value


def _told(path: Path) -> str:
    return ".".join(map(str, path)) or "its top"


def _at(value: JsonValue, path: Path) -> JsonValue:
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value
