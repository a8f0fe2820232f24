"""What is found: a place in a text, and what stands there."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

Kind = Literal["URL", "EMAIL", "SECRET", "IBAN", "CARD", "SSN", "IP", "PHONE", "NAME"]
#: In the order in which they win a place that two of them claim.
KINDS: tuple[Kind, ...] = get_args(Kind)


class Found(NamedTuple):
    """Characters `start` to before `end` of a text."""

    kind: Kind
    start: int
    end: int


def apart(found: Iterable[Found]) -> list[Found]:
    """Those that do not overlap, by place: of two that do, the one whose kind stands first in KINDS."""
    ranked = sorted(set(found), key=lambda each: (KINDS.index(each.kind), each.start, -each.end))
    # By characters, which takes a time that grows with the text and not with its square.
    covered = bytearray(max((each.end for each in ranked), default=0))
    kept: list[Found] = []
    for each in ranked:
        if not any(covered[each.start : each.end]):
            covered[each.start : each.end] = b"\1" * (each.end - each.start)
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)
