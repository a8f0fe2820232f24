"""HTML to plain text for the record. What is quoted stays, with ">" before it, as plain mails have it.

The parser of the standard library takes quadratic time for tags that do not end, which anybody can mail to us.
"""

import html
import re
from typing import Final

# More of a page than this is not looked at: nobody writes so much.
MAX_CHARS: Final = 300_000

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20}|!doctype)(?=[\s>/])[^<>]{0,2000}>", re.IGNORECASE)
_HIDDEN: Final = frozenset({"head", "script", "style", "template", "title"})
_BLOCKS: Final = frozenset(
    {"address", "article", "blockquote", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
# Blocks that people see with an empty line around them.
_APART: Final = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul"})
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_MAX_QUOTES: Final = 10


def text_of(page: str) -> str:
    """The text as people see it: lines for blocks, no markup, nothing that is hidden. Takes linear time."""
    page = _without_comments(page[:MAX_CHARS])
    lines = _Lines()
    hidden: str | None = None
    done = 0
    for tag in _TAG.finditer(page):
        ends, name = bool(tag[1]), tag[2].lower()
        if hidden is None:
            lines.add(page[done : tag.start()])
            hidden = name if name in _HIDDEN and not ends else None
            lines.meet(name, ends=ends)
        # A head that is not closed ends where the body begins.
        elif (ends and name == hidden) or (hidden == "head" and name == "body"):
            hidden = None
        done = tag.end()
    if hidden is None:
        lines.add(page[done:])
    return lines.text()


def plain(text: str) -> str:
    """Of what may be HTML or not: as it is unless it has tags."""
    return text_of(text) if _TAG.search(text[:MAX_CHARS]) else text


def _without_comments(page: str) -> str:
    kept: list[str] = []
    done = 0
    while (start := page.find("<!--", done)) >= 0 and (end := page.find("-->", start)) >= 0:
        kept.append(page[done:start])
        done = end + 3
    kept.append(page[done:])
    return "".join(kept)


class _Lines:
    """Text that is put into lines by the tags that are met."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0

    def add(self, piece: str) -> None:
        """Take in a piece of text."""
        self._line.append(piece)

    def meet(self, name: str, *, ends: bool) -> None:
        """Take in a tag."""
        if name == "br":
            if not self._end_line():
                self._lines.append("")
        elif name in _BLOCKS:
            self._end_line()
            if name in _APART and self._lines and self._lines[-1]:
                self._lines.append("")
            if name == "blockquote":
                self._quotes = max(0, self._quotes + (-1 if ends else 1))
            elif name == "li" and not ends:
                self._line.append("- ")
        elif name in ("td", "th"):
            self._line.append(" ")

    def text(self) -> str:
        """All of it."""
        self._end_line()
        return _EMPTY_LINES.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def _end_line(self) -> bool:
        """Whether there was anything on the line."""
        line = " ".join(html.unescape("".join(self._line)).split())
        self._line = []
        if line:
            self._lines.append("> " * min(self._quotes, _MAX_QUOTES) + line)
        return bool(line)
