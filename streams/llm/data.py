"""Customers' words as data in a request: one JSON object, in a message that holds nothing else.

A JSON string ends at a quote and nowhere else, and every quote, backslash and line end in it is escaped. So whatever a
text says, it stays in its field. `<`, `>` and the marks of instruction formats are escaped as well, because servers
turn some of them into tokens of the protocol before any JSON is read. What cannot be seen is taken out.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

_MARKS: Final = re.compile(r"[<>]|\[(?=/?(?:INST|SYS))")
_KEPT: Final = frozenset("\n\t")
# Controls, what only steers the reading (zero width, direction, tags), surrogates and what nobody has assigned.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Other ways to end a line; servers that read JSON line by line may take some for the real one.
_LINE_ENDS: Final = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LEFT_OUT: Final = " […] "


def seen(text: str) -> str:
    """The text as somebody sees it: compatible forms made one, and without what cannot be seen."""
    one = unicodedata.normalize("NFKC", _LINE_ENDS.sub("\n", text))
    return "".join(each for each in one if each in _KEPT or unicodedata.category(each) not in _UNSEEN)


def shortened(text: str, characters: int) -> str:
    """At most so many characters: of a longer text three quarters from its beginning and the rest from its end."""
    if len(text) <= characters:
        return text
    room = characters - len(_LEFT_OUT)
    return text[: room * 3 // 4] + _LEFT_OUT + text[len(text) - room // 4 :]


def as_data(fields: Mapping[str, Any]) -> str:
    """One JSON object whose strings cannot end early and hold no mark of a protocol."""
    written = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return _MARKS.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
