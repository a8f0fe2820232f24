"""Settings of how Kafka is reached: who we are, whom we trust."""

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from sinks.kafka_cluster import Brokers, Cluster, Login, client_arguments
from sinks.renewed_certificates import TlsFiles
from streams.secret_files import SecretFile
from streams.wrong_security import WrongSecurity, readable, secret_in

SECURITY = "TICKETPULSE_KAFKA_SECURITY"


class KafkaSettings(BaseSettings):
    """See docs/kafka-security.md."""

    kafka_brokers: str = Field(
        "127.0.0.1:9092",
        validation_alias=AliasChoices("KAFKA_BROKERS", "kafka_brokers"),
        description="Kafka bootstrap servers, host:port separated by commas.",
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="What the brokers' listener speaks; see docs/kafka-security.md."
    )
    kafka_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How a password is shown, with SASL."
    )
    kafka_user: str | None = Field(None, description="Who we are, with SASL.")
    # Secrets are not dumped: a process gets them from its environment alone, and nothing can print them by accident.
    kafka_password: SecretStr | None = Field(None, exclude=True, description="The user's password.")
    kafka_password_file: SecretFile = Field(None, description="A file with it, read for each new connection's client.")
    kafka_ca: Path | None = Field(
        None, description="Certificates in PEM that sign the brokers', instead of the system's own."
    )
    kafka_certificate: Path | None = Field(None, description="Our certificate in PEM, where brokers ask for one.")
    kafka_key: Path | None = Field(None, description="Its key in PEM, unless it is in the same file.")
    kafka_key_password: SecretStr | None = Field(None, exclude=True, description="What unlocks the key.")
    kafka_key_password_file: SecretFile = Field(None, description="A file with it.")
    kafka_hostname_check: bool = Field(
        True, description="Whether a broker's certificate must be of the host that was asked for."
    )

    @field_validator("kafka_password", "kafka_key_password")
    @classmethod
    def _nothing_is_no_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        return secret or None

    @property
    def kafka(self) -> Brokers:
        """The cluster, for every client. Raises WrongSecurity."""
        return kafka_of(self)


class _Given(NamedTuple):
    """The settings that belong to a part of the security, by variable; those that are set."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return " and ".join(self.names)


def kafka_of(settings: KafkaSettings) -> Brokers:
    """The cluster that the settings mean. Raises WrongSecurity for those that contradict each other, and for files that
    cannot be used.
    """
    security = settings.kafka_security
    _none_without("SASL", security, _set(settings, "user", "password", "password_file"))
    _none_without("SSL", security, _set(settings, "ca", "certificate", "key", "key_password", "key_password_file"))
    if security == "PLAINTEXT":
        return settings.kafka_brokers
    cluster = Cluster(
        settings.kafka_brokers,
        _login(settings) if security.startswith("SASL") else None,
        _tls(settings) if security.endswith("SSL") else None,
    )
    _try(cluster)
    return cluster


def _none_without(part: str, security: str, given: _Given) -> None:
    wanted = {"SASL": "SASL_SSL", "SSL": "SASL_SSL" if security.startswith("SASL") else "SSL"}[part]
    has = security.startswith("SASL") if part == "SASL" else security.endswith("SSL")
    if given.names and not has:
        raise WrongSecurity(
            f"{given} is set, but {SECURITY}={security} does not use it: set {SECURITY}={wanted}, or take it away"
        )


def _login(settings: KafkaSettings) -> Login:
    security = settings.kafka_security
    if not settings.kafka_user:
        raise WrongSecurity(f"{SECURITY}={security} needs a user: set TICKETPULSE_KAFKA_USER and its password")
    if (settings.kafka_password is None) == (settings.kafka_password_file is None):
        both = settings.kafka_password is not None
        raise WrongSecurity(
            f"{SECURITY}={security}: the password of {settings.kafka_user} is "
            + ("given twice: " if both else "missing: ")
            + "set either TICKETPULSE_KAFKA_PASSWORD or TICKETPULSE_KAFKA_PASSWORD_FILE"
        )
    return Login(settings.kafka_mechanism, settings.kafka_user, settings.kafka_password, settings.kafka_password_file)


def _tls(settings: KafkaSettings) -> TlsFiles:
    alone = _set(settings, "key", "key_password", "key_password_file")
    if settings.kafka_certificate is None and alone.names:
        raise WrongSecurity(f"{alone} is set without TICKETPULSE_KAFKA_CERTIFICATE, which it belongs to")
    if settings.kafka_key_password is not None and settings.kafka_key_password_file is not None:
        raise WrongSecurity("set either TICKETPULSE_KAFKA_KEY_PASSWORD or TICKETPULSE_KAFKA_KEY_PASSWORD_FILE")
    password = settings.kafka_key_password
    if settings.kafka_key_password_file is not None:
        password = SecretStr(secret_in("TICKETPULSE_KAFKA_KEY_PASSWORD_FILE", settings.kafka_key_password_file))
    for name in ("ca", "certificate", "key"):
        path: Path | None = getattr(settings, f"kafka_{name}")
        if path is not None:
            readable(f"TICKETPULSE_KAFKA_{name.upper()}", path)
    return TlsFiles(
        settings.kafka_ca, settings.kafka_certificate, settings.kafka_key, password, settings.kafka_hostname_check
    )


def _try(cluster: Cluster) -> None:
    """Make what clients are made of, so that what is wrong is told at the start and once."""
    file = cluster.login.password_file if cluster.login else None
    if file is not None:
        secret_in("TICKETPULSE_KAFKA_PASSWORD_FILE", file)
    try:
        client_arguments(cluster)
    except OSError as error:
        raise WrongSecurity(f"{_blamed(cluster.tls)} cannot be used: {_in_words(error, cluster.tls)}") from None


def _blamed(tls: TlsFiles | None) -> str:
    """The variables of what was loaded last; of a pair nobody can say which is wrong."""
    if tls is None or tls.certificate is None or not _is_sound(tls._replace(certificate=None, key=None)):
        return f"TICKETPULSE_KAFKA_CA={tls.ca if tls else ''}"
    key = f" with TICKETPULSE_KAFKA_KEY={tls.key}" if tls.key else ""
    return f"TICKETPULSE_KAFKA_CERTIFICATE={tls.certificate}{key}"


def _is_sound(tls: TlsFiles) -> bool:
    try:
        client_arguments(Cluster("", None, tls))
    except OSError:
        return False
    return True


def _in_words(error: OSError, tls: TlsFiles | None) -> str:
    said = str(error)
    if "KEY_VALUES_MISMATCH" in said:
        return "the key is not the certificate's"
    # OpenSSL says the same of a key that it cannot unlock as of one that is none.
    if tls is not None and (key := tls.key or tls.certificate) and "ENCRYPTED" in key.read_text():
        return "the key is locked, and TICKETPULSE_KAFKA_KEY_PASSWORD does not unlock it"
    if "no certificate" in said.lower() or "PEM" in said or "NO_CERTIFICATE" in said:
        return "there is no certificate, or no key, in PEM in it"
    return said


def _set(settings: KafkaSettings, *names: str) -> _Given:
    given = [name for name in names if getattr(settings, f"kafka_{name}") is not None]
    return _Given(tuple(f"TICKETPULSE_KAFKA_{name.upper()}" for name in given))
