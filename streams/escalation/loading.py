"""Policies from TOML files: a mistake is told with its file, its line, and what is allowed there."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError

from schemas.readings import PresetName
from streams.escalation.policy import Policy

PRESETS: Final[tuple[str, ...]] = get_args(PresetName)
# Stands in no policy: see `line_of`.
_MARK: Final = "\ue000mark\ue000"


class Mistake(NamedTuple):
    """One thing that is wrong in a file; `line` is None where the place is not in this file."""

    file: str
    line: int | None
    place: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.place + ': ' if self.place else ''}{self.message}"


class PolicyError(ValueError):
    """What is wrong in a file of policies, in its order."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


def read_policy(file: Path) -> Policy:
    """The policy in a TOML file. Raises PolicyError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError([Mistake(str(file), None, "", f"cannot be read: {error}")]) from error
    return parse_policy(text, str(file))


def preset(name: str) -> Policy:
    """The policy that is installed under the name of a preset."""
    file = _preset_file(name)
    return parse_policy(file.read_text(encoding="utf-8"), file.name)


def parse_policy(text: str, file: str) -> Policy:
    """The policy in TOML text. One that `extends` a preset is that preset with what it says itself put over it: tables
    are merged, and rules by their names. Raises PolicyError.
    """
    own = parse_toml(text, file)
    base = own.pop("extends", None)
    if base is not None and base not in PRESETS:
        allowed = " | ".join(PRESETS)
        raise PolicyError([Mistake(file, line_of(text, ("extends",)), "extends", f"{base!r} is none of {allowed}")])
    fields = own if base is None else merged(tomllib.loads(_preset_file(base).read_text(encoding="utf-8")), own)
    try:
        return Policy.model_validate(fields)
    except ValidationError as error:
        raise PolicyError([*mistakes(error, text, file, own)]) from None


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """TOML as plain values. Raises PolicyError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        try:
            tomlkit.parse(text)
        except TOMLKitError as told:
            line = getattr(told, "line", None)
            raise PolicyError([Mistake(file, line, "", f"no TOML: {error}")]) from None
        raise PolicyError([Mistake(file, None, "", f"no TOML: {error}")]) from None


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` over `base`; lists of named tables are merged by name, other lists are replaced."""
    result = dict(base)
    for name, value in own.items():
        below = base.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[name] = merged(below, value)
        elif isinstance(below, list) and _is_named(below) and _is_named(value):
            named = {each["name"]: each for each in below}
            for each in value:
                named[each["name"]] = merged(named.get(each["name"], {}), each)
            result[name] = list(named.values())
        else:
            result[name] = value
    return result


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) and "name" in each for each in value)


def mistakes(error: ValidationError, text: str, file: str, own: Mapping[str, Any]) -> Sequence[Mistake]:
    """What pydantic found, at the lines where it stands."""
    found = []
    for each in error.errors(include_url=False, include_context=False):
        path = [step for step in each["loc"] if not _is_tag(step)]
        message = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            message = "there is no such setting"
        found.append(Mistake(file, line_of(text, path) if _holds(own, path) else None, _in_words(path), message))
    return found


def _is_tag(step: int | str) -> bool:
    return step in ("fact", "signal", "group") or (isinstance(step, str) and step.startswith(("function-", "tuple[")))


def _holds(own: Any, path: Sequence[int | str]) -> bool:
    """Whether the path, or the table that lacks its last step, is in this file and not in what it extends."""
    for step in path[:-1]:
        try:
            own = own[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _in_words(path: Sequence[int | str]) -> str:
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


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


def _preset_file(name: str) -> Traversable:
    return resources.files(__package__) / "presets" / f"{name}.toml"
