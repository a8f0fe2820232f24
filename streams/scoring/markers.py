"""What support people look for before they read: errors, code, pictures and questions."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from streams.scoring.memo import Memo
from streams.scoring.readings import Signal
from streams.scoring.words import words_of

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
# A word or a piece of one of these is in each text in which the pattern finds something, or else a number of three
# digits with a word before or behind it.
_ERROR_WORDS: Final = frozenset(str.split("traceback fatal error critical severe panic"))
_ERROR_PIECES: Final = ("Error", "ERROR", "Exception", "ERR_", "0x")
_STATUS: Final = re.compile(r"[1-5]\d\d")
_STATUS_WORDS: Final = frozenset(
    str.split("http status error code bad unauthorized forbidden found internal service gateway")
)

# What code looks like, and characters that are in all of it.
_CODE: Final = tuple(
    (marks, re.compile(pattern, re.MULTILINE))
    for marks, pattern in (
        ("`", r"```|`[^`\n]{2,80}`"),
        ("(", r"^[ \t]*at [\w.$<>]+\(|\b\w+\([^()\n]{0,100}\) ?(?:;|\{|=>)"),
        ('"', r"^[ \t]*File \"[^\"\n]{1,200}\", line \d+"),
        ("<>", r"</?(?:div|span|html|body|script|p|a|table|img|input|button|xml|form)\b[^<>\n]{0,200}>"),
        ('{":', r"\{ ?\"\w+\" ?:"),
        ("=;", r"^[ \t]*[\w.$\[\]\"']{1,80}(?: [\w.$\[\]\"']{1,40})? ?=[^=\n]{1,200};$"),
    )
)
_CODE_MARKS: Final = re.compile(r"[`(\"<{=]")
# What stands at the beginning of a line of code, with an end of it that is seldom one of a sentence.
_CODE_WORDS: Final = frozenset(
    str.split("def class function public private import from const let var return for if while")
)
_CODE_ENDS: Final = (";", ":", "{", ")")
_CODE_LINE: Final = re.compile(
    r"^[ \t]*(?:def|class|function|public|private|import|from|const|let|var|return|for|if|while)\b[^\n]{0,200}[;:{)]$",
    re.MULTILINE,
)
_COMMAND_WORDS: Final = frozenset(str.split("select delete insert update curl npm pip git sudo docker kubectl apt"))
_COMMAND: Final = re.compile(
    r"\b(?:SELECT|DELETE) [^\n]{1,200} FROM \w|\bINSERT INTO \w|\bUPDATE \w+ SET "
    r"|^[ \t]*(?:\$ |> |#!/)?(?:curl|npm|pip|git|sudo|docker|kubectl|apt-get) +[\w./-]",
    re.MULTILINE,
)

_PICTURE: Final = re.compile(r"\w\.(?:png|jpe?g|gif|bmp|webp|heic|mp4|mov)\b|\[(?:image|cid):")
_FILE: Final = re.compile(r"[.\[][A-Za-z]")
_PICTURE_MARKS: Final = (
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".heic", ".mp4", ".mov", "[image:", "[cid:"),
)

# Marks at the end of a word, not in an address: "https://a.example/?id=1" asks nothing.
_QUESTION_MARK: Final = re.compile(r"[?？؟][!?？]*(?=[\s\"')\]”’*]|$)|？")
_OPENING: Final = (
    r"\s*(?:(?:hi|hello|hey|please|and|so|but|also),? )?"
    r"(?:how (?:do|can|could|should|would|long|much|many)|why (?:is|are|was|were|do|does|did|can|has|have)"
    r"|what (?:is|are|does|do|should|can|happens)|when (?:will|can|is|does|do)|where (?:is|are|can|do|does)"
    r"|which|who (?:is|can|do)|can (?:i|you|we|someone|anyone)|could (?:you|someone|i|we)|would you|will you|is there"
    r"|are there|do you|does (?:it|this|your|the)|may i|is it possible)\b"
)
_QUESTION: Final = re.compile(_OPENING, re.IGNORECASE)
# To compare as it stands is much faster.
_LOWER_QUESTION: Final = re.compile(_OPENING)


def shown_in(text: str, chunks: Iterable[str]) -> tuple[Signal, ...]:
    """What of a program's stands in a text: contains_code, contains_error, contains_screenshot, in this order.

    Source code, a stack frame, markup, a query, JSON or a command; what a program says when it fails: an exception, a
    status, an error code; the name of a file with a picture or a film, or the place of one. `chunks` is what stands
    between the text's blanks.
    """
    return shown_by(text, "".join(map(_seen_in, chunks)))


def shown_by(text: str, marks: str) -> tuple[Signal, ...]:
    """The same for who knows what `marks_in` says of each of the chunks.

    To put that together is many times as fast as the patterns, and rules out most of them.
    """
    return tuple([signal for signal, shows in _SHOWN if shows(text, marks)]) if marks else ()


def _shows_code(text: str, seen: str) -> bool:
    if _CODE_MARK in seen and any(
        pattern.search(text) for marks, pattern in _CODE if all(map(text.__contains__, marks))
    ):
        return True
    if _CODE_WORD in seen and _CODE_END in seen and _CODE_LINE.search(text):
        return True
    return _COMMAND_WORD in seen and _COMMAND.search(text) is not None


def _shows_error(text: str, seen: str) -> bool:
    return (_ERROR_MARK in seen or (_STATUS_MARK in seen and _STATUS_WORD in seen)) and _ERROR.search(text) is not None


def _shows_picture(text: str, seen: str) -> bool:
    if _FILE_MARK not in seen:
        return False
    lower = text.lower()
    return any(map(lower.__contains__, _PICTURE_MARKS)) and _PICTURE.search(lower) is not None


_SHOWN: Final[tuple[tuple[Signal, Callable[[str, str], bool]], ...]] = (
    ("contains_code", _shows_code),
    ("contains_error", _shows_error),
    ("contains_screenshot", _shows_picture),
)


def marks_in(chunk: str) -> str:
    """A letter for each kind of mark in a chunk."""
    words = words_of(chunk)
    asked = (
        (_ERROR_MARK, not _ERROR_WORDS.isdisjoint(words) or any(map(chunk.__contains__, _ERROR_PIECES))),
        (_STATUS_MARK, _STATUS.search(chunk)),
        (_STATUS_WORD, any(map(chunk.lower().__contains__, _STATUS_WORDS))),
        (_CODE_MARK, _CODE_MARKS.search(chunk)),
        (_CODE_WORD, not _CODE_WORDS.isdisjoint(words)),
        (_CODE_END, chunk.endswith(_CODE_ENDS)),
        (_COMMAND_WORD, not _COMMAND_WORDS.isdisjoint(words)),
        (_FILE_MARK, _FILE.search(chunk)),
    )
    return "".join([mark for mark, there in asked if there])


_ERROR_MARK, _STATUS_MARK, _STATUS_WORD = "ens"
_CODE_MARK, _CODE_WORD, _CODE_END, _COMMAND_WORD, _FILE_MARK = "mwlcf"
_seen_in = Memo(marks_in).__getitem__


def questions_in(text: str) -> int:
    """How many questions a text asks: runs of question marks, and sentences that begin like one and lack the mark."""
    plain = text.isascii()
    marked = len(_QUESTION_MARK.findall(text)) if "?" in text or not plain else 0
    # What is not ASCII may change its length with its case.
    opens, text = (_LOWER_QUESTION.match, text.lower()) if plain else (_QUESTION.match, text)
    sentences = text.replace(". ", ".\n").replace("? ", "?\n").replace("! ", "!\n").split("\n")
    return marked + sum([opens(sentence) is not None for sentence in sentences if "?" not in sentence])
