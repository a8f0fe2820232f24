"""A broker that asks who is there: SCRAM over TLS on one port, certificates on another, rights by StandardAuthorizer.

Its plain port is for the tests alone: whoever comes by it may do everything.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int8, Int16, Int32, Schema, String

from sinks.kafka_rights import Kind, Right
from streams.up.local_kafka import Listener, LocalKafka
from streams.up.processes import free_port
from tests.servers.certificate import Authority, Certificate

PASSWORD = "s3cret of the broker's users"  # noqa: S105
_SASL = "org.apache.kafka.common.security"
_KINDS = {Kind.TOPIC: 2, Kind.GROUP: 3, Kind.TRANSACTIONAL_ID: 5}
_OPERATIONS = {
    "READ": 3,
    "WRITE": 4,
    "CREATE": 5,
    "ALTER": 7,
    "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10,
    "ALTER_CONFIGS": 11,
}
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3

Acl = tuple[int, str, int, str, str, int, int]


class SecureKafka:
    """Users are of SCRAM-SHA-512 with PASSWORD; who comes with a certificate is who its common name says."""

    def __init__(self, folder: Path, libs: Path, users: Sequence[str]) -> None:
        folder.mkdir()
        self.authority = Authority(folder / "authority")
        self._issued: dict[str, Certificate] = {}
        server = self.authority.issue("broker")
        both = folder / "broker.pem"
        both.write_text(server.key.read_text() + server.file.read_text())
        sasl, tls = free_port(), free_port()
        self.by_password, self.by_certificate = f"127.0.0.1:{sasl}", f"127.0.0.1:{tls}"
        self.broker = LocalKafka(folder / "kafka", libs)
        self.broker.listeners = [
            Listener("SCRAM", sasl, self.by_password),
            Listener("MUTUAL", tls, self.by_certificate),
        ]
        protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", "SCRAM": "SASL_SSL", "MUTUAL": "SSL"}
        self.broker.properties = {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "listener.security.protocol.map": ",".join(f"{name}:{spoken}" for name, spoken in protocols.items()),
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": f"{_SASL}.scram.ScramLoginModule required;",
            "listener.name.scram.plain.sasl.jaas.config": (
                f'{_SASL}.plain.PlainLoginModule required user_plain="{PASSWORD}";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
            "listener.name.mutual.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
        }
        self.broker.format_options = [
            option
            for user in users
            for option in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={PASSWORD},iterations=4096]")
        ]

    def login(self, user: str) -> dict[str, str]:
        """The environment of a process that comes as this user by password."""
        return {
            "KAFKA_BROKERS": self.by_password,
            "TICKETPULSE_KAFKA_SECURITY": "SASL_SSL",
            "TICKETPULSE_KAFKA_USER": user,
            "TICKETPULSE_KAFKA_PASSWORD": PASSWORD,
            "TICKETPULSE_KAFKA_CA": str(self.authority.file),
        }

    def certificate(self, user: str) -> dict[str, str]:
        """The environment of a process that comes as this user by certificate."""
        made = self._issued[user] if user in self._issued else self.authority.issue(user)
        self._issued[user] = made
        return {
            "KAFKA_BROKERS": self.by_certificate,
            "TICKETPULSE_KAFKA_SECURITY": "SSL",
            "TICKETPULSE_KAFKA_CA": str(self.authority.file),
            "TICKETPULSE_KAFKA_CERTIFICATE": str(made.file),
            "TICKETPULSE_KAFKA_KEY": str(made.key),
        }

    async def allow(self, rights: Iterable[tuple[str, Right]]) -> None:
        """Give users their rights, and return once they hold."""
        acls = [acl for user, right in rights for acl in _acls(user, right)]
        answer = await self._ask(CreateAcls(acls))
        assert {code for code, _ in answer.creation_responses} == {0}

    async def forbid(self, user: str, right: Right) -> None:
        """Take a right from a user."""
        answer = await self._ask(DeleteAcls(_acls(user, right)))
        assert [(code, len(found)) for code, _, found in answer.filter_results] == [(0, 1)] * len(right.operations)

    async def _ask(self, request: Any) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker.brokers)
        await admin.start()
        try:
            return await admin._send_request(request)
        finally:
            await admin.close()


def _acls(user: str, right: Right) -> list[Acl]:
    pattern = _PREFIXED if right.prefixed else _LITERAL
    return [
        (_KINDS[right.kind], right.name, pattern, f"User:{user}", "*", _OPERATIONS[operation], _ALLOW)
        for operation in right.operations
    ]


class CreateAcls(Request[CreateAclsRequest_v1]):  # type: ignore[misc]
    """aiokafka has one for a single right."""

    API_KEY = 30

    def __init__(self, acls: Sequence[Acl]) -> None:
        self._acls = list(acls)

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class(self._acls)


class DeleteAclsResponse(Response):  # type: ignore[misc]
    """What was taken away."""

    API_KEY = 31
    API_VERSION = 1
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "filter_results",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                (
                    "matching_acls",
                    Array(
                        ("error_code", Int16),
                        ("error_message", String("utf-8")),
                        ("resource_type", Int8),
                        ("resource_name", String("utf-8")),
                        ("pattern_type", Int8),
                        ("principal", String("utf-8")),
                        ("host", String("utf-8")),
                        ("operation", Int8),
                        ("permission_type", Int8),
                    ),
                ),
            ),
        ),
    )


class DeleteAclsStruct(RequestStruct):  # type: ignore[misc]
    """Version 1, in which aiokafka's own lacks the kind of the pattern."""

    API_KEY = 31
    API_VERSION = 1
    RESPONSE_TYPE = DeleteAclsResponse
    SCHEMA = Schema(
        (
            "filters",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                ("pattern_type", Int8),
                ("principal", String("utf-8")),
                ("host", String("utf-8")),
                ("operation", Int8),
                ("permission_type", Int8),
            ),
        )
    )


class DeleteAcls(Request[DeleteAclsStruct]):  # type: ignore[misc]
    """Takes rights away, each named exactly."""

    API_KEY = 31

    def __init__(self, acls: Sequence[Acl]) -> None:
        self._acls = list(acls)

    def build(self, request_struct_class: type[DeleteAclsStruct]) -> DeleteAclsStruct:
        return request_struct_class(self._acls)
