"""Dead letters as people and programs read them."""

import base64
import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import typer

from streams.commands.terminal import print_json, print_table

# C0 and C1 without tab and line feed, and what turns the direction of reading around.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

if TYPE_CHECKING:
    from streams.broker.letters import Letter, Place


def print_letters(letters: Sequence["Letter"]) -> None:
    """A line for each."""
    rows = [
        (
            one.id,
            f"{one.letter.failed_at:%Y-%m-%d %H:%M:%S}",
            one.state,
            one.letter.stage,
            one.letter.reason,
            _origin(one),
            visible(one.letter.message),
        )
        for one in letters
    ]
    print_table(("ID", "FAILED AT (UTC)", "STATE", "STAGE", "REASON", "RECORD", "MESSAGE"), rows)


def print_summary(places: Sequence["Place"]) -> None:
    """How many of which stage and reason, and from when to when."""
    kinds = Counter((one.stage, one.reason) for one in places)
    rows = []
    for kind, number in sorted(kinds.items()):
        times = [one.failed_at for one in places if (one.stage, one.reason) == kind]
        rows.append((*kind, f"{number:,}", *(f"{at:%Y-%m-%d %H:%M:%S}" for at in (min(times), max(times)))))
    print_table(("STAGE", "REASON", "LETTERS", "FIRST (UTC)", "LAST (UTC)"), rows)


def print_letter(one: "Letter") -> None:
    """All of one, its bytes last and untouched; on a terminal without what a terminal would obey."""
    letter = one.letter
    said = {
        "id": one.id,
        "failed at": letter.failed_at.isoformat(),
        "stage": letter.stage,
        "record": _origin(one),
        "reason": letter.reason,
        "message": letter.message,
        "attempts": letter.attempts,
        "state": one.state,
    }
    if one.mark:
        said |= {f"{one.state} at": one.mark.at.isoformat()} | ({"note": one.mark.note} if one.mark.note else {})
    said["key"] = "none" if letter.key is None else letter.key.decode("utf-8", "backslashreplace")
    said |= {f"header {name}": raw.decode("utf-8", "backslashreplace") for name, raw in letter.headers}
    for name, value in said.items():
        typer.echo(f"{name}: {visible(str(value))}")
    typer.echo(f"value: {'none (a tombstone)' if letter.value is None else f'{len(letter.value):,} bytes'}")
    if letter.value is not None:
        sys.stdout.flush()
        shown = _for_terminal(letter.value) if sys.stdout.isatty() else letter.value
        sys.stdout.buffer.write(b"\n" + shown + b"\n")
        sys.stdout.buffer.flush()


def visible(text: str) -> str:
    """The text with control characters as escapes, but for tabs and ends of lines: nobody's words steer a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _for_terminal(raw: bytes) -> bytes:
    return visible(raw.decode("utf-8", "backslashreplace")).encode()


def print_described(letters: Sequence["Letter"]) -> None:
    """One JSON list."""
    print_json([described(one) for one in letters])


def described(one: "Letter") -> dict[str, Any]:
    """A letter in JSON."""
    letter = one.letter
    return {
        "id": one.id,
        "failed_at": letter.failed_at,
        "stage": letter.stage,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason,
        "message": letter.message,
        "attempts": letter.attempts,
        "state": one.state,
        "marked_at": one.mark.at if one.mark else None,
        "note": one.mark.note if one.mark else "",
        "key": _text(letter.key),
        "value": _text(letter.value),
        "value_base64": None if letter.value is None else base64.b64encode(letter.value).decode(),
        "headers": [[name, _text(raw)] for name, raw in letter.headers],
    }


def _origin(one: "Letter") -> str:
    return f"{one.letter.topic} {one.letter.partition}@{one.letter.offset}"


def _text(raw: bytes | None) -> str | None:
    """The bytes as text; what is no UTF-8 is shown as \\x escapes."""
    return None if raw is None else raw.decode("utf-8", "backslashreplace")
