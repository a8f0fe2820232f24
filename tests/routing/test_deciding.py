"""Who takes a ticket, and rosters that are right or told to be wrong."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.toml_files import FileError
from streams.routing.deciding import RISES_AFTER, Ticket, agent_for, in_turn
from streams.routing.roster import Roster, read_roster

DESK = Path(__file__).parent / "desk.toml"
ROSTER = read_roster(DESK)
ALL = [agent.name for agent in ROSTER.agents]


def ticket(number: int = 1, **changes: Any) -> Ticket:
    return Ticket(f"t{number}", "billing", "en", "email", 0.0)._replace(**changes)


def taken(one: Ticket, here: list[str] | None = None, **loads: int) -> str | None:
    found = agent_for(one, ROSTER, ALL if here is None else here, loads)
    return found.name if found else None


def test_who_is_good_at_it_and_has_least_to_do_takes_it() -> None:
    assert {taken(ticket(number)) for number in range(30)} == {"ann", "bob", "hal"}
    # Half of what ann can carry, and all of what hal can.
    assert taken(ticket(), ann=1, hal=1) == "bob"
    assert taken(ticket(), ann=1, bob=2, hal=0) == "hal"


def test_language_is_a_limit_and_the_fallback_queue_helps_out() -> None:
    german = ticket(language="de")
    assert {taken(german._replace(ticket_id=f"t{n}")) for n in range(30)} == {"ann", "hal"}
    assert taken(german, ann=2, hal=1) in ("cleo", "eve")
    assert taken(german, here=["bob", "fay"]) is None


def test_nobody_takes_more_than_fits() -> None:
    full = {agent.name: agent.capacity for agent in ROSTER.agents}
    assert agent_for(ticket(), ROSTER, ALL, full) is None
    assert taken(ticket(), here=[]) is None


def test_who_knows_the_ticket_keeps_it_while_there_is_room() -> None:
    known = ticket(knows="bob")
    assert taken(known, bob=1) == "bob"
    assert taken(known, bob=2) != "bob"


def test_who_did_not_answer_is_asked_again_only_if_there_is_nobody_else() -> None:
    assert taken(ticket(tried=("ann", "bob"))) == "hal"
    assert taken(ticket(tried=("ann", "bob", "hal")), here=["ann"]) == "ann"


def test_equals_take_turns_by_a_hash_and_the_order_of_the_file_does_not_matter() -> None:
    turned = Roster.model_validate(
        ROSTER.model_dump() | {"agents": [a.model_dump(by_alias=True) for a in ROSTER.agents][::-1]}
    )
    count: Counter[str] = Counter()
    for number in range(900):
        one = ticket(number)
        first, second = (agent_for(one, roster, ALL, {}) for roster in (ROSTER, turned))
        assert first is not None
        assert second is not None
        assert first.name == second.name
        count[first.name] += 1
    assert set(count) == {"ann", "bob", "hal"}
    assert min(count.values()) > 240


def test_the_escalated_go_first_then_priority_and_who_waits_long_rises() -> None:
    now = 10 * RISES_AFTER
    calm, urgent = ticket(1, since=now - 10), ticket(2, since=now, priority="urgent")
    escalated, old = ticket(3, since=now, is_escalated=True), ticket(4, since=now - 2 * RISES_AFTER)
    assert [each.ticket_id for each in in_turn([calm, urgent, escalated, old], now)] == ["t3", "t4", "t2", "t1"]


def test_hours_are_by_the_clock_of_the_place_and_nobody_is_there_while_away() -> None:
    def here(month: int, day: int, hour: int, minute: int = 0) -> set[str]:
        now = datetime(2026, month, day, hour, minute, tzinfo=UTC)
        return {agent.name for agent in ROSTER.agents if agent.is_here(now)}

    # Berlin is at 8 o'clock at 7 UTC in winter, and at 6 UTC in summer; ann does not work on Sundays.
    assert here(11, 23, 7, 30) == {"ann", "cleo", "eve"}
    assert here(7, 20, 6, 30) == {"ann", "cleo", "eve"}
    assert here(11, 22, 7, 30) == {"cleo", "eve"}
    assert "hal" in here(12, 23, 20)
    assert "hal" not in here(12, 24, 20)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('fallback = "general"', 'fallback = "all"', "there is no queue 'all'; there are: billing, technical, general"),
        ('name = "bob"', 'name = "ann"', "named twice: ann"),
        (
            "capacity = 2",
            "capacity = 0",
            "desk.toml:20: agents.ann.capacity: Input should be greater than or equal to 1",
        ),
        ('zone = "Europe/Berlin"', 'zone = "Europe/Bonn"', "'Europe/Bonn' is no time zone"),
        ('queues = ["billing", "general"]', 'queue = "billing"', "agents.ann.queue: there is no such setting"),
    ],
)
def test_a_wrong_roster_is_told_with_its_place(tmp_path: Path, before: str, after: str, told: str) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(DESK.read_text().replace(before, after, 1))
    with pytest.raises(FileError) as raised:
        read_roster(file)
    assert told in str(raised.value)
