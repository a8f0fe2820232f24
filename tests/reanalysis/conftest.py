"""A database in which tickets stand as an old preset scored them, and the means to score them anew in this process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.sink_worlds import embedded_url, migrated
from tests.reanalysis.places import Place
from tests.reanalysis.rows_of_tickets import store, told


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Twenty tickets of two tenants that the preset `analytics` has scored, whose windows are final."""
    url = embedded_url(tmp_path)
    with migrated(url) as client, ThreadPoolExecutor(1) as executor:
        store(url, told())
        yield Place(url, client, executor)
