"""How good predictions would have been: learn what was known before a day, foretell the day, go on. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from streams.predictions import baseline, escalation, measures, satisfaction, similar, sla
from streams.predictions.facts import NAMES, Reader, facts_at
from streams.predictions.history import DAY_MS, HOUR_MS, History, Mask, Numbers, Whole
from streams.predictions.judged import Chances, Evaluation, Ratings, Times
from streams.predictions.leaks import Fold, Folds, LeakFound, alarms, check_facts, check_folds, walk_forward
from streams.predictions.outcomes import NEVER
from streams.predictions.snapshots import Begun, Snapshots, at_risk, begun, documents, snapshots_of, to_be_rated
from streams.predictions.survival import curve
from streams.windows import Targets

FORMULA, SHARE = "formula", "share of all"
# Before the first cut there is this much of the history.
WARM_UP: Final = 0.4
SEED: Final = 20_261_122
_FEWEST: Final = 200
# Moments of the last two weeks are not judged by how long it took: what took long is not known yet.
_SETTLED_MS: Final = 14 * DAY_MS


class Rules(NamedTuple):
    """Targets of service, in seconds by priority; the step from one cut to the next, in days."""

    respond_within: Targets
    resolve_within: Targets
    step_days: int = 1


class _Walk(NamedTuple):
    history: History
    rules: Rules
    snapshots: Snapshots
    cuts: Sequence[int]
    folds: Folds
    reader: Reader
    random: np.random.Generator
    show: Callable[[str], None]


def evaluate(
    history: History,
    rules: Rules,
    *,
    reader: Reader = facts_at,
    folds: Folds = walk_forward,
    seed: int = SEED,
    show: Callable[[str], None] = lambda message: None,
) -> Evaluation:
    """Everything there is history enough for. Raises LeakFound, and ImportError without the extra `ml`.

    `reader` and `folds` are what a test puts a leak into.
    """
    random = np.random.default_rng(seed)
    snapshots = snapshots_of(history, reader)
    compared = check_facts(reader, history, snapshots.facts.tickets, snapshots.facts.moments, random)
    walk = _Walk(history, rules, snapshots, cuts_of(snapshots, history.end, rules), folds, reader, random, show)
    missing: dict[str, str] = {}
    told: list[str] = []
    found: dict[str, Any] = {
        "escalation": _escalation(walk, missing, told),
        "resolution": _resolution(walk, missing),
        "reply_breach": _breach(walk, "reply", missing),
        "resolution_breach": _breach(walk, "resolution", missing),
        "satisfaction": _satisfaction(walk, missing),
    }
    return Evaluation(
        first=_day(walk.cuts[0]) if walk.cuts else "",
        last=_day(walk.cuts[-1]) if walk.cuts else "",
        folds=max(len(walk.cuts) - 1, 0),
        compared=compared,
        missing=missing,
        alarms=tuple(told),
        **found,
    )


def cuts_of(snapshots: Snapshots, end: int, rules: Rules) -> list[int]:
    """The ends of days (ms) at which it learns anew: from two fifths of the history on."""
    moments = snapshots.facts.moments
    if not len(moments):
        return []
    begin = int(moments.min())
    first = -(-(begin + int((end - begin) * WARM_UP)) // DAY_MS) * DAY_MS
    return list(range(first, end + 1, rules.step_days * DAY_MS))


def _escalation(walk: _Walk, missing: dict[str, str], told: list[str]) -> Chances | None:
    of, happened, tellable = at_risk(walk.snapshots)
    names = walk.history.categories
    folds = walk.folds(of.facts.moments, tellable, walk.cuts)
    check_folds(of.facts.moments, tellable, folds)
    _check_outcomes(walk, folds)
    judged = tellable <= walk.history.end
    chance, share = np.full(len(happened), np.nan), np.full(len(happened), np.nan)
    for number, fold in enumerate(folds):
        walk.show(f"escalation: day {number + 1} of {len(folds)}")
        learnt = of.facts.rows(fold.train)
        test = fold.test[judged[fold.test]]
        if len(test) and escalation.enough(learnt, happened[fold.train]):
            model = escalation.fit(learnt, happened[fold.train], names)
            chance[test] = model.chances(of.facts.rows(test), names)
            share[test] = happened[fold.train].mean()
    tested = ~np.isnan(chance)
    if not _is_enough(tested, happened):
        yes, no = escalation.tickets_of(of.facts, happened & judged)
        missing["escalation"] = (
            f"{yes:,} tickets that escalated and {no:,} that did not are known; a model needs {escalation.ENOUGH} of "
            f"each before the first day of the walk, which begins after {WARM_UP:.0%} of the history"
        )
        return None
    rows = of.facts.rows(tested)
    told += alarms(chance[tested], happened[tested], rows.numbers, NAMES)
    references = {FORMULA: baseline.escalation(rows), SHARE: share[tested]}
    unjudged = sum(int((~judged[fold.test]).sum()) for fold in folds)
    return _chances(
        "escalates within 3 days", walk, rows.tickets, chance[tested], references, happened[tested], unjudged
    )


def _check_outcomes(walk: _Walk, folds: Sequence[Fold]) -> None:
    """What is learnt at a cut must not change when all that came after it is removed. Looked at in three folds."""
    for fold in [folds[place] for place in sorted({0, len(folds) // 2, len(folds) - 1})] if folds else []:
        of, happened, tellable = at_risk(walk.snapshots)
        earlier, then, known = at_risk(snapshots_of(walk.history.until(fold.cut), walk.reader))
        before, after = tellable <= fold.cut, known <= fold.cut
        now = np.column_stack([of.facts.tickets, of.facts.moments, happened])[before]
        past = np.column_stack([earlier.facts.tickets, earlier.facts.moments, then])[after]
        if not np.array_equal(now, past):
            raise LeakFound(
                f"what is learnt at {fold.cut} is not what was known then: with the rows after it removed, "
                f"{len(past):,} outcomes were known, with them {len(now):,}, and not the same"
            )


def _resolution(walk: _Walk, missing: dict[str, str]) -> Times | None:
    of = walk.snapshots
    moments, names = of.facts.moments, walk.history.categories
    spells = begun(walk.history, walk.history.end, walk.reader)
    counts = similar.counted(documents(walk.history, spells.facts) + documents(walk.history, of.facts))
    first = len(spells.facts.tickets)
    folds = walk.folds(moments, of.resolved.known, walk.cuts)
    happens = of.resolved.at < NEVER
    left = np.full((len(moments), 3), np.nan)
    mean, median = np.full(len(moments), np.nan), np.full(len(moments), np.nan)
    censored = 0
    for number, fold in enumerate(folds):
        walk.show(f"resolution: day {number + 1} of {len(folds)}")
        learnt = begun(walk.history, fold.cut, walk.reader)
        # A spell's document does not change; which of them had begun does.
        places = np.arange(len(learnt.spells.known))[-similar.MOST :]
        settled = fold.test[moments[fold.test] <= walk.history.end - _SETTLED_MS]
        censored += int((~happens[settled]).sum())
        test = settled[happens[settled]]
        if not len(test) or learnt.spells.over.sum() < similar.ENOUGH:
            continue
        took, over, category = _columns(learnt, places)
        chosen = similar.Counts(counts.words, counts.matrix[places])
        model = similar.fit(chosen, took, over, category, names, _names(walk.history, learnt, places))
        ages = (moments - of.facts.opened)[test].astype(np.float64)
        vectors = similar.unit(counts.matrix[first + test], model.idf)
        about = of.facts.category[test]
        found = model.foretell_vectors(vectors, ages, about, names, [""] * len(test))
        left[test] = np.column_stack([found.low, found.value, found.high])
        means = baseline.category_means(category, took, over, len(names))
        mean[test] = similar.by_category(ages, about, means).value
        median[test] = _medians(took, over, category, ages, about)
    tested = ~np.isnan(left[:, 1])
    if tested.sum() < _FEWEST:
        resolutions = int(spells.spells.over.sum())
        missing["resolution"] = (
            f"{resolutions:,} resolutions are known; a model needs {similar.ENOUGH} before the walk begins"
        )
        return None
    took = np.maximum((of.resolved.at - moments)[tested], 1).astype(np.float64)
    return _times(walk, of.facts.tickets[tested], took, left[tested], mean[tested], median[tested], censored)


def _times(
    walk: _Walk, tickets: Whole, took: Numbers, left: Numbers, mean: Numbers, median: Numbers, censored: int
) -> Times:
    ours = measures.log_error(took, left[:, 1])
    others = {"category mean": mean, "category median": median}
    errors = {name: measures.log_error(took, each) for name, each in others.items()}
    hours = took / HOUR_MS
    losses = {name: measures.pinball(hours, each[:, None] / HOUR_MS, (0.5,)) for name, each in others.items()}
    # What is older than all that is known has no interval.
    within = ~np.isnan(left[:, 0])
    low, high = left[within, 0], left[within, 2]
    return Times(
        what="time to resolution",
        moments=len(took),
        tickets=len(np.unique(tickets)),
        censored=censored,
        log_error=float(ours.mean()),
        references={name: float(each.mean()) for name, each in errors.items()},
        ratios={name: measures.ratio(ours, each, tickets, walk.random) for name, each in errors.items()},
        pinball=float(measures.pinball(hours[within], left[within] / HOUR_MS, similar.SHARES).mean()),
        median_pinball=float(measures.pinball(hours, left[:, 1:2] / HOUR_MS, (0.5,)).mean()),
        reference_pinball={name: float(each.mean()) for name, each in losses.items()},
        coverage=float(np.mean((took[within] >= low) & (took[within] <= high))),
        width=float(np.median(high - low) / HOUR_MS),
    )


def _medians(took: Numbers, over: Mask, category: Whole, ages: Numbers, about: Whole) -> Numbers:
    """What is left by the category's own curve."""
    found = np.full(len(ages), np.nan)
    for each in np.unique(about):
        alike = category == each
        of = curve(took[alike], over[alike]) if alike.sum() >= baseline.ENOUGH else curve(took, over)
        found[about == each] = of.quantile(0.5, ages[about == each]) - ages[about == each]
    return np.where(np.isnan(found), baseline.UNKNOWN_MS, np.maximum(found, 1.0))


