"""The Kafka client repeats itself while a broker is away; the log does not."""

import logging

from streams.logs import Repetitions


def record(name: str, text: str, at: float, *arguments: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, text, arguments, None)
    made.created = at
    return made


def told(filtered: Repetitions, *records: logging.LogRecord) -> list[str]:
    return [each.getMessage() for each in records if filtered.filter(each)]


def test_a_repeated_message_is_told_once_in_ten_seconds_with_the_number_of_those_left_out() -> None:
    attempts = [record("aiokafka.producer", "cannot reach node %d", at / 10, 1) for at in range(150)]
    assert told(Repetitions(), *attempts) == [
        "cannot reach node 1",
        "cannot reach node 1 (and 99 like it in the 10 s before)",
    ]


def test_what_it_is_filled_in_with_makes_no_other_message() -> None:
    attempts = [record("aiokafka", "cannot reach node %d", 0.0, node) for node in range(3)]
    assert told(Repetitions(), *attempts) == ["cannot reach node 0"]


def test_other_messages_and_other_loggers_are_let_through() -> None:
    records = [
        record("aiokafka", "one", 0.0),
        record("aiokafka", "two", 0.1),
        record("aiokafka.consumer", "one", 0.2),
        record("streams.engine.partition", "100 % done", 0.3),
        record("streams.engine.partition", "100 % done", 0.4),
    ]
    assert len(told(Repetitions(), *records)) == 5


def test_messages_that_are_never_the_same_do_not_fill_the_memory() -> None:
    filtered = Repetitions()
    assert len(told(filtered, *(record("aiokafka", f"request {number}", 0.0) for number in range(2_500)))) == 2_500
    assert told(filtered, record("aiokafka", "request 2499", 0.1)) == []
