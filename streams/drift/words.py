"""What an alert of a drift says to a person: what changed, from what to what, since when, and what to do."""

from datetime import UTC, datetime
from typing import Final

from schemas.alerts import Measure
from streams.drift.series import Finding

_CORRECT: Final = "correct some of the newest messages, and see by `ticketpulse model compare` what still fits"
_DO: Final[dict[Measure, str]] = {
    "score": _CORRECT,
    "label_share": _CORRECT,
    "category_share": "see whether customers write of something else, or the model reads it wrong",
    "unseen_words": "train a model on newer messages, and run it beside the one in force",
}


def summary_of(measure: Measure, value: str, finding: Finding) -> str:
    """One sentence with the figures, and what to do."""
    since = datetime.fromtimestamp(finding.since, UTC)
    name = _name(measure, value)
    before, after = (_shown(figure, measure) for figure in (finding.before, finding.after))
    return f"{name} {before} → {after} since {since:%Y-%m-%d %H:%M} UTC ({finding.texts:,.0f} texts): {_DO[measure]}"


def _name(measure: Measure, value: str) -> str:
    if measure == "score":
        return "average score"
    if measure == "unseen_words":
        return "words that the model never saw"
    what = "messages labelled" if measure == "label_share" else "events of category"
    return f"share of {what} {value.replace('_', ' ')}"


def _shown(figure: float, measure: Measure) -> str:
    return f"{figure:.1f}" if measure == "score" else f"{figure:.0%}"
