"""The file of tokens: read, written whole, and looked at again while a server runs."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import tomlkit
from pydantic import BaseModel, ConfigDict, model_validator

from schemas.toml_files import FileError, Mistake, read_model
from schemas.whole_files import alone_in, write_whole
from sinks.access.tokens import StoredToken, TokenBook

log = logging.getLogger(__name__)

SETTING: Final = "TICKETPULSE_TOKENS"
LOOK_SECONDS: Final = 2.0
_HEAD: Final = (
    "Written by `ticketpulse token`. It holds digests, no tokens: whoever has it cannot sign in with it,\n"
    "but whoever can write it can let anybody in.\n"
)


class _Tokens(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: tuple[StoredToken, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> "_Tokens":
        ids = [token.id for token in self.tokens]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"two tokens have the id {twice[0]}")
        return self


def read_tokens(file: Path) -> TokenBook:
    """The tokens of a file. Raises FileError, which says what is wrong in which line."""
    if not file.exists():
        wanted = "there is no such file; `ticketpulse token new --role admin --name you` makes it"
        raise FileError([Mistake(str(file), None, "", wanted)])
    return TokenBook(read_model(file, _Tokens).tokens)


def change_tokens(file: Path, change: Callable[[TokenBook], Sequence[StoredToken]]) -> None:
    """Write what `change` makes of the tokens of a file, which need not be there. One command at a time; readers see
    the old file or the new one. The new one is its owner's alone (0600). Raises FileError and OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone_in(file.parent):
        book = read_tokens(file) if file.exists() else TokenBook(())
        _write(file, change(book))


def _write(file: Path, tokens: Sequence[StoredToken]) -> None:
    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line))
    tables = tomlkit.aot()
    for token in tokens:
        table = tomlkit.table()
        table.update(token.model_dump(exclude_none=True) | {"roles": [role.value for role in token.roles]})
        tables.append(table)
    if tokens:
        document.add(tomlkit.nl())
        document.add("tokens", tables)
    write_whole(file, tomlkit.dumps(document).encode(), mode=0o600)


class Change(NamedTuple):
    """A token that came, went or is another than it was: token.added, token.removed, token.revoked, token.changed."""

    action: str
    token: StoredToken


class TokenSource:
    """The tokens in force: those of the file as it was when it last could be read.

    `seconds` is a clock that never goes back. Every two seconds somebody who asks makes it look at the file; one that
    cannot be read is told in the log, once, and what was in force stays so.
    """

    def __init__(self, file: Path, seconds: Callable[[], float]) -> None:
        """Raises FileError for a file that cannot be read now."""
        self._file = file
        self._seconds = seconds
        # Before it is read: a change in between is seen.
        self._seen = _state(file)
        self._book = read_tokens(file)
        self._next_look = seconds() + LOOK_SECONDS
        self._changes: list[Change] = []
        _warn_of_readers(file)

    def book(self) -> TokenBook:
        """The tokens in force now."""
        if self._seconds() >= self._next_look:
            self._next_look = self._seconds() + LOOK_SECONDS
            self._look()
        return self._book

    def take_changes(self) -> list[Change]:
        """What has changed in the file since they were taken last."""
        changes, self._changes = self._changes, []
        return changes

    def _look(self) -> None:
        state = _state(self._file)
        if state == self._seen:
            return
        self._seen = state
        before = self._book
        try:
            self._book = read_tokens(self._file)
        except FileError as error:
            log.error("the tokens before stay in force, because the new ones cannot be read:\n%s", error)
        else:
            log.info("tokens in force: %d of %s", len(self._book.tokens), self._file)
            self._changes += _changes(before, self._book)
            _warn_of_readers(self._file)


def _changes(before: TokenBook, after: TokenBook) -> Iterator[Change]:
    for token in after.tokens.values():
        known = before.tokens.get(token.id)
        if known is None:
            yield Change("token.added", token)
        elif known != token:
            yield Change("token.revoked" if token.revoked_at and not known.revoked_at else "token.changed", token)
    for token in before.tokens.values():
        if token.id not in after.tokens:
            yield Change("token.removed", token)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _warn_of_readers(file: Path) -> None:
    with suppress(OSError):
        if file.stat().st_mode & 0o022:
            log.warning("%s can be written by others than its owner, who could let anybody in: chmod 600 it", file)
