"""What each component has to be allowed on the cluster: tables, made of the names by which the code itself works."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sinks.kafka_rights import Kind, Right
from streams import topics
from streams.broker import redrive
from streams.broker.erasing import WAY
from streams.engine.stage import Stage
from streams.gateway.answers import TOPICS as ANSWERS
from streams.notify import NotifyStage
from streams.registry import RegistryStage
from streams.routing.stage import RoutingStage
from streams.score import ScoreStage
from streams.track import TrackStage
from streams.trends import TrendsStage

_STAGES: Final = (ScoreStage, TrackStage, RegistryStage, TrendsStage, NotifyStage, RoutingStage)
# Who writes events and nothing else: `produce`, `feed`, `import`, mailboxes, other programs.
_EVENTS_ONLY: Final = ("producer", "mailbox")


def components() -> Sequence[str]:
    """The names of all that talk to Kafka, in the order of the flow."""
    return tuple(_TABLE)


def rights_of(component: str, name: str) -> Sequence[Right]:
    """What a component may have to do, and nothing else. `name` is the prefix of groups and transactional ids
    (TICKETPULSE_NAME). READ, WRITE and ALTER include DESCRIBE, in Kafka as here.
    """
    return _TABLE[component](name)


def _stage(stage: str, source: str, outputs: Iterable[str], name: str) -> Sequence[Right]:
    application = f"{name}-{stage}"
    return (
        *_read(source),
        Right(Kind.TOPIC, topics.changelog_of(stage), ("READ", "WRITE")),
        *_write(*(topic for topic in outputs)),
        Right(Kind.GROUP, application, ("READ",)),
        Right(Kind.TRANSACTIONAL_ID, f"{application}-", ("WRITE",), prefixed=True),
    )


def _clickhouse(name: str) -> Sequence[Right]:
    group = f"{name}-clickhouse"
    return (
        *(_read(*(topic for topic in topics.STORED if topic != topics.DEAD_LETTERS))),
        Right(Kind.TOPIC, topics.DEAD_LETTERS, ("READ", "WRITE")),
        Right(Kind.GROUP, group, ("READ",)),
        Right(Kind.TRANSACTIONAL_ID, f"{group}-letters-", ("WRITE",), prefixed=True),
    )


def _dlq(name: str) -> Sequence[Right]:
    return (
        Right(Kind.TOPIC, topics.DEAD_LETTERS, ("READ", "WRITE")),
        *_write(*redrive.INPUTS, topics.AUDIT),
        Right(Kind.TRANSACTIONAL_ID, f"{name}-dlq", ("WRITE",)),
    )


def _privacy(name: str) -> Sequence[Right]:
    return (
        Right(Kind.TOPIC, topics.ERASURES, ("READ", "WRITE")),
        Right(Kind.TOPIC, topics.DEAD_LETTERS, ("READ", "WRITE")),
        *_write(*sorted({topic for stages in WAY for topic in stages.values()} - {topics.ERASURES}), topics.AUDIT),
        *_read(*(topic for topic in topics.STORED if topic != topics.DEAD_LETTERS)),
        Right(Kind.GROUP, f"{name}-clickhouse", ("DESCRIBE",)),
        Right(Kind.TRANSACTIONAL_ID, f"{name}-erase", ("WRITE",)),
        Right(Kind.TRANSACTIONAL_ID, f"{name}-dlq", ("WRITE",)),
    )


def _status(name: str) -> Sequence[Right]:
    groups = topics.READ_BY
    read = sorted({topic for names in groups.values() for topic in names})
    return (*_read(*read), *(Right(Kind.GROUP, f"{name}-{group}", ("DESCRIBE",)) for group in groups))


def _made(name: str) -> Sequence[Right]:
    return tuple(Right(Kind.TOPIC, one.name, ("CREATE", "DESCRIBE", "ALTER_CONFIGS")) for one in topics.ALL)


def _read(*names: str) -> Sequence[Right]:
    return tuple(Right(Kind.TOPIC, topic, ("READ",)) for topic in names)


def _write(*names: str) -> Sequence[Right]:
    return tuple(Right(Kind.TOPIC, topic, ("WRITE",)) for topic in names)


def _group(name: str) -> Right:
    return Right(Kind.GROUP, name, ("READ",))


def _of_stage(stage: type[Stage]) -> "_Rights":
    return lambda name: _stage(stage.name, stage.input, stage.outputs, name)


_Rights = Callable[[str], Sequence[Right]]

_TABLE: Final[Mapping[str, _Rights]] = {
    "topics": _made,
    "gateway": lambda name: (*_write(topics.EVENTS, topics.AUDIT), *_read(*ANSWERS)),
    **dict.fromkeys(_EVENTS_ONLY, lambda name: _write(topics.EVENTS)),
    **{stage.name: _of_stage(stage) for stage in _STAGES},
    "clickhouse": _clickhouse,
    "sender": lambda name: (
        *_read(topics.NOTIFICATIONS),
        *_write(topics.NOTICES),
        _group(f"{name}-sender"),
    ),
    "enrich": lambda name: (
        *_read(topics.SCORED),
        *_write(topics.ENRICHMENTS),
        _group(f"{name}-enrich"),
    ),
    "predict": lambda name: _write(topics.PREDICTIONS),
    "page": lambda name: _write(topics.CORRECTIONS, topics.SUGGESTIONS, topics.NOTICES, topics.AUDIT),
    "dlq": _dlq,
    "privacy": _privacy,
    "reanalyze": lambda name: (Right(Kind.TOPIC, topics.EVENTS, ("READ", "WRITE")), *_write(topics.AUDIT)),
    "audit": lambda name: _write(topics.AUDIT),
    "status": _status,
}
