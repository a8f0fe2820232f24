"""Disks that are full, and the embedded engine on one.

    python -m tests.contract.full_disk FOLDER

writes to the engine in the folder, fills the disk that the folder is on, writes again, frees it, and writes once more.
Prints what came of it as JSON.
"""

import asyncio
import errno
import os
import sys
from collections.abc import Sequence
from io import RawIOBase
from pathlib import Path
from random import Random

import msgspec

from sinks.base import Message, Unavailable
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from tests.contract.messages import TABLES, scored
from tests.contract.sink_worlds import embedded_url, migrated

DISK_MB = 96
_MOUNTED = f'mount -t tmpfs -o size={DISK_MB}m none "$0" && exec "$@"'


def on_a_small_disk(folder: Path) -> Sequence[str]:
    """What runs the command behind it with a small disk at `folder`; nobody else sees that it is mounted."""
    # Whoever is not root is so within a name space of users.
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return [*apart, "sh", "-c", _MOUNTED, str(folder)]


def fill(file: Path) -> None:
    """Take what is left of the disk."""
    with file.open("wb", buffering=0) as filler:
        # The last piece is written in part: not a byte is left then.
        while _is_written(filler, b"\0" * 65_536):
            pass


def free(file: Path) -> None:
    """Give it back."""
    file.unlink()


def long_texts(first: int, count: int) -> list[Message]:
    """Texts that do not compress."""
    random = Random(first)
    return [scored(first + number, text=random.randbytes(1_000).hex()) for number in range(count)]


class Outcome(msgspec.Struct):
    """Why the write on the full disk failed, rows beneath the view then, and beneath and in it after the last write."""

    refused: str
    kept: int
    beneath: int
    seen: int


async def play(folder: Path) -> Outcome:
    """The same messages are written until they are stored."""
    url, refused = embedded_url(folder), ""
    sink = ClickHouseSink(lambda: connect(url), TABLES)
    with migrated(url) as reader:

        def count(table: str) -> int:
            return int(str(reader.command(f"SELECT count() FROM {table}")))  # noqa: S608

        await sink.write(long_texts(0, 500))
        fill(folder / "filler")
        for _ in range(2):
            try:
                await sink.write(long_texts(500, 500))
            except Unavailable as error:
                refused = str(error)
        kept = count("scored_events")
        free(folder / "filler")
        await sink.write(long_texts(500, 500))
        outcome = Outcome(refused, kept, count("scored_events"), count("scored_events_now"))
    await sink.close()
    return outcome


def _is_written(file: RawIOBase, piece: bytes) -> bool:
    try:
        return bool(file.write(piece))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(play(Path(sys.argv[1])))).decode())
