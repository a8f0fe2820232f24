"""`privacy.toml`: what becomes of personal data in each field of a tenant's events. Data, checked when it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schemas.toml_files import read_model

FILE: Final = "privacy.toml"
Action = Literal["off", "mask", "hash"]
#: Where it is done: before an event is in the log, or behind its score.
Where = Literal["score", "door"]
#: Texts, of which the places are replaced that hold personal data. `metadata` and `extra` are all values below them.
TEXTS: Final = frozenset({"subject", "text", "metadata", "extra", "attachments"})
#: Fields that are personal data as a whole: left out by `mask`.
VALUES: Final = frozenset(
    {"customer_id", "email", "phone", "author", "session_id", "source_reference_id", "correlation_id"}
)
_INSIDE: Final = ("metadata.", "extra.")


class TenantRules(BaseModel):
    """What is done in which field, and where; in one that is not named, nothing. A name such as `metadata.company` or
    `extra.name` is of one custom field, whose whole value is meant then. Without `at` it is where it is for everybody.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Where | None = None
    fields: dict[str, Action] = Field(default_factory=dict)
    regions: tuple[str, ...] = ("US", "GB", "DE")

    @field_validator("fields")
    @classmethod
    def _are_known(cls, fields: dict[str, Action]) -> dict[str, Action]:
        for name in fields:
            if name not in TEXTS | VALUES and not (name.startswith(_INSIDE) and name.partition(".")[2]):
                known = ", ".join(sorted(TEXTS | VALUES))
                raise ValueError(f"no field {name!r}: wanted {known}, metadata.<name> or extra.<name>")
        return fields

    @property
    def is_off(self) -> bool:
        """Whether nothing is done at all."""
        return all(action == "off" for action in self.fields.values())

    @property
    def hashes(self) -> bool:
        """Whether a key is needed."""
        return "hash" in self.fields.values()

    def of(self, field: str) -> Action:
        """What is done in a field."""
        return self.fields.get(field, "off")


class PrivacyBook(TenantRules):
    """The rules for everybody, and for tenants that have their own, which then are all of theirs."""

    at: Where = "score"
    tenants: dict[str, TenantRules] = Field(default_factory=dict)

    def of_tenant(self, tenant: str) -> TenantRules:
        """A tenant's rules."""
        return self.tenants.get(tenant, self)

    def is_at_door(self, tenant: str) -> bool:
        """Whether a tenant's events are in no log before personal data is replaced in them."""
        rules = self.of_tenant(tenant)
        return (rules.at or self.at) == "door" and not rules.is_off

    @property
    def has_door(self) -> bool:
        """Whether anything is replaced before it is in the log."""
        return any(self.is_at_door(name) for name in (*self.tenants, ""))

    def __str__(self) -> str:
        named = {"all others": (self, ""), **{name: (rules, name) for name, rules in self.tenants.items()}}
        return ", ".join(
            f"{name}: {_words(rules.fields)}{' (at the door)' if self.is_at_door(tenant) else ''}"
            for name, (rules, tenant) in named.items()
        )

    @property
    def all_off(self) -> bool:
        """Whether nothing is done for anybody."""
        return self.is_off and all(rules.is_off for rules in self.tenants.values())

    @property
    def needs_key(self) -> bool:
        """Whether anything is hashed."""
        return self.hashes or any(rules.hashes for rules in self.tenants.values())

    @classmethod
    def nothing(cls) -> Self:
        """Nothing is done."""
        return cls()


def read_privacy(folder: Path | None) -> PrivacyBook:
    """What `privacy.toml` of a folder says; without a folder nothing is done. Raises FileError."""
    return PrivacyBook() if folder is None else read_model(folder / FILE, PrivacyBook)


def _words(fields: Mapping[str, Action]) -> str:
    return " ".join(f"{name}={action}" for name, action in fields.items()) or "off"
