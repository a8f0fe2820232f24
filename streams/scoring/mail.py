"""What a customer wrote in an e-mail, without the mail that it answers and without the signature.

mail-parser-reply knows the headers that mail programs put before a quote, and only these patterns of it are used. Its
signatures are not: it takes all that follows a line which begins with "Thanks," or "Best," for one, complaint or not.
Its patterns take cubic time for long lines, so none is shown to them.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from mailparser_reply import EmailMessage

_MAX_HEADER_LINE: Final = 200
_MAX_HEADERS: Final = 8
_SIGNATURE_LINES: Final = 8
_SIGNATURE_LINE: Final = 60


class Reply(NamedTuple):
    """`removed` counts quoted_lines and signatures."""

    text: str
    removed: Mapping[str, int]


def reply_of(text: str) -> Reply:
    """The text without quoted mail and signature. A text that is nothing but quoted lines is empty then."""
    if "\n" not in text or not _MARK.search(text):
        return Reply(text, {})
    lines = text.replace("\r\n", "\n").split("\n")
    own = [line for line in lines if not line.lstrip().startswith(">")]
    kept = _BLANK_LINES.sub("\n\n", "\n".join(own)).strip()
    said = _latest(kept)
    body, signatures = _without_signature(said)
    quoted = len(lines) - len(own) + kept.count("\n") - said.count("\n")
    return Reply(body, {"quoted_lines": quoted, "signatures": signatures})


def _latest(text: str) -> str:
    """What stands before the header of a quoted mail; if nothing does, the mail was forwarded and is what is said."""
    starts = [found.start() for found in _HEADER_START.finditer(text)]
    if len(starts) > _MAX_HEADERS or any(_line_length(text, start) > _MAX_HEADER_LINE for start in starts):
        return text
    header = _HEADER.search(text)
    if header is None:
        return text
    return text[: header.start()].rstrip() or text[header.end() :].lstrip()


def _line_length(text: str, start: int) -> int:
    end = text.find("\n", start)
    return (len(text) if end < 0 else end) - start


def _without_signature(text: str) -> tuple[str, int]:
    """Without what follows the first mark of a signature that is as short as signatures are.

    A text that is nothing else stays: "Thanks, Bob" is what Bob wants to say.
    """
    # What begins further up is too long, so that many marks do not take quadratic time.
    tail = max(0, len(text) - _SIGNATURE_LINES * (_SIGNATURE_LINE + 1))
    for mark in _SIGNATURE.finditer(text, tail):
        signature = text[mark.start() :].strip().split("\n")
        if len(signature) <= _SIGNATURE_LINES and all(len(line) <= _SIGNATURE_LINE for line in signature):
            own = text[: mark.start()].rstrip()
            return (own, 1) if own else (text, 0)
    return text, 0


_MARK: Final = re.compile(
    r"^[ \t]*(?:>|--[ \t]*$|_{8}|-{5}|on\b.{0,200}\bwrote|(?:from|sent|to):|sent from my|get outlook"
    r"|(?:(?:best|kind|warm|many)[ \t])?(?:regards|wishes)\b|(?:yours[ \t])?(?:sincerely|faithfully|truly)\b"
    r"|(?:thanks|thank you|cheers|best|thx)(?:[ \t](?:again|in advance))?[ \t]*[,.!]?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER: Final = EmailMessage("", ["en"]).HEADER_REGEX
# Where its patterns may begin to match.
_HEADER_START: Final = re.compile(r"^[ \t*>]*(?:on|from|sent|to|subject|date|cc|organization)\b", re.I | re.M)
_BLANK_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_SIGNATURE: Final = re.compile(
    r"^[ \t]*(?:--[ \t]*$|_{8}|sent from my\b|get outlook\b"
    r"|(?:(?:best|kind|warm|many)[ \t])?(?:regards|wishes)[ \t]*[,.!]?[ \t]*$"
    r"|(?:yours[ \t])?(?:sincerely|faithfully|truly)[ \t]*[,.]?[ \t]*$"
    r"|(?:thanks|thank you|cheers|best|thx)(?:[ \t](?:again|in advance))?[ \t]*[,.!]?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
