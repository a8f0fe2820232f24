"""Records of what is expected of open conversations: models where they are in force, else the baseline. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from schemas.events import CHANNELS, PRIORITIES
from schemas.predictions import Because, Estimate, Prediction, prediction_id
from streams.predictions import baseline, escalation, similar, sla
from streams.predictions.estimates import Foretold
from streams.predictions.evaluation import Rules, targets_of
from streams.predictions.facts import Facts, facts_at
from streams.predictions.history import History, Numbers
from streams.predictions.shelved import Models, Versioned
from streams.predictions.snapshots import documents

_EPOCH = datetime.fromtimestamp(0, UTC)
# By tenant and category: the mean time to a resolution in ms, and of how many.
Means = Mapping[tuple[str, str], tuple[float, int]]


class Due(NamedTuple):
    """A ticket to foretell by what was known at `as_of` (ms); with `ended`, to say that nothing is expected."""

    tenant: str
    ticket: str
    as_of: int
    ended: bool


class _Told(NamedTuple):
    """What is foretold of rows, by whom, in units of `per`; of those that `applies` to."""

    foretold: Foretold
    model: str
    applies: Sequence[bool]
    passed: Sequence[bool] | None = None
    per: float = 1.0


def foretell(
    history: History, due: Sequence[Due], models: Mapping[str, Models], means: Means, rules: Rules, now: datetime
) -> list[Prediction]:
    """A record for each of `due` that the history has, by its tenant's models (`models` has each tenant of `due`)."""
    places = {key: place for place, key in enumerate(history.tickets)}
    found: list[Prediction] = []
    for tenant, of_tenant in models.items():
        some = [each for each in due if each.tenant == tenant and (tenant, each.ticket) in places]
        if some:
            tickets = np.array([places[tenant, each.ticket] for each in some])
            facts = facts_at(history, tickets, np.array([each.as_of for each in some]))
            found += _records(history, some, facts, of_tenant, _means(history, tenant, means), rules, now)
    return found


def _records(
    history: History,
    due: Sequence[Due],
    facts: Facts,
    models: Models,
    means: Numbers,
    rules: Rules,
    now: datetime,
) -> list[Prediction]:
    told = {
        "escalation": _escalation(history, facts, models),
        "resolution": _resolution(history, due, facts, models, means),
        "reply_breach": _breach(history, facts, models, means, rules, "reply"),
        "resolution_breach": _breach(history, facts, models, means, rules, "resolution"),
        "satisfaction": _satisfaction(history, facts, models),
    }
    names = (*history.categories, "")
    return [
        Prediction(
            prediction_id=prediction_id(each.tenant, each.ticket, each.as_of, models.names),
            tenant=each.tenant,
            ticket_id=each.ticket,
            as_of=_EPOCH + timedelta(milliseconds=each.as_of),
            predicted_at=now,
            ended=not facts.is_open[row],
            channel=CHANNELS[facts.channel[row]],
            category=names[facts.category[row]],
            priority=PRIORITIES[facts.priority[row]],
            **{
                name: _estimate(of, row)
                for name, of in told.items()
                if of is not None and facts.is_open[row] and of.applies[row]
            },
        )
        for row, each in enumerate(due)
    ]


def _escalation(history: History, facts: Facts, models: Models) -> _Told:
    applies = ~facts.is_escalated
    if models.escalation is None:
        return _Told(escalation.by_formula(facts), "", applies.tolist())
    of: escalation.EscalationModel = models.escalation.model
    return _Told(of.foretell(facts, history.categories), models.escalation.version, applies.tolist())


def _resolution(history: History, due: Sequence[Due], facts: Facts, models: Models, means: Numbers) -> _Told:
    ages, always = _ages(facts), [True] * len(due)
    if models.resolution is None:
        return _Told(similar.by_category(ages, facts.category, means), "", always, per=1000.0)
    of: similar.ResolutionModel = models.resolution.model
    tenants = [each.tenant for each in due]
    found = of.foretell(documents(history, facts), ages, facts.category, history.categories, tenants)
    return _Told(found, models.resolution.version, always, per=1000.0)


def _breach(history: History, facts: Facts, models: Models, means: Numbers, rules: Rules, until: sla.Until) -> _Told:
    ages, targets = _ages(facts), targets_of(rules, until)[facts.priority]
    waits = ~facts.answered if until == "reply" else np.ones(len(ages), bool)
    passed = (ages >= targets).tolist()
    mean = np.full(len(ages), float(baseline.UNKNOWN_REPLY_MS))
    if until == "resolution":
        mean = baseline.mean_of(means, facts.category)
    usual = sla.by_mean(targets, ages, mean)
    if models.sla is None:
        return _Told(usual, "", waits.tolist(), passed)
    of: sla.SlaModel = models.sla.model
    found = of.foretell(until, targets, ages, facts.priority, facts.category, history.categories)
    return _Told(found, models.sla.version, waits.tolist(), passed)


def _satisfaction(history: History, facts: Facts, models: Models) -> _Told | None:
    versioned: Versioned | None = models.satisfaction
    if versioned is None:
        return None
    found = versioned.model.foretell(facts, history.categories)
    return _Told(found, versioned.version, (~facts.rated).tolist())


def _estimate(told: _Told, row: int) -> Estimate | None:
    value = float(told.foretold.value[row])
    if np.isnan(value):
        return None
    passed = bool(told.passed is not None and told.passed[row])
    because = () if passed else tuple(Because(*each) for each in told.foretold.because(row))
    return Estimate(
        value=value / told.per,
        low=None if passed else _bound(told.foretold.low[row], told.per),
        high=None if passed else _bound(told.foretold.high[row], told.per),
        model=told.model,
        basis="" if passed else told.foretold.basis(row),
        because=because,
        passed=passed,
    )


def _bound(value: float, per: float) -> float | None:
    return None if np.isnan(value) else float(value) / per


def _ages(facts: Facts) -> Numbers:
    return np.asarray(np.maximum(facts.moments - facts.opened, 0), np.float64)


def _means(history: History, tenant: str, means: Means) -> Numbers:
    """Of the history's categories; nan where too few resolutions are known."""
    found = [means.get((tenant, name), (np.nan, 0)) for name in history.categories]
    return np.array([mean if count >= baseline.ENOUGH else np.nan for mean, count in found])
