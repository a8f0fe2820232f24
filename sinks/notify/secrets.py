"""What `env:NAME` and `file:PATH` stand for. A value is shown by nobody who prints it: it is pydantic's SecretStr."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr


class SecretMissing(Exception):
    """A secret cannot be had: says for whom, by which reference, and what to do. It never holds a value."""


def look_up(reference: str, whose: str, environment: Mapping[str, str]) -> SecretStr:
    """The value of a variable, or the content of a file without the line's end that editors add.

    `whose` says in errors who needs it, as in "target ops". Raises SecretMissing for what is not there or empty.
    """
    where, _, name = reference.partition(":")
    match where:
        case "env":
            value = environment.get(name)
            if value is None:
                raise SecretMissing(f"{whose}: the variable {name} is not set, which {reference} asks for")
        case "file":
            value = _content(Path(name), whose, reference)
        case _:
            # Perhaps it is the secret itself.
            raise SecretMissing(f"{whose}: what stands for a secret is env:NAME or file:PATH")
    if not value:
        raise SecretMissing(f"{whose}: {reference} is empty; put the secret there")
    return SecretStr(value)


def _content(path: Path, whose: str, reference: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SecretMissing(f"{whose}: {reference} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        # The error would show what it could not read.
        raise SecretMissing(f"{whose}: {reference} is no text in UTF-8") from None
