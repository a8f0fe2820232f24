"""Dead letters as they lie on their topic, found by partition and offset, and what was done about each.

The topic is a log, so what was done is a record too: a *mark*, behind the letter in the letter's own partition, which
names the letter as a dead letter names its record. Retention removes a log from its beginning, so no mark is gone
before its letter is.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from aiokafka import TopicPartition

from schemas.deadletters import (
    ATTEMPTS,
    MESSAGE,
    OFFSET,
    PARTITION,
    REASON,
    STAGE,
    TOPIC,
    DeadLetter,
    Headers,
    read_dead_letter,
)
from streams.topics import DEAD_LETTERS

# The stage of marks: no stage of the pipeline has this name, and the database tells marks by it.
MARKS = "dlq"

Id: TypeAlias = tuple[int, int]
Offsets: TypeAlias = Mapping[TopicPartition, int]


class State(StrEnum):
    """What was done about a letter last."""

    OPEN = "open"
    REDRIVEN = "redriven"
    DROPPED = "dropped"


class Mark(NamedTuple):
    """What was done about a letter, when, and why if somebody said so."""

    state: State
    at: datetime
    note: str = ""


class Letter(NamedTuple):
    """A dead letter, where it lies, and what was done about it last."""

    partition: int
    offset: int
    letter: DeadLetter
    mark: Mark | None = None

    @property
    def id(self) -> str:
        """partition-offset on the dead-letter topic."""
        return id_text((self.partition, self.offset))

    @property
    def state(self) -> State:
        """Open until it has a mark."""
        return self.mark.state if self.mark else State.OPEN


class Place(NamedTuple):
    """Where a wanted letter lies, and what a summary says of it."""

    failed_at: datetime
    partition: int
    offset: int
    stage: str
    reason: str

    @property
    def id(self) -> Id:
        """Where it lies."""
        return self.partition, self.offset


class Found(NamedTuple):
    """The wanted letters, oldest first; the last mark of each letter that has one; where the topic ended."""

    places: list[Place]
    marks: dict[Id, Mark]
    ends: Offsets

    def in_state(self, states: Collection[State]) -> list[Place]:
        """Those of them that are in one of these states."""
        return [one for one in self.places if state_of(self.marks.get(one.id)) in states]


def state_of(mark: Mark | None) -> State:
    """The state that a letter's last mark says."""
    return mark.state if mark else State.OPEN


def id_text(place: Id) -> str:
    """partition-offset, as people name a letter."""
    return f"{place[0]}-{place[1]}"


def mark_headers(letter: Letter, state: State, note: str) -> Headers:
    """What a mark says, in the headers of a dead letter whose record is the letter."""
    said = {
        TOPIC: DEAD_LETTERS,
        PARTITION: str(letter.partition),
        OFFSET: str(letter.offset),
        STAGE: MARKS,
        REASON: state.value,
        MESSAGE: note,
        ATTEMPTS: str(letter.letter.attempts),
    }
    return tuple((name, text.encode()) for name, text in said.items())


def letter_of(record: Any) -> Letter:
    """A record of the topic as a letter; whether it is a mark, `marked` says."""
    failed_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    letter = read_dead_letter(record.key, record.value, record.headers, failed_at)
    return Letter(record.partition, record.offset, letter)


def marked(letter: DeadLetter) -> Id | None:
    """The letter that this one is a mark of; None for a letter."""
    is_mark = letter.stage == MARKS and letter.topic == DEAD_LETTERS and letter.reason in set(State)
    return (letter.partition, letter.offset) if is_mark else None
