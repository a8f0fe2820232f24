"""TOML files that people write: read as plain values; a mistake is told with file, line and what is allowed."""

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.exceptions import TOMLKitError

Model = TypeVar("Model", bound=BaseModel)

# Stands in no file: see `line_of`.
_MARK: Final = "\ue000mark\ue000"
_TOLD_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
# Where pydantic's own words would speak of Python.
_MESSAGES: Final = {
    "extra_forbidden": "there is no such setting",
    "missing": "required",
    "model_type": 'wanted: a table, as in { fact = "score", below = 2.0 }',
}


class Mistake(NamedTuple):
    """One thing that is wrong in a file; `line` is None where the place is not in this file."""

    file: str
    line: int | None
    place: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.place + ': ' if self.place else ''}{self.message}"


class FileError(ValueError):
    """What is wrong in a file, in its order."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


def read_text(file: Path) -> str:
    """The text of a file. Raises FileError."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no UTF-8: {error}"
        raise FileError([Mistake(str(file), None, "", f"cannot be read: {reason}")]) from error


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """TOML as plain values. Raises FileError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = _TOLD_LINE.search(str(error))
        line = int(told[1]) if told and told[1] else text.count("\n") + 1
        raise FileError([Mistake(file, line, "", f"no TOML: {_TOLD_LINE.sub('', str(error))}")]) from None


def read_model(file: Path, model: type[Model]) -> Model:
    """The model that a file makes. Raises FileError."""
    text = read_text(file)
    fields = parse_toml(text, str(file))
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise FileError(mistakes(error, text, str(file), fields)) from None


def parse_extending(
    text: str, file: str, model: type[Model], installed: Collection[str], text_of: Callable[[str], str]
) -> Model:
    """The model that TOML text makes. One that `extends` an installed one is that one, whose text `text_of` gives, with
    what it says itself put over it: see `merged`. Raises FileError.
    """
    own = parse_toml(text, file)
    base = own.pop("extends", None)
    if base is not None and base not in installed:
        allowed = " | ".join(installed)
        raise FileError([Mistake(file, line_of(text, ("extends",)), "extends", f"{base!r} is none of {allowed}")])
    fields = own if base is None else merged(tomllib.loads(text_of(base)), own)
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise FileError(mistakes(error, text, file, fields, own)) from None


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` over `base`; lists of named tables are merged by name, other lists are replaced."""
    result = dict(base)
    for name, value in own.items():
        below = base.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[name] = merged(below, value)
        elif _is_named(below) and _is_named(value):
            result[name] = _merged_by_name(below, value)
        else:
            result[name] = value
    return result


def _merged_by_name(base: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    result = [dict(each) for each in base]
    open_places = {each["name"]: place for place, each in enumerate(base)}
    for each in own:
        # A second one of a name finds no place and is told as a mistake.
        place = open_places.pop(each["name"], None)
        if place is None:
            result.append(dict(each))
        else:
            result[place] = merged(result[place], each)
    return result


def _is_named(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return isinstance(value, list) and all(
        isinstance(each, Mapping) and isinstance(each.get("name"), str) for each in value
    )


def mistakes(
    error: ValidationError, text: str, file: str, fields: Mapping[str, Any], own: Mapping[str, Any] | None = None
) -> Sequence[Mistake]:
    """What pydantic found in `fields`, at the lines where it stands; `own` is what the file says of them, without what
    it extends.
    """
    found = []
    for each in error.errors(include_url=False, include_context=False):
        path = _without_tags(each["loc"])
        message = _MESSAGES.get(each["type"]) or each["msg"].removeprefix("Value error, ")
        here = path if own is None else _own_path(path, fields, own)
        found.append(Mistake(file, line_of(text, here) if here else None, _in_words(path, fields), message))
    return sorted(found, key=lambda mistake: mistake.line or 0)


def _without_tags(path: Sequence[int | str]) -> list[int | str]:
    """Pydantic tells after the number of a condition which kind it took it for."""
    return [
        step
        for place, step in enumerate(path)
        if not (step in ("fact", "signal", "group") and path[place - 2] in ("all", "any", "none"))
    ]


def _own_path(path: Sequence[int | str], fields: Any, own: Any) -> list[int | str] | None:
    """Where in the file the place stands; the last step may be missing there. None for what only stands in what the
    file extends.
    """
    found: list[int | str] = []
    for depth, step in enumerate(path, 1):
        here = _own_number(step, fields, own) if isinstance(step, int) and _is_named(fields) else step
        try:
            own = own[here]
        except (KeyError, IndexError, TypeError):
            return [*found, here] if depth == len(path) and here is not None else None
        found.append(here)
        fields = fields[step]
    return found


def _own_number(number: int, fields: Sequence[Mapping[str, Any]], own: Any) -> Any:
    """The number in the file of a named table that has another one after merging."""
    if not _is_named(own):
        return number
    name = fields[number]["name"]
    places = [place for place, each in enumerate(own) if each["name"] == name]
    # The second of a name is the second in the file too.
    earlier = sum(each["name"] == name for each in fields[:number])
    return places[earlier] if earlier < len(places) else None


def _in_words(path: Sequence[int | str], fields: Any) -> str:
    """The place as one would say it: what has a name by its name, else by its number from 1."""
    words = ""
    for step in path:
        if isinstance(step, int):
            words += f".{fields[step]['name']}" if _is_named(fields) else f"[{step + 1}]"
        else:
            words += f".{step}"
        try:
            fields = fields[step]
        except (KeyError, IndexError, TypeError):
            fields = None
    return words.lstrip(".")


def line_of(text: str, path: Sequence[int | str]) -> int | None:
    """The line (from 1) of a value in TOML text; of a missing one that of its table. None when it cannot be told.

    A parsed document knows no lines but writes itself as it was read: the value is replaced by a mark, and where the
    mark appears is the line.
    """
    for depth in range(len(path), 0, -1):
        document: Any = tomlkit.parse(text)
        try:
            holder = document
            for step in path[: depth - 1]:
                holder = holder[step]
            _mark(holder, path[depth - 1])
            written = tomlkit.dumps(document)
        except (KeyError, IndexError, TypeError, TOMLKitError):
            continue
        place = written.find(_MARK)
        if place >= 0:
            return written.count("\n", 0, place) + 1
    return None


def _mark(holder: Any, step: int | str) -> None:
    """Replace a value by the mark; a table keeps its place and gets the mark as the value of its first entry."""
    value = holder[step]
    while isinstance(value, dict | list) and value:
        holder, step = value, next(iter(value)) if isinstance(value, dict) else 0
        value = holder[step]
    holder[step] = _MARK
