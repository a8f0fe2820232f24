"""What the model is given: measured costs, limits that are assumed, and prices. All can be changed on the command line.

Where each figure comes from is in docs/scaling.md.
"""

from typing import Final, NamedTuple


class Stage(NamedTuple):
    """A stage as the model sees it.

    `event_micros` and `commit_ms` are processor time of a worker, for an event and for a transaction whatever is in it;
    `in_bytes` are of an event as it is read and `out_bytes` of what it makes, changelog included, before compression.
    Transactions of a partition begin `patience_ms` apart at least, for each partition that the worker has, unless
    `chunk` events wait, which is also what a transaction holds at most.
    """

    name: str
    event_micros: float
    commit_ms: float
    in_bytes: float
    out_bytes: float
    chunk: int = 1_000
    patience_ms: float = 10.0


# Microseconds of processor time on the two shared cores of docs/benchmarks.md, the machine at a third of its speed.
STAGES: Final = (
    Stage("score", 237.0, 3.0, 300.0, 1_100.0),
    Stage("track", 134.0, 3.0, 1_100.0, 600.0),
)


class Inputs(NamedTuple):
    """Everything else. Prices are in dollars: of a core for an hour, of a gigabyte of disk for a month, and of one of
    memory for an hour.

    `busy` is the share of a core that is used at most; a machine of `speed` 2 is twice as fast as the one whose costs
    are given. `sink_micros` is what a worker of the sink takes for a row, `row_micros` what the ClickHouse server takes
    to write and merge it. `partial_micros` is what `trends` takes for a partial total, of which each partition of
    `track` tells `cells` a second. `broker_commit_ms` is what a transaction costs the brokers together. `compression`
    divides bytes on the wire and on the brokers' disks.
    """

    events_per_second: float = 1_000_000.0
    busy: float = 0.6
    patience_ms: float = 10.0
    speed: float = 1.0
    sink_micros: float = 26.0
    row_micros: float = 15.0
    row_bytes: float = 330.0
    row_days: float = 90.0
    sink_seconds: float = 1.0
    shard_cores: int = 16
    replicas: int = 2
    partial_micros: float = 40.0
    cells: float = 120.0
    tenants: int = 100
    sizes: int = 4
    broker_commit_ms: float = 6.0
    broker_megabytes: float = 75.0
    broker_cores: int = 8
    replication: int = 3
    retention_days: float = 7.0
    compression: float = 4.0
    state_bytes: float = 2_500.0
    open_tickets: float = 5_000_000.0
    core_hour: float = 0.04
    disk_gigabyte_month: float = 0.08
    memory_gigabyte_hour: float = 0.005
