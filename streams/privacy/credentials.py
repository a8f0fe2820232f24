"""What lets somebody in: keys and tokens by their shape, what stands behind "password", and what looks random."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from streams.privacy.found import Found

# How issuers begin their keys, and how many characters follow at least.
_SHAPES: Final = re.compile(
    r"(?<![\w-])(?:"
    r"sk-[\w-]{16,300}+|[spr]k_(?:live|test)_\w{8,300}+|gh[oprsu]_\w{20,300}+|github_pat_\w{20,300}+|glpat-[\w-]{16,300}+|"
    r"xox[abeoprs]-[\w-]{10,300}+|(?:AKIA|ASIA)[0-9A-Z]{16}\b|AIza[\w-]{35}|npm_\w{30,300}+|SG\.[\w-]{16,100}+\.[\w-]{16,100}+|"
    r"hf_\w{20,300}+|ya29\.[\w.-]{20,500}+|eyJ[\w-]{8,4000}+\.eyJ[\w-]{8,4000}+(?:\.[\w-]{0,4000}+)?)"
)
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s:,]{0,8000}+-----END [A-Z ]{0,30}-----"
)
_BEHIND_A_WORD: Final = re.compile(
    r"(?i)\b(?:password|passwort|passcode|passwd|passphrase|pwd|pin(?:\s+code)?|cvv2?|cvc|otp|"
    r"security\s+code|one[- ]time\s+code|"
    r"verification\s+code|secret|api[ _-]?key|access[ _-]?token|auth[ _-]?token|token|bearer)"
    r"(?:\s{0,3}(?:is|was|ist|=|:|:=|->)\s{0,3}|(?<=bearer)\s{1,3}|"
    r"(?<=[pP][iI][nN])\s(?=\d{4,8}\b)|(?<=[cC][vV][vV])\s(?=\d{3,4}\b))"
    r"[\"'`]?([^\s\"'`]{3,128}+)"
)
_RANDOM: Final = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9_+/=-]{20,512}+(?![\w])")
_HEX: Final = re.compile(r"(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{32,128}")
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_ENDS: Final = ".,;:!?)]}"
_BITS: Final = 3.6


def credentials(text: str) -> Iterator[Found]:
    """Keys, tokens, passwords, PINs and codes."""
    for pattern in (_SHAPES, _PEM):
        for match in pattern.finditer(text):
            yield Found("SECRET", match.start(), match.end())
    for match in _BEHIND_A_WORD.finditer(text):
        value = match[1].rstrip(_ENDS)
        if _is_no_word(value):
            yield Found("SECRET", match.start(1), match.start(1) + len(value))
    for match in _RANDOM.finditer(text):
        if _looks_random(match[0]):
            yield Found("SECRET", match.start(), match.end())


def _is_no_word(value: str) -> bool:
    """ "My password is wrong" tells no password: one that is a plain word cannot be told from that."""
    bare = value.replace("-", "")
    return len(value) >= 3 and not bare.isalpha() and any(map(str.isalnum, value)) and not value.startswith("[")


def _looks_random(token: str) -> bool:
    if _UUID.fullmatch(token):
        return False
    if _HEX.fullmatch(token):
        return True
    kinds = (any(map(str.islower, token)), any(map(str.isupper, token)), sum(map(str.isdigit, token)) >= 2)
    return all(kinds) and bits_per_character(token) >= _BITS and _turns(token) >= len(token) // 4


def bits_per_character(token: str) -> float:
    """Shannon's entropy of the characters of a text that is not empty."""
    size = len(token)
    return -sum(count / size * math.log2(count / size) for count in Counter(token).values())


def _turns(token: str) -> int:
    """How often the kind of character changes: words in one piece and numbers at their end have few."""
    kinds = [0 if each.islower() else 1 if each.isupper() else 2 if each.isdigit() else 3 for each in token]
    return sum(one != other for one, other in pairwise(kinds))
