"""A policy as one would write it: plain values, and TOML that reads as the same policy. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import tomlkit
from tomlkit.items import Array, InlineTable, Table

from schemas.spans import written
from streams.escalation.facts import FACTS
from streams.escalation.policy import Policy

_SPANS: Final = frozenset(
    {
        *("within", "respond_within", "cool_down", "quiet", "after", "warn_before"),
        *("low", "medium", "high", "urgent", "other"),
    }
)
_BOUNDS: Final = frozenset({"below", "at_most", "above", "at_least"})
_GROUP: Final = ("all", "any", "none")


def fields_of(policy: Policy) -> dict[str, Any]:
    """The policy as a file without `extends` would say it; what is empty or not given is left out."""
    plain: dict[str, Any] = _plain(policy.model_dump(mode="json", by_alias=True, exclude_none=True))
    return plain


def toml_of(policy: Policy) -> str:
    """The policy as TOML that reads as the same policy."""
    document = tomlkit.document()
    tables: list[tuple[str, Any]] = []
    for name, value in fields_of(policy).items():
        if isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict)):
            tables.append((name, value))
        else:
            document.add(name, value)
    # A setting after a table would belong to it.
    for name, value in tables:
        if isinstance(value, list):
            array = tomlkit.aot()
            for each in value:
                array.append(_table(each))
            document.add(name, array)
        elif name == "signals":
            signals = tomlkit.table(is_super_table=True)
            for signal, fields in value.items():
                signals.add(signal, _table(fields))
            document.add(name, signals)
        else:
            document.add(name, _table(value))
    return tomlkit.dumps(document)


def as_written(value: Any) -> str:
    """One value of `fields_of` as it stands in the file."""
    return tomlkit.item(_inline(value) if isinstance(value, dict) else _value(value)).as_string()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    fact = FACTS.get(str(value.get("fact")))
    spans = _BOUNDS if fact is not None and fact.kind == "span" else _SPANS
    made = {
        name: written(int(each)) if name in spans and _is_span(each) else _plain(each) for name, each in value.items()
    }
    return {name: each for name, each in made.items() if each not in ([], {})}


def _is_span(value: Any) -> bool:
    """Whether it is whole milliseconds; a share of a span is below 1."""
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _table(fields: Mapping[str, Any]) -> Table:
    """Groups and their like as dotted keys, as in `then.priority`."""
    table = tomlkit.table()
    for name, value in fields.items():
        if not isinstance(value, dict):
            table.add(name, _value(value))
            continue
        for inner, each in value.items():
            table.append(tomlkit.key([name, inner]), _conditions(each) if inner in _GROUP else _value(each))
    return table


def _conditions(conditions: list[Any]) -> Array:
    array = tomlkit.array()
    for each in conditions:
        array.append(_inline(each))
    return array.multiline(len(conditions) > 1)


def _inline(fields: Mapping[str, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    for name, value in fields.items():
        table.append(name, _value(value))
    return table


def _value(value: Any) -> Any:
    if isinstance(value, list):
        array = tomlkit.array()
        for each in value:
            array.append(_inline(each) if isinstance(each, dict) else each)
        return array.multiline(not isinstance(value[0], dict) and sum(map(len, map(str, value))) > 80)
    return value
