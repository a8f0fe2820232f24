"""What the browser's tests share: the page with its rows in one process, and a window that nobody has used yet."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from sinks.access.principals import Role
from sinks.access.token_file import change_tokens
from sinks.access.tokens import new_token
from tests.browser.looking import PATIENCE_MS
from tests.browser.page_process import PageProcess, serving_rows
from tests.browser.page_rows import NOW

# A window's patience is not that of what is expected to become so, which would be five seconds.
expect.set_options(timeout=PATIENCE_MS)

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage")


class Tokens(NamedTuple):
    """A file of tokens, and two of them."""

    file: Path
    reader: str
    agent: str


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """Who may look at the tickets of one tenant, and who may correct those of all."""
    file = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    reader, agent = new_token("reader", [Role.READ], "tickets", NOW), new_token("ann", [Role.ACT], None, NOW)
    change_tokens(file, lambda _: (reader.stored, agent.stored))
    return Tokens(file, reader.text, agent.text)


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory, tokens: Tokens) -> Iterator[PageProcess]:
    with serving_rows(tmp_path_factory.mktemp("page"), str(tokens.file)) as started:
        yield started


@pytest.fixture
def address(process: PageProcess) -> str:
    return process.address


# The event loop of playwright must not outlast the module: tests with loops of their own may follow.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "chromium not found: install it with `apt-get install chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def errors() -> list[str]:
    """What the console reported and the page raised. A test that asks for it may expect some; any other has none."""
    return []


@pytest.fixture
def page(chromium: Browser, errors: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window as a newcomer has it: nothing chosen, nothing stored."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, timezone_id="UTC")
    context.set_default_timeout(PATIENCE_MS)
    window = context.new_page()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    window.on("console", note)
    window.on("pageerror", lambda error: errors.append(str(error)))
    yield window
    context.close()
    if "errors" not in request.node.function.__code__.co_varnames:
        assert errors == []
