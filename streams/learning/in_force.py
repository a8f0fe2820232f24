"""`in-force.toml`: which model does what. The only file in a folder of models that changes."""

from pathlib import Path
from typing import Annotated, Final

import tomlkit
from pydantic import BaseModel, ConfigDict, Field

from schemas.toml_files import read_model
from schemas.whole_files import write_whole
from streams.learning.card import VERSION_PATTERN, Kind

IN_FORCE_FILE: Final = "in-force.toml"
Version = Annotated[str, Field(pattern=VERSION_PATTERN)]
Tenant = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]


class Versions(BaseModel):
    """A version for each kind, or none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentiment: Version | None = None
    category: Version | None = None
    escalation: Version | None = None
    resolution: Version | None = None
    satisfaction: Version | None = None
    sla: Version | None = None

    def of(self, kind: Kind) -> str | None:
        """The version of a kind."""
        found: str | None = getattr(self, kind)
        return found


class Roles(Versions):
    """The champions, which say what counts, and the challengers, which are only compared with them."""

    challenger: Versions = Versions()


class InForce(BaseModel):
    """Who does what: `default` for all tenants, but for what a tenant's own table says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Roles = Roles()
    tenants: dict[Tenant, Roles] = Field(default_factory=dict)

    def champion(self, tenant: str, kind: Kind) -> str | None:
        """The version that decides for a tenant; None where no model does."""
        own = self.tenants.get(tenant)
        return (own.of(kind) if own else None) or self.default.of(kind)

    def challenger(self, tenant: str, kind: Kind) -> str | None:
        """The version that is compared with the champion for a tenant, or None."""
        own = self.tenants.get(tenant)
        return (own.challenger.of(kind) if own else None) or self.default.challenger.of(kind)

    def with_champion(self, tenant: str, kind: Kind, version: str | None) -> "InForce":
        """The same with another champion, or none; `tenant` is empty for the table of all. Raises ValueError for a
        version that is none.
        """
        return self._with(tenant, {kind: version})

    def with_challenger(self, tenant: str, kind: Kind, version: str | None) -> "InForce":
        """The same with another challenger, or none."""
        challenger = self._roles(tenant).challenger.model_copy(update={kind: version})
        return self._with(tenant, {"challenger": challenger})

    def named(self, kind: Kind) -> set[str]:
        """The versions of a kind that do something for somebody."""
        tables = (self.default, *self.tenants.values())
        return {version for each in tables for version in (each.of(kind), each.challenger.of(kind)) if version}

    def _roles(self, tenant: str) -> Roles:
        return self.tenants.get(tenant, Roles()) if tenant else self.default

    def _with(self, tenant: str, changed: dict[str, object]) -> "InForce":
        roles = self._roles(tenant).model_copy(update=changed)
        made = {"tenants": {**self.tenants, tenant: roles}} if tenant else {"default": roles}
        return InForce.model_validate(self.model_copy(update=made).model_dump())


def read_in_force(folder: Path) -> InForce:
    """What the file of a folder says; nothing is in force where there is none. Raises FileError."""
    file = folder / IN_FORCE_FILE
    return read_model(file, InForce) if file.exists() else InForce()


def write_in_force(folder: Path, in_force: InForce) -> None:
    """Write the file whole or not at all. Raises OSError."""
    fields = in_force.model_dump(exclude_none=True, exclude_defaults=True)
    write_whole(folder / IN_FORCE_FILE, tomlkit.dumps(fields).encode())
