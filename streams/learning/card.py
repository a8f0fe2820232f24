"""What is said of a model: what it tells, what it learned from, how well it did. It stands in the head of its file."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

import msgspec

Kind = Literal["sentiment", "category", "escalation", "resolution", "satisfaction", "sla"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
VERSION_PATTERN: Final = r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{8}$"
FORMAT: Final = 1
_VERSION: Final = re.compile(VERSION_PATTERN)


class ModelCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model. `tenant` is empty for one of all tenants; `rows` is how many it learned from, `fingerprint` the sha256
    of those (`fingerprint_of`), `recipe` the name of what was made of them and how. `metrics` are those on rows that
    were held out; `options` is all else that whoever loads it must know, as JSON has it. `trained_at` is UTC.
    """

    kind: Kind
    version: str
    tenant: str = ""
    classes: tuple[str, ...]
    trained_at: datetime
    rows: int
    fingerprint: str
    recipe: str
    metrics: dict[str, float] = {}
    options: dict[str, Any] = {}
    format: int = FORMAT


class BadCard(ValueError):
    """A head that is no card, or one of a format that this version does not know."""


class _Format(msgspec.Struct):
    format: int


def encode_card(card: ModelCard) -> bytes:
    """JSON."""
    return msgspec.json.encode(card)


def decode_card(head: bytes) -> ModelCard:
    """Read what `encode_card` wrote. Raises BadCard."""
    try:
        written = msgspec.json.decode(head, type=_Format).format
        if written != FORMAT:
            raise BadCard(f"its card has format {written}, this version of ticketpulse reads {FORMAT}")
        card = msgspec.json.decode(head, type=ModelCard)
    except msgspec.MsgspecError as error:
        raise BadCard(f"its card cannot be read: {error}") from None
    if not is_version(card.version):
        raise BadCard(f"its card has a version that is none: {card.version!r}")
    return card


def fingerprint_of(rows: Iterable[Sequence[str]]) -> str:
    """sha256 of rows in whatever order, hexadecimal."""
    digest = hashlib.sha256()
    for row in sorted(map(msgspec.json.encode, rows)):
        digest.update(row + b"\n")
    return digest.hexdigest()


def version_of(trained_at: datetime, kind: Kind, fingerprint: str) -> str:
    """YYYYMMDD-HHMMSS-<8 hexadecimal digits>, UTC: other digits for another kind or other rows, so that a version names
    one model also where several are trained in a second.
    """
    digits = hashlib.sha256(f"{kind}/{fingerprint}".encode()).hexdigest()[:8]
    return f"{trained_at.astimezone(UTC):%Y%m%d-%H%M%S}-{digits}"


def is_version(name: str) -> bool:
    """Whether a text is a version, and so fit to be part of a file's name."""
    return _VERSION.fullmatch(name) is not None
