"""People's names where the form of a letter tells them: behind a greeting, a title, "my name is", or above a signature.

Others are not found: without a list of all names and of all words a name cannot be told from a word.
"""

import re
from collections.abc import Iterator
from typing import Final

from streams.privacy.found import Found

_WORD: Final = r"[^\W\d_a-zß-öø-ÿ](?:[^\W\d_]{1,20}(?:['’-][^\W\d_]{1,20})?|['’][^\W\d_]{2,20})"
_NAME: Final = rf"(?:[^\W\d_a-zß-öø-ÿ]\.[ ])?{_WORD}(?:[ ](?:[^\W\d_]\.[ ])?{_WORD}){{0,2}}"
_TITLE: Final = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau)\.?[ ]"
_GREETINGS: Final = r"dear|hi|hello|hey|good (?:morning|afternoon|evening)|hallo|liebe|lieber"
_GREETED: Final = re.compile(
    rf"(?m)^[ \t>]{{0,8}}(?i:{_GREETINGS})[ ,]{{1,2}}(?:{_TITLE})?({_NAME})(?=\s{{0,3}}(?:[,!:.–-]|$))"
)
_TITLED: Final = re.compile(rf"\b{_TITLE}({_NAME})")
_SAID: Final = re.compile(
    rf"(?i:\bmy (?:full |first |last )?name(?: is|'s|’s|:)|\bname:|\bmein name ist)[ ]{{1,2}}({_NAME})"
)
_CLOSINGS: Final = (
    r"(?:(?:kind|best|warm|with kind|many) )?(?:regards|thanks|wishes)|thanks and regards|thank you|sincerely|"
    r"yours (?:sincerely|truly|faithfully)|respectfully|cheers|best|greetings|mit freundlichen grüßen|"
    r"viele grüße|mfg|thx|--"
)
_SIGNED: Final = re.compile(
    rf"(?m)^[ \t]{{0,8}}(?i:{_CLOSINGS})[ \t]{{0,4}}[,.!–-]?(?:[ \t]{{0,4}}\r?\n){{0,3}}[ \t]{{0,4}}({_NAME})"
    r"[ \t]{0,4}(?=[,.]?[ \t]{0,4}(?:\r?\n|\Z))"
)
_HAVE_NAMES: Final = (_GREETED, _TITLED, _SAID, _SIGNED)
# Of more names the first are looked for in the rest of the text.
_AGAIN: Final = 20
# Who is greeted without a name, and what stands at the beginning of a line behind thanks.
_NOBODY_WORDS: Final = """
all anyone billing bot care chat client colleague colleagues company customer customers department everybody everyone
folks friend friends guys help helpdesk it ladies gentlemen madam management manager members office please sales service
sir sirs support team technical there thanks thank you again sent so for in the this i we my your regards
"""
_NOBODY: Final = frozenset(_NOBODY_WORDS.split())


def names(text: str) -> Iterator[Found]:
    """Names where a letter has them; and each of them again wherever else it stands in the text."""
    told: set[str] = set()
    for pattern in _HAVE_NAMES:
        for match in pattern.finditer(text):
            name = _without_nobody(match[1])
            # What was blacked out is nobody's any more.
            if name.strip("X "):
                told.add(name)
                yield Found("NAME", match.start(1), match.start(1) + len(name))
    for name in sorted(told)[:_AGAIN]:
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text):
            yield Found("NAME", match.start(), match.end())


def _without_nobody(name: str) -> str:
    """The words up to the first that is no name's; a name all in capitals is often a heading, and not told apart."""
    kept = name
    for match in re.finditer(r"[^ ]+", name):
        if match[0].casefold().rstrip(".") in _NOBODY:
            kept = name[: match.start()].rstrip()
            break
    return kept
