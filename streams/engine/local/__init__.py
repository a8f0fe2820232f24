"""The local log: topics, transactions and fencing in one process, without a broker.

It keeps the contract of streams/engine/log.py over a storage in memory or in one SQLite file. It reads no clock but the
one it is given, draws no random number and starts no thread, so that a scheduler that owns time and order can drive it.
"""

from streams.engine.local.log import LocalLog
from streams.engine.local.memory import MemoryStorage
from streams.engine.local.partition import LocalPartitionLog, LocalReader
from streams.engine.local.source import LocalSource
from streams.engine.local.sqlite import SqliteStorage
from streams.engine.local.worker import LocalWorker
from streams.engine.local.writer import LocalWriter

__all__ = [
    "LocalLog",
    "LocalPartitionLog",
    "LocalReader",
    "LocalSource",
    "LocalWorker",
    "LocalWriter",
    "MemoryStorage",
    "SqliteStorage",
]
