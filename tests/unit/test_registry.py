"""The registry: numbers that are unique and rise, customers' tickets counted once, whoever asks how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import ticket_key
from schemas.registry import (
    ANSWER_HEADER,
    CustomerKnown,
    Numbered,
    NumberWanted,
    Question,
    TicketOpened,
    decode_answer,
    encode,
    question_key,
)
from streams import topics
from streams.engine.attempt import attempt
from streams.engine.log import Outgoing
from streams.engine.stage import Batch
from streams.engine.state import Overlay, State
from streams.registry import CUSTOMER_DAYS, CUSTOMERS, NUMBERS, TOLD_APART, RegistryStage
from tests.unit.records import NINE, Appended, Partition

DAY_MS = 86_400_000


@pytest.fixture
def registry() -> Partition:
    return Partition(RegistryStage())


def ask(registry: Partition, *questions: Question) -> list[Outgoing]:
    return registry.process(*(Appended(n, NINE, question_key(one), encode(one)) for n, one in enumerate(questions)))


def wanted(escalation: str, tenant: str = "a", year: int = 2026, ticket: str = "t1") -> NumberWanted:
    return NumberWanted(tenant, ticket, escalation, year)


def opened(ticket: str, customer: str = "c1", tenant: str = "a", at: int = NINE) -> TicketOpened:
    return TicketOpened(tenant, ticket, customer, at)


def numbers(sent: list[Outgoing]) -> list[str]:
    answers = [decode_answer(one.value or b"") for one in sent]
    return [answer.number for answer in answers if isinstance(answer, Numbered)]


def counts(sent: list[Outgoing]) -> list[int]:
    answers = [decode_answer(one.value or b"") for one in sent]
    return [answer.tickets for answer in answers if isinstance(answer, CustomerKnown)]


def test_numbers_are_unique_and_rise_also_over_batches_and_owners(registry: Partition) -> None:
    made = numbers(ask(registry, wanted("x"), wanted("y")))
    registry.take_over()
    made += numbers(ask(registry, wanted("z")))
    assert made == ["TKT-2026-0001", "TKT-2026-0002", "TKT-2026-0003"]


def test_tenants_and_years_have_numbers_of_their_own(registry: Partition) -> None:
    asked = [(tenant, year) for _ in range(2) for tenant in ("a", "b") for year in (2025, 2026)]
    made = numbers(ask(registry, *(wanted(f"{n}", *each) for n, each in enumerate(asked))))
    assert made == [f"TKT-{year}-{n:04d}" for n in (1, 2) for _ in ("a", "b") for year in (2025, 2026)]


def test_after_9999_numbers_grow_a_digit_and_still_rise(registry: Partition) -> None:
    made = numbers(ask(registry, *(wanted(str(n)) for n in range(10_001))))
    assert made[9_998:] == ["TKT-2026-9999", "TKT-2026-10000", "TKT-2026-10001"]
    assert len(set(made)) == len(made)


def test_an_answer_goes_to_the_ticket_that_asked_and_says_that_it_is_one(registry: Partition) -> None:
    (sent,) = ask(registry, wanted("x", tenant="b", ticket="t/7"))
    assert (sent.topic, sent.key) == (topics.SCORED, ticket_key("b", "t/7"))
    assert [name for name, _ in sent.headers] == [ANSWER_HEADER]
    assert decode_answer(sent.value or b"") == Numbered("x", "TKT-2026-0001")


def test_a_question_that_was_lost_before_its_commit_takes_no_number(registry: Partition) -> None:
    registry.lose(Appended(0, NINE, question_key(wanted("x")), encode(wanted("x"))))
    assert numbers(ask(registry, wanted("x"))) == ["TKT-2026-0001"]


def test_a_customers_tickets_are_counted_once_each(registry: Partition) -> None:
    assert counts(ask(registry, opened("t1"), opened("t2"), opened("t1"), opened("t3"))) == [1, 2, 2, 3]
    registry.take_over()
    assert counts(ask(registry, opened("t2"), opened("t4"))) == [3, 4]


def test_customers_of_two_tenants_are_two(registry: Partition) -> None:
    assert counts(ask(registry, opened("t1"), opened("t1", tenant="b"), opened("t2", customer="c2"))) == [1, 1, 1]


def test_what_is_kept_of_a_customer_is_bounded(registry: Partition) -> None:
    told = counts(ask(registry, *(opened(f"t{n}") for n in range(10 * TOLD_APART))))
    assert told[-1] == 10 * TOLD_APART
    customer = registry.row(CUSTOMERS, question_key(opened("t1")))
    assert customer is not None
    assert len(customer.last) == TOLD_APART


def test_a_customer_is_forgotten_after_a_year_and_numbers_never(registry: Partition) -> None:
    ask(registry, opened("t1"), wanted("x"))
    registry.tick(NINE + CUSTOMER_DAYS * DAY_MS)
    assert len(registry.keys(CUSTOMERS)) == 1
    registry.tick(NINE + CUSTOMER_DAYS * DAY_MS + 1)
    assert (registry.keys(CUSTOMERS), len(registry.keys(NUMBERS))) == ([], 1)


def test_a_customer_who_comes_back_in_the_transaction_that_would_forget_him_is_kept(registry: Partition) -> None:
    ask(registry, opened("t1"))
    later = NINE + (CUSTOMER_DAYS + 1) * DAY_MS
    question = opened("t2", at=later)
    registry.process(Appended(0, later, question_key(question), encode(question)), tick=later)
    assert counts(ask(registry, opened("t3", at=later))) == [3]


def test_a_question_that_cannot_be_read_is_a_dead_letter_and_its_neighbours_are_answered() -> None:
    records = [Appended(0, NINE, b"k", b"{"), Appended(1, NINE, question_key(wanted("x")), encode(wanted("x")))]
    batch = Batch(topics.REGISTRY, 0, records)
    sent = attempt(RegistryStage(), batch, Overlay(State(0, 1)), NINE, topics.DEAD_LETTERS).records
    assert [(one.topic, one.value) for one in sent[:1]] == [(topics.DEAD_LETTERS, b"{")]
    assert numbers(sent[1:]) == ["TKT-2026-0001"]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(2025, 2027), st.booleans()), max_size=30),
    st.sets(st.integers(0, 29)),
)
def test_numbers_against_a_count(asked: list[tuple[str, int, bool]], crashes: set[int]) -> None:
    registry = Partition(RegistryStage())
    seen: list[tuple[str, int]] = []
    for place, (tenant, year, taken_over) in enumerate(asked):
        question = wanted(f"{place}", tenant, year)
        record = Appended(place, NINE, question_key(question), encode(question))
        if place in crashes:
            registry.lose(record)
        if taken_over:
            registry.take_over()
        seen.append((tenant, year))
        assert numbers(registry.process(record)) == [f"TKT-{year}-{seen.count((tenant, year)):04d}"]
