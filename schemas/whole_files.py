"""Files that others read while they are changed: each is there whole, as it was or as it is now."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_whole(file: Path, data: bytes, mode: int = 0o644) -> None:
    """The file has all of it or is as it was; it is its owner's alone until it has its `mode`. Raises OSError."""
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as new:
        try:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
            os.fchmod(new.fileno(), mode)
            os.replace(new.name, file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One change of a folder at a time, whichever process makes it. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        flock(handle, LOCK_EX)
        yield
    finally:
        os.close(handle)
