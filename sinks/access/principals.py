"""Who asks, and what rights they have."""

from enum import StrEnum
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection
from starlette.types import Scope

_KEY: Final = "ticketpulse.principal"


class Right(StrEnum):
    """What one may do: send events; look; correct and acknowledge; administer."""

    INGEST = "ingest"
    READ = "read"
    ACT = "act"
    ADMIN = "admin"


class Role(StrEnum):
    """What a token is for."""

    INGEST = "ingest"
    READ = "read"
    ACT = "act"
    ADMIN = "admin"


# A program that sends events cannot look, and who looks cannot make up events: each leads to less if it leaks.
RIGHTS_OF: Final[dict[Role, frozenset[Right]]] = {
    Role.INGEST: frozenset({Right.INGEST}),
    Role.READ: frozenset({Right.READ}),
    Role.ACT: frozenset({Right.READ, Right.ACT}),
    Role.ADMIN: frozenset(Right),
}


class Principal(NamedTuple):
    """Who asks: a token's id and name, its roles, and its tenant; None for every tenant."""

    token_id: str
    name: str
    roles: tuple[Role, ...]
    tenant: str | None = None

    @property
    def rights(self) -> frozenset[Right]:
        """Those of all of its roles."""
        return frozenset[Right]().union(*(RIGHTS_OF[role] for role in self.roles))

    def may_see(self, tenant: str) -> bool:
        """Whether a tenant's tickets are its own."""
        return self.tenant is None or self.tenant == tenant


# Where no tokens are asked for.
ANYONE: Final = Principal("", "anyone", (Role.ADMIN,))


def admit(scope: Scope, principal: Principal) -> None:
    """Note who asks."""
    scope[_KEY] = principal


def principal_of(request: HTTPConnection) -> Principal:
    """Who asks. Where no access layer stands before the app, anyone."""
    return principal_of_scope(request.scope)


def principal_of_scope(scope: Scope) -> Principal:
    """As `principal_of`."""
    found = scope.get(_KEY, ANYONE)
    assert isinstance(found, Principal)  # noqa: S101 - `admit` alone sets it
    return found
