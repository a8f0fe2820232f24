"""The rules that are looked at for an event are all that can hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.readings import Reading
from schemas.scored import ScoredEvent, Sentiment
from streams.conversations import Conversation
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.conditions import Gate, gate_of
from streams.escalation.facts import Moment
from streams.escalation.loading import PRESETS, parse_policy, preset
from streams.escalation.policy import Group
from streams.scoring.scorer import label_of
from tests.policies import WATCHED_FILE
from tests.unit.records import NINE

HOUR = 3_600_000
POLICIES = [ReadyPolicy(preset(name)) for name in PRESETS]
POLICIES.append(ReadyPolicy(parse_policy(WATCHED_FILE.read_text(), "watched.toml")))
SIGNALS = sorted({name for policy in POLICIES for rule in policy.rules for name in rule.gate.signals})


@pytest.mark.parametrize(
    ("all_of", "gate"),
    [
        ([{"fact": "score", "below": 3}], Gate(score=3)),
        ([{"fact": "score", "below": 3}, {"fact": "score", "at_most": 2}], Gate(score=2)),
        ([{"fact": "score", "at_least": 3}], Gate(score=float("inf"))),
        ([{"fact": "status", "is": "new"}], Gate()),
        ([{"signal": "leaving"}, {"signal": "wants_human", "times": 2}], Gate(frozenset({"leaving", "wants_human"}))),
        ([{"all": [{"signal": "leaving"}, {"fact": "score", "below": 3}]}], Gate(frozenset({"leaving"}), 3)),
        ([{"any": [{"signal": "leaving"}, {"fact": "score", "below": 3}]}], Gate()),
        ([{"none": [{"signal": "leaving"}]}], Gate()),
    ],
)
def test_a_gate_is_what_all_conditions_ask_for(all_of: list[dict[str, Any]], gate: Gate) -> None:
    assert gate_of(Group.model_validate({"all": all_of})) == gate


def said(score: float | None) -> ScoredEvent:
    at = datetime.fromtimestamp(NINE / 1000, UTC)
    return ScoredEvent(
        event_id="e",
        ticket_id="t",
        occurred_at=at,
        received_at=at,
        voice="customer",
        category="security",
        sentiment=None if score is None else Sentiment(score, label_of(score), 0.0, 0.0, 0.0),
        reading=Reading(subcategory="fraud", urgency="critical", emotion="angry"),
    )


@given(
    score=st.one_of(st.none(), st.integers(0, 100).map(lambda tenths: tenths / 10)),
    signals=st.sets(st.sampled_from(SIGNALS)).map(sorted),
    known=st.builds(
        Conversation,
        first_at=st.just(NINE - 99 * HOUR),
        last_at=st.just(NINE),
        status=st.sampled_from(["new", "open", "in_progress"]),
        customer_messages=st.integers(1, 9),
        unanswered=st.integers(0, 9),
        tickets=st.integers(0, 9),
        reopened=st.integers(0, 2),
        waiting_since=st.sampled_from([0, NINE - 98 * HOUR]),
        scores=st.lists(st.integers(0, 1000), max_size=6).map(tuple),
    ),
    words=st.booleans(),
)
def test_every_rule_that_holds_is_looked_at(
    score: float | None, signals: list[str], known: Conversation, words: bool
) -> None:
    event = said(score)
    label = event.sentiment.label if event.sentiment else None
    moment = Moment(event, known, NINE, event if words else None, label, tuple(signals), 0.9)
    for policy in POLICIES:
        candidates = policy.candidates(moment)
        assert [rule for rule in policy.rules if rule.holds(moment)] == [
            each for each in candidates if each.holds(moment)
        ]