def _breach(walk: _Walk, until: sla.Until, missing: dict[str, str]) -> Chances | None:
    of, names = walk.snapshots, walk.history.categories
    facts = of.facts
    ages = (facts.moments - facts.opened).astype(np.float64)
    targets = targets_of(walk.rules, until)[facts.priority]
    happens = of.replied if until == "reply" else of.resolved
    took = (happens.at - facts.opened).astype(np.float64)
    # What is over without a reply was not kept waiting for one.
    gone = (of.ended.at < happens.at) & (of.ended.at <= facts.opened + targets)
    waits = (ages < targets) & ~gone & ~(facts.answered & (until == "reply"))
    tellable = (facts.opened + targets).astype(np.int64)
    folds = walk.folds(facts.moments, tellable, walk.cuts)
    chance, share = np.full(len(ages), np.nan), np.full(len(ages), np.nan)
    missed, censored = took > targets, 0
    for number, fold in enumerate(folds):
        walk.show(f"{until}: day {number + 1} of {len(folds)}")
        test = fold.test[waits[fold.test]]
        censored += int((tellable[test] > walk.history.end).sum())
        test = test[tellable[test] <= walk.history.end]
        learnt = begun(walk.history, fold.cut, walk.reader)
        if not len(test) or len(learnt.spells.known) < _FEWEST:
            continue
        model = sla.fit({until: lasted(learnt, until)}, names)
        chance[test] = model.foretell(
            until, targets[test], ages[test], facts.priority[test], facts.category[test], names
        ).value
        share[test] = _shares(lasted(learnt, until), targets_of(walk.rules, until))[facts.priority[test]]
    tested = ~np.isnan(chance) & ~np.isnan(share)
    if not _is_enough(tested, missed):
        missing[f"{until}_breach"] = f"{int(tested.sum()):,} moments could be judged; {_FEWEST} are needed"
        return None
    what = "first reply too late" if until == "reply" else "resolution too late"
    references = {"share of the priority": share[tested]}
    return _chances(what, walk, facts.tickets[tested], chance[tested], references, missed[tested], censored)


