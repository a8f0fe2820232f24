"""What a schedule is made of: the events that producers send, and the faults, all drawn from one seed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from schemas.readings import Urgency
from tests.simulation.faults import CHUNK_FAULTS, POINTS, REQUEST_FAULTS, TIMED_FAULTS, Fault

CHANNELS: Final = ("email", "chat", "phone")
PRIORITIES: Final = (None, None, None, "low", "medium", "high", "urgent")
STATUSES: Final = (None, None, None, "new", "open", "open", "in_progress", "resolved")
TYPES: Final = ("created", "message", "message", "message", "agent_reply", "status_changed", "rated")
TENANTS: Final = ("default", "default", "acme")
BANDS: Final = ((2.0, "very_negative"), (4.0, "negative"), (6.0, "neutral"), (8.0, "positive"), (10.1, "very_positive"))
WORDS: Final = ("the card was charged twice", "it crashes at login", "where is my order")

# Seconds; small enough that windows become final in the middle of a schedule.
SIZES: Final = (10, 60)
SHORT: Final = (10,)
LATENESS: Final = 5
IDLE_AFTER: Final = 2
# The oracle of the soak knows this one.
TOLERANCE: Final = 300
HORIZON: Final = 1_200
DAY: Final = 86_400
MOST_JUMPED: Final = 4.0 * DAY

# The clock at the start: an ordinary moment, or the last seconds of a year, in which numbers begin anew.
NOON: Final = 1_795_262_400_000
NEW_YEAR: Final = 1_798_761_600_000


class Sent(NamedTuple):
    """A record that a producer sends at a time, in seconds from the start; those of one time are one append.

    `fields` are the event's; poison has none, and its bytes as `value`. Numbers tell even duplicates apart.
    """

    number: int
    at: float
    key: bytes
    fields: dict[str, Any] | None
    value: bytes


class Plan(NamedTuple):
    """A schedule. `whole` runs every stage from raw events on; else scored events go to `track` and `trends`.

    `begins` is the clock at the start in Unix milliseconds, and `sizes` those of the windows in seconds. `latency` is
    that of the log, in seconds on average, `step` what a step takes at most, and `chunk` the most records of a chunk.
    """

    seed: int
    whole: bool
    partitions: int
    workers: int
    begins: int
    sizes: tuple[int, ...]
    latency: float
    step: float
    chunk: int
    sent: tuple[Sent, ...]
    faults: tuple[Fault, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that run."""
        return ("score", "track", "registry", "trends") if self.whole else ("track", "trends")


def plan_of(seed: int) -> Plan:
    """The schedule of a seed."""
    random = Random(seed)
    whole = random.random() < 0.15
    span = random.uniform(0.3, 3.0)
    stages = ("score", "track", "track", "registry", "trends") if whole else ("track", "track", "track", "trends")
    faults = tuple(_within_memory(_fault(random, stages, span) for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4, 6)))))
    begins = (NEW_YEAR - random.randrange(8_000)) if random.random() < 0.1 else NOON + random.randrange(60_000)
    return Plan(
        seed=seed,
        whole=whole,
        partitions=random.choice((1, 1, 1, 2, 2, 3)),
        workers=random.choice((1, 1, 2, 2, 3)),
        begins=begins,
        sizes=random.choice((SIZES, SHORT, SHORT)),
        latency=random.choice((0.0, 0.002, 0.01, 0.05, 0.3)),
        step=random.choice((0.0, 0.0001, 0.002)),
        chunk=random.choice((1, 2, 5, 1000)),
        sent=_events(random, span, begins, faults, whole=whole),
        faults=faults,
    )


# -- faults


def _fault(random: Random, stages: Sequence[str], span: float) -> Fault:
    make: Callable[[Random, str, float], Fault] = random.choices(
        (_at_point, _at_step, _at_request, _at_chunk, _at_time, _of_clock), (8, 3, 6, 4, 5, 2)
    )[0]
    return make(random, random.choice(stages), span)


