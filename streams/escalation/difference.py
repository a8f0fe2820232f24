"""What differs between two policies, rule by rule. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from streams.escalation.policy import Policy
from streams.escalation.written import as_written, fields_of

# What says which policy it is, not what it does.
_LABELS: Final = frozenset({"name", "version", "about"})

Kind = Literal["added", "removed", "changed"]


class Change(msgspec.Struct, frozen=True):
    """A part of a policy that the other one has not, has besides, or has otherwise. `where` is the part, as in
    "rules.leaving" or "memory", and `field` what in it is changed; the values are as they are written in a file.
    """

    kind: Kind
    where: str
    field: str = ""
    before: str | None = None
    after: str | None = None


def changes(one: Policy, other: Policy) -> list[Change]:
    """What makes the other of the one: rules first, in their order. Names, versions and `about` do not count."""
    before, after = fields_of(one), fields_of(other)
    rules = list(_named("rules", _by_name(before), _by_name(after)))
    order = _order(before, after)
    if order:
        rules.append(order)
    rest = sorted({*before, *after} - _LABELS - {"rules"})
    return [*rules, *(change for name in rest for change in _part(name, before.get(name), after.get(name)))]


def _part(name: str, before: Any, after: Any) -> Iterator[Change]:
    if name == "signals":
        yield from _named(name, before or {}, after or {})
    elif isinstance(before or after, dict):
        yield from _fields(name, before or {}, after or {})
    else:
        yield from _fields(name, {"": before}, {"": after})


def _by_name(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {rule["name"]: rule for rule in fields.get("rules", [])}


def _named(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in before:
        if name not in after:
            yield Change("removed", f"{part}.{name}")
    for name, fields in after.items():
        if name in before:
            yield from _fields(f"{part}.{name}", before[name], fields)
        else:
            yield Change("added", f"{part}.{name}")


def _fields(where: str, before: Mapping[str, Any], after: Mapping[str, Any], above: str = "") -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        one, other, field = before.get(name), after.get(name), f"{above}{name}"
        if one == other:
            continue
        if isinstance(one or other, dict):
            yield from _fields(where, one or {}, other or {}, f"{field}.")
        elif isinstance(one or other, list):
            yield from _items(where, field, one or [], other or [])
        else:
            yield Change("changed", where, field, _written(one), _written(other))


def _items(where: str, field: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    """What of a list is gone and what is new; where only the order differs, both lists."""
    gone = [each for each in before if each not in after]
    new = [each for each in after if each not in before]
    for each in gone:
        yield Change("removed", where, field, before=as_written(each))
    for each in new:
        yield Change("added", where, field, after=as_written(each))
    if not gone and not new:
        yield Change("changed", where, field, as_written(before), as_written(after))


def _order(before: Mapping[str, Any], after: Mapping[str, Any]) -> Change | None:
    """Of equally urgent rules that hold the first counts."""
    one, other = list(_by_name(before)), list(_by_name(after))
    common = {*one} & {*other}
    was, now = ([name for name in names if name in common] for names in (one, other))
    return None if was == now else Change("changed", "rules", "order", ", ".join(was), ", ".join(now))


def _written(value: Any) -> str | None:
    return None if value is None else as_written(value)
