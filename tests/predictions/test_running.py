"""Rounds over the embedded engine and the sink: who is foretold, what is sent, and what is stored of it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.predictions import decode_prediction
from sinks.clickhouse import console
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.predictions.reading import read_live
from streams import topics
from streams.engine.local import LocalLog
from streams.learning.shelf import Shelf
from streams.predictions import reading
from streams.predictions.foretelling import Due
from streams.predictions.running import Baselines, keep_predicting, pieces
from tests.contract.sink_worlds import embedded_url, migrated
from tests.predictions.made_history import MadeHistory, insert
from tests.predictions.naive import Naive
from tests.predictions.serve_predictions import KEY, end_of, rounds_of, shelve, store
from tests.unit.gateway_pipeline import memory_log

pytestmark = pytest.mark.xdist_group("predictions")


@pytest.fixture(scope="module")
def desk() -> MadeHistory:
    return MadeHistory(tickets=1_000, days=40, seed=11)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return embedded_url(tmp_path)


@pytest.fixture
def client(url: str, desk: MadeHistory) -> Iterator[Client]:
    with migrated(url) as opened:
        insert(opened, desk)
        yield opened


def still_open(made: MadeHistory) -> set[str]:
    told = sorted((row["known"], row["ticket"], row["status"]) for row in made.events if row["status"] >= 0)
    last = {ticket: status for _, ticket, status in told}
    return {ticket for ticket, status in last.items() if status < 4}


def standing(client: Client) -> set[Any]:
    rows = client.query("SELECT concat(tenant, '/', ticket_id) FROM predictions_standing WHERE NOT ended").result_rows
    return {row[0] for row in rows}


def add(client: Client, ticket: str, at: datetime, **fields: Any) -> None:
    tenant, name = ticket.split("/")
    said = {"type": "message", "voice": "customer", "channel": "email", "priority": "high", "category": "billing"}
    read = {"scored": True, "score": "1.00", "polarity": -0.8, "urgency": "critical", "emotion": "angry"}
    times = dict.fromkeys(("occurred_at", "received_at", "appended_at"), at)
    place = {"log_partition": 0, "log_offset": 10**6, "version": 1}
    ids = {"tenant": tenant, "ticket_id": name, "event_id": f"new-{at.timestamp()}", "text": "Still nothing"}
    row: dict[str, Any] = {**ids, **said, **read, **times, **place, **fields}
    client.insert("scored_events", [list(row.values())], column_names=list(row))


async def test_what_is_open_is_foretold_once_and_again_when_something_happens(
    url: str, client: Client, desk: MadeHistory, tmp_path: Path
) -> None:
    # An hour behind the end, so that what is foretold every six hours is not due.
    log, clock, shelf = memory_log(), [end_of(desk) + timedelta(hours=1)], shelve(desk, tmp_path / "models")
    rounds = rounds_of(url, log, shelf, lambda: clock[0])
    stop, wanted = asyncio.Event(), still_open(desk)
    assert await rounds.once(stop) == len(wanted) > 50
    # Killed before it was stored, and run again: the same records.
    assert await rounds.once(stop) == len(wanted)
    assert await store(url, log) == 2 * len(wanted)
    assert client.query("SELECT count() FROM predictions_now").result_rows == [(len(wanted),)]
    assert standing(client) == wanted
    assert await rounds.once(stop) == 0
    ticket, other = sorted(wanted)[:2]
    clock[0] += timedelta(minutes=5)
    add(client, ticket, clock[0] - timedelta(seconds=9))
    add(client, other, clock[0] - timedelta(seconds=8), type="status_changed", status="resolved", scored=False)
    assert await rounds.once(stop) == 2
    await store(url, log, "again")
    assert standing(client) == wanted - {other}
    [(moment, chance)] = client.query(
        "SELECT as_of, escalation FROM predictions_standing WHERE concat(tenant, '/', ticket_id) = {ticket:String}",
        parameters={"ticket": ticket},
    ).result_rows
    assert moment == (clock[0] - timedelta(seconds=9)).replace(microsecond=moment.microsecond)
    assert chance is None or chance > 0.1
    assert await rounds.once(stop) == 0
    # Waiting is a fact too.
    clock[0] += timedelta(hours=6)
    assert await rounds.once(stop) == len(wanted) - 1
    records = [decode_prediction(record.value or b"") for record in read(log)]
    champion = shelf.in_force().champion("default", "escalation")
    assert {each.escalation.model for each in records if each.escalation} == {champion}
    for each in records:
        for estimate in (
            each.escalation,
            each.resolution,
            each.reply_breach,
            each.resolution_breach,
            each.satisfaction,
        ):
            if estimate is not None and estimate.low is not None and estimate.high is not None:
                assert estimate.low <= estimate.value + 1e-9
                assert estimate.value <= estimate.high + 1e-9
            if estimate is not None and estimate.passed:
                assert (estimate.value, estimate.low, estimate.because) == (1.0, None, ())


async def test_without_models_the_formula_and_means_are_told(url: str, client: Client, desk: MadeHistory) -> None:
    log = memory_log()
    rounds = rounds_of(url, log, Shelf(Path("nowhere"), KEY), lambda: end_of(desk))
    rounds.models = Baselines()
    await rounds.once(asyncio.Event())
    naive = Naive(desk)
    for record in read(log):
        told = decode_prediction(record.value or b"")
        facts = naive.facts(f"{told.tenant}/{told.ticket_id}", round(told.as_of.timestamp() * 1000))
        formula = 0.3 * (facts["polarity"] < -0.5) + 0.3 * facts["urgent_text"] + 0.2 * facts["upset"]
        formula += 0.2 * facts["many_tickets"]
        assert (told.escalation is None) == facts["is_escalated"]
        if told.escalation is not None:
            assert told.escalation.value == pytest.approx(formula)
            assert told.escalation.model == ""
            assert sum(each.weight for each in told.escalation.because) == pytest.approx(formula)
        assert told.satisfaction is None
        assert told.resolution is not None
        assert told.resolution.basis == "category"


def test_an_id_that_stands_for_very_many_customers_is_read_in_parts(
    url: str, client: Client, desk: MadeHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        add(client, f"acme/T-{number}", end_of(desk), customer_id="anonymous")
    monkeypatch.setattr(console, "MAX_ROWS", 100)
    with pytest.raises(console.QueryFailed):
        console.query(url, "SELECT ticket_id FROM scored_events WHERE customer_id = 'anonymous'", "ArrowStream")
    monkeypatch.setattr(reading, "_AT_ONCE", 40)
    history = reading.read_tickets(url, [Due("acme", "T-7", 0, False)])
    assert (len(history.events.at), len(history.contacts.known)) == (1, 120)


async def test_while_the_database_is_away_it_waits_and_then_goes_on(url: str, desk: MadeHistory) -> None:
    log, told, stop = memory_log(), list[str](), asyncio.Event()
    rounds = rounds_of(url, log, Shelf(Path("nowhere"), KEY), lambda: end_of(desk))
    rounds.models = Baselines()
    running = asyncio.create_task(keep_predicting(rounds, 0.05, stop, told.append))
    async with asyncio.timeout(120):
        while not told:
            await asyncio.sleep(0.01)
        assert told[0].startswith("predictions wait: ")
        client = connect(url)
        migrate(client)
        insert(client, desk)
        while "predictions go on" not in told:
            await asyncio.sleep(0.01)
        stop.set()
        await running
    client.close()
    assert len(told) == 2
    assert {decode_prediction(record.value or b"").ticket_id for record in read(log)} == {
        ticket.split("/")[1] for ticket in still_open(desk)
    }


def test_pieces_fit_into_memory_and_into_a_statement() -> None:
    due = [Due("default", "x" * 200 + str(number), 0, False) for number in range(2_500)]
    found = list(pieces(due))
    assert [each for piece in found for each in piece] == due
    assert all(sum(len(each.ticket) + 4 for each in piece) <= 100_000 for piece in found)
    assert [len(piece) for piece in pieces([Due("default", str(number), 0, False) for number in range(4_100)])] == [
        2_000, 2_000, 100,
    ]  # fmt: skip


def test_live_scores_are_of_what_is_three_days_old(url: str, client: Client) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    # At noon: what is said a minute later is of the same day.
    old, younger = (now - timedelta(days=5)).replace(hour=12), now - timedelta(hours=71)
    raised = {"A": [timedelta(hours=71)], "B": [timedelta(hours=73)], "C": [-timedelta(hours=1)], "D": [timedelta(1)]}
    rows, chances = [], {"A": 0.8, "B": 0.3, "C": 0.1, "D": 0.4}
    for ticket, chance in chances.items():
        # The second of a day says nothing that counts.
        for place, value in enumerate((chance, 0.99)):
            rows.append(("live", ticket, old + timedelta(minutes=place), value, "m"))
    rows.append(("live", "D", younger, 0.9, "m"))
    client.insert(
        "predictions",
        [[tenant, ticket, at, value, model, place] for place, (tenant, ticket, at, value, model) in enumerate(rows)],
        column_names=["tenant", "ticket_id", "as_of", "escalation", "escalation_model", "log_offset"],
    )
    times = [(ticket, old + each) for ticket, spans in raised.items() for each in spans]
    client.insert(
        "escalations",
        [["live", ticket, f"10000000-0000-0000-0000-{place:012}", at] for place, (ticket, at) in enumerate(times)],
        column_names=["tenant", "ticket_id", "escalation_id", "occurred_at"],
    )
    [score] = read_live(client, "live")
    assert (score.model, score.judged, score.tickets) == ("m", 4, 4)
    assert score.brier == pytest.approx((0.2**2 + 0.3**2 + 0.1**2 + 0.6**2) / 4)
    assert (score.observed, score.foretold) == pytest.approx((0.5, 0.4))
    assert score.skill == pytest.approx(1 - score.brier / 0.25)


def read(log: LocalLog) -> list[Any]:
    from tests.integration.test_embedded import read as read_all  # noqa: PLC0415

    return list(read_all(log, topics.PREDICTIONS))
