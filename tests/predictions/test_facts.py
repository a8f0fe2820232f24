"""Facts of moments, against the same worked out row by row; and what they must not depend on."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.predictions.building import history_of
from streams.predictions.facts import NAMES, facts_at
from streams.predictions.history import DAY_MS, History
from streams.predictions.leaks import differing
from tests.predictions.made_history import BEGIN, MadeHistory
from tests.predictions.naive import Naive


def test_facts_are_those_that_somebody_would_count_by_hand(made: MadeHistory, history: History) -> None:
    naive, chance = Naive(made), random.Random(1)
    keys = ["/".join(each) for each in history.tickets]
    pairs = []
    for ticket in chance.sample(range(len(keys)), 150):
        known = [each.known for each in made.said[keys[ticket]]]
        pairs += [(ticket, chance.randrange(known[0], history.end + 1)) for _ in range(3)] + [(ticket, known[-1])]
    tickets, moments = (np.array(each) for each in zip(*pairs, strict=True))
    facts = facts_at(history, tickets, moments)
    for row, (ticket, moment) in enumerate(pairs):
        wanted = naive.facts(keys[ticket], moment)
        found = dict(zip(NAMES, facts.numbers[row].tolist(), strict=True))
        assert {name: round(found[name], 9) for name in NAMES} == {name: round(wanted[name], 9) for name in NAMES}
        assert (bool(facts.is_open[row]), bool(facts.is_escalated[row])) == (wanted["is_open"], wanted["is_escalated"])
        assert int(facts.opened[row]) == wanted["opened"]
        assert history.categories[facts.category[row]] == wanted["category"]
        assert int(facts.channel[row]) == wanted["channel"]


@settings(max_examples=25, deadline=None)
@given(day=st.integers(1, 44), seed=st.integers(0, 9))
def test_facts_of_a_moment_do_not_change_by_what_comes_later(day: int, seed: int) -> None:
    history = history_of(MadeHistory(tickets=60, days=45, seed=seed).rows)
    moment = BEGIN + day * DAY_MS + 12_345
    tickets = np.arange(len(history.tickets))
    at = np.full(len(tickets), moment)
    assert differing(facts_at(history, tickets, at), facts_at(history.until(moment), tickets, at)) == []


def test_of_what_is_not_known_yet_there_is_nothing(history: History) -> None:
    tickets = np.arange(len(history.tickets))
    facts = facts_at(history, tickets, np.full(len(tickets), BEGIN - 1))
    assert not facts.known.any()
    assert not facts.is_open.any()
    nothing = facts_at(history.until(BEGIN - 1), tickets, np.full(len(tickets), BEGIN))
    assert not nothing.known.any()
