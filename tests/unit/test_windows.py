"""Which windows an event counts in, and what it adds to them.

 08:59        09:00        09:01
───┴────────────┴────────────┴───▶ event time
   [   minute   )[  minute   )       a window holds its start, not its end
"""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scored import LABELS, ScoredEvent, Sentiment
from schemas.windows import NO_SCORE, Totals, WindowKey, aggregate, decode_key
from streams.scoring.scorer import label_of
from streams.windows import NOTHING_NEW, OVERALL, Tally, WindowRules, event_time, is_expired, place_of
from tests.unit.records import NINE, RULES

SECOND = 1000
DAY = 86_400


def scored(score: float | None = 1.0, **fields: object) -> ScoredEvent:
    sentiment = None if score is None else Sentiment(score, label_of(score), 0.0, 0.0, 0.0)
    at = datetime.fromtimestamp(NINE / 1000, UTC)
    known = {"event_id": "e", "ticket_id": "t", "occurred_at": at, "received_at": at, "voice": "customer"}
    return ScoredEvent(**{**known, "category": "general", "sentiment": sentiment, **fields})  # type: ignore[arg-type]


def keys_at(at_ms: int) -> set[WindowKey]:
    tally = Tally(RULES)
    add(tally, scored(), at_ms)
    return set(tally.windows())


def add(tally: Tally, event: ScoredEvent, at_ms: int, *, escalated: bool = False) -> None:
    """Count an event by itself."""
    tally.add(event, at_ms, place_of(event), NOTHING_NEW, escalated=escalated)


