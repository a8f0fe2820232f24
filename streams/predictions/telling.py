"""An evaluation as tables of text. Pure."""

from collections.abc import Iterator

from streams.predictions.judged import Chances, Evaluation
from streams.predictions.measures import Bounds

Table = tuple[tuple[str, ...], list[list[str]]]


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """Headers and rows, one table for each kind of measure."""
    chances = [
        each
        for each in (evaluation.escalation, evaluation.reply_breach, evaluation.resolution_breach)
        if each is not None
    ]
    if chances:
        yield _chances(chances)
    if evaluation.escalation is not None:
        yield _reliability(evaluation.escalation)
    if evaluation.resolution is not None:
        of = evaluation.resolution
        yield (
            ("time to resolution", "log error", "ratio", "95 %", "pinball 50 %, h"),
            [
                ["similar tickets", f"{of.log_error:.3f}", "1", "", f"{of.median_pinball:.2f}"],
                *(
                    [name, f"{error:.3f}", *_bounds(of.ratios[name]), f"{of.reference_pinball[name]:.2f}"]
                    for name, error in of.references.items()
                ),
            ],
        )
        yield (
            ("interval of 80 %", "held", "median width, h", "moments", "tickets", "censored"),
            [["", f"{of.coverage:.1%}", f"{of.width:.1f}", f"{of.moments:,}", f"{of.tickets:,}", f"{of.censored:,}"]],
        )
    if evaluation.satisfaction is not None:
        rated = evaluation.satisfaction
        yield (
            ("rating", "mean error", "of the mean", "ratio of squares", "95 %", "80 % held", "moments"),
            [
                [
                    "",
                    f"{rated.error:.3f}",
                    f"{rated.reference:.3f}",
                    *_bounds(rated.ratio),
                    f"{rated.coverage:.1%}",
                    f"{rated.moments:,}",
                ]
            ],
        )


def _chances(chances: list[Chances]) -> Table:
    header = ("probability", "moments", "tickets", "happened", "Brier", "against", "its Brier", "skill", "95 %", "lift")
    rows = []
    for of in chances:
        own = [of.what, f"{of.moments:,}", f"{of.tickets:,}", f"{of.happened:.1%}", f"{of.brier:.4f}"]
        for name, brier in of.references.items():
            first = name == next(iter(of.references))
            lift = f"{of.lift:.2f} ({of.reference_lift:.2f})" if first else ""
            rows.append([*(own if first else [""] * 5), name, f"{brier:.4f}", *_bounds(of.skills[name]), lift])
    return header, rows


def _reliability(of: Chances) -> Table:
    return ("foretold", "moments", "on average", "happened"), [
        [f"{each.low:.0%} to {each.high:.0%}", f"{each.count:,}", f"{each.foretold:.1%}", f"{each.happened:.1%}"]
        for each in of.reliability
    ]


def _bounds(of: Bounds) -> list[str]:
    return [f"{of.value:.3f}", "" if of.low is None or of.high is None else f"{of.low:.3f} to {of.high:.3f}"]
