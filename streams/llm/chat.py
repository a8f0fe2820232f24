"""A chat endpoint as the rest sees it: one question, one answer as text, or Failed."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol


class Question(NamedTuple):
    """`instructions` are ours and go as the system's message, `data` is others' and goes as the user's. `schema` is the
    form of the answer, `name` its name.
    """

    name: str
    instructions: str
    data: str
    schema: Mapping[str, Any]


class Reply(NamedTuple):
    """What was answered, by whom, and the tokens that it took as the server counts them; None if it does not say."""

    text: str
    model: str
    tokens_in: int | None
    tokens_out: int | None


class Chat(Protocol):
    """One endpoint. Questions may run at once."""

    async def ask(self, question: Question, timeout: float) -> Reply:
        """One request, of at most `timeout` seconds and without retries. Raises Failed, and nothing else."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
