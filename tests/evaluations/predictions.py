"""What is foretold of tickets, on a made desk, walking forward day by day. The best possible is known there."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from streams.predictions.building import history_of
from streams.predictions.evaluation import Rules, cuts_of, evaluate
from streams.predictions.history import History
from streams.predictions.judged import Chances
from streams.predictions.measures import Bounds, brier, lift
from streams.predictions.snapshots import at_risk, snapshots_of
from streams.windows import WindowRules
from tests.evaluations.row import Row
from tests.predictions.made_history import MadeHistory

_WINDOWS = WindowRules()
_RULES = Rules(_WINDOWS.respond_within, _WINDOWS.resolve_within, 1)
_DATA, _SPLIT = "made desk, 6,000 tickets", "forward, daily"


def rows() -> list[Row]:
    """One for each kind, and one for the best that anybody could foretell of escalations."""
    made = MadeHistory()
    history = history_of(made.rows)
    with threadpool_limits(1):
        began = time.process_time()
        found = evaluate(history, _RULES)
        cost = f"{time.process_time() - began:.0f} s for all"
    told = [
        _chances(each) for each in (found.escalation, found.reply_breach, found.resolution_breach) if each is not None
    ]
    told.insert(1, _best(made, history))
    if found.resolution is not None:
        of = found.resolution
        figures = {"log error": f"{of.log_error:.3f}", "80 % held": f"{of.coverage:.1%}"}
        ratios = {f"of the {name}'s": _bounds(each) for name, each in of.ratios.items()}
        told.append(Row("resolution: similar tickets", _DATA, _SPLIT, {**figures, **ratios}))
    if found.satisfaction is not None:
        rated = found.satisfaction
        figures = {"mean error": f"{rated.error:.3f}", "80 % held": f"{rated.coverage:.1%}"}
        told.append(Row("rating", _DATA, _SPLIT, {**figures, "squares of the mean's": _bounds(rated.ratio)}))
    return [told[0]._replace(cost=cost), *told[1:]]


def _chances(of: Chances) -> Row:
    skills = {f"skill over the {name}": _bounds(each) for name, each in of.skills.items()}
    figures = {"Brier": f"{of.brier:.4f}", **skills, "lift": f"{of.lift:.2f} ({of.reference_lift:.2f})"}
    return Row(of.what, _DATA, _SPLIT, figures)


def _best(made: MadeHistory, history: History) -> Row:
    """Of the moments that are judged, the chances to whoever knows the rule."""
    snapshots = snapshots_of(history)
    of, happened, tellable = at_risk(snapshots)
    cuts, moments = cuts_of(snapshots, history.end, _RULES), of.facts.moments
    judged = (moments > cuts[0]) & (moments <= cuts[-1]) & (tellable <= history.end)
    asked = zip(of.facts.tickets[judged], moments[judged], strict=True)
    best = np.array([made.best("/".join(history.tickets[ticket]), int(at)) for ticket, at in asked])
    figures = {"Brier": f"{brier(best, happened[judged]):.4f}", "lift": f"{lift(best, happened[judged]):.2f}"}
    return Row("escalates within 3 days: best possible", _DATA, _SPLIT, figures)


def _bounds(of: Bounds) -> str:
    return f"{of.value:.3f}" if of.low is None else f"{of.value:.3f} ({of.low:.3f} to {of.high:.3f})"
