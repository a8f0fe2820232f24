"""What the tests of predictions share: a made desk, small enough to be counted again by hand."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits

from streams.predictions.building import history_of
from streams.predictions.evaluation import Rules
from streams.predictions.history import History
from streams.windows import WindowRules
from tests.predictions.made_history import MadeHistory

WINDOWS = WindowRules()
WEEKLY = Rules(WINDOWS.respond_within, WINDOWS.resolve_within, 7)


@pytest.fixture(scope="session")
def made() -> MadeHistory:
    return MadeHistory(tickets=1_500, days=45)


@pytest.fixture(scope="session")
def history(made: MadeHistory) -> History:
    return history_of(made.rows)


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """As the commands do: several threads for small matrices wait for each other."""
    with threadpool_limits(1):
        yield
