"""Templates of requests: data with places such as `{priority}`, filled as data. Pure.

A value never becomes part of JSON's or an address's syntax: in a body it stays one value, in a path one part.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

Values = Mapping[str, JsonValue]

_NAME: Final = r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?"
_PLACE: Final = re.compile(rf"\{{({_NAME}(?:\|{_NAME})*)\}}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Unfit(ValueError):
    """A value cannot stand where the template wants it. Says where, and never what."""


def names_in(template: JsonValue) -> Iterator[str]:
    """The names of all places. Raises ValueError for a brace that belongs to none."""
    if isinstance(template, str):
        if "{" in _PLACE.sub("", template) or "}" in _PLACE.sub("", template):
            raise ValueError(
                f"{template!r} has a brace that belongs to no place; a place is {{name}} or {{name|other}}"
            )
        for place in _PLACE.finditer(template):
            yield from place[1].split("|")
    elif isinstance(template, list):
        for each in template:
            yield from names_in(each)
    elif isinstance(template, dict):
        for each in template.values():
            yield from names_in(each)


def fill(template: JsonValue, values: Values) -> JsonValue:
    """The template with its values. A text that is one place becomes the value as it is, of its own type; an entry
    whose value is not there is left out, and so is an object or a list of which nothing is left.
    """
    if isinstance(template, str):
        place = _PLACE.fullmatch(template)
        return _value(place[1], values) if place else fill_text(template, values)
    if isinstance(template, list):
        filled = [fill(each, values) for each in template]
        return _unless_emptied(template, [each for each in filled if each is not None])
    if isinstance(template, dict):
        entries = {name: fill(each, values) for name, each in template.items()}
        return _unless_emptied(template, {name: each for name, each in entries.items() if each is not None})
    return template


def fill_text(template: str, values: Values) -> str:
    """The template as text; what is not there is empty."""
    return _PLACE.sub(lambda place: _text(_value(place[1], values)), template)


def fill_path(template: str, values: Values) -> str:
    """The template as the path of an address: every value is percent-encoded, "/" too. Raises Unfit for a value that
    is not there, or that would step out of its place, as ".." does.
    """

    def encoded(place: re.Match[str]) -> str:
        text = _text(_value(place[1], values))
        if text.strip(".") == "":
            raise Unfit(f"there is nothing that can stand for {place[0]} in the path {template}")
        return quote(text, safe="", errors="replace")

    return _PLACE.sub(encoded, template)


def fill_header(template: str, values: Values) -> str:
    """The template as the value of a header. Raises Unfit for what no header may hold."""
    text = fill_text(template, values)
    if _CONTROL.search(text) or not text.isascii():
        raise Unfit(f"a value cannot stand in the header {template}: it has a line's end or no plain character")
    return text


def _value(alternatives: str, values: Values) -> JsonValue:
    """The first that is there; an empty text is not."""
    return next((value for name in alternatives.split("|") if (value := values.get(name)) not in (None, "")), None)


def _text(value: JsonValue) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _unless_emptied(template: list[JsonValue] | dict[str, JsonValue], filled: JsonValue) -> JsonValue:
    return None if template and not filled else filled
