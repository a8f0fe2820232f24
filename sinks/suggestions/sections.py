"""Markdown cut into its sections, as plain text and as HTML in which nothing of the text is markup. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sinks.notify.inert import one_line, plain, shortened

MAX_TEXT: Final = 4_000
MAX_HEADING: Final = 200
# Headings of a lower rank stay where they are, as a line of their section.
_RANKS: Final = ("h1", "h2", "h3")
# Raw HTML is shown as it is written; a picture would be fetched from elsewhere by whoever shows it.
_markdown: Final = MarkdownIt("commonmark", {"html": False}).disable("image")


class Section(NamedTuple):
    """What stands under one heading, which is empty for what stands before the first."""

    heading: str
    text: str
    html: str


def sections_of(markdown: str) -> list[Section]:
    """The sections that have a text, in their order. Links lead to http, https and mail addresses only."""
    made = (_section(heading, tokens) for heading, tokens in _parts(_markdown.parse(markdown)))
    return [section for section in made if section.text]


def _parts(tokens: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    heading, own = "", list[Token]()
    after = 0
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.tag in _RANKS:
            yield heading, own
            # The heading itself is its open, its words and its close.
            heading, own, after = _words_of(tokens[place + 1]), [], place + 3
        elif place >= after:
            own.append(token)
    yield heading, own


def _section(heading: str, tokens: Sequence[Token]) -> Section:
    text = plain("\n".join(_lines(tokens)), 10 * MAX_TEXT).strip()
    html = _markdown.renderer.render(_only_web(tokens), _markdown.options, {}).strip() if len(text) <= MAX_TEXT else ""
    return Section(one_line(heading, MAX_HEADING), shortened(text, MAX_TEXT), html)


def _lines(tokens: Sequence[Token]) -> Iterator[str]:
    in_item = False
    for token in tokens:
        if token.type == "list_item_open":
            in_item = True
        elif token.type == "inline":
            yield f"{'- ' if in_item else ''}{_words_of(token)}"
            in_item = False
        elif token.type in ("fence", "code_block"):
            yield token.content.rstrip("\n")
        elif token.type in ("paragraph_close", "bullet_list_close", "ordered_list_close") and not token.level:
            yield ""


def _words_of(inline: Token) -> str:
    breaks = {"softbreak": " ", "hardbreak": "\n"}
    return "".join(breaks.get(each.type, each.content) for each in inline.children or ())


def _only_web(tokens: Sequence[Token]) -> list[Token]:
    """Links that lead elsewhere, as `javascript:` or a file, lead nowhere."""
    for token in tokens:
        for each in token.children or ():
            if each.type == "link_open" and not str(each.attrGet("href") or "").startswith(_WEB):
                each.attrSet("href", "#")
    return list(tokens)


_WEB: Final = ("http://", "https://", "mailto:", "#")
