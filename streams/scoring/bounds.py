"""How much of a text the stock figures are taken of."""

import re
from typing import Final

# Any text takes a bounded time, and what a customer wants to say is at the start. The figures depend on both bounds:
# with others these would be other scorers, and need other names.
MAX_CHARS: Final = 10_000
MAX_PICTOGRAPHS: Final = 200
_PICTOGRAPH = re.compile(r"[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")


def bound(text: str) -> str:
    """The first 10,000 characters of a text, of which no more than 200 are pictographs."""
    text = text[:MAX_CHARS]
    pictographs = [found.start() for found in _PICTOGRAPH.finditer(text)]
    if len(pictographs) > MAX_PICTOGRAPHS:
        head = pictographs[MAX_PICTOGRAPHS]
        text = text[:head] + _PICTOGRAPH.sub("", text[head:])
    return text
