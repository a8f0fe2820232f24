"""The stage `track` under an experiment: whose policy decides, when it begins and ends, and what records tell."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.escalations import Escalation
from schemas.experiments import Change
from streams.escalation.book import PolicyBook, read_book
from streams.escalation.experiments import read_experiments
from streams.escalation.loading import PolicyError
from streams.escalation.record import time_of
from streams.escalation.stopping import record_changes
from streams.track import TrackStage
from tests.experiments.made import TOML, write
from tests.unit.desk import DAY, HOUR, MINUTE, Desk
from tests.unit.records import EVENT_IDS, NINE, RULES, Partition

UNHAPPY = "My order is missing."
# One of each arm.
NOW, EARLY = "t2", "t1"


def book_of(folder: Path, text: str = TOML) -> PolicyBook:
    return read_book(write(folder, text))


def opened(desk: Desk, ticket: str, **fields: object) -> list[Escalation]:
    return desk.opens(UNHAPPY, ticket, **fields)


@pytest.fixture
def book(tmp_path: Path) -> PolicyBook:
    return book_of(tmp_path)


def test_each_arm_decides_by_its_policy_and_tells_so(book: PolicyBook) -> None:
    desk = Desk("support", book)
    tickets = [f"t{number}" for number in range(1, 30)]
    about = book.tryings.all[0].about
    for ticket in tickets:
        arm = about.arm_of(f"ticket/{ticket}").name
        made = opened(desk, ticket)
        assert bool(made) == (arm == "early")
        assert {(one.arm, one.policy) for one in made} <= {("sooner:early", "sooner-early")}
        assert desk.conversation(ticket).arm == f"sooner:{arm}"
    assert {book.tryings.all[0].about.arm_of(f"ticket/{ticket}").name for ticket in (NOW, EARLY)} == {"now", "early"}


def test_a_ticket_that_began_before_is_never_taken(tmp_path: Path) -> None:
    desk = Desk("support", book_of(tmp_path, TOML.replace("2026-11-21T00", "2026-11-21T12")))
    assert opened(desk, EARLY) == []
    desk.waits(4 * HOUR)
    assert opened(desk, EARLY) == []
    assert desk.conversation(EARLY).arm == ""
    # One that begins later is.
    late = next(f"x{n}" for n in range(50) if _arm(tmp_path, f"x{n}") == "early")
    assert [one.arm for one in opened(desk, late)][:1] == ["sooner:early"]


def _arm(folder: Path, ticket: str) -> str:
    return read_experiments(folder)[0][0].experiment.arm_of(f"ticket/{ticket}").name


def test_other_tenants_and_channels_are_left_alone(tmp_path: Path) -> None:
    desk = Desk("support", book_of(tmp_path, TOML.replace('tenant = "default"', 'channels = ["chat"]')))
    assert opened(desk, EARLY, channel="email") == []
    assert desk.conversation(EARLY).arm == ""
    other = read_book(write(tmp_path, TOML.replace('"default"', '"acme"')))
    assert other.tryings.deal("default", "chat", EARLY, None, NINE) == ""


def test_a_customer_s_tickets_go_together(tmp_path: Path) -> None:
    desk = Desk("support", book_of(tmp_path, TOML.replace('settle = "2d"', 'settle = "2d"\nby = "customer"')))
    for number in range(12):
        opened(desk, f"a{number}", customer_id="ann")
    assert len({desk.conversation(f"a{number}").arm for number in range(12)}) == 1


def test_an_arm_survives_a_late_event_from_before_the_start(tmp_path: Path) -> None:
    desk = Desk("support", book_of(tmp_path, TOML.replace("2026-11-21T00", "2026-11-21T08")))
    opened(desk, EARLY)
    desk.happens(EARLY, type="message", text="Hello.", occurred_at=time_of(NINE - 2 * HOUR))
    assert desk.conversation(EARLY).first_at < NINE - HOUR
    assert desk.conversation(EARLY).arm == "sooner:early"


def test_the_end_leaves_running_episodes_with_the_policy_that_opened_them(tmp_path: Path) -> None:
    book = book_of(tmp_path, TOML.replace('longest = "14d"', 'longest = "2d 5h"'))
    desk = Desk("support", book)
    (*_, open_one) = opened(desk, EARLY)
    assert open_one.policy == "sooner-early"
    other = next(f"x{n}" for n in range(50) if _arm(tmp_path, f"x{n}") == "early")
    desk.opens("Where is my invoice?", other)
    desk.waits(2 * DAY)
    key = f"default/{EARLY}".encode()
    running = book.choose("default", "email", key, arm="sooner:early", at=desk.now, is_escalated=True)
    assert (running.policy.name, running.arm) == ("sooner-early", "sooner:early")
    # Nothing runs in the other ticket: it goes by the book again.
    assert {(one.policy, one.arm) for one in desk.says(UNHAPPY, other)} == {("support", None)}
    # The episode of the first is over, and so is its arm.
    (*_, resolved) = desk.becomes("resolved", EARLY)
    assert (resolved.policy, resolved.state) == ("sooner-early", "resolved")
    ended = book.choose("default", "email", key, arm="sooner:early", at=desk.now)
    assert (ended.policy.name, ended.arm) == ("support", None)


def test_stopping_and_going_on_are_followed_and_kept(tmp_path: Path) -> None:
    write(tmp_path)

    def change(what: str, hours: int) -> None:
        at = time_of(NINE + hours * HOUR)
        record_changes(
            tmp_path,
            [Change.model_validate({"experiment": "sooner", "what": what, "at": at, "by": "ann", "reason": 'a "why"'})],
        )

    change("stop", 1)
    book = read_book(tmp_path)
    dealt = [bool(book.tryings.deal("default", "email", "t", None, NINE + hour * HOUR)) for hour in (0, 1, 3)]
    assert dealt == [True, False, False]
    change("resume", 2)
    book = read_book(tmp_path)
    dealt = [bool(book.tryings.deal("default", "email", "t", None, NINE + hour * HOUR)) for hour in (0, 1, 3)]
    assert dealt == [True, False, True]
    assert [path.name for path in (tmp_path / "experiments").iterdir() if path.suffix == ".part"] == []


WAITS = """
[[arms.change.rules]]
name = "waits"
when.all = [{ fact = "waiting", at_least = "3h" }]
then.reason = "Nobody answers."
"""


def test_the_clock_decides_by_the_arm_until_it_ends(tmp_path: Path) -> None:
    text = TOML.replace("\n[[metrics]]", WAITS + "\n[[metrics]]", 1)
    for hours, expected in ((4, ["waits"]), (2, [])):
        folder = tmp_path / str(hours)
        folder.mkdir()
        # `longest` must be above `settle`.
        ended = text.replace('settle = "2d"', 'settle = "1h"').replace('"14d"', f'"{9 + hours}h"')
        desk = Desk("support", book_of(folder, ended))
        desk.opens("Where is my invoice?", EARLY)
        assert [one.rule for one in desk.waits(3 * HOUR + MINUTE)][:1] == expected


def test_timers_are_set_anew_when_an_arm_ends_by_time(tmp_path: Path) -> None:
    (tmp_path / "patient.toml").write_text(
        'name = "patient"\nversion = 1\n[[rules]]\nname = "late"\n'
        'when.all = [{ fact = "waiting", at_least = "2h" }]\nthen.reason = "Late."\n'
    )
    (tmp_path / "book.toml").write_text('default = "patient"\n')
    text = TOML.replace('"14d"', '"10h"').replace('settle = "2d"', 'settle = "1h"')
    stage = TrackStage(book_of(tmp_path, text), EVENT_IDS, RULES)
    desk = Desk("support")
    desk._track = Partition(stage)
    # Its arm has no rule on waiting of two hours; the book's policy, which decides from ten o'clock on, has.
    desk.opens("Where is my invoice?", NOW)
    assert desk.waits(HOUR) == []
    assert [one.rule for one in desk.waits(HOUR + MINUTE)][:1] == ["late"]


def test_a_wrong_file_is_told_with_its_line(tmp_path: Path) -> None:
    def told(text: str, name: str = "sooner.toml") -> str:
        with pytest.raises(PolicyError) as raised:
            book_of(tmp_path, text) if name == "sooner.toml" else read_book(write(tmp_path, text, name))
        return str(raised.value).removeprefix(str(tmp_path / "experiments") + "/")

    assert told(TOML.replace("share = 0.5", "share = 0.4", 1)).endswith(
        "the shares of the arms add up to 0.9, not to 1"
    )
    assert told(TOML.replace('policy = "support"', 'policy = "shop"', 1)) == (
        "sooner.toml:10: arms[1].policy: there is no policy 'shop'"
    )
    assert told(TOML.replace('policy = "support"', 'policy = "whatsapp"', 1)).startswith(
        "sooner.toml:10: arms[1].policy: it reads texts as whatsapp, and they are read as support"
    )
    assert "sooner.toml:19: arms.early.change.rules.0.when.all.0" in told(TOML.replace("below = 3.0", 'beneath = "x"'))
    assert told(TOML.replace("smallest = 0.02", "smallest = 0")).startswith("sooner.toml:24: metrics[1].smallest")
    assert told(TOML.replace('metric = "missed"', 'metric = "escalation_rate"')).startswith(
        "sooner.toml:23: metrics[1].better"
    )
    assert told(TOML.replace('"14d"', '"2d"')).endswith("longest must be above settle")
    write(tmp_path)
    assert told(TOML.replace('"sooner"', '"later"'), "later.toml").endswith(
        "sooner takes the same tickets at the same time; one after the other"
    ) or told(TOML.replace('"sooner"', '"later"'), "later.toml").endswith("one after the other")


def test_one_after_the_other_is_allowed(tmp_path: Path) -> None:
    write(tmp_path)
    after = time_of(NINE) + timedelta(days=20)
    text = TOML.replace('"sooner"', '"later"').replace("2026-11-21T00:00:00Z", after.isoformat())
    assert len(read_book(write(tmp_path, text, "later.toml")).tryings.all) == 2
