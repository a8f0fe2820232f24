"""How many tokens a text is, about: no tokenizer is shipped, because each model has its own."""

import re
from typing import Final

_PIECES: Final = re.compile(r"[A-Za-z]+|\d+|[^\w\s]|[^\x00-\x7f]")
# What a message of the protocol has around its text.
_AROUND: Final = 4


def estimated(text: str) -> int:
    """Tokens of a text: a word of up to seven letters is one, longer ones one for each five letters, numbers one for
    each three digits, and every other sign or letter outside of ASCII one. Servers count exactly, and that is paid.
    """
    return _AROUND + sum(map(_of_piece, _PIECES.findall(text)))


def _of_piece(piece: str) -> int:
    if piece.isascii() and piece.isalpha():
        return 1 if len(piece) <= 7 else -(-len(piece) // 5)
    return -(-len(piece) // 3) if piece.isdigit() else 1
