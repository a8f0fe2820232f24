"""notify: who is told of what, when, and what is done when that fails."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.deadletters import STAGE
from schemas.notices import Acknowledged, Awaited, Escalated, Reported, Tried, decode_notice, encode_notice
from schemas.notifications import Notification, encode_notification, message_id, notification_id
from streams.engine.attempt import MAX_RECORD_BYTES
from streams.notify.dispatch import DIGEST_MAX, UNDER_WAY
from streams.notify.jobs import ADDRESSED, FACTS, JOBS
from streams.notify.planning import ASSIGNEE_MS, NOT_SET_UP, NUMBER_MS, OVER, TOGETHER
from streams.notify.stage import KNOWN_MS
from tests.unit.notices import (
    CUSTOMER,
    DESK,
    HOOK,
    HOUR,
    LEADS,
    MINUTE,
    NUMBER,
    ROUTES,
    SECOND,
    SMTP,
    Planner,
    acknowledgement,
    at,
    escalation,
    revised,
    tried,
)
from tests.unit.records import NINE, Appended, Partition


def leads(settings: str) -> str:
    return SMTP + LEADS + settings + '\n[[routes]]\ntell = ["leads"]\n'


def awaited(**fields: Any) -> Awaited:
    told: dict[str, Any] = {
        "what": "reminder",
        "tenant": "acme",
        "ticket_id": "t",
        "session": "s",
        "since": at(NINE - 24 * HOUR),
        "late_at": at(NINE),
        "at": at(NINE),
        "channel": "email",
        "category": "billing",
        "priority": "medium",
        "status": "open",
        **fields,
    }
    return Awaited(**told)


# -- the way of one notification


def test_an_escalation_is_planned_then_due_then_sent() -> None:
    planner = Planner()
    (planned, _) = planner.tell(escalation())
    assert (planned.state, planned.attempt, planned.notices, planned.provider) == ("pending", 0, (), "email")
    due = next(record for record in planner.due(NINE + SECOND) if record.target == "leads")
    assert (due.attempt, due.notices) == (1, (escalation(),))
    assert due.notification_id == notification_id("acme", "escalation", "e1#0", "leads")
    assert due.message_id == message_id(due.notification_id)
    (sent,) = planner.answer(due, NINE + 2 * SECOND, sent=True, provider_ms=120)
    assert (sent.state, sent.attempt, sent.provider_ms, sent.notices) == ("sent", 1, 120, ())
    assert [record.revision for record in planner.of("leads")] == [1, 2, 3]
    assert planner.tick(NINE + HOUR) == []


def test_what_was_told_is_not_told_again_whatever_comes_twice() -> None:
    planner = Planner(leads(""))
    notices = [escalation(), revised(escalation(), state="acknowledged"), revised(escalation(), state="responded")]
    planner.tell(*notices)
    (due,) = planner.due(NINE)
    planner.answer(due, NINE, sent=True)
    assert planner.tell(*notices) == []
    assert planner.answer(due, NINE, sent=True) == []
    assert planner.answer(due, NINE, sent=False) == []
    assert planner.tick(NINE + HOUR) == []


def test_one_without_a_number_waits_a_moment_for_it_and_tells_the_newest_revision() -> None:
    planner = Planner(leads(""))
    first = escalation(number=None)
    planner.tell(first)
    assert planner.due(NINE + NUMBER_MS - 1) == []
    planner.tell(revised(first, number=NUMBER), now=NINE + 500)
    (due,) = planner.due(NINE + 501)
    assert due.notices == (revised(first, number=NUMBER),)


def test_a_number_that_does_not_come_holds_nobody_up() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation(number=None))
    assert len(planner.due(NINE + NUMBER_MS)) == 1


def test_one_that_is_given_to_agents_waits_a_moment_for_who_has_it() -> None:
    planner = Planner(leads(""))
    first = escalation(number=None, assignee="")
    planner.tell(first)
    numbered = revised(first, number=NUMBER)
    planner.tell(numbered, now=NINE + 500)
    assert planner.due(NINE + ASSIGNEE_MS - 1) == []
    given = revised(numbered, assignee="ann")
    planner.tell(given, now=NINE + ASSIGNEE_MS - 1)
    (due,) = planner.due(NINE + ASSIGNEE_MS)
    assert due.notices == (given,)


def test_an_agent_who_is_not_found_holds_nobody_up() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation(assignee=""))
    assert len(planner.due(NINE + ASSIGNEE_MS)) == 1


def test_an_older_revision_does_not_replace_a_newer_one() -> None:
    planner = Planner(leads(""))
    newer = revised(escalation(), state="responded")
    planner.tell(newer, escalation())
    (due,) = planner.due(NINE)
    assert due.notices == (newer,)


# -- failures


def test_what_fails_is_tried_again_after_30_60_and_120_seconds_and_is_then_a_dead_letter() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation())
    now = NINE
    for attempt, span in enumerate((30, 60, 120), start=1):
        (due,) = planner.due(now)
        assert due.attempt == attempt
        (failed,) = planner.answer(due, now, sent=False)
        assert (failed.state, failed.reason, failed.due_at) == ("pending", "421 later", at(now + span * SECOND))
        assert planner.due(now + span * SECOND - 1) == []
        now += span * SECOND
    (due,) = planner.due(now)
    assert planner.letters == []
    (given_up,) = planner.answer(due, now, sent=False)
    assert (given_up.state, given_up.attempt, given_up.reason) == ("failed", 4, "421 later")
    (letter,) = planner.letters
    assert decode_notice(letter.value or b"") == tried(due, now, sent=False)
    assert dict(letter.headers)[STAGE] == b"notify"
    assert len({record.message_id for record in planner.records}) == 1
    assert planner.tick(now + HOUR) == []


def test_what_can_never_be_sent_is_tried_once() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation())
    (due,) = planner.due(NINE)
    (failed,) = planner.answer(due, NINE, sent=False, permanent=True, reason="550 no such user")
    assert (failed.state, failed.attempt) == ("failed", 1)
    assert len(planner.letters) == 1


def test_a_provider_may_ask_for_more_time_but_not_for_less() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation("a"), escalation("b"))
    first, second = planner.due(NINE)
    (failed,) = planner.answer(first, NINE, sent=False, retry_after=300.0)
    assert failed.due_at == at(NINE + 300 * SECOND)
    (failed,) = planner.answer(second, NINE, sent=False, retry_after=1.0)
    assert failed.due_at == at(NINE + 30 * SECOND)


def test_a_dead_letter_that_is_sent_back_is_tried_anew_with_what_it_told() -> None:
    planner = Planner(leads("attempts = 1"))
    planner.tell(escalation())
    (due,) = planner.due(NINE)
    planner.answer(due, NINE, sent=False)
    back = tried(due, NINE, sent=False)
    (again,) = planner.tell(back, now=NINE + HOUR, again=True)
    assert (again.state, again.attempt) == ("pending", 0)
    (due,) = planner.due(NINE + HOUR)
    assert (due.attempt, due.notices) == (1, (escalation(),))
    planner.answer(due, NINE + HOUR, sent=True)
    assert planner.tell(back, now=NINE + 2 * HOUR, again=True) == []


def test_a_target_that_is_down_does_not_hold_up_others() -> None:
    planner = Planner()
    planner.tell(escalation("a"))
    due = {record.target: record for record in planner.due(NINE)}
    planner.answer(due["leads"], NINE, sent=False)
    planner.tell(escalation("b"), now=NINE + SECOND)
    assert {record.target for record in planner.due(NINE + SECOND)} == {"leads", "hook"}
    assert len(planner.of("hook")) == 4


def test_answers_that_do_not_come_stop_a_target_after_some() -> None:
    planner = Planner(leads(""))
    planner.tell(*(escalation(f"e{number}") for number in range(UNDER_WAY + 5)))
    due = planner.due(NINE)
    assert len(due) == UNDER_WAY
    assert planner.due(NINE + HOUR) == []
    planner.answer(due[0], NINE + HOUR, sent=True)
    assert [record.about for record in planner.due(NINE + HOUR)] == [(f"e{UNDER_WAY}",)]


@pytest.mark.parametrize("other", [{"tenant": "shop"}, {"ticket_id": "T-2"}], ids=["tenants", "tickets"])
@pytest.mark.parametrize("make", [acknowledgement, awaited])
def test_the_same_ids_of_events_elsewhere_are_something_else(make: Any, other: dict[str, str]) -> None:
    planner = Planner(leads("") + CUSTOMER + '[[routes]]\ntell = ["customer"]\nkinds = ["acknowledgement"]\n')
    first, second = make(), make(**other)
    planner.tell(first, second)
    told = planner.due(NINE)
    planner.answer(told[0], NINE)
    told += planner.due(NINE)
    assert [record.notices for record in told] == [(first,), (second,)]


@pytest.mark.parametrize("make", [acknowledgement, awaited])
def test_a_tenant_does_not_wait_for_another_with_the_same_ids_of_events(make: Any) -> None:
    planner = Planner(leads("") + CUSTOMER + '[[routes]]\ntell = ["customer"]\nkinds = ["acknowledgement"]\n')
    planner.tell(make())
    (due,) = planner.due(NINE)
    planner.answer(due, NINE, sent=False)
    planner.tell(make(tenant="shop"), now=NINE + SECOND)
    assert [record.tenant for record in planner.due(NINE + SECOND)] == ["shop"]


# -- digests, quiet hours, limits


def test_what_comes_within_a_minute_is_one_message() -> None:
    planner = Planner(leads('group = "1m"'))
    for number in range(3):
        planner.tell(escalation(f"e{number}"), now=NINE + number * 10 * SECOND)
    assert planner.due(NINE + MINUTE - 1) == []
    (digest,) = planner.due(NINE + MINUTE)
    assert digest.about == ("e0", "e1", "e2")
    assert [notice.escalation.escalation_id for notice in digest.notices if isinstance(notice, Escalated)] == [
        *digest.about
    ]
    told = [record for record in planner.records if record.state == "suppressed"]
    assert [(record.reason, record.reference) for record in told] == [(TOGETHER, digest.notification_id)] * 3
    planner.answer(digest, NINE + MINUTE, sent=False)
    (again,) = planner.due(NINE + MINUTE + 30 * SECOND)
    assert again.notification_id == digest.notification_id
    assert len(again.notices) == 3


def test_one_alone_is_no_digest_and_tenants_are_never_told_together() -> None:
    planner = Planner(leads('group = "1m"'))
    planner.tell(escalation("a"), escalation("b", tenant="shop"))
    assert [record.about for record in planner.due(NINE + MINUTE)] == [("a",), ("b",)]


def test_a_digest_tells_so_many_at_most() -> None:
    planner = Planner(leads('group = "1m"'))
    planner.tell(*(escalation(f"e{number}") for number in range(DIGEST_MAX + 1)))
    assert [len(record.notices) for record in planner.due(NINE + MINUTE)] == [DIGEST_MAX, 1]


def test_a_digest_is_no_larger_than_a_record_may_be() -> None:
    planner = Planner(leads('group = "1m"'))
    notes = "\u8a9e" * 100_000
    planner.tell(*(escalation(f"e{number}", resolution_notes=notes) for number in range(DIGEST_MAX)))
    due = planner.due(NINE + MINUTE)
    assert max(len(encode_notification(record)) for record in due) < MAX_RECORD_BYTES
    assert [about for record in due for about in record.about] == [f"e{number}" for number in range(DIGEST_MAX)]


QUIET = 'quiet = { from = "22:00", until = "10:30", zone = "UTC" }'


def test_quiet_hours_let_wait_what_is_not_urgent() -> None:
    planner = Planner(leads(QUIET))
    planner.tell(escalation("calm"), escalation("now", priority="urgent"), awaited())
    assert [record.about for record in planner.due(NINE)] == [("now",)]
    waiting = [record for record in planner.records if record.reason]
    assert [(record.reason, record.due_at) for record in waiting] == [
        ("waits: quiet hours", at(NINE + 3 * HOUR // 2))
    ] * 2
    assert planner.tick(NINE + HOUR) == []
    assert len(planner.due(NINE + 3 * HOUR // 2)) == 2


def test_what_becomes_urgent_in_quiet_hours_is_told_at_once_and_in_order() -> None:
    planner = Planner(leads(QUIET))
    planner.tell(escalation("calm"), escalation("grave"))
    assert planner.due(NINE) == []
    raised = revised(escalation("grave"), raised_by=("legal_steps",), priority="urgent")
    planner.tell(raised, now=NINE + MINUTE)
    (first,) = planner.due(NINE + MINUTE)
    assert (first.kind, first.about, first.notices) == ("escalation", ("grave",), (raised,))
    planner.answer(first, NINE + MINUTE, sent=True)
    (second,) = planner.due(NINE + MINUTE + SECOND)
    assert (second.kind, second.about) == ("raised", ("grave",))
    planner.answer(second, NINE + MINUTE + SECOND, sent=True)
    assert [record.about for record in planner.due(NINE + 3 * HOUR // 2)] == [("calm",)]


def test_what_is_raised_and_not_urgent_lets_what_came_before_rest() -> None:
    planner = Planner(leads(QUIET))
    planner.tell(escalation(priority="medium"))
    assert planner.due(NINE) == []
    planner.tell(revised(escalation(), raised_by=("legal_steps",), priority="high"), now=NINE + MINUTE)
    assert planner.due(NINE + MINUTE) == []
    assert len(planner.due(NINE + 3 * HOUR // 2)) == 1


def test_no_more_than_a_target_wants_in_any_minute() -> None:
    planner = Planner(leads("per_minute = 3"))
    planner.tell(*(escalation(f"e{number}") for number in range(7)))
    times: list[int] = []
    for second in range(0, 200, 5):
        now = NINE + second * SECOND
        for due in planner.due(now):
            times.append(now)
            planner.answer(due, now, sent=True)
    assert len(times) == 7
    assert all(later - earlier >= MINUTE for earlier, later in zip(times, times[3:], strict=False))
    told = [record.about[0] for record in planner.records if record.reason.startswith("waits")]
    assert max(Counter(told).values()) == 1


def test_what_waits_costs_nothing() -> None:
    planner = Planner(leads(QUIET))
    planner.tell(escalation("a"), escalation("b", priority="urgent"))
    planner.tick(NINE)
    logged = planner.partition.logged
    for second in range(1, 60):
        planner.tick(NINE + second * SECOND)
    assert planner.partition.logged == logged


# -- what is over


def test_what_is_over_before_it_was_told_is_not_told() -> None:
    planner = Planner(leads('group = "1m"') + '[[routes]]\ntell = ["leads"]\nkinds = ["resolved"]\n')
    planner.tell(escalation())
    planner.tell(revised(escalation(), state="resolved"), now=NINE + SECOND)
    assert planner.states("leads") == ["pending", "suppressed"]
    assert planner.of("leads")[-1].reason == OVER
    assert planner.of("leads", "resolved") == []
    assert planner.tick(NINE + HOUR) == []


def test_whoever_was_told_and_wants_it_is_told_the_end() -> None:
    planner = Planner(leads("") + '[[routes]]\ntell = ["leads"]\nkinds = ["resolved"]\n')
    planner.tell(escalation())
    (due,) = planner.due(NINE)
    planner.answer(due, NINE, sent=True)
    planner.tell(revised(escalation(), state="resolved"), now=NINE + HOUR)
    assert [(record.kind, record.about) for record in planner.due(NINE + HOUR)] == [("resolved", ("e1",))]


def test_a_machine_is_told_every_step_in_order() -> None:
    planner = Planner(HOOK + '[[routes]]\ntell = ["hook"]\nkinds = ["escalation", "raised", "resolved"]\n')
    raised = revised(escalation(), raised_by=("legal_steps",), priority="urgent")
    ended = revised(raised, state="resolved")
    planner.tell(escalation(), raised, ended)
    told = []
    now = NINE
    while due := planner.due(now):
        (one,) = due
        told.append(one.kind)
        if len(told) == 1:
            # What failed is overtaken by nothing that came later.
            planner.answer(one, now, sent=False)
            assert planner.due(now + SECOND) == []
            now += 30 * SECOND
        else:
            planner.answer(one, now, sent=True)
    assert told == ["escalation", "escalation", "raised", "resolved"]


def test_a_ticket_that_is_opened_again_is_news_again() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation())
    (due,) = planner.due(NINE)
    planner.answer(due, NINE, sent=True)
    ended = revised(escalation(), state="resolved")
    planner.tell(ended, revised(ended, state="open", reopened=1), now=NINE + HOUR)
    assert len(planner.due(NINE + HOUR)) == 1


# -- who is told


def reported(report_id: str, tenant: str = "acme") -> Reported:
    return Reported(
        tenant=tenant, report_id=report_id, title="A week", begin=at(NINE - 24 * HOUR), end=at(NINE), at=at(NINE)
    )


def test_a_report_is_told_to_whoever_asks_for_it_once_and_in_a_message_of_its_own() -> None:
    route = '\n[[routes]]\ntell = ["leads"]\nkinds = ["report", "escalation"]\n'
    planner = Planner(SMTP + LEADS + 'group = "1m"\n' + route)
    planner.tell(reported("r1"), reported("r2"), escalation(), escalation("e2"), reported("r1"))
    due = planner.due(NINE + MINUTE)
    assert [(record.kind, record.about) for record in due] == [
        ("report", ("r1",)),
        ("report", ("r2",)),
        ("escalation", ("e1", "e2")),
    ]
    for record in due:
        planner.answer(record, NINE + MINUTE, sent=True)
    assert planner.tell(reported("r1"), now=NINE + 20 * HOUR) == []


def test_a_route_without_kinds_tells_nobody_of_reports() -> None:
    assert Planner(leads("")).tell(reported("r1")) == []


def test_without_any_target_it_is_recorded_that_it_would_have_been_sent() -> None:
    planner = Planner("routes = []")
    planner.tell(escalation(), acknowledgement(), awaited())
    assert [(record.target, record.state, record.reason) for record in planner.records] == [
        ("nobody", "suppressed", NOT_SET_UP)
    ] * 3
    assert planner.tick(NINE + HOUR) == []


def test_whom_a_policy_names_is_told_besides_the_routes_and_nobody_twice() -> None:
    planner = Planner(leads("") + HOOK)
    planner.tell(escalation(notify=("hook", "leads", "boss")))
    assert [(record.target, record.state, record.reason) for record in planner.records] == [
        ("hook", "pending", ""),
        ("leads", "pending", ""),
        ("boss", "suppressed", "there is no target 'boss'"),
    ]


def test_a_system_that_a_policy_names_is_told_all_that_it_understands() -> None:
    planner = Planner(SMTP + LEADS + HOOK + DESK)
    named = ("leads", "hook", "desk")
    ended = revised(escalation(notify=named), state="resolved")
    planner.tell(escalation(notify=named), awaited(notify=named))
    for due in planner.due(NINE):
        planner.answer(due, NINE, sent=True)
    planner.tell(ended, now=NINE + HOUR)
    told = {(record.target, record.kind) for record in planner.records}
    assert told == {
        *((name, "escalation") for name in named),
        ("leads", "reminder"),
        ("hook", "reminder"),
        ("hook", "resolved"),
        ("desk", "resolved"),
    }


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ('priorities = ["urgent"]', {"priority": "urgent"}),
        ('tenants = ["shop"]', {"tenant": "shop"}),
        ('channels = ["chat"]', {"channel": "chat"}),
        ('categories = ["fraud"]', {"category": "fraud"}),
        ('kinds = ["raised"]', {"raised_by": ("legal_steps",)}),
        ('hours = { from = "09:00", until = "10:00" }', None),
    ],
)
def test_a_route_takes_what_it_asks_for(condition: str, fields: dict[str, Any] | None) -> None:
    planner = Planner(SMTP + LEADS + f'[[routes]]\ntell = ["leads"]\n{condition}\n')
    assert planner.tell(escalation("other"), now=NINE + 2 * HOUR) == []
    assert len(planner.tell(escalation("fits", **(fields or {})), now=NINE)) == 1


def test_a_target_that_is_taken_away_is_told_nothing_more() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation())
    planner.stage.adopt(Planner(HOOK).stage._book)
    (record,) = planner.tick(NINE)
    assert (record.state, record.reason) == ("suppressed", "there is no target 'leads' any more")


# -- customers


def customers(*notices: Acknowledged, settings: str = "", now: int = NINE) -> list[Notification]:
    planner = Planner(SMTP + CUSTOMER + settings + '\n[[routes]]\ntell = ["customer"]\nkinds = ["acknowledgement"]\n')
    planner.tell(*notices, now=now)
    return planner.of("customer", "acknowledgement")


def test_a_customer_is_told_and_the_ledger_shows_no_address() -> None:
    (record,) = customers(acknowledgement())
    assert (record.state, record.recipient) == ("pending", "a…@customer.example")
    assert "ann@" not in repr(record)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "the customer's address is not known"),
        ("", "the customer's address is not known"),
        ("ann", "the customer's address is none"),
        ("ann@x.example\r\nBcc: b@x.example", "the customer's address is none"),
        ("no-reply@shop.example", "nobody reads at the customer's address"),
        ("MAILER-DAEMON@shop.example", "nobody reads at the customer's address"),
        ("bounce+17=ann@shop.example", "nobody reads at the customer's address"),
        ("Support@acme.example", "the customer's address is our own"),
    ],
)
def test_an_address_at_which_no_customer_reads_is_not_written_to(address: str | None, reason: str) -> None:
    (record,) = customers(acknowledgement(email=address))
    assert (record.state, record.reason) == ("suppressed", reason)


def test_two_machines_stop_answering_each_other() -> None:
    many = [acknowledgement(f"s{number}", email="bot@machine.example") for number in range(8)]
    records = customers(*many, acknowledgement("other"), settings="per_address_a_day = 5")
    assert [record.state for record in records] == ["pending"] * 5 + ["suppressed"] * 3 + ["pending"]


def test_an_address_is_written_to_again_the_next_day_and_then_forgotten() -> None:
    planner = Planner(
        SMTP + CUSTOMER + 'per_address_a_day = 1\n[[routes]]\ntell = ["customer"]\nkinds = ["acknowledgement"]\n'
    )
    planner.tell(acknowledgement("a"))
    planner.tell(acknowledgement("b"), now=NINE + 23 * HOUR)
    planner.tell(acknowledgement("c"), now=NINE + 24 * HOUR)
    assert [record.state for record in planner.of("customer", "acknowledgement")] == [
        "pending",
        "suppressed",
        "pending",
    ]
    planner.tick(NINE + 49 * HOUR)
    planner.tick(NINE + 49 * HOUR)
    assert planner.partition.keys(ADDRESSED) == []


# -- who sends


def test_nothing_is_asked_of_nobody() -> None:
    planner = Planner(leads(""))
    stage = Partition(planner.stage)
    record = Appended(0, NINE, b"acme", encode_notice(escalation()))
    assert len(stage.process(record)) == 1
    assert stage.tick(NINE + HOUR) == []


def test_what_is_overdue_is_counted_by_target() -> None:
    planner = Planner(leads('group = "1m"\n' + HOOK))
    planner.tell(escalation("a"), escalation("b", notify=("hook",)))
    planner.tick(NINE + MINUTE)
    assert planner.partition.standing == {"notifications_overdue": Counter({("leads",): 0, ("hook",): 0})}
    # Asked for after its minute, and not answered for more than another.
    planner.tick(NINE + 3 * MINUTE + 1)
    assert planner.partition.standing == {"notifications_overdue": Counter({("leads",): 1, ("hook",): 1})}


def test_a_new_sender_is_asked_for_what_the_last_one_has_not_answered() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation("a"), escalation("b"), escalation("c", number=None))
    first, second = planner.due(NINE)
    assert (first.sender, first.attempt) == ("first", 1)
    planner.answer(first, NINE, sent=True)
    (again,) = planner.take_over("second")
    assert (again.sender, again.attempt, again.about, again.message_id) == ("second", 1, ("b",), second.message_id)
    assert planner.take_over("second") == []
    # The old one may still answer.
    planner.answer(second, NINE, sent=True)
    assert planner.answer(again, NINE, sent=True) == []
    assert [record.sender for record in planner.due(NINE + HOUR)] == ["second"]


# -- what is remembered


def test_nothing_of_a_notification_is_kept_for_ever() -> None:
    planner = Planner()
    planner.tell(escalation(), acknowledgement())
    for due in planner.due(NINE):
        planner.answer(due, NINE, sent=due.target != "hook", permanent=True)
    assert len(planner.partition.keys(FACTS)) == 1
    for _ in range(3):
        planner.tick(NINE + KNOWN_MS + HOUR)
    assert planner.partition.keys(JOBS) == []
    assert planner.partition.keys(FACTS) == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("escalate"), st.integers(0, 5)),
        st.tuples(st.just("raise"), st.integers(0, 5)),
        st.tuples(st.just("resolve"), st.integers(0, 5)),
        st.tuples(st.just("acknowledge"), st.integers(0, 3)),
        st.tuples(st.just("tick"), st.sampled_from([0, 1, 30, 60, 300])),
        st.tuples(st.just("sent"), st.integers(0, 50)),
        st.tuples(st.just("failed"), st.integers(0, 50)),
        st.tuples(st.just("die"), st.integers(0, 5)),
        st.tuples(st.just("sender"), st.integers(0, 3)),
    ),
    max_size=60,
)
BOOKS = [
    SMTP + LEADS + 'group = "1m"\nper_minute = 2\n' + CUSTOMER + HOOK + ROUTES,
    SMTP + LEADS + QUIET + "\nattempts = 2\n" + CUSTOMER + HOOK + "per_minute = 1\n" + ROUTES,
]


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from(BOOKS))
def test_whatever_happens_the_ledger_tells_one_story(story: Sequence[tuple[str, int]], text: str) -> None:
    planner = Planner(text)
    now = NINE
    for what, number in story:
        now = _play(planner, what, number, now)
    # A day later everything that can be sent is.
    for _ in range(48):
        now += HOUR // 2
        planner.tick(now)
        for due in _outstanding(planner):
            planner.answer(due, now, sent=True)
    of_each: defaultdict[str, list[Notification]] = defaultdict(list)
    for record in planner.records:
        of_each[record.notification_id].append(record)
    for records in of_each.values():
        assert [record.revision for record in records] == [*range(1, len(records) + 1)]
        assert [record.state != "pending" for record in records] == [False] * (len(records) - 1) + [True]
        attempts = [record.attempt for record in records if record.is_due]
        # A new sender is asked for the same attempt.
        assert sorted(set(attempts)) == [*range(1, len(set(attempts)) + 1)]
        assert attempts == sorted(attempts)
        assert (records[-1].state in ("sent", "failed")) == bool(attempts)


def _play(planner: Planner, what: str, number: int, now: int) -> int:
    first = escalation(f"e{number}")
    raised = revised(first, raised_by=("legal_steps",))
    if what == "escalate":
        planner.tell(first, now=now)
    elif what == "raise":
        planner.tell(raised, now=now)
    elif what == "resolve":
        planner.tell(revised(raised, state="resolved"), now=now)
    elif what == "acknowledge":
        planner.tell(acknowledgement(f"s{number}"), now=now)
    elif what == "die":
        planner.lose(escalation(f"e{number}"), now=now)
    elif what == "sender":
        planner.take_over(f"sender {number}", now)
    elif what == "tick":
        now += number * SECOND
        planner.tick(now)
    elif waiting := _outstanding(planner):
        planner.answer(waiting[number % len(waiting)], now, sent=what == "sent")
    return now


def _outstanding(planner: Planner) -> list[Notification]:
    newest = {record.notification_id: record for record in planner.records}
    return [record for record in newest.values() if record.is_due]


def test_an_answer_of_an_attempt_that_nobody_asked_for_changes_nothing() -> None:
    planner = Planner(leads(""))
    planner.tell(escalation())
    unknown = Tried(tenant="acme", notification_id="none", attempt=1, sent=True, at=at(NINE))
    early = Tried(tenant="acme", notification_id=planner.records[0].notification_id, attempt=1, sent=True, at=at(NINE))
    assert planner.tell(unknown, early) == []
    assert len(planner.due(NINE)) == 1
