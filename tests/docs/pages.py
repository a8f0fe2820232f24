"""The pages of the documentation, and the commands that they show.

A comment before a block of code says what cannot be seen from it. Forges and the site do not show it:

    <!-- run: exit 1 -->                  the last command ends with this code
    <!-- run: 3-17 is letter -->          what is made up here is another word when it is run (see `Stack.names`)
    <!-- run: not here, REASON -->        looked at, but not run
    <!-- run: not here, FOLDER: NAME -->  run by the tests of this folder, which know it by this name
    <!-- file: notify/notify.toml -->     the block is this file for the commands of the page that come after it
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"^(?:<!-- (?P<kind>run|file): (?P<said>[^\n]*?) -->\n+)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_NAMED = re.compile(r"(\S+) is ([a-z_]+)")
SHELLS: Final = ("sh", "bash", "console", "shell")


class Block(NamedTuple):
    """A block of code at a line of a page."""

    page: str
    line: int
    language: str
    text: str
    said: str = ""
    file: str = ""

    @property
    def is_commands(self) -> bool:
        """Whether people are to type it."""
        return self.language in SHELLS

    @property
    def why_not_run(self) -> str:
        """Why it cannot be run by a test; empty when it is run."""
        return self.said.removeprefix("not here, ") if self.said.startswith("not here, ") else ""

    @property
    def exit_code(self) -> int:
        """What its last command ends with."""
        return int(self.said.removeprefix("exit ")) if self.said.startswith("exit ") else 0

    @property
    def names(self) -> Mapping[str, str]:
        """What is made up, and the name of what it stands for."""
        return dict(_NAMED.findall(self.said))


def pages() -> list[str]:
    """Every page that may show commands, as paths in the repository; not what was made from code."""
    found = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name != "reference"]
    others = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "deploy").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in [*others, *found]]


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page in their order."""
    text = (ROOT / page).read_text("utf-8")
    for found in _BLOCK.finditer(text):
        said = found["said"] or ""
        is_file = found["kind"] == "file"
        yield Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            "" if is_file else said,
            said if is_file else "",
        )


def commands() -> list[Block]:
    """Every block of commands of every page."""
    return [block for page in pages() for block in blocks(page) if block.is_commands]


def left_to(tests: str) -> list[tuple[str, Block]]:
    """The blocks that pages leave to the tests of a folder, each with the name that the page gives it."""
    mark = f"not here, {tests}: "
    return [(block.said.removeprefix(mark), block) for block in commands() if block.said.startswith(mark)]