def targets_of(rules: Rules, until: sla.Until) -> Numbers:
    """By priority, in ms."""
    return np.array(rules.respond_within if until == "reply" else rules.resolve_within) * 1000.0


def lasted(of: Begun, until: sla.Until) -> sla.Lasted:
    """Spells up to the first reply, or to the resolution."""
    spells = of.spells
    took, over = (spells.replied_after, spells.replied) if until == "reply" else (spells.took, spells.over)
    return sla.Lasted(took.astype(np.float64), over, of.facts.priority, of.facts.category)


def _shares(of: sla.Lasted, targets: Numbers) -> Numbers:
    """Of each priority the share of spells that missed the target, as if nothing else were known of one."""
    told = of.over | (of.took > targets[of.priority])
    missed = of.took > targets[of.priority]
    counts = np.bincount(of.priority[told], minlength=len(targets))
    sums = np.bincount(of.priority[told & missed], minlength=len(targets))
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _satisfaction(walk: _Walk, missing: dict[str, str]) -> Ratings | None:
    of, names = to_be_rated(walk.snapshots), walk.history.categories
    moments = of.facts.moments
    folds = walk.folds(moments, of.rated.known, walk.cuts)
    check_folds(moments, of.rated.known, folds)
    told = np.full((len(moments), 3), np.nan)
    mean = np.full(len(moments), np.nan)
    for number, fold in enumerate(folds):
        walk.show(f"satisfaction: day {number + 1} of {len(folds)}")
        if len(fold.test) and len(fold.train) >= satisfaction.ENOUGH:
            model = satisfaction.fit(of.facts.rows(fold.train), of.rating[fold.train], names)
            found = model.foretell(of.facts.rows(fold.test), names)
            told[fold.test] = np.column_stack([found.low, found.value, found.high])
            mean[fold.test] = of.rating[fold.train].mean()
    tested = ~np.isnan(told[:, 1])
    if tested.sum() < _FEWEST:
        missing["satisfaction"] = (
            f"{len(np.unique(of.facts.tickets)):,} rated tickets are known; a model needs {satisfaction.ENOUGH} "
            "moments of rated tickets before the walk begins"
        )
        return None
    rating, tickets = of.rating[tested], of.facts.tickets[tested]
    low, value, high = told[tested].T
    return Ratings(
        what="rating",
        moments=len(rating),
        tickets=len(np.unique(tickets)),
        censored=len(walk.snapshots.facts.tickets) - len(moments),
        error=float(np.abs(rating - value).mean()),
        reference=float(np.abs(rating - mean[tested]).mean()),
        ratio=measures.ratio((rating - value) ** 2, (rating - mean[tested]) ** 2, tickets, walk.random),
        coverage=float(np.mean((rating >= low) & (rating <= high))),
    )