def totals_of(event: ScoredEvent, *, escalated: bool) -> Totals:
    tally = Tally(RULES)
    add(tally, event, NINE, escalated=escalated)
    return tally.windows()[WindowKey("default", 60, NINE // 1000, *OVERALL)]


def test_an_event_counts_in_every_size_and_dimension_once() -> None:
    keys = keys_at(NINE)
    assert len(keys) == 4 * 4
    assert {key.size for key in keys} == {60, 300, 3600, DAY}
    assert {(key.dimension, key.value) for key in keys} == {
        ("overall", ""),
        ("channel", "web"),
        ("category", "general"),
        ("priority", "medium"),
    }


@pytest.mark.parametrize(
    ("offset_ms", "minute"),
    [(0, NINE), (1, NINE), (59_999, NINE), (60_000, NINE + 60_000), (-1, NINE - 60_000)],
    ids=["on the start", "just after", "last millisecond", "on the end: the next window", "just before"],
)
def test_a_window_holds_its_start_and_not_its_end(offset_ms: int, minute: int) -> None:
    starts = {key.start for key in keys_at(NINE + offset_ms) if key.size == 60}
    assert starts == {minute // 1000}


def test_a_days_window_starts_at_midnight_utc() -> None:
    start = next(key.start for key in keys_at(NINE) if key.size == DAY)
    assert datetime.fromtimestamp(start, UTC) == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead_s", "at_s", "cut"),
    [(0, 0, False), (300, 300, False), (301, 300, True), (DAY, 300, True), (-DAY, -DAY, False)],
)
def test_a_time_ahead_of_its_append_is_cut_to_the_tolerance(ahead_s: int, at_s: int, cut: bool) -> None:
    found = event_time(NINE + ahead_s * SECOND, NINE, RULES)
    assert (found.at, found.cut) == (NINE + at_s * SECOND, cut)


@pytest.mark.parametrize(("behind_s", "late"), [(RULES.late_horizon, False), (RULES.late_horizon + 1, True)])
def test_too_late_is_judged_against_the_append(behind_s: int, late: bool) -> None:
    assert event_time(NINE - behind_s * SECOND, NINE, RULES).too_late is late


@given(behind=st.integers(0, 2 * RULES.late_horizon), wait=st.integers(0, DAY), skew=st.integers(0, 300))
def test_no_event_that_still_counts_finds_its_window_expired(behind: int, wait: int, skew: int) -> None:
    """A row is dropped only when no later append can need it, also when our clock is ahead of the log's."""
    appended = NINE + wait * SECOND
    time = event_time(appended - behind * SECOND, appended, RULES)
    for size in RULES.sizes:
        end = time.at // 1000 // size * size + size
        assert time.too_late or not is_expired(end, appended + skew * SECOND, RULES)


def test_only_a_customers_text_counts_as_scored() -> None:
    assert totals_of(scored(1.0), escalated=True) == Totals(
        events=1,
        scored=1,
        very_negative=1,
        score_sum=100,
        score_min=100,
        score_max=100,
        escalations=1,
        urgencies={"medium": 1},
    )
    assert totals_of(scored(1.0, voice="agent"), escalated=False) == Totals(events=1)
    assert totals_of(scored(None), escalated=False) == Totals(events=1)


def test_resolutions_and_ratings_are_counted() -> None:
    resolved = totals_of(scored(None, type="status_changed", status="resolved"), escalated=False)
    rated = totals_of(scored(None, type="rated", satisfaction=4), escalated=False)
    closed = totals_of(scored(None, type="status_changed", status="closed"), escalated=False)
    assert (resolved.resolved, closed.resolved) == (1, 0)
    assert (rated.ratings, rated.satisfaction) == (1, 4)


some_events = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 1000).map(lambda cents: cents / 100)),
        st.integers(0, 2 * DAY * SECOND),
        st.sampled_from(["web", "email", "chat"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(events=some_events, split=st.integers(0, 40), sizes=st.sampled_from([(60, 300, 3600, DAY), (1, 7), (60,)]))
def test_totals_are_those_of_the_events_in_the_window_however_they_are_split(
    events: list[tuple[float | None, int, str, bool]], split: int, sizes: tuple[int, ...]
) -> None:
    rules = WindowRules(sizes=sizes)
    whole, first, second = Tally(rules), Tally(rules), Tally(rules)
    for number, (score, after_ms, channel, escalated) in enumerate(events):
        for tally in (whole, first if number < split else second):
            add(tally, scored(score, channel=channel), NINE + after_ms, escalated=escalated)
    merged = dict(first.windows())
    for key, totals in second.windows().items():
        merged[key] = merged[key] + totals if key in merged else totals
    assert merged == whole.windows()
    for key, totals in merged.items():
        inside = [
            (score, escalated)
            for score, after_ms, channel, escalated in events
            if key.start * 1000 <= NINE + after_ms < key.end * 1000 and key.value in {"", "general", "medium", channel}
        ]
        scores = [round(score * 100) for score, _ in inside if score is not None]
        assert (totals.events, totals.scored) == (len(inside), len(scores))
        assert totals.score_sum == sum(scores)
        assert totals.score_min == min(scores, default=NO_SCORE)
        assert totals.score_max == max(scores, default=NO_SCORE)
        assert totals.escalations == sum(escalated for _, escalated in inside)
        assert sum(getattr(totals, label) for label in LABELS) == len(scores)


def test_rates_have_no_value_without_a_denominator() -> None:
    empty = aggregate(WindowKey("default", 60, 0, "overall", ""), Totals(events=3), 1, final=False)
    rates = (empty.negative_share, empty.escalation_rate, empty.score_avg, empty.satisfaction_avg)
    assert rates == (None, None, None, None)


def test_rates_follow_from_the_totals() -> None:
    totals = Totals(events=9, scored=8, very_negative=1, negative=1, score_sum=3600, escalations=2, ratings=2)
    window = aggregate(
        WindowKey("default", 60, 0, "overall", ""), msgspec.structs.replace(totals, satisfaction=9), 1, final=True
    )
    assert (window.negative_share, window.escalation_rate) == (0.25, 0.25)
    assert (window.score_avg, window.satisfaction_avg) == (4.5, 4.5)
    assert window.end - window.start == timedelta(seconds=60)


def test_a_key_survives_its_bytes() -> None:
    key = WindowKey("default", 60, 120, "category", "ä|/,")
    assert decode_key(key.encode()) == key
