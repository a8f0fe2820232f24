"""Addresses of the network: of people (mail), of pages that let in whoever has the address, and of machines."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from streams.privacy.found import Found

# Possessive and bounded everywhere: no part is tried twice.
_EMAIL: Final = re.compile(
    r"(?<![\w.%+'-])[\w.%+'-]{1,64}+(?<=[\w%+-])@"
    r"(?:\[(?:\d{1,3}\.){3}\d{1,3}\]|[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+(?<![\d_-]))"
)
_URL: Final = re.compile(r"(?i)\b(?:https?|ftp|wss?)://[^\s<>\"'`{}|\\^]{1,2000}+")
_ENDS: Final = ".,;:!?)]"
# A part of a path that nobody types: it has both letters and digits, or is long.
_PART: Final = re.compile(r"[\w-]{16,}+")
_LONG: Final = 40
_IPV4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d|-[A-Za-z])")
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}+(?![\w:])")
_VERSION_BEFORE: Final = re.compile(
    r"(?i)(?:\bv|version|release|build|firmware|update|chapter|section|clause|ios|android|app)[\s:]{0,2}\Z"
)


def emails(text: str) -> Iterator[Found]:
    """Mail addresses as they are usually written."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Found("EMAIL", match.start(), match.end())


def urls(text: str) -> Iterator[Found]:
    """Addresses of pages that may let somebody in: with a user, a query, a fragment, or a part that was handed out."""
    if "://" not in text:
        return
    for match in _URL.finditer(text):
        end = match.start() + len(match[0].rstrip(_ENDS))
        _, _, rest = text[match.start() : end].partition("://")
        host, _, path = rest.partition("/")
        if "@" in host or "?" in rest or "#" in rest or _handed_out(path):
            yield Found("URL", match.start(), end)


def machines(text: str) -> Iterator[Found]:
    """Addresses of IPv4 and IPv6. What stands behind "version" is one."""
    if "." in text:
        for match in _IPV4.finditer(text):
            before = text[max(0, match.start() - 10) : match.start()]
            if _is_address(match[0]) and not _VERSION_BEFORE.search(before):
                yield Found("IP", match.start(), match.end())
    if ":" in text:
        for match in _IPV6.finditer(text):
            # "a::b" is an address too, but more often it is none.
            if len(match[0]) >= 6 and any(map(str.isdigit, match[0])) and _is_address(match[0]):
                yield Found("IP", match.start(), match.end())


def _handed_out(path: str) -> bool:
    return any(
        len(part) >= _LONG or (any(map(str.isdigit, part)) and any(map(str.isalpha, part)))
        for part in _PART.findall(path)
    )


def _is_address(written: str) -> bool:
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True
