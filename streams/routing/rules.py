"""`[[routing]]` of `book.toml`: which tenant's tickets are given to agents, by which roster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from schemas.spans import Span
from schemas.toml_files import FileError, Mistake, line_of, read_text
from streams.routing.roster import Roster, read_roster

_HOUR_MS: Final = 3_600_000


class RoutingRule(BaseModel):
    """How a tenant's tickets are given to the agents of `roster`, a file below the folder of policies. Without any of
    these a tenant's tickets are given to nobody.

    `tickets` are all, or those that are escalated. Who has not answered after `reassign_after` loses a ticket to
    somebody who can take it; without it he keeps it. An answered ticket counts for its agent for `busy_for`. Tickets
    that have waited for more than `wait_within` are alerted on. What no news came of for `forget_after` counts for
    nobody any more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
    roster: str
    tickets: Literal["all", "escalated"] = "all"
    reassign_after: Annotated[Span, Field(ge=60_000)] | None = None
    busy_for: Annotated[Span, Field(ge=0)] = _HOUR_MS // 2
    wait_within: Annotated[Span, Field(ge=60_000)] = _HOUR_MS // 2
    forget_after: Annotated[Span, Field(ge=_HOUR_MS)] = 7 * 24 * _HOUR_MS


class Routing(NamedTuple):
    """A tenant's rule and roster."""

    rule: RoutingRule
    roster: Roster


Routes = Mapping[str, Routing]
"""By tenant."""


def read_routes(rules: Sequence[RoutingRule], folder: Path, file: Path) -> dict[str, Routing]:
    """The rules of a book (`file`) with their rosters. Raises FileError, which names file and line."""
    found: dict[str, Routing] = {}
    for number, rule in enumerate(rules):

        def wrong(name: str, message: str, number: int = number) -> FileError:
            line = line_of(read_text(file), ("routing", number, name))
            return FileError([Mistake(str(file), line, f"routing.{number}.{name}", message)])

        if rule.tenant in found:
            raise wrong("tenant", f"two rosters for {rule.tenant}")
        roster = folder / rule.roster
        if not roster.resolve().is_relative_to(folder.resolve()) or roster.parent == folder:
            raise wrong("roster", "wanted: a file in a folder below that of policies, as in rosters/shop.toml")
        if not roster.is_file():
            raise wrong("roster", f"there is no file {rule.roster}")
        found[rule.tenant] = Routing(rule, read_roster(roster))
    return found
