"""A customer's own words: what came with them is taken out, and counted."""

import html
import re
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.scoring.mail import reply_of

# A longer text is scored on its head and its tail: what happened, and how it stands now.
MAX_CHARS: Final = 20_000
MAX_PICTOGRAPHS: Final = 200
_HEAD: Final = MAX_CHARS * 3 // 4


class Cleaned(NamedTuple):
    """`removed` counts by kind, and has only kinds that occurred.

    quoted_lines, signatures, html_tags, urls, emails, mentions, redactions, codes (that look like smileys), emoji,
    characters (of the middle of a text that is longer than 20,000).
    """

    text: str
    removed: Mapping[str, int]


def clean(text: str) -> Cleaned:
    """The text without quotes, signatures, markup and the like. Takes time proportional to at most 20,000 characters.

    Line ends stay, because they end sentences.
    """
    if len(text) <= MAX_CHARS and text.isascii() and "www." not in text and not _SUSPECT.search(text):
        return _without_redactions(text) if "XX" in text else Cleaned(text.strip(), _NOTHING)
    removed: dict[str, int] = defaultdict(int)
    if len(text) > MAX_CHARS:
        removed["characters"] = len(text) - MAX_CHARS
        text = f"{text[:_HEAD]}\n{text[_HEAD - MAX_CHARS :]}"
    if not text.isascii():
        text = _plain(text, removed)
    if "<" in text:
        text = _without_tags(text, removed)
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if "\n" in text:
        text, of_mail = reply_of(text)
        for kind, count in of_mail.items():
            removed[kind] += count
    for mark, other, kind, pattern in _PATTERNS:
        if mark in text or other in text:
            text, removed[kind] = pattern.subn(" ", text)
    if "[" in text:
        for found in _MARK.finditer(text):
            removed[_MARKED.get(found[1], "redactions")] += 1
        text = _MARK.sub(" ", text)
    if _SMILEY_CODE.search(text):
        text, removed["codes"] = _CODE.subn(_without_code, text)
    return Cleaned(text.strip(), {kind: count for kind, count in removed.items() if count})


def _without_redactions(text: str) -> Cleaned:
    text, count = _REDACTION.subn(" ", text)
    return Cleaned(text.strip(), {"redactions": count} if count else _NOTHING)


def _plain(text: str, removed: dict[str, int]) -> str:
    """ASCII apostrophes and quotation marks; at most three of the same pictograph in a row, and 200 in all."""
    text = text.translate(_PLAIN)
    places = [found.start() for found in _PICTOGRAPH.finditer(text)]
    if len(places) < 4:
        return text
    capped = _PICTOGRAPH_RUN.sub(lambda run: run[0][:3], text)
    removed["emoji"] += len(text) - len(capped)
    places = [found.start() for found in _PICTOGRAPH.finditer(capped)]
    if len(places) > MAX_PICTOGRAPHS:
        head = places[MAX_PICTOGRAPHS]
        removed["emoji"] += len(places) - MAX_PICTOGRAPHS
        capped = capped[:head] + _PICTOGRAPH.sub("", capped[head:])
    return capped


def _without_tags(text: str, removed: dict[str, int]) -> str:
    """Without tags, and without what stands in elements that are not the customer's words."""
    parts: list[str] = []
    done, hidden = 0, 0
    for tag in _TAG.finditer(text):
        removed["html_tags"] += 1
        name = tag[2].lower()
        if not hidden:
            parts += [text[done : tag.start()], "\n" if name in _BLOCKS else " "]
        if name in _NOT_SAID:
            if name == "blockquote" and not tag[1]:
                removed["quoted_lines"] += 1
            hidden = max(0, hidden + (-1 if tag[1] else 1))
        done = tag.end()
    if not hidden:
        parts.append(text[done:])
    return "".join(parts)


_PLAIN: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "\ufe0f": "", "\xa0": " "})
_PICTOGRAPH: Final = re.compile(r"[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")
_PICTOGRAPH_RUN: Final = re.compile(r"([\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff])\1{3,}")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20}|!--|!doctype)(?=[\s>/])[^<>]{0,2000}>", re.IGNORECASE)
_BLOCKS: Final = frozenset({"br", "p", "div", "li", "tr", "td", "ul", "ol", "table", "h1", "h2", "h3", "blockquote"})
_NOT_SAID: Final = frozenset({"blockquote", "style", "script", "head", "title"})

# A number that a word announces, and a smiley with a digit in it behind such a word: "order :3", "item 8)", "#8)".
_CODE: Final = re.compile(
    r"(?i)(?:\b(?:order|ref|reference|ticket|case|item|number|id|booking|invoice|step|option|line|version|part|room"
    r"|gate|seat|page|flight|tracking)(?:[ \t]+(?:no\.?|number|id|is))?[ \t]*[:#=-]?|#)"
    r"[ \t]*(?P<code>[:;=(%]?[0-9][0-9A-Za-z()*#:;=%/-]*)"
)


def _without_code(found: re.Match[str]) -> str:
    return found[0][: found.start("code") - found.start()] + " 1"


_URL: Final = re.compile(r"(?:\b[a-zA-Z]{2,9}://|\bwww\.)[^\s<>]+")
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}")
_MENTION: Final = re.compile(r"(?<!\w)@\w+")
# Patterns that begin with one set of characters are searched for many times as fast as those of alternatives. This one
# is \{?\$?\b(?:X{2,}|[\dX]{1,4}/X{2,}) and so on.
_REDACTION: Final = re.compile(
    r"[{$X\d](?:(?:(?<=\{)\$?|(?<=\$))\b(?:X{2,}|[\dX]{1,4}/X{2,})|(?<=\bX)X+|(?<=\b[\dX])[\dX]{0,3}/X{2,})"
    r"(?:[/ -]*X{2,})*[\dX]*\b\}?"
)
# What stands where personal data was: its capitals are nobody's.
_MARK: Final = re.compile(r"\[([A-Z]{2,6})(?:_[0-9]{1,6}|:[A-Za-z0-9_-]{1,24}\.[0-9a-f]{32})\]")
_MARKED: Final = {"URL": "urls", "EMAIL": "emails"}
_DIGIT_SMILEY: Final = r"(?<=[0-9])[):;=]|(?<=[:;=(#%])-?[0-9]|(?<=8)-?[D#X]"
_SMILEY_CODE: Final = re.compile(rf"[0-9:;=(#%](?:{_DIGIT_SMILEY})")

# One of the marks must be in the text; what is counted, and the pattern.
_PATTERNS: Final = (
    ("://", "www.", "urls", _URL),
    ("@", "@", "emails", _EMAIL),
    ("@", "@", "mentions", _MENTION),
    ("XX", "XX", "redactions", _REDACTION),
)
# Without any of these there is nothing to do but for redactions, and addresses that begin with "www.": a pattern would
# stop at each of their letters.
_SUSPECT: Final = re.compile(rf"[<&@`\n:0-9;=(#%\[](?:(?<=[<&@`\n])|(?<=:)//|(?<=\[)[A-Z]{{2,6}}[_:]|{_DIGIT_SMILEY})")
_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