def _within_memory(faults: Iterable[Fault]) -> Iterator[Fault]:
    """The clock jumps no further than this in all: a ticket's events count once within seven days, and some events are
    more than two days late already.
    """
    left = MOST_JUMPED
    for fault in faults:
        jumps = min(fault.seconds, left) if fault.kind == "clock" else 0.0
        left -= max(0.0, jumps)
        yield fault._replace(seconds=jumps) if fault.kind == "clock" else fault


def _at_point(random: Random, stage: str, span: float) -> Fault:
    point = random.choice(POINTS)
    # Take-overs, seeks and releases are few.
    nth = _nth(random, 8.0 if point.startswith(("stage", "commit", "progress")) else 1.5)
    if random.random() < 0.5:
        return Fault("crash", stage, point=point, nth=nth)
    return Fault("pause", stage, point=point, nth=nth, seconds=_pause(random))


def _at_step(random: Random, stage: str, span: float) -> Fault:
    nth = random.randint(1, 600)
    if random.random() < 0.7:
        return Fault("crash", stage, point="step", nth=nth)
    return Fault("pause", stage, point="step", nth=nth, seconds=_pause(random))


def _at_request(random: Random, stage: str, span: float) -> Fault:
    request = random.choice(("commit", "commit", "commit", "commit", "take-over", "seek", "end"))
    if request == "end":
        return Fault("unknown", stage, point="end", nth=_nth(random, 6.0))
    if request == "seek":
        return Fault("refused", stage, point="seek", nth=_nth(random, 1.5))
    kind = random.choice(REQUEST_FAULTS)
    if request == "take-over" and kind in ("swallowed", "unanswered"):
        # Nobody waits for ever: the client of a log gives up.
        kind = "refused"
    nth = _nth(random, 8.0 if request == "commit" else 1.5)
    seconds = random.choice((0.1, 1.0, 4.0, 12.0, 25.0)) * random.random() if kind in ("delayed", "answer late") else 0
    return Fault(kind, stage, point=request, nth=nth, seconds=seconds)


def _at_chunk(random: Random, stage: str, span: float) -> Fault:
    kind = random.choice(CHUNK_FAULTS)
    seconds = random.choice((0.05, 1.0, 5.0)) * random.random() if kind == "late" else 0.0
    return Fault(kind, stage, point="chunk", nth=_nth(random, 4.0), seconds=seconds)


def _at_time(random: Random, stage: str, span: float) -> Fault:
    kind = random.choice(TIMED_FAULTS)
    seconds = _pause(random) if kind == "pause" else 0.0
    return Fault(kind, stage, at=random.uniform(0.0, span + 1.5), seconds=seconds)


def _of_clock(random: Random, stage: str, span: float) -> Fault:
    moved = random.choice((-20.0, -1.0, 1.0, 8.0, 70.0, 400.0, 2_000.0, 10_000.0, MOST_JUMPED)) * random.random()
    return Fault("clock", at=random.uniform(0.0, span + 1.0), seconds=moved)


def _nth(random: Random, mean: float) -> int:
    return 1 + int(random.expovariate(1 / mean))


def _pause(random: Random) -> float:
    return random.choice((0.3, 2.0, 6.0, 15.0)) * random.random()


# -- events


def _events(random: Random, span: float, begins: int, faults: Sequence[Fault], *, whole: bool) -> tuple[Sent, ...]:
    tickets = random.randint(1, 8)
    is_told = 0.2 * random.random()
    sent: list[Sent] = []
    for _ in range(random.randint(3, 14 if whole else 20)):
        at = round(random.uniform(0.0, span), 1 if random.random() < 0.5 else 3)
        number = len(sent)
        if random.random() < 0.04:
            sent.append(Sent(number, at, b"default/P", None, b"not JSON %d" % number))
            continue
        now = (
            begins + round(at * 1000) + sum(round(f.seconds * 1000) for f in faults if f.kind == "clock" and f.at < at)
        )
        fields = _event(random, f"E{number}", tickets, _time(random, now))
        # A second producer, whose events come later than they should.
        late = random.expovariate(0.7) if random.random() < 0.2 else 0.0
        sent.append(_sent(number, at + late, fields, whole=whole))
        while random.random() < is_told:
            # Sent again: at once, by the same producer, or long after.
            later = at + late + random.choice((0.0, 0.01, 1.0, 6.0)) * random.random()
            sent.append(_sent(len(sent), later, fields, whole=whole))
    return tuple(sorted(sent, key=lambda one: one.at))


