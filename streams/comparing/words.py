"""A comparison for people: the figures, and what they do not say yet."""

from collections.abc import Iterator, Sequence
from typing import Final

from streams.comparing.cost import Cost
from streams.comparing.figures import LEAST_DIFFERING, LEAST_MESSAGES, Comparison, Interval, Judged

# A p-value from which on a difference may be chance.
CHANCE: Final = 0.05


def cautions(found: Comparison) -> list[str]:
    """What must not be read into the figures."""
    said = []
    if found.messages < LEAST_MESSAGES:
        said.append(f"too few messages ({found.messages}) to say how far the two agree: wait for {LEAST_MESSAGES}")
    judged = found.judged
    if judged is None:
        said.append("nobody has corrected any of these messages, so nothing says which of the two is right")
        return said
    apart = judged.only_champion + judged.only_challenger
    if apart < LEAST_DIFFERING:
        said.append(
            f"too few corrected messages ({apart}) on which only one of the two was right to say which is better: wait "
            f"for {LEAST_DIFFERING}"
        )
    said.append(
        "people correct what they find wrong, and they see the champion's readings: that favours the challenger. "
        "Corrections of messages that were drawn at random do not"
    )
    return said


def verdict(found: Comparison) -> str:
    """One sentence on which of the two is better, as far as anything says so."""
    judged = found.judged
    if judged is None or judged.only_champion + judged.only_challenger < LEAST_DIFFERING:
        return "too little to say which of the two is better"
    if judged.p_value >= CHANCE:
        return f"no difference that chance does not explain (p = {judged.p_value:.3f})"
    better = "challenger" if judged.difference.value > 0 else "champion"
    return f"the {better} is right more often on what people corrected (p = {judged.p_value:.2g})"


def lines(found: Comparison, cost: Cost | None) -> Iterator[str]:
    """The report as text, without its tables."""
    yield f"messages      {found.messages:,}"
    if found.agreement is not None:
        yield f"agreement     {_percent(found.agreement)}"
    if found.kappa is not None:
        yield f"Cohen's kappa {found.kappa:.3f}"
    if found.judged is not None:
        yield from _judged(found.judged)
    if cost is not None:
        yield f"cost          champion {cost.champion:,.0f} ms, challenger {cost.challenger:,.0f} ms for 1,000 texts"
    yield f"verdict       {verdict(found)}"


def confusion_rows(found: Comparison) -> tuple[Sequence[str], list[Sequence[object]]]:
    """The head and the rows of the confusion between the two."""
    rows = [(name, *counts) for name, counts in zip(found.classes, found.confusion, strict=True)]
    return ("champion \\ challenger", *found.classes), list(rows)


def _judged(judged: Judged) -> Iterator[str]:
    right = judged.both_right + judged.only_champion, judged.both_right + judged.only_challenger
    yield f"corrected     {judged.messages:,}: champion right on {right[0]:,}, challenger on {right[1]:,}"
    yield f"              only the champion {judged.only_champion:,}, only the challenger {judged.only_challenger:,}"
    difference = judged.difference
    between = f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}"
    yield f"difference    {100 * difference.value:+.1f} points ({between}, 95 %), McNemar p = {judged.p_value:.3g}"
    yield f"macro-F1      champion {judged.macro_f1_champion:.3f}, challenger {judged.macro_f1_challenger:.3f}"


def _percent(share: Interval) -> str:
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%}, 95 %)"
