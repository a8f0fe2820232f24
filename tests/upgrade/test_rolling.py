"""Workers of an earlier release and of this one in one group, under load: nothing is lost, doubled or different."""

import tarfile
from pathlib import Path

import pytest

from streams.up.local_kafka import LocalKafka
from tests.faults.deployment import Deployment
from tests.soak.cluster import STAGES, Cluster
from tests.upgrade.test_going_on import RECORDED, RELEASES

PARTITIONS = 2
RATE = 20.0
# Those that have the most to hand over; readers before writers.
REPLACED = ("trends", "track")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("release", RELEASES)
async def test_a_release_is_replaced_worker_by_worker(own_kafka: LocalKafka, tmp_path: Path, release: str) -> None:
    with tarfile.open(RECORDED / release / "code.tar.xz") as packed:
        packed.extractall(tmp_path / "code", filter="data")
    await own_kafka.start()
    async with Cluster(own_kafka.brokers, PARTITIONS) as cluster:
        deployment = Deployment(cluster, tmp_path, dict.fromkeys(STAGES, 1), RATE)
        deployment.also = {"PYTHONPATH": str(tmp_path / "code")}
        async with deployment.up():
            deployment.also = {}
            for stage in REPLACED:
                [old] = deployment.running[stage]
                await deployment.all_move(stage)
                deployment.start(stage)
                await deployment.complete(stage)
                # Each has a partition now.
                await deployment.all_move(stage)
                await deployment.leave(stage, old)
                await deployment.complete(stage)
                await deployment.all_move(stage)
            verdict = await deployment.reckon([])
    assert verdict.findings == []
