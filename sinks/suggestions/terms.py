"""The words of a text by which others are found: small letters, without endings and without words that all texts have.
Pure.
"""

import re
from functools import lru_cache
from typing import Final

MAX_CHARS: Final = 4_000
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_EN: Final = """
a about after again all also am an and any are as at be because been being but by can cannot could did do does doing
don't doesn't didn't for from get getting give go going got had has have haven't hasn't having he hello help her here
hi his how i i'd i'll i'm i've if in into is isn't it it's its just know let like make me mine much my myself need no
not now of on one only or other our out please possible same say see she should so some somebody someone something sure
tell than thank thanks that that's the their them then there these they thing things this those to too up us use used
using very want wanted was wasn't way we well were what what's when where which while who why will with would you your
yours can't won't couldn't yes where's how's there's think thought really able still even though actually
"""
_DE: Final = """
aber alle als also am an auch auf aus bei bin bis bitte da damit danke dann das dass dem den der des die dies diese
dieser dieses doch dort du durch ein eine einem einen einer eines er es für gibt habe haben hallo hat hatte hier ich
ihr ihre ihrem ihren ihrer im in ist ja kann kein keine können könnte man mein meine meinem meinen meiner mich mir
mit muss nach nicht noch nun nur ob oder sehr sein seine sich sie sind so um und uns unser unsere vom von vor war
was wenn wer werde werden wie wieder will wir wird wo zu zum zur möchte brauche
"""
_STOP: Final = {"en": frozenset(_EN.split()), "de": frozenset(_DE.split())}
_NONE: Final[frozenset[str]] = frozenset()
_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "`": "'"})
_DOUBLED: Final = frozenset("bdfgmnprt")
_ENDINGS_DE: Final = ("ern", "en", "er", "es", "e", "n", "s")


def terms_of(text: str, language: str) -> list[str]:
    """The terms of a text's first 4,000 characters, in order; endings are taken off in English and German."""
    words = _WORD.findall(text[:MAX_CHARS].translate(_APOSTROPHES).lower())
    stop = _STOP.get(language, _NONE)
    return [_stem(word, language) for word in words if word not in stop and (len(word) > 1 or word.isdigit())]


@lru_cache(maxsize=20_000)
def _stem(word: str, language: str) -> str:
    if language == "en":
        return _stem_en(word.removesuffix("'s").replace("'", ""))
    if language == "de":
        return next(
            (word.removesuffix(end) for end in _ENDINGS_DE if word.endswith(end) and len(word) - len(end) >= 4), word
        )
    return word


def _stem_en(word: str) -> str:
    """Plurals, -ing, -ed and a silent e, as in "declined", "declining" and "decline"."""
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if (
            word.endswith(ending)
            and len(word) - len(ending) >= 3
            and any(each in "aeiouy" for each in word[: -len(ending)])
        ):
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] in _DOUBLED:
                word = word[:-1]
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word
