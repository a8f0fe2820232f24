"""The local log keeps the log contract, in memory and in a file. Kafka does in tests/integration/test_log_kafka.py."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from streams.engine.local import LocalLog, LocalPartitionLog, LocalReader, MemoryStorage, SqliteStorage
from streams.engine.local.storage import Entry, Slot, Storage
from tests.contract.log_contract import OUTPUT, PARTITIONS, SOURCE, LogContract, Plain, World, plain


class LocalWorld(World):
    """One local log; its clock is moved only to let records expire."""

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self._storage = storage
        self._log = LocalLog(storage, lambda: 1_000)
        for topic in (SOURCE, OUTPUT):
            self._log.create(topic, PARTITIONS)
        self._reader = LocalReader(self._log, SOURCE)
        self._reader.start(self)

    def owner(self, partition: int, stage: str = "stage") -> LocalPartitionLog:
        return LocalPartitionLog(self._log, stage, self._reader, partition)

    def topic(self, name: str) -> str:
        return name

    async def append(self, partition: int, records: Sequence[Plain]) -> None:
        self._log.append(SOURCE, [Entry(*record) for record in records], partition)

    async def read(self, name: str, partition: int) -> list[Plain]:
        slot = Slot(name, partition)
        records = self._log.read(slot, 0, limit=self._log.bounds(slot).end, max_bytes=1 << 30)
        return [plain(record) for record in records]

    async def expire(self, partition: int, before: int) -> None:
        self._storage.expire(Slot(SOURCE, partition), before=2_000, limit=before)

    def close(self) -> None:
        self._reader.stop()
        self._log.close()


class TestMemory(LogContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        world = LocalWorld(MemoryStorage())
        yield world
        world.close()


class TestSqlite(LogContract):
    @pytest.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[World]:
        world = LocalWorld(SqliteStorage(tmp_path / "log.sqlite"))
        yield world
        world.close()
