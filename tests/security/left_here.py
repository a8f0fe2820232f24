"""The blocks of commands that pages leave to these tests, because they want a broker that asks who is there."""

from collections.abc import Mapping
from typing import Final

from tests.docs.pages import Block, left_to

FOLDER: Final = "tests/security"
LEFT: Final[Mapping[str, Block]] = dict(left_to(FOLDER))
