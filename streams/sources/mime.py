"""What a mail holds: decoded headers, its text, its attachments. Wrong charsets and broken parts are borne with."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses
from typing import Final, NamedTuple

from streams.sources.html_text import text_of

MAX_PARTS: Final = 200
MAX_DEPTH: Final = 20
# The library takes quadratic time for some headers, and those with parameters it reads several times for each part.
MAX_HEADER: Final = 16 * 1024
MAX_CONTENT_HEADER: Final = 4 * 1024
MAX_PARAMETERS: Final = 64
_MAX_NAME: Final = 255
# RFC 3696: 64 characters, "@" and 255.
_MAX_ADDRESS: Final = 320

# What mail programs call by the names of smaller sets.
_WIDER: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "ks_c_5601-1987": "cp949",
    "latin-1": "cp1252",
    "us-ascii": "utf-8",
}
# Charsets of the library that are no charsets of mails; one of them takes quadratic time.
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape"})
_CONTENT_HEADERS: Final = frozenset({"content-type", "content-disposition", "content-transfer-encoding"})
# A byte that goes on with a letter of UTF-8, as the parser writes it.
_GOES_ON: Final = re.compile("[\udc80-\udcbf]")
# Where an encoded word begins.
_BEGUN: Final = re.compile(r"=\?(?=[^?]*\?[qQbB]\?)")
# C0 but for tab and line ends: no text has them, and some databases take none.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Address(NamedTuple):
    """A person in a header: decoded name, and the address in lower case; both may be empty."""

    name: str
    address: str


class _Bounded(Compat32):
    """Cuts headers before anything reads them: the parser itself looks for the boundaries of parts."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if name.lower() not in _CONTENT_HEADERS:
            return name, _cut(value, MAX_HEADER)
        parameters = _cut(value, MAX_CONTENT_HEADER).split(";", MAX_PARAMETERS)
        return name, ";".join(parameters[:MAX_PARAMETERS])


_BOUNDED: Final = _Bounded()


def mail_of(raw: bytes) -> Message:
    """A mail taken apart, with what is too long for a header cut off, in every part. Raises as the library does."""
    return message_from_bytes(raw, policy=_BOUNDED)


def header(mail: Message, name: str) -> str:
    """A header's text on one line, decoded; "" if there is none."""
    raw = _raw(mail, name)
    return _one_line("".join(decoded(part, charset) for part, charset in _words(raw)))


def address_in(mail: Message, name: str) -> Address:
    """The first address of a header."""
    # Decoded after it is taken apart: a name may hold commas and brackets.
    found = getaddresses([_one_line(_raw(mail, name))])
    if not found:
        return Address("", "")
    shown, address = found[0]
    full = "".join(decoded(part, charset) for part, charset in _words(shown))
    is_address = "@" in address and len(address) <= _MAX_ADDRESS
    return Address(_one_line(full), address.lower() if is_address else "")


def decoded(value: bytes | str, charset: str | None) -> str:
    """Bytes as text: as their charset says, else as UTF-8, else as Western Europeans write. Never raises."""
    if isinstance(value, str):
        return _clean(value)
    name = (charset or "utf-8").lower()
    name = _WIDER.get(name, name)
    if name not in _NO_CHARSETS:
        try:
            return _clean(value.decode(name))
        except (LookupError, ValueError):
            pass
    try:
        return _clean(value.decode("utf-8"))
    except UnicodeDecodeError:
        return _clean(_replaced(value, name))


def _replaced(value: bytes, charset: str) -> str:
    # A few wrong bytes spoil a charset of several bytes a letter less than to take it for another.
    try:
        return value.decode(charset if charset not in ("utf-8", *_NO_CHARSETS) else "cp1252", "replace")
    except (LookupError, ValueError):
        return value.decode("cp1252", "replace")


def text_in(mail: Message) -> str:
    """What the mail says: plain text where it has any, else its HTML as text, else what is forwarded in it."""
    own = _text(mail, 0)
    if own.strip():
        return own
    forwarded = (_text(inner, 0) for inner in forwarded_in(mail))
    return next((text for text in forwarded if text.strip()), "")


def forwarded_in(mail: Message) -> Iterator[Message]:
    """The mails that are attached to it."""
    for part in _parts(mail, 0):
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
            if isinstance(inner, Message):
                yield inner


