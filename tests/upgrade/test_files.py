"""Files that earlier releases wrote, and that people keep."""

from datetime import UTC, datetime

import pytest

from sinks.access.token_file import read_tokens
from tests.upgrade.test_going_on import RECORDED, RELEASES, manifest


@pytest.mark.parametrize("release", RELEASES)
def test_whoever_had_a_token_still_has_it(release: str) -> None:
    found = read_tokens(RECORDED / release / "people.toml").check(manifest(release)["token"], datetime.now(UTC))
    assert found is not None
    assert (found.name, found.tenant) == ("old", "acme")
