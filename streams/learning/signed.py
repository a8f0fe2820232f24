"""A file of arrays and what is said of them, signed: whoever can write to the folder of models cannot make one without
the key.

    ticketpulse-model 1\n
    <HMAC-SHA256 of all that follows, 64 hexadecimal digits>\n
    <npz: each array under its name, the head as UTF-8 bytes under `head`>

Arrays of objects are neither written nor read, so nothing in a file is ever run.
"""

import hashlib
import hmac
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.whole_files import write_whole

Array = NDArray[Any]

MAGIC: Final = b"ticketpulse-model 1\n"
MAX_BYTES: Final = 1 << 30
MIN_KEY_BYTES: Final = 16
_HEAD: Final = "head"
_DIGEST_BYTES: Final = 65


class BadModel(Exception):
    """A file that is no model, was changed, or was signed with another key; the message names the file."""


class Signed(NamedTuple):
    """What a file holds. `head` is JSON of whoever wrote it; `digest` is the signature, hexadecimal."""

    head: bytes
    arrays: dict[str, Array]
    digest: str


def write_signed(path: Path, head: bytes, arrays: Mapping[str, Array], key: bytes) -> str:
    """Write a file whole or not at all, and tell its signature. Raises ValueError for arrays of objects, an array
    called `head`, or a key of fewer than 16 bytes; OSError when the file cannot be written.
    """
    _check_key(key)
    for name, array in arrays.items():
        if name == _HEAD or array.dtype.hasobject:
            raise ValueError(f"array {name!r} cannot be kept: {array.dtype}")
    buffer = io.BytesIO()
    contents: dict[str, Any] = {_HEAD: np.frombuffer(head, np.uint8), **arrays}
    np.savez_compressed(buffer, **contents)
    body = buffer.getvalue()
    digest = _digest(body, key)
    write_whole(path, MAGIC + digest.encode() + b"\n" + body)
    return digest


def read_signed(path: Path, key: bytes) -> Signed:
    """What `write_signed` wrote with the same key. Raises BadModel, and ValueError for a key of fewer than 16 bytes."""
    _check_key(key)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadModel(f"{path}: {size:,} bytes are more than a model may have, {MAX_BYTES:,}")
        raw = path.read_bytes()
    except OSError as error:
        raise BadModel(f"{path}: {error.strerror or error}") from None
    if not raw.startswith(MAGIC):
        raise BadModel(f"{path}: it is no model of ticketpulse; `ticketpulse train` makes one")
    signature, body = raw[len(MAGIC) : len(MAGIC) + _DIGEST_BYTES], raw[len(MAGIC) + _DIGEST_BYTES :]
    digest = _digest(body, key)
    if not hmac.compare_digest(signature, digest.encode() + b"\n"):
        raise BadModel(
            f"{path}: its signature does not fit: it was changed, or signed with another key than TICKETPULSE_MODEL_KEY"
        )
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays: dict[str, Array] = {name: file[name] for name in file.files}
        head = arrays.pop(_HEAD).tobytes()
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadModel(f"{path}: signed, but not readable: {error}") from None
    return Signed(head, arrays, digest)


def _digest(body: bytes, key: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def _check_key(key: bytes) -> None:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a key has {MIN_KEY_BYTES} bytes at least, this one {len(key)}")
