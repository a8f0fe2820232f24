"""Rows that are scored anew, and the windows that they count in."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.reanalysis import runs
from streams.reanalysis.asked import Asked, BadRequest, check
from streams.reanalysis.judging import Wanted
from streams.reanalysis.rows import Original, Row
from streams.reanalysis.running import go_on, start
from streams.reanalysis.settling import settle
from tests.reanalysis.places import LATER, Place
from tests.reanalysis.rows_of_tickets import HOUR, MINUTE, tickets
from tests.unit.records import FURIOUS, RULES

_SCORED = (
    "SELECT ticket_id, event_id, toString(score), label, category, emotion, urgency, toString(emotions), "
    "toString(key_phrases), reasons, scorer, toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(appended_at) "
    "FROM scored_events_now ORDER BY tenant, ticket_id, event_id"
)


def test_all_rows_and_windows_are_what_the_new_preset_would_have_made_of_them(place: Place) -> None:
    assert place.differences() == []
    before = place.rows(_SCORED)
    run = place.reanalyse(everything=True)
    assert (run.state, run.epoch, run.done, run.scorer) == ("done", 1, run.events, "support-1")
    assert run.tickets == 20
    assert 0 < run.relabelled < run.events
    assert run.windows > 100
    assert place.rows("SELECT DISTINCT model_epoch FROM scored_events_now") == [(1,)]
    after = place.rows(_SCORED)
    live = [event for message in tickets("support").take() if (event := _read(message)) is not None]
    assert sorted((row[0], row[1], row[2], row[3], row[4]) for row in after) == sorted(live)
    # What a scorer does not say is as it was.
    assert [(row[0], row[1], row[11:]) for row in after] == [(row[0], row[1], row[11:]) for row in before]
    assert place.differences() == []


def _read(message: Any) -> tuple[str, str, str, str, str] | None:
    if message.topic != "tickets.scored.v1":
        return None
    event = json.loads(message.value)
    sentiment = event["sentiment"]
    score, label = (f"{sentiment['score']:.2f}", sentiment["label"]) if sentiment else ("0.00", "unset")
    # As Decimal writes it.
    score = score.rstrip("0").rstrip(".") if "." in score else score
    return event["ticket_id"], event["event_id"], score, label, event["category"]


def test_done_again_it_changes_nothing_but_the_epoch(place: Place) -> None:
    place.reanalyse(everything=True)
    first = place.rows(_SCORED)
    again = place.reanalyse(everything=True)
    assert (again.epoch, again.relabelled, again.windows) == (2, 0, 0)
    assert place.rows(_SCORED) == first
    assert place.differences() == []


@pytest.mark.parametrize("steps", [1, 3])
def test_stopped_and_resumed_it_ends_as_if_it_had_not_been(place: Place, steps: int) -> None:
    left = steps

    def stopped() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    run = place.reanalyse(place.means(stopped=stopped), everything=True)
    assert run.state == "stopped"
    assert run.done < run.events
    assert runs.read(place.client, run.id) == run
    run = go_on(runs.read(place.client, run.id), place.means())
    assert (run.state, run.done, run.epoch) == ("done", run.events, 1)
    assert place.rows("SELECT DISTINCT model_epoch FROM scored_events_now") == [(1,)]
    assert place.differences() == []


def test_a_run_that_fails_says_so_and_goes_on_from_where_it_was(place: Place) -> None:
    shown = 0

    def fail(run: runs.Run) -> None:
        nonlocal shown
        shown += 1
        if shown == 3:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        place.reanalyse(place.means(show=fail), everything=True)
    [run] = runs.newest(place.client)
    assert (run.state, run.error) == ("failed", "the disk is full")
    assert 0 < run.done < run.events
    assert go_on(run, place.means()).state == "done"
    assert place.differences() == []


NINE_TWENTY = datetime(2026, 11, 21, 9, 20, tzinfo=UTC)
SELECTIONS: list[tuple[dict[str, Any], str]] = [
    ({"tickets": ("t001", "t002", "nobody's")}, "tenant = 'default' AND ticket_id IN ('t001', 't002')"),
    ({"tenant": "acme", "everything": True}, "tenant = 'acme'"),
    ({"channel": "chat", "everything": True}, "channel = 'chat'"),
    ({"since": NINE_TWENTY}, "occurred_at >= '2026-11-21 09:20:00'"),
    ({"until": NINE_TWENTY}, "occurred_at < '2026-11-21 09:20:00'"),
    ({"status": "resolved", "limit": 2}, "tenant = 'default' AND ticket_id IN ('t018', 't015')"),
    ({"limit": 3}, "tenant = 'default' AND ticket_id IN ('t019', 't018', 't017')"),
]


def test_only_what_was_asked_for_is_scored_anew(place: Place) -> None:
    for epoch, (asked, condition) in enumerate(SELECTIONS, 1):
        run = place.reanalyse(**asked)
        assert run.epoch == epoch
        of_run = place.rows(f"SELECT tenant, event_id FROM scored_events_now WHERE model_epoch = {epoch} ORDER BY 1, 2")  # noqa: S608
        wanted = place.rows(f"SELECT tenant, event_id FROM scored_events_now WHERE {condition} ORDER BY 1, 2")  # noqa: S608
        assert wanted
        assert of_run == wanted
        assert run.events == run.done == len(wanted)
    assert place.differences() == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "say which tickets"),
        ({"everything": True, "limit": 3}, "everything, or some"),
        ({"tickets": ("t1",), "status": "open"}, "not both"),
        ({"since": datetime(2026, 1, 2, tzinfo=UTC), "until": datetime(2026, 1, 1, tzinfo=UTC)}, "not before"),
        ({"since": datetime(1, 1, 1, tzinfo=UTC)}, "not from 1970"),
        ({"since": datetime(2026, 1, 2)}, "offset"),  # noqa: DTZ001 - what is refused
    ],
)
def test_what_cannot_be_meant_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        check(Asked(**asked))


def test_a_copy_of_an_event_that_comes_later_does_not_take_its_new_score_back(place: Place) -> None:
    place.reanalyse(everything=True)
    first = place.rows(_SCORED)
    place.stages.append(event_id="e1", ticket_id="t000", tenant="acme", type="created", text=FURIOUS, channel="email")
    place.store()
    assert place.rows(_SCORED) == first


def test_events_that_come_afterwards_are_scored_by_the_pipeline_and_counted(place: Place) -> None:
    place.reanalyse(everything=True)
    place.stages.append(ticket_id="t001", type="message", text=FURIOUS, channel="chat")
    for _ in range(27):
        place.stages.pass_time(HOUR)
    place.store()
    assert len(place.rows("SELECT event_id FROM scored_events_now WHERE model_epoch = 0")) == 1
    # The ticket's day has another window than before, and those of the day before are as they were stored.
    assert place.differences() == []
    assert place.reanalyse(everything=True).epoch == 2


def test_a_late_event_tells_a_window_with_old_totals_until_it_is_settled(place: Place) -> None:
    place.reanalyse(everything=True)
    late = place.stages.now - 27 * HOUR - 20 * MINUTE
    place.stages.append(ticket_id="t003", type="message", text=FURIOUS, channel="email", occurred_at=late)
    place.stages.pass_time(MINUTE)
    place.store()
    told = place.differences()
    assert told
    assert all(": " in line for line in told)
    now = datetime.fromtimestamp(place.stages.now / 1000, UTC)
    assert settle(place.client, RULES, place.executor, now) >= len(told)
    assert place.differences() == []
    assert settle(place.client, RULES, place.executor, now) == 0
    # So old that no event can count there: the pipeline tells them no more.
    assert settle(place.client, RULES, place.executor, now + timedelta(days=9)) == 0


def test_rows_that_say_little_or_cannot_be_written_again_stay_as_they_are(place: Place) -> None:
    columns = ("tenant", "ticket_id", "event_id", "type", "channel", "category", "voice", "occurred_at", "received_at")
    at = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
    plain = ["default", "bare", "b1", "status_changed", "web", "general", "customer", at, at]
    odd = ["default", "bare", "b2", "message", "fax", "general", "customer", at, at]
    place.client.insert(
        "scored_events",
        [[*plain, at, 1, 1, 0], [*odd, at, 1, 2, 0], ["default", "bare", "b3", *plain[3:], at, 1, 3, 0]],
        column_names=[*columns, "appended_at", "log_partition", "log_offset", "version"],
    )
    run = place.reanalyse(tickets=("bare",))
    assert (run.state, run.done) == ("done", 3)
    assert place.rows("SELECT event_id, model_epoch FROM scored_events_now WHERE ticket_id = 'bare' ORDER BY 1") == [
        ("b1", 1),
        ("b2", 0),
        ("b3", 1),
    ]


class Known:
    """Originals of one event."""

    def of(self, row: Row) -> Original | None:
        return Original("xx", "returns", None) if row.event_id == "e1" else None


def test_what_kafka_has_of_an_event_counts_and_not_what_was_read_of_it(place: Place) -> None:
    place.reanalyse(place.means(originals=Known()), everything=True)
    assert place.rows("SELECT event_id, language FROM scored_events_now WHERE journey_stage = 'returns'") == [
        ("e1", "xx")
    ]
    assert place.differences() == []


def test_escalations_are_asked_for_only_if_that_is_wanted_and_once_a_ticket(place: Place) -> None:
    wanted: list[Wanted] = []
    means = place.means(ask_for=lambda run, some: wanted.extend(some))
    assert place.reanalyse(means, everything=True).escalations == 0
    assert wanted == []
    known = {tuple(row) for row in place.rows("SELECT tenant, ticket_id FROM escalations_now")}
    run = place.reanalyse(means, everything=True, escalate=True)
    asked = [(each.tenant, each.ticket_id) for each in wanted]
    assert run.escalations == len(asked) == len(set(asked)) > 0
    assert not known & set(asked)
    ended = {
        tuple(row) for row in place.rows("SELECT tenant, ticket_id FROM scored_events_now WHERE status = 'resolved'")
    }
    assert not ended & set(asked)
    assert all(each.reason and each.rule for each in wanted)


def test_the_tickets_of_a_limit_are_settled_when_it_begins(place: Place) -> None:
    run = start(check(Asked(limit=2)), place.means(), "test")
    assert json.loads(run.asked)["tickets"] == ["t019", "t018"]
    place.stages.append(ticket_id="newer", type="created", text=FURIOUS)
    place.store()
    assert go_on(run, place.means(LATER + timedelta(minutes=1))).tickets == 2
    assert place.rows("SELECT DISTINCT ticket_id FROM scored_events_now WHERE model_epoch = 1 ORDER BY 1") == [
        ("t018",),
        ("t019",),
    ]
