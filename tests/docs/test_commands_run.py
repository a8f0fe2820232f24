"""The commands that the documentation shows are run, page by page, beside a product that runs."""

from collections.abc import Iterator

import pytest

from tests.docs.pages import Block, blocks, pages
from tests.docs.stack import Stack

# A page takes up to half a minute of processor time, and the first one starts everything.
pytestmark = [pytest.mark.xdist_group("docs"), pytest.mark.timeout(900)]
PAGES = [page for page in pages() if any(block.is_commands and not block.why_not_run for block in blocks(page))]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("docs"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


def script(block: Block, stack: Stack) -> str:
    text = block.text.replace("2525", str(stack.mail_port))
    for made_up, name in block.names.items():
        text = text.replace(made_up, stack.names()[name])
    return text


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_says(page: str, stack: Stack) -> None:
    folder = stack.folder_of(page)
    for block in blocks(page):
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text.replace("2525", str(stack.mail_port)))
        if block.is_commands and not block.why_not_run:
            done = stack.run(script(block, stack), folder)
            assert done.returncode == block.exit_code, f"{page}:{block.line}\n{done.stdout}"
