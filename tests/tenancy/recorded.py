"""What an application asks its database."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from clickhouse_connect.driver.client import Client


class Question(NamedTuple):
    """A statement and the values that are bound in it."""

    sql: str
    bound: Mapping[str, Any]


class Recorded:
    """All that was asked since it was cleared."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    def clear(self) -> None:
        """Forget it."""
        self.questions.clear()


class Recording:
    """A client that notes each question before it asks it."""

    def __init__(self, client: Client, recorded: Recorded) -> None:
        self._client = client
        self._recorded = recorded

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not name.startswith(("query", "raw_query", "raw_stream")):
            return found

        def noted(sql: str, *arguments: Any, parameters: Mapping[str, Any] | None = None, **options: Any) -> Any:
            self._recorded.questions.append(Question(sql, parameters or {}))
            return found(sql, *arguments, parameters=parameters, **options)

        return noted


def recording(client: Client, recorded: Recorded) -> Client:
    """The client, whose questions are noted."""
    # One thread for each: they are small, and many.
    client.command("SET max_threads = 1")
    return cast(Client, Recording(client, recorded))
