"""The models that are in force, for the stage `score`. What cannot be read is told, and the lexicon scores on."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import SecretStr

from schemas.toml_files import FileError
from sinks.prometheus import MODELS_MISSING
from streams.learning.card import Kind
from streams.learning.in_force import InForce
from streams.learning.shelf import Shelf
from streams.score import NO_MODELS, Judges, Models

if TYPE_CHECKING:
    from streams.learning.judges import Judge

log = logging.getLogger(__name__)

OF_TEXTS: Final[tuple[Kind, ...]] = ("sentiment", "category")


class Role(NamedTuple):
    """What a model does: its kind, for a tenant, or for all where it is empty."""

    tenant: str
    kind: Kind


class LoadedModels:
    """Keeps `streams.score.Models`. `missing` are the roles whose model could not be read."""

    def __init__(self, judges: "Mapping[Role, Judge]", missing: frozenset[Role]) -> None:
        self._judges = judges
        self._missing = missing
        tenants = {role.tenant for role in (*judges, *missing)}
        self._of = {tenant: self._panel(tenant) for tenant in tenants}
        self._default = self._of.get("")

    def __str__(self) -> str:
        told = [f"{role.kind} {each.version} for {role.tenant or 'all'}" for role, each in self._judges.items()]
        return ", ".join(told) or "none"

    def of(self, tenant: str) -> Judges | None:
        """See `Models`."""
        return self._of.get(tenant, self._default)

    def after(self, before: Models) -> Models:
        """See `Models`."""
        if not self._missing or not isinstance(before, LoadedModels):
            return self
        kept = {role: before._judges[role] for role in self._missing if role in before._judges}
        return LoadedModels({**self._judges, **kept}, self._missing - kept.keys())

    def _panel(self, tenant: str) -> Judges | None:
        found = {kind: judge for kind in OF_TEXTS if (judge := self._judge(tenant, kind))}
        if not found:
            return None
        from streams.learning.judges import Panel  # noqa: PLC0415

        return Panel(found.get("sentiment"), found.get("category"))

    def _judge(self, tenant: str, kind: Kind) -> "Judge | None":
        own = Role(tenant, kind)
        # A tenant whose own model is missing has the lexicon, not another's model.
        return self._judges.get(own) or (None if own in self._missing else self._judges.get(Role("", kind)))


def read_models(folder: Path | None, key: SecretStr | None) -> Models:
    """As `load_models`; for a list that is wrong none, which is told."""
    try:
        return load_models(folder, key)
    except FileError as error:
        log.error("no model is in force, because the list of them is wrong:\n%s", error)
        return NO_MODELS


def load_models(folder: Path | None, key: SecretStr | None) -> Models:
    """The champions of texts. One that cannot be read is told in the log and in a metric; the lexicon scores in its
    place, or the model before. Raises FileError for a list that is wrong.
    """
    if folder is None:
        return NO_MODELS
    shelf = Shelf(folder, key.get_secret_value().encode() if key else b"")
    loaded: dict[Role, Judge] = {}
    missing: set[Role] = set()
    for role, version in champions(shelf.in_force()):
        try:
            loaded[role] = load_judge(shelf, role.kind, version)
        except Exception as error:  # a missing package or file, a wrong signature, too little memory
            log.error(
                "the %s model %s is not in force, the one before or the lexicon is: %s", role.kind, version, error
            )
            missing.add(role)
    for kind in OF_TEXTS:
        MODELS_MISSING.labels(kind).set(sum(role.kind == kind for role in missing))
    return LoadedModels(loaded, frozenset(missing)) if loaded or missing else NO_MODELS


class OneModel:
    """Keeps `streams.score.Models`: one model, for everybody."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def of(self, tenant: str) -> Judges | None:
        """See `Models`."""
        return self._judges

    def after(self, before: Models) -> Models:
        """See `Models`."""
        return self


def one_model(folder: Path, key: SecretStr, version: str) -> OneModel:
    """The model of a version, of whichever kind of texts. Raises BadModel, ValueError, ImportError, and
    FileNotFoundError where there is none.
    """
    shelf = Shelf(folder, key.get_secret_value().encode())
    for kind in OF_TEXTS:
        if shelf.file(kind, version).exists():
            from streams.learning.judges import Panel  # noqa: PLC0415

            judge = load_judge(shelf, kind, version)
            return OneModel(Panel(judge, None) if kind == "sentiment" else Panel(None, judge))
    raise FileNotFoundError(2, f"there is no model of texts of version {version}", str(folder))


def champions(in_force: InForce) -> Iterator[tuple[Role, str]]:
    """Which model of texts does what."""
    for tenant, roles in (("", in_force.default), *in_force.tenants.items()):
        for kind in OF_TEXTS:
            version = roles.of(kind)
            if version is not None:
                yield Role(tenant, kind), version


def load_judge(shelf: Shelf, kind: Kind, version: str) -> "Judge":
    """A model of texts. Raises BadModel, ValueError, and ImportError without the extra `ml`."""
    try:
        from streams.learning.judges import Judge  # noqa: PLC0415
        from streams.learning.linear import classifier_of  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(f"{error.name} is not installed: pip install 'ticketpulse[ml]'") from None
    return Judge(classifier_of(shelf.load(kind, version)))
