"""Personal data in fields of an event, replaced: by a placeholder, or by a keyed hash that links what is the same."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.privacy.found import KINDS, Found, Kind
from streams.privacy.keys import Keys, Who, key_id_of
from streams.privacy.policy import Action, TenantRules
from streams.privacy.redaction import alike
from streams.privacy.search import find

#: What stands here is ours, and not looked at again. A hash by a key that is not known is replaced as it stands.
_MARK: Final = re.compile(
    rf"\[(?P<kind>{'|'.join(KINDS)})(?:_(?P<number>\d{{1,6}})|:(?P<hash>[A-Za-z0-9_-]{{1,24}}\.[0-9a-f]{{32}}))\]"
)
_HASHED: Final = re.compile(r"h:([A-Za-z0-9_-]{1,24}\.[0-9a-f]{32})")
_WORDS: Final = re.compile(r"[^\W_]+")
_DEEPEST: Final = 32
# Somebody's own "[EMAIL_999999]" must not make ours so long that they are none.
_MOST: Final = 1_000


class Replaced(NamedTuple):
    """Characters `start` to before `end` of the original, and how many stand in their place."""

    start: int
    end: int
    length: int


class Replacer:
    """Replaces what is found in the fields of one event. The same value has the same placeholder in all of them.

    `words` are those of what was found, in lower case: whatever else was read from the text must not show them.
    """

    def __init__(self, tenant: str, rules: TenantRules, keys: Keys) -> None:
        self._tenant = tenant
        self._rules = rules
        self._keys = keys
        self._names: dict[tuple[Kind, str], str] = {}
        self._last: dict[str, int] = {}
        self.found = 0
        self.words: set[str] = set()

    def text(self, text: str, action: Action) -> tuple[str, list[Replaced]]:
        """A text with the personal data in it replaced, and where that was."""
        if action == "off" or not text:
            return text, []
        marks = list(_MARK.finditer(text))
        spans = [mark.span() for mark in marks]
        places = [each for each in find(text, self._rules.regions) if not _touches(each, spans)]
        if marks:
            foreign = [mark for mark in marks if not self._is_ours(mark)]
            places += [Found(mark["kind"], *mark.span()) for mark in foreign]  # type: ignore[arg-type]
            places.sort(key=lambda each: each.start)
        if not places:
            return text, []
        parts: list[str] = []
        replaced: list[Replaced] = []
        done = 0
        for kind, start, end in places:
            name = self._name(kind, text[start:end], action)
            parts += [text[done:start], name]
            replaced.append(Replaced(start, end, len(name)))
            self.words.update(word.casefold() for word in _WORDS.findall(text[start:end]))
            done = end
        self.found += len(places)
        return "".join([*parts, text[done:]]), replaced

    def value(self, value: str | None, action: Action, who: Who) -> str | None:
        """A field that is personal data as a whole: left out, or its hash. A hash of ours stays."""
        if action == "off" or not value:
            return value
        if (ours := _HASHED.fullmatch(value)) and key_id_of(ours[1]) in self._keys:
            return value
        self.found += 1
        self.words.update(word.casefold() for word in _WORDS.findall(value))
        return None if action == "mask" else hashed(self._keys, who, self._tenant, value)

    def inside(self, value: Any, action: Action, field: str, depth: int = 0) -> Any:
        """JSON's values with the texts in them replaced; `field` is the custom field that they are in."""
        if isinstance(value, str):
            return self.text(value, action)[0]
        if isinstance(value, list):
            return [self.inside(each, action, field, depth + 1) for each in value] if depth < _DEEPEST else []
        if not isinstance(value, dict):
            # A telephone number may be written as a number.
            return self._number(value, action) if isinstance(value, int) and not isinstance(value, bool) else value
        if depth >= _DEEPEST:
            return {}
        return {self.text(name, action)[0]: self.inside(each, action, field, depth + 1) for name, each in value.items()}

    def custom(self, fields: Mapping[str, Any], field: str) -> dict[str, Any]:
        """`metadata` or what is beside the known fields; the custom fields that have a rule of their own by that."""
        rules, usual = self._rules.fields, self._rules.of(field)
        return {
            **self.inside(
                {name: each for name, each in fields.items() if f"{field}.{name}" not in rules}, usual, field
            ),
            **{
                name: kept
                for name, each in fields.items()
                if (own := rules.get(f"{field}.{name}")) and (kept := self._whole(each, own)) is not None
            },
        }

    def _is_ours(self, mark: re.Match[str]) -> bool:
        if (hashed := mark["hash"]) is not None:
            return key_id_of(hashed) in self._keys
        if (number := int(mark["number"])) < _MOST:
            # What is found now is another than what has this number.
            self._last[mark["kind"]] = max(self._last.get(mark["kind"], 0), number)
        return True

    def _whole(self, value: Any, action: Action) -> Any:
        return value if action == "off" or value is None else self.value(str(value), action, "value")

    def _number(self, value: int, action: Action) -> Any:
        written = str(value)
        text, replaced = self.text(written, action)
        return text if replaced else value

    def _name(self, kind: Kind, value: str, action: Action) -> str:
        known = (kind, alike(kind, value))
        name = self._names.get(known)
        if name is None:
            if action == "hash":
                name = f"[{kind}:{self._keys.hash(_who(kind), self._tenant, known[1])}]"
            else:
                self._last[kind] = self._last.get(kind, 0) + 1
                name = f"[{kind}_{self._last[kind]}]"
            self._names[known] = name
        return name


def hashed(keys: Keys, who: Who, tenant: str, value: str, key_id: str | None = None) -> str:
    """What stands in the place of a value that is hashed."""
    return f"h:{keys.hash(who, tenant, value, key_id)}"


def moved(start: int, end: int, replaced: Sequence[Replaced]) -> tuple[int, int] | None:
    """Where a place of the original is in the text with replacements; None where a part of it was replaced."""
    if any(each.start < end and start < each.end for each in replaced):
        return None
    shift = sum(each.length - (each.end - each.start) for each in replaced if each.end <= start)
    return start + shift, end + shift


def shows(phrase: str, words: set[str]) -> bool:
    """Whether a phrase has a word of what was replaced."""
    return bool(words) and not words.isdisjoint(word.casefold() for word in _WORDS.findall(phrase))


def _touches(found: Found, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start < found.end and found.start < end for start, end in spans)


def _who(kind: Kind) -> Who:
    if kind == "EMAIL":
        return "email"
    return "phone" if kind == "PHONE" else "value"
