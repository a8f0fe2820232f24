"""Who runs re-analyses, as the page sees it."""

from collections.abc import Mapping
from typing import Any, Protocol


class Busy(Exception):
    """Another re-analysis runs. The message names it."""


class NotAsked(Exception):
    """What was asked for is no selection, or no run. The message says what is wanted."""


class Reanalyses(Protocol):
    """Runs one at a time, in processes beside the page's. All that is known of runs is in the table `reanalyses`."""

    async def open(self) -> None:
        """Get ready; called once, before anything else."""
        ...

    async def start(self, asked: Mapping[str, Any]) -> str:
        """Begin, and return the run's id. `asked` are the fields of what is wanted: tenant, tickets, status, limit,
        channel, since, until, everything, escalate. Raises Busy, NotAsked, or what the database raises.
        """
        ...

    async def resume(self, run_id: str) -> None:
        """Go on with one that was stopped or has failed. Raises Busy and NotAsked."""
        ...

    def stop(self, run_id: str) -> bool:
        """Stop it behind what is under way. False if it does not run here."""
        ...

    async def ended(self, run_id: str, seconds: float) -> bool:
        """Wait so long for a run's end; whether it has ended."""
        ...

    async def close(self) -> None:
        """Stop what runs, and wait for that."""
        ...
