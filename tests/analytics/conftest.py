"""What the tests of analytics share: a page over the made history, and that history as rows."""

from collections.abc import Iterator

import httpx
import pandas as pd
import pytest

from tests.analytics.by_pandas import stored
from tests.analytics.history import History
from tests.browser.page_process import serving


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("analytics")
    with (
        serving("tests.analytics.serve_history", str(folder)) as served,
        httpx.Client(base_url=served.address, timeout=60, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def rows() -> tuple[pd.DataFrame, pd.DataFrame]:
    return stored(History())
