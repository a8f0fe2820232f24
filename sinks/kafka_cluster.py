"""Which Kafka, and how to be let in: the one place that says both to every client.

A cluster is known by its brokers, host:port separated by commas. Where it asks who is there, `Cluster` says so; a plain
string is a cluster that asks nobody.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from sinks.renewed_certificates import RenewedContext, TlsFiles


class Login(NamedTuple):
    """A user of the cluster by SASL. The password is in the file, if there is one, and read for each new client."""

    mechanism: str
    user: str
    password: SecretStr | None = None
    password_file: Path | None = None

    def secret(self) -> str:
        """The password as it is now. Raises OSError for a file that cannot be read."""
        if self.password_file is not None:
            return self.password_file.read_text().rstrip("\r\n")
        return self.password.get_secret_value() if self.password else ""


class Cluster(NamedTuple):
    """A cluster whose clients have to say who they are, or whose words are not for everybody. Shown, it is its brokers:
    nothing of it is secret then.
    """

    brokers: str
    login: Login | None = None
    tls: TlsFiles | None = None

    def __str__(self) -> str:
        return self.brokers

    @property
    def protocol(self) -> str:
        """Kafka's name of what is spoken: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        return ("SASL_" if self.login else "") + ("SSL" if self.tls else "PLAINTEXT")


Brokers = str | Cluster


def client_arguments(brokers: Brokers) -> dict[str, Any]:
    """The arguments that any client of aiokafka needs to reach the cluster, and nothing else.

    All clients of a process share what is made of the certificates. Raises OSError and ssl.SSLError for files that
    cannot be used.
    """
    if isinstance(brokers, str):
        return {"bootstrap_servers": brokers}
    arguments: dict[str, Any] = {"bootstrap_servers": brokers.brokers, "security_protocol": brokers.protocol}
    if brokers.tls is not None:
        arguments["ssl_context"] = _context_of(brokers.tls)
    if brokers.login is not None:
        arguments["sasl_mechanism"] = brokers.login.mechanism
        arguments["sasl_plain_username"] = brokers.login.user
        arguments["sasl_plain_password"] = brokers.login.secret()
    return arguments


@cache
def _context_of(files: TlsFiles) -> RenewedContext:
    return RenewedContext.of(files)
