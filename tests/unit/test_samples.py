"""Examples of texts for alerts: whose, which of many, and when they are told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.readings import Reading
from schemas.scored import ScoredEvent, Sentiment, encode_event
from schemas.windows import Samples, WindowPartial, decode_partial, home
from streams import topics
from streams.engine.log import Outgoing
from streams.escalation.book import preset_book
from streams.track import TrackStage
from streams.track.samples import TOLD_AT_ONCE
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition, rekeyed

WATCHING = RULES._replace(watched=300)
UNHAPPY = Sentiment(2.05, "negative", -0.5, -0.2, 0.5)


@pytest.fixture
def track() -> Partition:
    return Partition(TrackStage(preset_book("helpdesk"), EVENT_IDS, WATCHING))


def scored(number: int = 1, **changes: Any) -> Appended:
    fields: dict[str, Any] = {
        "event_id": f"e{number}",
        "ticket_id": f"t{number}",
        "type": "message",
        "channel": "chat",
        "text": "The invoice is wrong.",
        "occurred_at": NINE,
        "received_at": NINE,
        "voice": "customer",
        "category": "billing",
        "sentiment": UNHAPPY,
        "reading": Reading(key_phrases=("wrong invoice",)),
        **changes,
    }
    times = {name: _time(fields[name]) for name in ("occurred_at", "received_at")}
    return rekeyed(encode_event(ScoredEvent(**{**fields, **times})))


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def told(sent: list[Outgoing]) -> list[Samples]:
    partials = [decode_partial(one.value or b"") for one in sent if one.topic == topics.PARTIALS]
    return [partial for partial in partials if isinstance(partial, Samples)]


def test_a_text_is_told_at_the_next_tick_and_once(track: Partition) -> None:
    assert told(track.process(scored())) == []
    (samples,) = told(track.tick(NINE))
    (sample,) = samples.samples
    assert (samples.tenant, sample.ticket_id, sample.channel, sample.category) == ("default", "t1", "chat", "billing")
    assert (sample.at, sample.score, sample.phrases) == (NINE // 1000, 205, ("wrong invoice",))
    assert told(track.tick(NINE + 1000)) == []


@pytest.mark.parametrize(
    "changes",
    [{"voice": "agent"}, {"sentiment": None, "unscored": "empty"}, {"occurred_at": NINE - 3 * 86_400_000}],
    ids=["an agent's", "without a score", "too late"],
)
def test_what_counts_in_no_window_as_a_text_is_no_example(track: Partition, changes: dict[str, Any]) -> None:
    track.process(scored(**changes))
    assert told(track.tick(NINE)) == []


def test_the_same_event_again_is_no_second_example(track: Partition) -> None:
    track.process(scored(), scored())
    (samples,) = told(track.tick(NINE))
    assert len(samples.samples) == 1


@pytest.mark.parametrize("sizes", [[200], [1] * 200, [50, 100, 3, 47]], ids=["one batch", "one by one", "some"])
def test_which_of_many_are_told_does_not_hang_on_the_batches(track: Partition, sizes: list[int]) -> None:
    records = [scored(number) for number in range(sum(sizes))]
    ranks = sorted(_rank(record) for record in records)
    for size in sizes:
        track.process(*(records.pop() for _ in range(size)))
    (samples,) = told(track.tick(NINE))
    assert [sample.rank for sample in samples.samples] == ranks[:TOLD_AT_ONCE]


def _rank(record: Appended) -> int:
    alone = Partition(TrackStage(preset_book("helpdesk"), EVENT_IDS, WATCHING))
    alone.process(record)
    (samples,) = told(alone.tick(NINE))
    return samples.samples[0].rank


def test_each_tenant_has_its_own(track: Partition) -> None:
    track.process(*(scored(number, tenant="acme") for number in range(30)), scored(99, tenant="shop"))
    assert {each.tenant: len(each.samples) for each in told(track.tick(NINE))} == {"acme": TOLD_AT_ONCE, "shop": 1}


def test_samples_and_windows_of_a_tenant_and_size_travel_together(track: Partition) -> None:
    track.process(scored(1), scored(2, occurred_at=NINE - 600_000, channel="email"))
    keys: dict[bytes | None, set[int]] = {}
    for one in track.tick(NINE):
        if one.topic == topics.PARTIALS:
            partial = decode_partial(one.value or b"")
            if isinstance(partial, WindowPartial):
                keys.setdefault(one.key, set()).add(partial.key.size)
            elif isinstance(partial, Samples):
                keys.setdefault(one.key, set()).add(300)
    assert keys == {home("default", size): {size} for size in WATCHING.sizes}


def test_nothing_is_sampled_where_nothing_is_watched() -> None:
    track = Partition(TrackStage(preset_book("helpdesk"), EVENT_IDS, RULES))
    track.process(scored())
    assert told(track.tick(NINE)) == []
