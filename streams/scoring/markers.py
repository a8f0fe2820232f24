"""What support people look for before they read: errors, code, pictures and questions."""

import re
from collections.abc import Sequence
from typing import Final

# What a machine says, and people copy. Words for it ("error message", "stack trace") are in lists/signals.toml.
_ERROR: Final = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception)\b"
    r"|\bTraceback \(most recent call last\)"
    r"|\bERR_[A-Z_]+\b|\b0x[0-9A-Fa-f]{4,16}\b"
    r"|\b(?:HTTP|http|status|Status|error|Error|ERROR|code|Code)[ /:#-]{0,3}(?:code[ :#-]{0,2})?[1-5]\d\d\b"
    r"|\b[45]\d\d (?:error|Error|ERROR|Bad Request|Unauthorized|Forbidden|Not Found|Internal Server|Bad Gateway"
    r"|Service Unavailable|Gateway Time)"
    r"|^(?:FATAL|ERROR|CRITICAL|SEVERE|panic)\b",
    re.MULTILINE,
)
# One of these is in each text in which the pattern finds something: to look for them is ten times as fast.
_ERROR_MARKS: Final = ("Error", "Exception", "Traceback", "ERR", "0x", "FATAL", "CRITICAL", "SEVERE", "panic", "HTTP")
_STATUS: Final = re.compile(r"[1-5]\d\d")

_CODE: Final = re.compile(
    r"```|`[^`\n]{2,80}`"
    r"|^[ \t]*(?:at [\w.$<>]+\(|File \"[^\"\n]{1,200}\", line \d+)"
    r"|^[ \t]*(?:def|class|function|public|private|import|from|const|let|var|return|for|if|while)\b[^\n]{0,200}[;:{)]$"
    r"|^[ \t]*[\w.$\[\]\"']{1,80}(?: [\w.$\[\]\"']{1,40})? ?=[^=\n]{1,200};$"
    r"|\b\w+\([^()\n]{0,100}\) ?(?:;|\{|=>)"
    r"|</?(?:div|span|html|body|script|p|a|table|img|input|button|xml|form)\b[^<>\n]{0,200}>"
    r"|\{ ?\"\w+\" ?:|\b(?:SELECT|DELETE) [^\n]{1,200} FROM \w|\bINSERT INTO \w|\bUPDATE \w+ SET "
    r"|^[ \t]*(?:\$ |> |#!/)?(?:curl|npm|pip|git|sudo|docker|kubectl|apt-get) +[\w./-]",
    re.MULTILINE,
)
_CODE_MARKS: Final = re.compile(r"[`(<{=;:$#]")
_CODE_WORDS: Final = frozenset(
    str.split("select delete insert update curl npm pip git sudo docker kubectl apt return import from const let var")
)

_PICTURE: Final = re.compile(r"\w\.(?:png|jpe?g|gif|bmp|webp|heic|mp4|mov)\b|\[(?:image|cid):", re.IGNORECASE)

# Marks at the end of a word, not in an address: "https://a.example/?id=1" asks nothing.
_QUESTION_MARK: Final = re.compile(r"[?？؟][!?？]*(?=[\s\"')\]”’*]|$)|？")
_UNMARKED: Final = re.compile(
    r"(?:^|[.!?]\s|\n)[ \t]*(?:(?:hi|hello|hey|please|and|so|but|also),? )?"
    r"(?:how (?:do|can|could|should|would|long|much|many)|why (?:is|are|was|were|do|does|did|can|has|have)"
    r"|what (?:is|are|does|do|should|can|happens)|when (?:will|can|is|does|do)|where (?:is|are|can|do|does)"
    r"|which|who (?:is|can|do)|can (?:i|you|we|someone|anyone)|could (?:you|someone|i|we)|would you|will you|is there"
    r"|are there|do you|does (?:it|this|your|the)|may i|is it possible)\b[^.!?\n]{0,300}(?=[.!\n]|$)",
    re.IGNORECASE,
)


def shows_error(text: str) -> bool:
    """Whether a text holds what a program says when it fails: an exception, a status, an error code."""
    marked = any(map(text.__contains__, _ERROR_MARKS)) or _STATUS.search(text) is not None
    return marked and _ERROR.search(text) is not None


def shows_code(text: str, words: Sequence[str]) -> bool:
    """Whether a text holds source code, a stack frame, markup, a query, JSON or a command.

    `words` is what `words_of` made of the text.
    """
    marked = _CODE_MARKS.search(text) is not None or not _CODE_WORDS.isdisjoint(words)
    return marked and _CODE.search(text) is not None


def names_picture(text: str) -> bool:
    """Whether a text names a file with a picture or a film, or holds the place of one."""
    return ("." in text or "[" in text) and _PICTURE.search(text) is not None


def questions_in(text: str) -> int:
    """How many questions a text asks: runs of question marks, and sentences that begin like one and lack the mark."""
    marked = len(_QUESTION_MARK.findall(text)) if "?" in text or not text.isascii() else 0
    return marked + len(_UNMARKED.findall(text))