def _event(random: Random, event_id: str, tickets: int, occurred_ms: int) -> dict[str, Any]:
    kind = random.choice(TYPES)
    fields: dict[str, Any] = {
        "event_id": event_id,
        "tenant": random.choice(TENANTS),
        "ticket_id": f"T{random.randrange(tickets)}",
        "type": kind,
        "channel": random.choice(CHANNELS),
        "customer_id": f"C{random.randrange(3)}" if random.random() < 0.5 else None,
        "priority": random.choice(PRIORITIES),
        "status": random.choice(STATUSES) or ("open" if kind == "status_changed" else None),
        "occurred_at": datetime.fromtimestamp(occurred_ms / 1000, UTC).isoformat(timespec="milliseconds"),
    }
    if kind in ("created", "message", "agent_reply"):
        score = random.choice((0.31, 1.99, 2.0, 5.0)) if random.random() < 0.5 else round(random.uniform(0, 10), 2)
        fields["text"] = f"{score:.2f} {random.choice(WORDS)}"
    if kind == "rated":
        fields["satisfaction"] = random.randint(1, 5)
    return fields


def _time(random: Random, now: int) -> int:
    """Most are up to a second old; some late, too late for windows, ahead, far ahead, or at a window's very edge."""
    return random.choices(
        (
            now - random.randrange(1_500),
            now // 10_000 * 10_000 - random.randrange(2),
            now - random.randrange(90_000),
            now - random.randrange(HORIZON * 1000),
            now - HORIZON * 1000 - random.randrange(-2, 60_000),
            now + random.randrange(15_000),
            now + TOLERANCE * 1000 + random.randrange(-10, 3_600_000),
        ),
        (70, 8, 10, 4, 2, 4, 2),
    )[0]


def _sent(number: int, at: float, fields: dict[str, Any], *, whole: bool) -> Sent:
    event = {**fields, "metadata": {"number": number}}
    if not whole:
        event |= _scored(fields)
    key = f"{fields['tenant']}/{fields['ticket_id']}".encode()
    return Sent(number, at, key, fields, msgspec.json.encode(event))


def _scored(fields: dict[str, Any]) -> dict[str, Any]:
    """What the stage `score` adds to an event whose text begins with its score."""
    text = fields.get("text")
    is_agent = fields["type"] == "agent_reply"
    return {
        "received_at": fields["occurred_at"],
        "voice": "agent" if is_agent else "customer",
        "category": category_of(text),
        "sentiment": None if text is None else sentiment_of(float(text.split()[0])),
        "reading": {"emotion": emotion_of(text), "urgency": urgency_of(text)},
    }


def category_of(text: str | None) -> str:
    """What a text is about, as the simulation's reader reads it."""
    return "billing" if text and "charged" in text else "general"


def emotion_of(text: str | None) -> str | None:
    """The emotion of a text, as the simulation's reader reads it."""
    return None if text is None else "angry" if "charged" in text else "calm" if "order" in text else None


def urgency_of(text: str | None) -> Urgency:
    """The urgency of a text, as the simulation's reader reads it."""
    return "high" if text and "crashes" in text else "medium"


def sentiment_of(score: float) -> dict[str, Any]:
    """The sentiment of a score."""
    label = next(label for bound, label in BANDS if score < bound)
    return {"score": score, "label": label, "compound": 0.0, "polarity": score / 5 - 1, "subjectivity": 0.0}
