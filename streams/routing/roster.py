"""The roster: queues, and agents with what they can do, how much at once, and when they are there."""

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.events import Channel
from schemas.toml_files import read_model
from sinks.notify.targets import Hours
from streams.notify.hours import is_within

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Queue(_Part):
    """Tickets of these categories and channels; without one of them, of all."""

    name: Name
    categories: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()


class Away(_Part):
    """Not there from `begin` to before `end`."""

    begin: AwareDatetime
    end: AwareDatetime


class Agent(_Part):
    """Somebody who serves queues, in these languages and channels only (without one of them, in all). `categories` and
    `tiers` are what he is good at: he can do others too. `capacity` is how many tickets at once. Without `hours` he is
    always there. `ids` is what else he is called: in events, as helpdesks name who answers.
    """

    name: Name
    ids: tuple[str, ...] = ()
    queues: Annotated[tuple[Name, ...], Field(min_length=1)]
    languages: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    categories: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    capacity: int = Field(1, ge=1, le=1_000)
    hours: Hours | None = None
    away: tuple[Away, ...] = ()

    def is_here(self, now: datetime) -> bool:
        """Whether he is there at a time (aware)."""
        if any(each.begin <= now < each.end for each in self.away):
            return False
        return self.hours is None or is_within(self.hours, round(now.timestamp() * 1000))


class Roster(_Part):
    """Of the queues that take a ticket the first one counts; `fallback` takes what none does, and what nobody of its
    queue can do.
    """

    fallback: Name
    queues: tuple[Queue, ...]
    agents: tuple[Agent, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [queue.name for queue in self.queues]
        people = [agent.name for agent in self.agents]
        for found in (names, people):
            doubled = sorted({name for name in found if found.count(name) > 1})
            if doubled:
                raise ValueError(f"named twice: {', '.join(doubled)}")
        called = [each for agent in self.agents for each in {agent.name, *agent.ids}]
        shared = sorted({each for each in called if called.count(each) > 1})
        if shared:
            raise ValueError(f"two agents are called {', '.join(shared)}")
        for name in (self.fallback, *(queue for agent in self.agents for queue in agent.queues)):
            if name not in names:
                raise ValueError(f"there is no queue {name!r}; there are: {', '.join(names)}")
        unserved = [name for name in names if not any(name in agent.queues for agent in self.agents)]
        if unserved:
            raise ValueError(f"nobody serves {', '.join(unserved)}")
        return self

    def agent(self, name: str) -> Agent | None:
        """Who is called so, by his name or one of his `ids`."""
        return self._called.get(name)

    @cached_property
    def _called(self) -> dict[str, Agent]:
        return {each: agent for agent in self.agents for each in (agent.name, *agent.ids)}

    def queue_of(self, category: str, channel: str) -> str:
        """The queue that takes a ticket."""
        for queue in self.queues:
            if (not queue.categories or category in queue.categories) and (
                not queue.channels or channel in queue.channels
            ):
                return queue.name
        return self.fallback


def read_roster(file: Path) -> Roster:
    """The roster in a TOML file. Raises FileError, which names the line."""
    return read_model(file, Roster)
