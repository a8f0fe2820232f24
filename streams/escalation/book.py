"""Which policy decides on which ticket: by tenant and channel, and by lot where one is tried against another."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple, Self
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.events import Channel
from schemas.readings import PresetName
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.experiments import Tryings, read_experiments, ready
from streams.escalation.loading import (
    PRESETS,
    Mistake,
    PolicyError,
    line_of,
    mistakes,
    parse_toml,
    preset,
    read_policy,
    read_text,
)
from streams.escalation.policy import Name, Policy
from streams.routing.rules import Routes, RoutingRule, read_routes

BOOK_FILE: Final = "book.toml"
_LOTS: Final = 10_000


class Use(BaseModel):
    """A tenant's policy, for one channel or for all, or a channel's for all tenants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str | None = None
    channel: Channel | None = None
    policy: Name

    @model_validator(mode="after")
    def _is_for_some(self) -> Self:
        if self.tenant is None and self.channel is None:
            raise ValueError("name a tenant, a channel or both; `default` is the policy of all others")
        return self


class Trial(BaseModel):
    """A `share` of the tickets that `policy` would decide on goes to `against`, chosen by a hash of the ticket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    policy: Name
    against: Name
    share: Annotated[float, Field(gt=0, lt=1)]


class BookFile(BaseModel):
    """What `book.toml` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Name = "support"
    use: tuple[Use, ...] = ()
    trial: tuple[Trial, ...] = ()
    routing: tuple[RoutingRule, ...] = ()

    @field_validator("use")
    @classmethod
    def _decide_once(cls, uses: tuple[Use, ...]) -> tuple[Use, ...]:
        of = [(use.tenant, use.channel) for use in uses]
        for number, each in enumerate(of):
            if each in of[:number]:
                raise ValueError(f"two decide for {' and '.join(name for name in each if name)}")
        return uses

    @field_validator("trial")
    @classmethod
    def _try_once(cls, trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
        tried = [trial.policy for trial in trials]
        doubled = sorted({name for name in tried if tried.count(name) > 1})
        if doubled:
            raise ValueError(f"two try something against {', '.join(doubled)}; one after the other")
        return trials


class Choice(NamedTuple):
    """The policy that decides on a ticket, and the trial or experiment and the side of it by which it was chosen, as
    "name:side".
    """

    policy: ReadyPolicy
    arm: str | None = None


class PolicyBook:
    """The policies and who decides by which. The most exact `use` counts: tenant and channel, tenant, channel."""

    def __init__(
        self,
        policies: Mapping[str, Policy],
        file: BookFile,
        tryings: Tryings | None = None,
        routes: Routes = MappingProxyType({}),
    ) -> None:
        self._ready = {name: ReadyPolicy(policy) for name, policy in policies.items()}
        self._file = file
        self._uses: dict[tuple[str | None, str | None], str] = {
            (use.tenant, use.channel): use.policy for use in file.use
        }
        self._trials = {trial.policy: trial for trial in file.trial}
        self._chosen: dict[tuple[str, str], ReadyPolicy] = {}
        # What deals tickets to the arms of experiments.
        self.tryings = tryings or Tryings()
        # Whose tickets are given to agents.
        self.routes = routes

    def __str__(self) -> str:
        policies = ", ".join(dict.fromkeys(f"{ready.name} {ready.version}" for ready in self.ready()))
        trying = ", ".join(each.about.name for each in self.tryings.all)
        routing = ", ".join(self.routes)
        parts = (policies, trying and f"experiments: {trying}", routing and f"routing: {routing}")
        return "; ".join(filter(None, parts))

    def choose(
        self, tenant: str, channel: str, ticket: bytes, *, arm: str = "", at: int = 0, is_escalated: bool = False
    ) -> Choice:
        """The policy for a ticket at a time (Unix milliseconds); `ticket` is its key, which decides the side of a
        trial, `arm` is the arm of an experiment that its conversation was dealt to.
        """
        trying = self.tryings.arm(arm, at, is_escalated=is_escalated) if arm else None
        if trying is not None:
            return Choice(trying.policy, trying.arm)
        policy = self._chosen.get((tenant, channel)) or self._choose(tenant, channel)
        trial = self._trials.get(policy.name)
        if trial is None:
            return Choice(policy)
        if lot(trial.name, ticket) < trial.share:
            return Choice(self._ready[trial.against], f"{trial.name}:{trial.against}")
        return Choice(policy, f"{trial.name}:{trial.policy}")

    def reads(self, tenant: str, channel: str) -> PresetName:
        """The preset by which a tenant's texts are scored and read."""
        return (self._chosen.get((tenant, channel)) or self._choose(tenant, channel)).policy.reads

    def presets(self) -> set[PresetName]:
        """The presets by which some texts are read."""
        return {ready.policy.reads for ready in self._ready.values()}

    def ready(self) -> Iterable[ReadyPolicy]:
        """The policies that decide on some ticket."""
        return (*self._ready.values(), *self.tryings.policies())

    def _choose(self, tenant: str, channel: str) -> ReadyPolicy:
        uses = self._uses
        name = (
            uses.get((tenant, channel)) or uses.get((tenant, None)) or uses.get((None, channel)) or self._file.default
        )
        # Tenants and channels are few, but a tenant's name is any producer's to choose.
        if len(self._chosen) < _LOTS:
            self._chosen[tenant, channel] = self._ready[name]
        return self._ready[name]


def lot(trial: str, ticket: bytes) -> float:
    """From 0 up to 1, the same for a ticket always: CRC32("trial/tenant/ticket") % 10000 / 10000, as SQL has it too."""
    return crc32(trial.encode() + b"/" + ticket) % _LOTS / _LOTS


def preset_book(name: PresetName) -> PolicyBook:
    """One preset for everyone."""
    return PolicyBook({name: preset(name)}, BookFile(default=name))


def read_book(folder: Path, default: PresetName = "support") -> PolicyBook:
    """The policies of a folder: `book.toml` says who decides by which (without it all by `default`), every other TOML
    file is a policy; `experiments/` below it has experiments, and folders of any name rosters. The presets may be named
    too. Raises PolicyError.
    """
    if not folder.is_dir():
        raise PolicyError([Mistake(str(folder), None, "", "no such folder of policies")])
    policies: dict[str, Policy] = {}
    for file in sorted(folder.glob("*.toml")):
        if file.name != BOOK_FILE:
            policy = read_policy(file)
            if policy.name in policies:
                line = line_of(read_text(file), ("name",))
                raise PolicyError([Mistake(str(file), line, "name", f"another file has a policy {policy.name!r} too")])
            policies[policy.name] = policy
    book = _read_file(folder / BOOK_FILE, default)
    named = _named(book, policies, folder / BOOK_FILE)
    routes = read_routes(book.routing, folder, folder / BOOK_FILE)
    plain = PolicyBook(named, book, routes=routes)
    found, files = read_experiments(folder)
    if not found:
        return plain

    def policy_of(name: str) -> Policy | None:
        return policies.get(name) or (preset(name) if name in PRESETS else None)

    return PolicyBook(named, book, ready(found, files, policy_of, plain.reads), routes)


def _read_file(file: Path, default: PresetName) -> BookFile:
    if not file.exists():
        return BookFile(default=default)
    text = read_text(file)
    fields = parse_toml(text, str(file))
    try:
        return BookFile.model_validate({"default": default, **fields})
    except ValidationError as error:
        raise PolicyError(mistakes(error, text, str(file), fields)) from None


def _named(book: BookFile, policies: Mapping[str, Policy], file: Path) -> dict[str, Policy]:
    """The policies that the book names; a name that is no file's may be a preset's."""
    text = read_text(file) if file.exists() else ""
    named: dict[str, Policy] = {}

    def find(name: str, place: str, *path: str | int) -> None:
        if name not in policies and name not in PRESETS:
            known = ", ".join(sorted({*policies, *PRESETS}))
            message = f"there is no policy {name!r}; there are: {known}"
            raise PolicyError([Mistake(str(file), line_of(text, path), place, message)])
        named[name] = policies[name] if name in policies else preset(name)

    find(book.default, "default", "default")
    for number, use in enumerate(book.use):
        find(use.policy, f"use[{number + 1}].policy", "use", number, "policy")
    for number, trial in enumerate(book.trial):
        find(trial.policy, f"trial.{trial.name}.policy", "trial", number, "policy")
        against = f"trial.{trial.name}.against"
        find(trial.against, against, "trial", number, "against")
        if named[trial.policy].reads != named[trial.against].reads:
            message = f"{trial.policy} and {trial.against} read texts by different presets: they cannot be compared"
            raise PolicyError([Mistake(str(file), line_of(text, ("trial", number, "against")), against, message)])
    return named
