"""Lock files, as pip reads them: what is installed, and the hashes that a file must have."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
# What `make setup` installs, what the image installs, what builds the wheel in it, and what `make bench-peers` runs on.
DEVELOPMENT: Final = ROOT / "requirements.lock"
IMAGE: Final = ROOT / "deploy" / "image" / "requirements.lock"
BUILD: Final = ROOT / "deploy" / "image" / "build.lock"
PEERS: Final = ROOT / "tests" / "peers" / "requirements.lock"
LOCKS: Final = (DEVELOPMENT, IMAGE, BUILD, PEERS)

_PIN: Final = re.compile(r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))? \\")
_HASH: Final = re.compile(r"    --hash=sha256:(?P<hash>[0-9a-f]{64})(?P<more> \\)?")

# A package, or ours with its file; not the options of the resolver.
_NEEDED: Final = re.compile(r"[a-z0-9-]*[a-z0-9]( \(pyproject\.toml\))?")


class LockError(ValueError):
    """A lock file has a line that locks nothing."""


class Pin(NamedTuple):
    """One version of a package.

    `hashes` are SHA-256 of the files that may be installed, any of them. `marker` says where it is installed; empty is
    everywhere. `by` are the packages that need it, ours among them.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    by: tuple[str, ...]


def read_lock(file: Path) -> tuple[Pin, ...]:
    """What a lock file pins, in its order.

    LockError names file and line of whatever is neither a version with hashes nor a comment: an address, an option, a
    package without a version or without a hash.
    """
    return tuple(_pins(file, file.read_text().splitlines()))


def _pins(file: Path, lines: list[str]) -> Iterator[Pin]:
    at = 0
    while at < len(lines):
        pin = _PIN.fullmatch(lines[at])
        if pin is None:
            raise LockError(f"{file.name}:{at + 1}: not a version with hashes: {lines[at]!r}")
        hashes, at = _hashes(file, lines, at + 1)
        by, at = _needed_by(lines, at)
        yield Pin(pin["name"], pin["version"], pin["marker"] or "", hashes, by)


def _hashes(file: Path, lines: list[str], at: int) -> tuple[tuple[str, ...], int]:
    found: list[str] = []
    while at < len(lines):
        line = _HASH.fullmatch(lines[at])
        if line is None:
            break
        found.append(line["hash"])
        at += 1
        if not line["more"]:
            return tuple(found), at
    raise LockError(f"{file.name}:{at + 1}: a hash is missing")


def _needed_by(lines: list[str], at: int) -> tuple[tuple[str, ...], int]:
    found: list[str] = []
    while at < len(lines) and lines[at].lstrip().startswith("#"):
        by = lines[at].strip(" #").removeprefix("via").strip()
        if _NEEDED.fullmatch(by):
            found.append(by.partition(" ")[0])
        at += 1
    return tuple(found), at
