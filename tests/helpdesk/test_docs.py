"""What docs/helpdesk.md shows works: its targets, its mappings, its tables."""

import re
import tomllib
from pathlib import Path

from pydantic import TypeAdapter

from schemas.events import PRIORITIES
from sinks.helpdesk.loading import SYSTEMS, parse_mapping, read_mapping
from sinks.helpdesk.mapping import OF_FLAGS
from sinks.helpdesk.provider import HelpdeskProvider
from sinks.helpdesk.wording import NAMES
from sinks.notify.targets import HelpdeskTarget, Target
from tests.helpdesk.vendors import SECRETS

PAGE = (Path(__file__).parents[2] / "docs" / "helpdesk.md").read_text("utf-8")
BLOCKS = re.findall(r"```toml\n(.+?)```", PAGE, re.S)


async def test_its_targets_can_be_used() -> None:
    written = [table for block in BLOCKS for table in tomllib.loads(block).get("targets", {}).values()]
    assert len(written) == 2
    for each in written:
        target: Target = TypeAdapter[Target](Target).validate_python(each)
        assert isinstance(target, HelpdeskTarget)
        await HelpdeskProvider("desk", target, lambda _: SECRETS["env:TOKEN"]).close()


def test_its_mappings_can_be_read() -> None:
    mappings = [parse_mapping(block, "helpdesk.md") for block in BLOCKS if "targets" not in tomllib.loads(block)]
    assert [mapping.name for mapping in mappings] == ["our freshdesk", "our desk"]
    assert mappings[0].requests["create"].body == {
        **dict(read_mapping("freshdesk").requests["create"].body or {}),  # type: ignore[arg-type]  # it is a table
        "product_id": "{settings.product}",
        "custom_fields": {"cf_channel": "{channel}"},
    }


def test_its_tables_are_those_of_the_mappings() -> None:
    for system in SYSTEMS:
        (row,) = re.findall(rf"^\| `{system}` \|(.+)$", PAGE, re.M)
        assert set(re.findall(r"`(\w+)`", row.rsplit("|", 2)[-2])) == set(read_mapping(system).settings)
        assert bool(row.split("|")[1].strip()) == read_mapping(system).auth.needs_user
    order = ("zendesk", "freshdesk", "jira", "chatwoot", "zammad")
    for priority in PRIORITIES:
        names = [str(read_mapping(system).priorities[priority]) for system in order]  # type: ignore[index]  # it is one
        assert f"| {priority} | {' | '.join(names)} |" in PAGE


def test_every_place_is_listed() -> None:
    places = PAGE[PAGE.index("| place | holds |") :]
    assert set(re.findall(r"`([a-z_]+)`", places)) >= NAMES | set(OF_FLAGS)
