"""A history as a model learns from it: facts at each message of a customer, and what became of the ticket. Pure."""

from typing import Any, NamedTuple

import numpy as np

from schemas.events import CHANNELS, PRIORITIES
from streams.predictions import outcomes
from streams.predictions.facts import Facts, Reader, facts_at
from streams.predictions.history import History, Mask, Whole
from streams.predictions.outcomes import HORIZON_MS, NEVER, Happened, Spells
from streams.predictions.similar import document


class Snapshots(NamedTuple):
    """Facts of tickets that were open, at messages of their customers, and what happened after (NEVER: not yet)."""

    facts: Facts
    escalated: Happened
    resolved: Happened
    ended: Happened
    replied: Happened
    rated: Happened
    rating: Whole

    def rows(self, which: Mask | Whole) -> "Snapshots":
        """Some of them."""
        parts: list[Any] = [
            Happened(each.at[which], each.known[which]) if isinstance(each, Happened) else each for each in self
        ]
        parts[0], parts[-1] = self.facts.rows(which), self.rating[which]
        return Snapshots(*parts)


def snapshots_of(history: History, reader: Reader = facts_at) -> Snapshots:
    """All of a history's, by ticket and time."""
    tickets, moments = outcomes.contacts(history)
    facts = reader(history, tickets, moments)
    facts = facts.rows(facts.is_open)
    tickets, moments = facts.tickets, facts.moments
    rated, rating = outcomes.rated(history, tickets, moments)
    return Snapshots(
        facts=facts,
        escalated=outcomes.escalated(history, tickets, moments),
        resolved=outcomes.resolved(history, tickets, moments),
        ended=outcomes.ended(history, tickets, moments),
        replied=outcomes.replied(history, tickets, moments),
        rated=rated,
        rating=rating,
    )


def at_risk(snapshots: Snapshots) -> tuple[Snapshots, Mask, Whole]:
    """Those of tickets that are not escalated, whether they were within three days, and when that could be told."""
    of = snapshots.rows(~snapshots.facts.is_escalated)
    tellable = of.facts.moments + HORIZON_MS
    return of, of.escalated.at <= tellable, tellable


def to_be_rated(snapshots: Snapshots) -> Snapshots:
    """Those whose customer has given a rating since. Of the others nobody knows what it would have been."""
    return snapshots.rows(snapshots.rated.known < NEVER)


class Begun(NamedTuple):
    """Spells with the facts of their beginnings, in the order in which these were known."""

    spells: Spells
    facts: Facts


def begun(history: History, until: int, reader: Reader = facts_at) -> Begun:
    """All that had begun by `until`, as far as was known then."""
    spells = outcomes.spells(history, until)
    order = np.argsort(spells.known, kind="stable")
    columns: list[Any] = [column[order] for column in spells]
    spells = Spells(*columns)
    return Begun(spells, reader(history, spells.ticket, spells.known))


def documents(history: History, facts: Facts) -> list[str]:
    """What similarity is of, for each row."""
    names = (*history.categories, "")
    return [
        document(history.texts[ticket], names[category], PRIORITIES[priority], CHANNELS[channel])
        for ticket, category, priority, channel in zip(
            facts.tickets, facts.category, facts.priority, facts.channel, strict=True
        )
    ]
