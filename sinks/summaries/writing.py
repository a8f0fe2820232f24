"""Who writes a summary. The page gets a writer as an argument: it knows no model."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from schemas.scored import Voice


class Said(NamedTuple):
    """One message, oldest first."""

    voice: Voice
    text: str


class Parts(NamedTuple):
    """Plain text; what nobody spoke of is empty."""

    problem: str = ""
    tried: str = ""
    wants: str = ""
    next_step: str = ""


class Written(NamedTuple):
    """A summary, and which model wrote it."""

    parts: Parts
    model: str


class NotWritten(NamedTuple):
    """Why there is none: a word (budget, timeout, disabled, …), and a sentence without anybody's words."""

    reason: str
    detail: str = ""


class Writer(Protocol):
    """Writes summaries in a bounded time. It never raises."""

    async def write(self, tenant: str, said: Sequence[Said]) -> Written | NotWritten: ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
