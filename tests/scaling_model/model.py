"""The model on paper: pure arithmetic. docs/scaling.md has the formulas in the same order."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tests.scaling_model.inputs import STAGES, Inputs, Stage

# Partitions of a topic are made in these steps, so that workers share them evenly while they become more.
PARTITION_STEP = 12
HOURS_OF_MONTH = 730.0
_MB = 1e6


class Waiting(NamedTuple):
    """Of one stage: the time between two turns of a partition, and how long an event stays, in milliseconds."""

    cycle_ms: float
    mean_ms: float
    p99_ms: float


class StagePlan(NamedTuple):
    """`cores` are used, `workers` are processes of one core each, `busy` is the share of each that is used."""

    stage: Stage
    cores: float
    workers: int
    partitions: int
    busy: float
    events_a_commit: float
    commits_per_second: float
    waiting: Waiting


class Plan(NamedTuple):
    """What a rate needs."""

    stages: Sequence[StagePlan]
    trends_cores: float
    trends_workers: int
    trends_limit: float
    sink_cores: float
    sink_workers: int
    broker_megabytes: float
    broker_cores: float
    brokers: int
    broker_terabytes: float
    clickhouse_cores: float
    shards: int
    inserts_per_second: float
    clickhouse_terabytes: float
    state_gigabytes: float
    dollars_of_cores: float
    dollars_a_month: float
    dollars_a_million: float


def waiting(stage: Stage, rate: float, partitions: float, speed: float = 1.0) -> Waiting:
    """One worker with so many partitions and `rate` events a second in all.

    It serves its partitions in turns, all that waits of one in one transaction. A round of T seconds has collected
    rate * T events, so T = partitions * commit + T * rate * event, and no less than the patience of each partition or
    the time in which as many events come as a transaction holds. An event comes at any time of a round, waits for its
    end and stays for its partition's turn. Infinite above what a worker can do.
    """
    event, commit = stage.event_micros / speed / 1e6, stage.commit_ms / speed / 1e3
    rest = 1 - rate * event
    if rest <= 0:
        return Waiting(math.inf, math.inf, math.inf)
    full = stage.chunk / (rate / partitions) if rate else math.inf
    if partitions * commit / rest > full:
        # More comes in a round than a transaction holds: the queue grows for ever.
        return Waiting(math.inf, math.inf, math.inf)
    cycle = max(partitions * commit / rest, min(partitions * stage.patience_ms / 1e3, full))
    turn = commit + rate / partitions * cycle * event
    return Waiting(cycle * 1e3, (cycle / 2 + turn) * 1e3, (cycle * 0.99 + turn) * 1e3)


def plan_stage(stage: Stage, inputs: Inputs) -> StagePlan:
    """Workers of one partition each, so that none is busier than it may be, transactions included.

    Raises ValueError when transactions alone, one in each patience, would take more than that.
    """
    event = stage.event_micros / inputs.speed / 1e6
    commit = stage.commit_ms / inputs.speed / 1e3
    committing = commit / stage.patience_ms * 1e3
    if committing >= inputs.busy:
        raise ValueError(f"{stage.name}: a transaction each {stage.patience_ms:g} ms takes {committing:.0%} of a core")
    rate = inputs.events_per_second
    each = (inputs.busy - committing) / event
    if each * stage.patience_ms / 1e3 > stage.chunk:
        # Transactions are full before their time has come.
        each = inputs.busy / (event + commit / stage.chunk)
    workers = max(1, math.ceil(rate / each))
    partitions = max(PARTITION_STEP, math.ceil(workers / PARTITION_STEP) * PARTITION_STEP)
    round_ = waiting(stage, rate / workers, max(1.0, partitions / workers), inputs.speed)
    commits = partitions / round_.cycle_ms * 1e3
    cores = rate * event + commits * commit
    return StagePlan(stage, cores, workers, partitions, cores / workers, rate / commits, commits, round_)


def plan(inputs: Inputs) -> Plan:
    """All that a rate needs, and what it costs."""
    stages = [plan_stage(stage._replace(patience_ms=inputs.patience_ms), inputs) for stage in STAGES]
    rate = inputs.events_per_second
    tracking = stages[-1].partitions
    # Partial totals do not rise with events, but with partitions that tell them; no more than one an event and size.
    partials = min(tracking * inputs.cells, rate * inputs.sizes)
    trends_cores = partials * inputs.partial_micros / inputs.speed / 1e6
    # All windows of one tenant and size meet in one partition: the largest tenant must fit into one worker.
    trends_limit = inputs.busy * inputs.tenants * inputs.sizes
    sink_cores = rate * inputs.sink_micros / inputs.speed / 1e6
    sink_workers = max(1, math.ceil(sink_cores / inputs.busy))
    produced = rate * (STAGES[0].in_bytes + sum(stage.out_bytes for stage in STAGES)) / inputs.compression / _MB
    commits = sum(each.commits_per_second for each in stages)
    broker_cores = commits * inputs.broker_commit_ms / inputs.speed / 1e3
    brokers = max(
        1,
        math.ceil(produced * inputs.replication / inputs.broker_megabytes),
        math.ceil(broker_cores / inputs.busy / inputs.broker_cores),
    )
    broker_bytes = produced * _MB * inputs.replication * inputs.retention_days * 86_400
    clickhouse_cores = rate * inputs.row_micros / inputs.speed / 1e6
    shards = max(1, math.ceil(clickhouse_cores / inputs.busy / inputs.shard_cores))
    rows_bytes = rate * inputs.row_bytes * inputs.row_days * 86_400 * inputs.replicas
    state = inputs.open_tickets * inputs.state_bytes / 1e9
    worker_cores = sum(each.workers for each in stages) + math.ceil(trends_cores / inputs.busy) + sink_workers
    cores = worker_cores + brokers * inputs.broker_cores + shards * inputs.replicas * inputs.shard_cores
    of_cores = cores * inputs.core_hour * HOURS_OF_MONTH
    dollars = (
        of_cores
        + (broker_bytes + rows_bytes) / 1e9 * inputs.disk_gigabyte_month
        + state * inputs.memory_gigabyte_hour * HOURS_OF_MONTH
    )
    return Plan(
        stages,
        trends_cores,
        max(1, math.ceil(trends_cores / inputs.busy)),
        trends_limit,
        sink_cores,
        sink_workers,
        produced,
        broker_cores,
        brokers,
        broker_bytes / 1e12,
        clickhouse_cores,
        shards,
        sink_workers / inputs.sink_seconds,
        rows_bytes / 1e12,
        state,
        of_cores,
        dollars,
        dollars / (rate * 3_600 * HOURS_OF_MONTH) * 1e6,
    )
