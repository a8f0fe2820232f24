"""What `track` keeps of tickets and windows, table by table."""

import pytest

from schemas.windows import Totals, WindowKey, WindowPartial, decode_partial
from streams import topics
from streams.conversations import Conversation, Memory
from streams.engine.log import Outgoing
from streams.engine.stage import Output
from streams.engine.state import Overlay, State, Table
from streams.escalation.record import Message
from streams.track import samples, stage, tickets, timers, totals
from streams.track.tickets import MESSAGES
from streams.windows import WindowRules
from tests.unit.naive_conversations import DAY, HOUR, SECOND
from tests.unit.records import NINE

RULES = WindowRules()
START = NINE // SECOND
CELL = WindowKey("a", 60, START, "overall", "")
ONE = Totals(events=1, escalations=0, resolved=0, ratings=0, satisfaction=0)


@pytest.fixture
def state() -> Overlay:
    return Overlay(State(3, 8))


def told(state: Overlay, now: int = NINE, *, idle: bool = False) -> list[Outgoing]:
    output = Output()
    totals.tell(now, idle, RULES, state, output)
    return output.records


def figures(sent: list[Outgoing]) -> list[tuple[WindowKey, int]]:
    assert {one.topic for one in sent} <= {topics.PARTIALS}
    partials = [decode_partial(one.value or b"") for one in sent]
    return [(one.key, one.totals.events) for one in partials if isinstance(one, WindowPartial)]


def test_each_table_of_the_stage_has_a_tag_of_its_own() -> None:
    modules = (samples, stage, tickets, timers, totals)
    tables = {id(each): each for module in modules for each in vars(module).values() if isinstance(each, Table)}
    tags = [table.tag for table in tables.values()]
    assert len(tags) > 10
    assert sorted(tags) == sorted(set(tags))


def test_totals_are_added_and_told_as_they_stand(state: Overlay) -> None:
    totals.add({CELL: ONE}, RULES, state, Output())
    totals.add({CELL: ONE + ONE}, RULES, state, Output())
    assert figures(told(state)) == [(CELL, 3)]
    assert figures(told(state)) == []
    totals.add({CELL: ONE}, RULES, state, Output())
    assert figures(told(state)) == [(CELL, 4)]


def test_a_new_owner_tells_what_was_not_told_and_nothing_else(state: Overlay) -> None:
    other = WindowKey("a", 60, START + 60, "overall", "")
    totals.add({CELL: ONE}, RULES, state, Output())
    told(state)
    totals.add({other: ONE}, RULES, state, Output())
    rows = {key: row for key, row in state.logged().items() if row is not None}
    recovered = Overlay(State(3, 8, rows))
    assert figures(told(recovered)) == []
    for _ in totals.restore(RULES, recovered):
        pass
    assert figures(told(recovered)) == [(other, 1)]


def test_a_window_is_dropped_when_no_event_can_count_in_it_and_not_before_it_was_told() -> None:
    state = State(3, 8)
    written = Overlay(state)
    totals.add({CELL: ONE}, RULES, written, Output())
    state.merge(written)
    over = (CELL.end + RULES.late_horizon + RULES.future_tolerance) * SECOND

    def kept(now: int) -> bool:
        overlay = Overlay(state)
        totals.expire(now, 10, RULES, overlay)
        return overlay.get(totals.WINDOWS, CELL.encode()) is not None

    assert kept(over + 1)
    telling = Overlay(state)
    told(telling)
    state.merge(telling)
    assert (kept(over), kept(over + 1)) == (True, False)


def test_the_watermark_goes_everywhere_once_and_rises_with_the_clock_in_steps_when_idle(state: Overlay) -> None:
    state.put(totals.PROGRESS, totals.ONLY, totals.Progress(watermark=NINE, appended=NINE))
    (sent,) = told(state)
    assert sent.everywhere
    assert told(state) == []
    step = RULES.idle_after * SECOND
    # Appended a moment ago: nobody is idle.
    assert told(state, NINE + step, idle=True) == []
    assert len(told(state, NINE + 3 * step, idle=True)) == 1
    assert told(state, NINE + 3 * step + SECOND, idle=True) == []


def message(number: int) -> Message:
    return Message(number, f"e{number}", NINE, "customer", f"text {number}")


def write(numbers: range, memory: Memory, state: Overlay) -> Conversation:
    for number in numbers:
        state.put(MESSAGES, b"k" + (number % memory.history).to_bytes(4, "big"), message(number))
    return Conversation(first_at=NINE, last_at=NINE, messages=numbers.stop)


@pytest.mark.parametrize(("count", "wanted"), [(0, 10), (3, 10), (10, 10), (12, 10), (57, 5), (57, 100)])
def test_the_last_messages_are_found_in_their_order(state: Overlay, count: int, wanted: int) -> None:
    memory = Memory(history=12)
    known = write(range(count), memory, state)
    found = tickets.last_messages(known, b"k", wanted, memory, state)
    assert [one.number for one in found] == list(range(count))[-min(wanted, 12) :]


def test_what_stands_in_a_message_s_place_from_another_history_is_not_taken_for_it(state: Overlay) -> None:
    known = write(range(30), Memory(history=50), state)
    found = tickets.last_messages(known, b"k", 10, Memory(history=20), state)
    assert [one.number for one in found] == []
    known = write(range(30, 34), Memory(history=20), state)
    found = tickets.last_messages(known, b"k", 10, Memory(history=20), state)
    assert [one.number for one in found] == [30, 31, 32, 33]


@pytest.mark.parametrize("episode", [0, 1, 2, 7])
@pytest.mark.parametrize("messages", [0, 4, 700])
def test_a_forgotten_ticket_leaves_nothing_and_its_neighbours_everything(
    state: Overlay, episode: int, messages: int
) -> None:
    memory = Memory(history=500)
    known = write(range(messages), memory, state)
    neighbour = b"k\0"
    state.put(MESSAGES, neighbour + b"\0\0\0\0", message(0))
    state.put(tickets.CONVERSATIONS, neighbour, known)
    gone = Conversation(first_at=NINE, last_at=NINE, messages=messages, episode=episode)
    state.put(tickets.CONVERSATIONS, b"k", gone)
    tickets.forget(gone, b"k", state)
    left = {key for key, row in state.logged().items() if row is not None}
    assert left == {b"m" + neighbour + b"\0\0\0\0", b"c" + neighbour}


def test_spans_of_a_watermark_are_not_moved_by_the_clock_while_there_is_a_backlog(state: Overlay) -> None:
    state.put(totals.PROGRESS, totals.ONLY, totals.Progress(watermark=NINE, appended=NINE))
    told(state)
    assert told(state, NINE + DAY, idle=False) == []
    assert len(told(state, NINE + HOUR, idle=True)) == 1
