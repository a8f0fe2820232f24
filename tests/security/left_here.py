"""The blocks of commands that pages leave to these tests, because they want a broker that asks who is there."""

from collections.abc import Mapping
from typing import Final

from tests.docs.pages import Block, commands

#: How a page says that its block is run here, by which name.
HERE: Final = "not here, tests/security: "
LEFT: Final[Mapping[str, Block]] = {
    block.said.removeprefix(HERE): block for block in commands() if block.said.startswith(HERE)
}
