"""Errors of the command line: one line that says what was wrong, where, and what to do."""

from collections.abc import Iterable, Mapping
from typing import Any

FAILED = 1
USAGE = 2


class Failure(Exception):
    """Ends the command with its message on stderr."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def explain(error: Exception) -> Failure | None:
    """The failure that an expected error is; None for one that nobody expected, whose traceback is wanted."""
    if isinstance(error, Failure):
        return error
    return _of_settings(error) or _of_what_people_write(error) or _of_a_server(error) or _of_a_file(error)


def of_engine(error: Exception) -> Failure:
    """Why ClickHouse could not be read, in a line; where its tables are missing, what makes them."""
    from sinks.clickhouse.client import CannotOpen

    if isinstance(error, CannotOpen):
        return Failure(str(error))
    if "UNKNOWN_TABLE" in str(error):
        return Failure(
            "ClickHouse: its tables are missing or older than this program: `ticketpulse migrate` makes them"
        )
    return Failure(f"ClickHouse: {str(error).strip().splitlines()[0]}")


def variable_of(field: str) -> str:
    """The environment variable of a setting. The two servers are known by their names alone."""
    bare = field.upper()
    return bare if bare in ("KAFKA_BROKERS", "CLICKHOUSE_URL") else f"TICKETPULSE_{bare}"


def _of_settings(error: Exception) -> Failure | None:
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    if isinstance(error, ValidationError) and error.title == "Settings":
        return Failure("\n".join(_wrong_settings(error.errors())), USAGE)
    if isinstance(error, SettingsError):
        field = str(error).partition('field "')[2].partition('"')[0]
        return Failure(f"{variable_of(field)} cannot be read: a list is written as JSON, [60, 300, 3600]", USAGE)
    return None


def _wrong_settings(errors: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for error in errors:
        field = str(error["loc"][0]) if error["loc"] else ""
        name = variable_of(field) if field else "settings"
        given = "" if _is_secret(field) else f"={error['input']}"
        yield f"{name}{given}: {error['msg'].removeprefix('Value error, ')}"


def _is_secret(field: str) -> bool:
    from streams.config import Settings

    # Secrets are the settings that are not dumped.
    return field in Settings.model_fields and bool(Settings.model_fields[field].exclude)


def _of_what_people_write(error: Exception) -> Failure | None:
    from sinks.kafka_admission import NotLetIn
    from sinks.notify.providers import TargetError
    from sinks.notify.secrets import SecretMissing
    from sinks.notify.template_files import WordingError
    from streams.escalation.loading import PolicyError
    from streams.llm.wiring import ExtraMissing
    from streams.wrong_security import WrongSecurity

    ours = PolicyError | TargetError | WordingError | SecretMissing | ExtraMissing | WrongSecurity | NotLetIn
    return Failure(str(error), USAGE) if isinstance(error, ours) else None


def _of_a_server(error: Exception) -> Failure | None:
    from aiokafka.errors import KafkaError

    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.drift import SchemaDrift
    from sinks.clickhouse.migrations import MigrationError
    from sinks.kafka_rights import NotAllowed, not_allowed
    from streams.broker.admin import TopicError
    from streams.engine.log import Refused
    from streams.up.local_kafka import KafkaNotRunning
    from streams.up.run_lock import AlreadyRunning

    of_tables = CannotOpen | MigrationError | SchemaDrift
    ours = TopicError | KafkaNotRunning | of_tables | Refused | AlreadyRunning | NotAllowed
    if isinstance(error, ours):
        return Failure(str(error))
    if isinstance(error, KafkaError):
        missing, away = not_allowed(error), "Is it running, and does KAFKA_BROKERS name it?"
        return Failure(str(missing or _against_us(error) or f"Kafka: {error or type(error).__name__}. {away}"))
    return None


def _against_us(error: Exception) -> Exception | None:
    """What a broker has against us, where a client says only that it cannot be reached."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError

    from sinks.kafka_admission import why_not_let_in
    from streams.commands.settings import load_settings

    return asyncio.run(why_not_let_in(load_settings().kafka)) if isinstance(error, KafkaConnectionError) else None


def _of_a_file(error: Exception) -> Failure | None:
    if isinstance(error, OSError) and error.filename is not None:
        return Failure(f"{error.filename}: {error.strerror}")
    return None
