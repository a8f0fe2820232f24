"""What a user may do on a cluster: looked at before the work begins, and told by name when something is missing."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.protocol.coordination import FindCoordinatorRequest

from sinks.kafka_admission import why_not_let_in
from sinks.kafka_cluster import Brokers, Cluster, client_arguments
from sinks.kafka_protocol import AskGroup, AskMetadata

log = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 10.0
# Kafka's numbers of operations, which are also the bits of what somebody may do.
_OPERATIONS: Final = {
    "READ": 3,
    "WRITE": 4,
    "CREATE": 5,
    "ALTER": 7,
    "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10,
    "ALTER_CONFIGS": 11,
}
# A broker that does not know, as of a topic that there is not, sets this one alone.
_UNKNOWN: Final = -(2**31)
_GROUP, _TRANSACTION = 0, 1
# Who has no right at all need not read all of them.
_TOLD: Final = 5


class Kind(StrEnum):
    """What a right is about, in the words of people."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional id"


class Right(NamedTuple):
    """That a user may do this with something of that name; `prefixed`: with everything whose name begins so."""

    kind: Kind
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


class NotAllowed(Exception):
    """A right is missing. The message names the operation and what it is about, and says what to do."""


async def require_rights(brokers: Brokers, rights: Sequence[Right], component: str) -> None:
    """Raise NotAllowed, with what is missing, unless the user may do what the component does; NotLetIn where the
    cluster does not let it in at all.

    A cluster that asks nobody is not asked, and one that is away is left to who waits for it. Needs Kafka 2.3.
    """
    if isinstance(brokers, str):
        return
    admin = AIOKafkaAdminClient(**client_arguments(brokers), request_timeout_ms=int(_ANSWER_SECONDS * 1000))
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await admin.start()
            missing = [text for right in rights if right.kind is Kind.GROUP for text in await _of_group(admin, right)]
            missing += await _of_topics(admin, [right for right in rights if right.kind is Kind.TOPIC])
            ids = [right for right in rights if right.kind is Kind.TRANSACTIONAL_ID]
            missing += [text for right in ids for text in await _of_transactional_id(admin, right)]
    except KafkaConnectionError as error:
        if (refusal := await why_not_let_in(brokers)) is not None:
            raise refusal from error
        return
    except (KafkaError, TimeoutError, NotImplementedError) as error:
        log.info("what we may do on %s is not known beforehand: %r", brokers, error)
        return
    finally:
        await admin.close()
    if missing:
        more = f", and {len(missing) - _TOLD} rights more" if len(missing) > _TOLD else ""
        raise NotAllowed(f"{_who(brokers)} may not {', nor '.join(missing[:_TOLD])}{more}. {remedy(component)}")


def remedy(component: str) -> str:
    """What to do about rights that are missing."""
    return f"`ticketpulse kafka acls {component}` prints what it needs, docs/kafka-security.md tells more"


def not_allowed(error: BaseException, operation: str = "DESCRIBE", component: str = "COMPONENT") -> NotAllowed | None:
    """The right that was missing, if that is what an error of a client says; `operation` is what was tried."""
    seen: BaseException | None = error
    while seen is not None:
        if (said := _refused(seen, operation)) is not None:
            return NotAllowed(f"Kafka does not let us {said}. {remedy(component)}")
        seen = seen.__cause__ or seen.__context__
    return None


def _refused(error: BaseException, operation: str) -> str | None:
    named = ", ".join(_names(error))
    if isinstance(error, TopicAuthorizationFailedError):
        return f"{operation} the topic {named}"
    if isinstance(error, GroupAuthorizationFailedError):
        return f"READ the group {named}"
    if isinstance(error, TransactionalIdAuthorizationFailed):
        return f"WRITE the transactional id {named}"
    if isinstance(error, ClusterAuthorizationFailedError):
        return f"{operation} on the cluster"
    return None


def _names(error: BaseException) -> list[str]:
    said = error.args[0] if error.args else ()
    if isinstance(said, TopicPartition):
        return [said.topic]
    return [said] if isinstance(said, str) else sorted(map(str, said)) if isinstance(said, Iterable) else []


def _who(cluster: Cluster) -> str:
    return f"Kafka's user {cluster.login.user}" if cluster.login else "Kafka's user of our certificate"


def _lacking(right: Right, bits: int) -> list[str]:
    if bits == _UNKNOWN:
        return []
    return [_text(right, name) for name in right.operations if not bits & (1 << _OPERATIONS[name])]


def _text(right: Right, operation: str) -> str:
    return f"{operation} the {right.kind} {right.name}{'*' if right.prefixed else ''}"


def _all(right: Right) -> list[str]:
    return [_text(right, operation) for operation in right.operations]


async def _of_topics(admin: Any, rights: Sequence[Right]) -> list[str]:
    answer = await _send(admin, AskMetadata([right.name for right in rights])) if rights else None
    found = {name: (code, bits) for code, name, _, _, bits in answer.topics} if answer else {}
    missing: list[str] = []
    for right in rights:
        code, bits = found[right.name]
        missing += _all(right) if code == TopicAuthorizationFailedError.errno else _lacking(right, bits)
    return missing


async def _of_group(admin: Any, right: Right) -> list[str]:
    found = await _send(admin, FindCoordinatorRequest(right.name, _GROUP))
    if found.error_code == GroupAuthorizationFailedError.errno:
        return _all(right)
    if found.error_code:
        # The first question on a new cluster makes the broker create its topic of offsets.
        return []
    answer = await _send(admin, AskGroup(right.name), found.coordinator_id)
    [(code, *_, bits)] = answer.groups
    if code == GroupAuthorizationFailedError.errno:
        return _all(right)
    return [] if code else _lacking(right, bits)


async def _of_transactional_id(admin: Any, right: Right) -> list[str]:
    """Kafka tells of no id what may be done with it; but who may not write it may not ask for its coordinator."""
    name = f"{right.name}0" if right.prefixed else right.name
    answer = await _send(admin, FindCoordinatorRequest(name, _TRANSACTION))
    return _all(right) if answer.error_code == TransactionalIdAuthorizationFailed.errno else []


async def _send(admin: Any, request: Any, node: int | None = None) -> Any:
    place = admin._client.get_random_node() if node is None else node
    try:
        return await admin._send_request_to_node(place, request)
    except IncompatibleBrokerVersion as error:
        raise NotImplementedError(str(error)) from error