def _chances(
    what: str,
    walk: _Walk,
    tickets: Whole,
    chance: Numbers,
    references: dict[str, Numbers],
    happened: Mask,
    censored: int,
) -> Chances:
    first = next(iter(references.values()))
    skills = {name: measures.skill(chance, each, happened, tickets, walk.random) for name, each in references.items()}
    return Chances(
        what=what,
        moments=len(chance),
        tickets=len(np.unique(tickets)),
        censored=censored,
        happened=float(happened.mean()),
        brier=measures.brier(chance, happened),
        references={name: measures.brier(each, happened) for name, each in references.items()},
        skills=skills,
        lift=measures.lift(chance, happened),
        reference_lift=measures.lift(first, happened),
        auc=measures.auc(chance, happened),
        reliability=measures.reliability(chance, happened),
    )


def _is_enough(tested: Mask, happened: Mask) -> bool:
    return bool(tested.sum() >= _FEWEST and happened[tested].any() and not happened[tested].all())


def _columns(of: Begun, places: Whole) -> tuple[Numbers, Mask, Whole]:
    return of.spells.took[places].astype(np.float64), of.spells.over[places], of.facts.category[places]


def _names(history: History, of: Begun, places: Whole) -> list[str]:
    return ["/".join(history.tickets[each]) for each in of.spells.ticket[places]]


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).date().isoformat()
