"""What the browser's tests share: the page with its rows, and a window that nobody has used yet."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Browser, browsing
from tests.browser.page_process import serving_rows


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_rows(tmp_path_factory.mktemp("page")) as url:
        yield url


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as window:
        yield window


@pytest.fixture
def browser(chromium: Browser, address: str) -> Browser:
    """The window as a newcomer has it: nothing chosen, nothing stored, nothing in the console."""
    chromium.resize(1280, 900)
    chromium.devtools("Emulation.setEmulatedMedia", features=[])
    chromium.devtools("Emulation.setTimezoneOverride", timezoneId="UTC")
    chromium.devtools("Storage.clearDataForOrigin", origin=address, storageTypes="all")
    chromium.open("about:blank")
    chromium.console_errors()
    return chromium
