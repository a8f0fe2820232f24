"""Models of everything that a history tells, each if there is enough of it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from streams.learning.card import Kind
from streams.predictions import escalation, satisfaction, similar, sla
from streams.predictions.evaluation import lasted
from streams.predictions.history import History
from streams.predictions.judged import Evaluation
from streams.predictions.shelved import Model
from streams.predictions.snapshots import Begun, at_risk, begun, documents, snapshots_of, to_be_rated


class Trained(NamedTuple):
    """Models by kind with the rows that each learnt from, and of the others how much there is and how much it takes."""

    models: Mapping[Kind, tuple[Model, int]]
    missing: Mapping[str, str]


def train(history: History) -> Trained:
    """By what is known at the history's end. Needs the extra `ml`."""
    models: dict[Kind, tuple[Model, int]] = {}
    missing: dict[str, str] = {}
    snapshots, names = snapshots_of(history), history.categories
    of, happened, tellable = at_risk(snapshots)
    told = tellable <= history.end
    facts, outcome = of.facts.rows(told), happened[told]
    if escalation.enough(facts, outcome):
        models["escalation"] = escalation.fit(facts, outcome, names), len(outcome)
    else:
        yes, no = escalation.tickets_of(facts, outcome)
        missing["escalation"] = (
            f"{yes:,} tickets that escalated and {no:,} that did not; {escalation.ENOUGH} of each are needed"
        )
    spells = begun(history, history.end)
    if spells.spells.over.sum() >= similar.ENOUGH:
        models["resolution"] = _resolution(history, spells), min(len(spells.spells.over), similar.MOST)
    else:
        missing["resolution"] = f"{int(spells.spells.over.sum()):,} resolutions; {similar.ENOUGH} are needed"
    if len(spells.spells.known) >= similar.ENOUGH:
        both: dict[sla.Until, sla.Lasted] = {
            "reply": lasted(spells, "reply"),
            "resolution": lasted(spells, "resolution"),
        }
        models["sla"] = sla.fit(both, names), len(spells.spells.known)
    else:
        missing["sla"] = f"{len(spells.spells.known):,} tickets; {similar.ENOUGH} are needed"
    rated = to_be_rated(snapshots)
    if len(rated.rating) >= satisfaction.ENOUGH:
        models["satisfaction"] = satisfaction.fit(rated.facts, rated.rating, names), len(rated.rating)
    else:
        missing["satisfaction"] = f"{len(rated.rating):,} moments of rated tickets; {satisfaction.ENOUGH} are needed"
    return Trained(models, missing)


def _resolution(history: History, spells: Begun) -> similar.ResolutionModel:
    newest = np.arange(len(spells.spells.known))[-similar.MOST :]
    counts = similar.counted(documents(history, spells.facts.rows(newest)))
    return similar.fit(
        counts,
        spells.spells.took[newest].astype(np.float64),
        spells.spells.over[newest],
        spells.facts.category[newest],
        history.categories,
        ["/".join(history.tickets[each]) for each in spells.spells.ticket[newest]],
    )


def metrics_of(kind: Kind, evaluation: Evaluation) -> dict[str, float]:
    """What the walk forward found of a kind, for its card; empty where it could not be judged."""
    if kind == "escalation" and evaluation.escalation is not None:
        of = evaluation.escalation
        skills = {f"skill over the {name}": each.value for name, each in of.skills.items()}
        return {"brier": of.brier, **skills, "lift": of.lift, "auc": of.auc}
    if kind == "resolution" and evaluation.resolution is not None:
        return {"log_error": evaluation.resolution.log_error, "coverage": evaluation.resolution.coverage}
    if kind == "satisfaction" and evaluation.satisfaction is not None:
        return {"error": evaluation.satisfaction.error, "coverage": evaluation.satisfaction.coverage}
    breaches = {"reply": evaluation.reply_breach, "resolution": evaluation.resolution_breach}
    return {f"{name}_brier": each.brier for name, each in breaches.items() if kind == "sla" and each is not None}


def helps(kind: Kind, evaluation: Evaluation) -> bool:
    """Whether a model of this kind beats what is told without one, beyond chance. Curves of the history always replace
    the fixed times that stand in for them.
    """
    of = {
        "escalation": evaluation.escalation,
        "resolution": evaluation.resolution,
        "satisfaction": evaluation.satisfaction,
    }
    if kind == "sla":
        return evaluation.reply_breach is not None or evaluation.resolution_breach is not None
    judged = of.get(kind)
    return judged is not None and judged.helps
