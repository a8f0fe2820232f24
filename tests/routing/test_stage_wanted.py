"""Whether `routing` has to run is told by `track`, by the policies that are in force."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from streams import policies
from streams.config import Settings
from streams.policies import notify_source, policy_source
from streams.stages import STAGES, build_stage, follower
from tests.routing.test_rules import RULE, folder

__all__ = ["folder"]

OTHERS = dict.fromkeys(set(STAGES) - {"routing"}, 1.0)


def wanted() -> dict[str, float | None]:
    return {stage: REGISTRY.get_sample_value("helpdesk_stage_wanted", {"stage": stage}) for stage in STAGES}


async def until_wanted(expected: dict[str, float]) -> None:
    async with asyncio.timeout(120):
        while wanted() != expected:
            await asyncio.sleep(0.01)


async def test_routing_is_wanted_while_a_policy_routes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "LOOK_SECONDS", 0.01)
    settings = Settings(policies=folder)
    source = policy_source(settings)
    follow = follower(build_stage("track", settings, source.read()), source, notify_source(settings))
    assert follow is not None
    following = asyncio.create_task(follow())
    try:
        await until_wanted(OTHERS | {"routing": 0.0})
        (folder / "book.toml").write_text(RULE)
        await until_wanted(OTHERS | {"routing": 1.0})
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
