"""Files that people write: a head in TOML between two lines of `+++`, and a text below it.

A folder is trusted to say what is suggested, not to lead elsewhere: links out of it, what is no file, files that are
too large and texts in another encoding are told, and not read.
"""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.toml_files import FileError, Mistake, mistakes, parse_toml

MAX_BYTES: Final = 262_144
MAX_FILES: Final = 5_000
_FENCE: Final = "+++"


class Head(BaseModel):
    """Of a file: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Given = TypeVar("Given", bound=Head)


class Written(NamedTuple, Generic[Given]):
    """A file: its name below the folder without what it ends in, its head, its text, and the line on which that begins
    (from 1). `path` is how errors call it.
    """

    name: str
    path: str
    head: Given
    text: str
    line: int


def read_written(folder: Path, suffix: str, model: type[Given]) -> tuple[list[Written[Given]], list[Mistake]]:
    """All files of a folder that end in `suffix`, by name, and what is wrong with the others. Raises OSError when the
    folder cannot be read.
    """
    found: list[Written[Given]] = []
    wrong: list[Mistake] = []
    for path in _files(folder, suffix):
        try:
            if len(found) == MAX_FILES:
                raise FileError([Mistake(str(folder), None, "", f"more than {MAX_FILES:,} files; no more are read")])
            found.append(parse_written(_name(folder, path), str(path), text_of(path, folder), model))
        except FileError as error:
            wrong.extend(error.mistakes)
            if len(found) == MAX_FILES:
                break
    return found, wrong


def parse_written(name: str, path: str, text: str, model: type[Given]) -> Written[Given]:
    """A file's text in its parts. Raises FileError."""
    head, below, line = _parted(text, path)
    fields = parse_toml(head, path)
    try:
        return Written(name, path, model.model_validate(fields), below, line)
    except ValidationError as error:
        raise FileError(mistakes(error, head, path, fields, fields)) from None


def text_of(path: Path, folder: Path) -> str:
    """The text of a file that is in the folder and not too large. Raises FileError."""
    why = _why_not(path, folder)
    if why is None:
        try:
            return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            why = "no text in UTF-8"
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
    raise FileError([Mistake(str(path), None, "", why)])


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    # Raises where a glob would find nothing.
    next(folder.iterdir(), None)
    for path in sorted(folder.rglob(f"*{suffix}")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and not (path.is_dir() and not path.is_symlink()):
            yield path


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _why_not(path: Path, folder: Path) -> str | None:
    try:
        about = path.stat()
        if not path.resolve().is_relative_to(folder.resolve()):
            return "a link out of the folder; it is not read"
    except (OSError, RuntimeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or 'a link that leads nowhere'}"
    if not stat.S_ISREG(about.st_mode):
        return "no file"
    if about.st_size > MAX_BYTES:
        return f"{about.st_size:,} bytes; a file has {MAX_BYTES:,} at most"
    return None


def _parted(text: str, path: str) -> tuple[str, str, int]:
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        raise FileError([Mistake(path, 1, "", f"it begins with a line {_FENCE}, its head in TOML, and {_FENCE} again")])
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise FileError([Mistake(path, 1, "", f"its head has no end: a line {_FENCE}")])
    # An empty line in the place of the first, so that what is told has the lines of the file.
    return "\n".join(["", *lines[1:end]]), "\n".join(lines[end + 1 :]), end + 2


def in_order(wrong: Sequence[Mistake]) -> list[Mistake]:
    """By file and line, each once."""
    return sorted(dict.fromkeys(wrong), key=lambda each: (each.file, each.line or 0, each.message))
