"""The storage of the embedded log under a schedule: a process that dies again and again, and its file."""

from pathlib import Path
from shutil import copyfile
from typing import Final

from streams.engine.local import SqliteStorage
from streams.engine.local.storage import Owner

# Three pages with their headers.
TORN_BYTES: Final = 3 * (4_096 + 24)


class DyingFile(SqliteStorage):
    """A SQLite file whose process dies before each take-over, in the middle of everything: the next one opens the file
    as it was left, with the write-ahead log that nobody has wrapped up. `folder` gets a file for each life.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lives = 1
        super().__init__(folder / "1.db")

    def raise_epoch(self, owner: Owner) -> int:
        left = self._connection
        self.lives += 1
        following = self._folder / f"{self.lives}.db"
        self._leave(following)
        super().__init__(following)
        left.close()
        return super().raise_epoch(owner)

    def _leave(self, following: Path) -> None:
        for part in ("", "-wal"):
            copyfile(f"{self._path}{part}", f"{following}{part}")


class TornFile(DyingFile):
    """The file as a disk that did not keep its word leaves it: from the fourth death on the last commits are missing,
    which the simulation must find.
    """

    def _leave(self, following: Path) -> None:
        super()._leave(following)
        if self.lives > 4:
            ahead = Path(f"{following}-wal")
            ahead.write_bytes(ahead.read_bytes()[:-TORN_BYTES])
