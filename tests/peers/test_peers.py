"""Each peer makes of 2,000 events what ticketpulse makes of them: the same scores, escalations, windows and rows."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from streams.scoring import scorer_of
from streams.up.local_kafka import LocalKafka
from tests.conftest import started
from tests.peers import contestants, events, job
from tests.peers.contestants import OURS, PEERS, Contestant, Place
from tests.peers.laps import Arena, Size
from tests.peers.oracle import Verdict, expected, judge
from tests.peers.outcome import Outcome, Scores
from tests.servers.clickhouse_process import ClickHouseProcess

EVENTS = 2_000
# The same for all, and not too late for a window.
UNTIL = time.time()

pytestmark = [pytest.mark.xdist_group("peers"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker of the module's own: ticketpulse needs its topics empty."""
    yield from started(tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="module")
def place(broker: LocalKafka, server: ClickHouseProcess, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where contestants run."""
    return Place(broker.brokers, server, tmp_path_factory.mktemp("peers"))


@pytest.fixture(scope="module")
def ours(place: Place) -> tuple[Outcome, Verdict]:
    """What ticketpulse makes of the events."""
    return _outcome(place, OURS)


def _outcome(place: Place, who: Contestant) -> tuple[Outcome, Verdict]:
    arena = Arena(place, Size(), lambda text: None)
    _, outcome, verdict = asyncio.run(arena.outcome(who, EVENTS, until=UNTIL))
    return outcome, verdict


def test_ticketpulse_is_right(ours: tuple[Outcome, Verdict]) -> None:
    outcome, verdict = ours
    assert verdict == Verdict()
    assert len(outcome.rows) == EVENTS
    assert outcome.escalations


@pytest.mark.parametrize("who", PEERS, ids=lambda who: who.name.replace(" ", "-"))
def test_a_peer_makes_the_same(who: Contestant, place: Place, ours: tuple[Outcome, Verdict]) -> None:
    assert contestants.missing() is None, contestants.missing()
    outcome, verdict = _outcome(place, who)
    assert verdict == Verdict()
    assert outcome.rows == ours[0].rows
    assert outcome.windows == ours[0].windows
    assert outcome.escalations == ours[0].escalations
    assert set(outcome.told) == set(ours[0].told)


def test_the_stock_scorers_equal_ours_to_the_last_bit() -> None:
    sent = events.events_of(200, "unit", until=UNTIL)
    scorer = scorer_of("helpdesk")
    for event in expected(sent):
        ours = scorer.score(event["text"])
        assert (event["score"], event["label"]) == (ours.score, ours.label)
        assert (event["compound"], event["polarity"]) == (ours.compound, ours.polarity)


def _right(sent: list[events.Event]) -> Outcome:
    scored = expected(sent)
    tickets: dict[str, job.Ticket] = {}
    escalated = []
    for event in scored:
        tickets[event["ticket_id"]], escalates = job.track(tickets.get(event["ticket_id"], job.NEW), event)
        if escalates:
            escalated.append((event["ticket_id"], event["event_id"]))
    names = Scores._fields
    return Outcome(
        told=Counter(event["event_id"] for event in scored),
        told_escalations=Counter((*one, "1") for one in escalated),
        rows={event["event_id"]: Scores(*(event[name] for name in names)) for event in scored},
        escalations=Counter(escalated),
        windows=job.totals(scored),
    )


def test_the_oracle_finds_what_is_lost_doubled_or_wrong() -> None:
    sent = events.events_of(300, "unit", until=UNTIL)
    right = _right(sent)
    assert judge(sent, right) == Verdict()
    name, ticket = sent[7]["event_id"], sent[7]["ticket_id"]
    without = {event: row for event, row in right.rows.items() if event != name}
    assert judge(sent, right._replace(rows=without)).lost == 1
    assert judge(sent, right._replace(told=right.told + Counter([name]))).doubled == 1
    other = {**right.rows, name: right.rows[name]._replace(compound=0.123)}
    assert judge(sent, right._replace(rows=other), checked=300).wrong == 1
    assert judge(sent, right._replace(escalations=right.escalations + Counter([(ticket, name)]))).escalations == 1
    window = next(each for each in right.windows if each[0] == job.SIZES[0])
    few, many = ({**right.windows, window: right.windows[window].plus((by, 0, 0))} for by in (-1, 2))
    assert judge(sent, right._replace(windows=few)) == Verdict(uncounted=1, other_windows=1)
    assert judge(sent, right._replace(windows=many)) == Verdict(overcounted=2, other_windows=1)
