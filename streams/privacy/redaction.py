"""Placeholders for personal data, and back again.

The same value has the same placeholder in all texts of one Redactor: "[EMAIL_1] wrote to [EMAIL_2]" can be told apart,
summed up and understood, and nobody learns who they are.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from streams.privacy.found import KINDS, Kind
from streams.privacy.search import REGIONS, find

_PLACEHOLDER: Final = re.compile(rf"\[(?:{'|'.join(KINDS)})_\d{{1,6}}\]")
_SPELT: Final = frozenset({"CARD", "IBAN", "PHONE", "SSN"})
_NO_MARKS: Final = re.compile(r"[^0-9A-Za-z+]")


class Redacted(NamedTuple):
    """A text without what was found in it, and what each of its placeholders stands for."""

    text: str
    originals: Mapping[str, str]

    @property
    def counts(self) -> dict[Kind, int]:
        """How many different values of each kind were taken out."""
        counted = Counter(name[1:].rpartition("_")[0] for name in self.originals)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}


class Redactor:
    """Takes personal data out of the texts of one conversation."""

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        self._regions = regions
        self._by_value: dict[tuple[Kind, str], str] = {}
        self._last: Counter[Kind] = Counter()
        self.originals: dict[str, str] = {}

    def redact_all(self, texts: Sequence[str]) -> list[str]:
        """Each text with placeholders. What somebody wrote like a placeholder is none: its number is not given."""
        taken = {match[0] for text in texts for match in _PLACEHOLDER.finditer(text)}
        return [self._redact(text, taken) for text in texts]

    def _redact(self, text: str, taken: Collection[str]) -> str:
        parts: list[str] = []
        done = 0
        for kind, start, end in find(text, self._regions):
            parts += [text[done:start], self._placeholder(kind, text[start:end], taken)]
            done = end
        return "".join([*parts, text[done:]])

    def _placeholder(self, kind: Kind, value: str, taken: Collection[str]) -> str:
        known = (kind, alike(kind, value))
        name = self._by_value.get(known)
        while name is None or name in taken:
            self._last[kind] += 1
            name = f"[{kind}_{self._last[kind]}]"
        self._by_value[known] = name
        self.originals.setdefault(name, value)
        return name


def redact(text: str, regions: Sequence[str] = REGIONS) -> Redacted:
    """A text without the personal data that is found in it (`find`)."""
    redactor = Redactor(regions)
    [redacted] = redactor.redact_all([text])
    return Redacted(redacted, redactor.originals)


def restore(text: str, originals: Mapping[str, str], kinds: Collection[Kind] = KINDS) -> str:
    """Put back what placeholders of these kinds stand for, as it was written the first time. Those that nobody gave
    stay as they are, and what is put in is not looked at again.
    """
    wanted = frozenset(kinds)

    def original(match: re.Match[str]) -> str:
        kind = match[0][1:].rpartition("_")[0]
        return originals.get(match[0], match[0]) if kind in wanted else match[0]

    return _PLACEHOLDER.sub(original, text)


def alike(kind: Kind, value: str) -> str:
    """What is the same for values that are one, however they are written."""
    if kind in _SPELT:
        return _NO_MARKS.sub("", value).upper()
    return value.casefold() if kind in ("EMAIL", "NAME") else value
