"""Customers' words made safe to stand among ours: no line of theirs begins where they want, and nothing hides."""

import re
from typing import Final

# Other ways to end a line than "\n".
_LINE_ENDS: Final = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Control characters, and what turns the direction of reading around: a name that ends in "fdp.exe" shows as "exe.pdf".
_HIDDEN: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_CUT: Final = "…"
# What calls people in chats: "@channel", "<!here>", "<@U123>". An address such as a@b.example calls nobody.
_CALLS: Final = re.compile(r"<(?=[@!#&])|(?<!\w)@(?=\w)")
_NO_SPACE: Final = "\u200b"


def plain(text: str, limit: int) -> str:
    """Lines that end with "\\n", without what cannot be seen; at most `limit` characters."""
    readable = text.encode("utf-8", "replace").decode()
    return shortened(_HIDDEN.sub("", _LINE_ENDS.sub("\n", readable)), limit)


def one_line(text: str, limit: int) -> str:
    """The same in one line."""
    return shortened(" ".join(plain(text, max(limit, len(text))).split()), limit)


def calling_nobody(text: str) -> str:
    """The text for a chat: whoever it names is not called by it."""
    return _CALLS.sub(lambda found: found[0] + _NO_SPACE, text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters; the last one tells that something is cut off."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _CUT
