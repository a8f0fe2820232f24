"""How well a policy's escalations agree with what became of the tickets. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from streams.backtest.cases import Case
from streams.backtest.tickets import Outcome


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets whose outcome is known. Of those that needed a person: `found` were escalated before that was known,
    `afterwards` only then, `missed` never. `wrong` did not need one and were escalated.
    """

    found: int
    afterwards: int
    missed: int
    wrong: int
    precision: float | None
    recall: float | None


def quality(cases: Iterable[Case], outcomes: Mapping[bytes, Outcome]) -> Quality:
    """Precision is found / (found + wrong), recall found / (found + afterwards + missed), to four decimals; None where
    there is nothing to divide by.
    """
    found, afterwards, wrong = told_apart(cases, outcomes)
    needed = sum(outcome.needed for outcome in outcomes.values())
    return Quality(
        found=len(found),
        afterwards=len(afterwards),
        missed=needed - len(found) - len(afterwards),
        wrong=len(wrong),
        precision=share(len(found), len(found) + len(wrong)),
        recall=share(len(found), needed),
    )


def told_apart(cases: Iterable[Case], outcomes: Mapping[bytes, Outcome]) -> tuple[set[bytes], set[bytes], set[bytes]]:
    """The tickets of the cases that were found, escalated only afterwards, and escalated wrongly."""
    found: set[bytes] = set()
    afterwards: set[bytes] = set()
    wrong: set[bytes] = set()
    for case in cases:
        outcome = outcomes.get(case.key)
        if outcome is None:
            continue
        if not outcome.needed:
            wrong.add(case.key)
        elif outcome.known_at is None or round(case.at.timestamp() * 1000) < outcome.known_at:
            found.add(case.key)
        else:
            afterwards.add(case.key)
    return found, afterwards - found, wrong


def share(part: int, whole: int) -> float | None:
    """A share to four decimals."""
    return round(part / whole, 4) if whole else None
