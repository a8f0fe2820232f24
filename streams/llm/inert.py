"""A model's words made safe to show: lines of plain text that lead nowhere."""

import re
from typing import Final

from sinks.notify.inert import one_line
from streams.llm.data import seen

_ADDRESS: Final = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]{0,20}://|www\.|(?:javascript|vbscript|data|file|mailto|tel|blob)\s{0,3}:\s{0,3})\S{0,2000}+"
)
_LINK: Final = re.compile(r"\](?=\s{0,3}[(:])")
_TABLE: Final = str.maketrans({"<": "‹", ">": "›", "`": "'"})
NO_LINK: Final = "(link left out)"


def inert(text: str, limit: int) -> str:
    """One line of at most `limit` characters, without addresses, HTML, and links or images of Markdown."""
    plain = one_line(seen(text), len(text) * 20 + 1)
    return one_line(_LINK.sub("] ", _ADDRESS.sub(NO_LINK, plain).translate(_TABLE)).replace("![", "["), limit)