def attachments_in(mail: Message) -> list[dict[str, str | int]]:
    """Names, types and sizes (bytes) of what is attached; nothing of its content."""
    found: list[dict[str, str | int]] = []
    for part in _parts(mail, 0):
        if _is_attached(part):
            kind = part.get_content_type()
            found.append({"name": _name_of(part), "type": kind[:_MAX_NAME], "size": _size_of(part)})
    return found


def _text(part: Message, depth: int) -> str:
    if depth > MAX_DEPTH or _is_attached(part):
        return ""
    if part.is_multipart():
        inner = _inside(part)
        if part.get_content_type() == "multipart/alternative":
            return _best(inner, depth)
        texts = [text for each in inner if (text := _text(each, depth + 1)).strip()]
        return "\n\n".join(texts)
    kind = part.get_content_type()
    if kind == "text/html":
        return text_of(_body(part))
    return _body(part) if kind == "text/plain" else ""


def _best(alternatives: list[Message], depth: int) -> str:
    """The plain one; of several others the last, which is the richest."""
    plain = [each for each in alternatives if each.get_content_type() == "text/plain"]
    others = [each for each in reversed(alternatives) if each not in plain]
    return next((text for each in [*plain, *others] if (text := _text(each, depth + 1)).strip()), "")


def _body(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    return decoded(content, _charset_of(part)).replace("\r\n", "\n").replace("\r", "\n")


def _charset_of(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def _parts(part: Message, depth: int) -> Iterator[Message]:
    """The parts that are no containers. What is in a forwarded mail is its own."""
    if depth > MAX_DEPTH:
        return
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        for each in _inside(part):
            yield from _parts(each, depth + 1)
    else:
        yield part


def _inside(part: Message) -> list[Message]:
    """The parts of a container, as many as are looked at."""
    inner = part.get_payload()
    return [each for each in inner[:MAX_PARTS] if isinstance(each, Message)] if isinstance(inner, list) else []


def _is_attached(part: Message) -> bool:
    if part.get_content_maintype() == "multipart":
        return False
    if part.get_content_disposition() == "attachment" or part.get_filename() is not None:
        return True
    return part.get_content_maintype() not in ("text", "multipart") or part.get_content_type() == "text/calendar"


def _name_of(part: Message) -> str:
    raw = part.get_filename()
    if raw:
        return _one_line("".join(decoded(piece, charset) for piece, charset in _words(_of_bytes(raw))))[:_MAX_NAME]
    inner = part.get_payload(0) if part.is_multipart() else None
    return header(inner, "Subject")[:_MAX_NAME] if isinstance(inner, Message) else ""


def _size_of(part: Message) -> int:
    if part.is_multipart():
        return sum(map(_size_of, _inside(part)))
    content = part.get_payload(decode=True)
    return len(content) if isinstance(content, bytes) else 0


def _raw(mail: Message, name: str) -> str:
    """The header as it was sent; bytes that no header may have are read as UTF-8, or as Western Europeans write."""
    wanted = name.lower()
    return next((_of_bytes(str(value)) for key, value in mail.raw_items() if key.lower() == wanted), "")


def _of_bytes(text: str) -> str:
    """What the parser could not decode stands in it as lone surrogates."""
    return text if text.isascii() else decoded(text.encode("utf-8", "surrogateescape"), "utf-8")


def _cut(value: str, most: int) -> str:
    """What there is room for, of UTF-8 no half letter."""
    if len(value) <= most:
        return value
    end = most
    while end > most - 3 and _GOES_ON.match(value, end):
        end -= 1
    return value[:end]


def _words(raw: str) -> list[tuple[bytes | str, str | None]]:
    try:
        return list(decode_header("".join(map(_ended, raw.splitlines(keepends=True)))))
    except (HeaderParseError, ValueError, LookupError):
        return [(raw, None)]


def _ended(line: str) -> str:
    """The line with a control character, which goes later, in each beginning of an encoded word that has no end: the
    library would look for it up to the end of the line.
    """
    whole, end, rest = line.rpartition("?=")
    return whole + end + _BEGUN.sub("=\0?", rest)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _clean(text: str) -> str:
    """Without what cannot be written as UTF-8, and without control characters."""
    return _CONTROLS.sub("", text).encode("utf-8", "replace").decode("utf-8")
