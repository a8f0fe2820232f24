"""The local log when its file may not grow: nothing is kept by halves, and nobody ends because of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

import pytest

from streams.engine.local import LocalLog, LocalSource, SqliteStorage
from streams.engine.local.sqlite import DiskFull
from streams.engine.local.storage import Bounds, Entry, Owner, Slot
from streams.engine.log import Transaction

TOPIC = "topic"
SLOT = Slot(TOPIC, 0)
LONG = Entry(b"key", b"x" * 100_000)
RETENTION = 1_000


class Full(SqliteStorage):
    """A storage whose file is as large as it may be, for a while."""

    @contextmanager
    def at_its_limit(self) -> Iterator[None]:
        """SQLite says then what it says when the disk is full."""
        connection: Connection = self._connection
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            connection.execute(f"PRAGMA max_page_count = {1 << 30}")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Full]:
    made = Full(tmp_path / "log.sqlite")
    yield made
    made.close()


@pytest.fixture
def log(storage: Full) -> LocalLog:
    made = LocalLog(storage, lambda: RETENTION * 10)
    made.create(TOPIC, 1, RETENTION)
    made.append(TOPIC, [Entry(b"key", b"first")])
    return made


def test_what_does_not_fit_is_not_kept_and_the_error_says_where_and_what_to_do(
    log: LocalLog, storage: Full, tmp_path: Path
) -> None:
    with storage.at_its_limit(), pytest.raises(DiskFull) as refused:
        log.append(TOPIC, [Entry(b"key", b"short"), LONG])
    assert str(refused.value).startswith(f"{tmp_path / 'log.sqlite'}: the disk is full")
    assert "free some" in str(refused.value)
    assert log.bounds(SLOT) == Bounds(0, 1)
    log.append(TOPIC, [LONG])
    assert log.bounds(SLOT) == Bounds(0, 2)


def test_a_transaction_that_does_not_fit_leaves_neither_output_nor_row(log: LocalLog, storage: Full) -> None:
    owner = Owner("stage", 0)
    epoch, _ = log.begin(owner)
    with storage.at_its_limit(), pytest.raises(DiskFull):
        log.commit(owner, epoch, Transaction([], {b"a": b"x", b"b": LONG.value}, None))
    _, recovered = log.begin(owner)
    assert recovered.rows == {}


async def test_a_sink_whose_positions_are_not_kept_goes_on_and_tells_them_later(
    log: LocalLog, storage: Full, caplog: pytest.LogCaptureFixture
) -> None:
    # A name that does not fit into what the file has left.
    group = "group" * 10_000
    source = LocalSource(log, group, [TOPIC])
    await source.start()
    assert len(await source.poll(10, 0.0)) == 1
    with storage.at_its_limit():
        await source.commit()
    assert "group: positions not committed" in caplog.text
    assert log.group_positions(group) == {}
    await source.commit()
    assert log.group_positions(group) == {SLOT: 1}
    await source.stop()
