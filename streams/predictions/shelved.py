"""The models that foretell, on the shelf: made files of, and read again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from streams.learning.card import Kind, ModelCard, fingerprint_of, version_of
from streams.learning.shelf import Kept, Shelf
from streams.learning.signed import BadModel
from streams.predictions import escalation, satisfaction, similar, sla
from streams.predictions.history import History

Model = escalation.EscalationModel | similar.ResolutionModel | sla.SlaModel | satisfaction.SatisfactionModel
KINDS: Final[tuple[Kind, ...]] = ("escalation", "resolution", "sla", "satisfaction")
RECIPES: Final[Mapping[str, str]] = {
    "escalation": escalation.RECIPE,
    "resolution": similar.RECIPE,
    "sla": sla.RECIPE,
    "satisfaction": satisfaction.RECIPE,
}


class Versioned(NamedTuple):
    """A model and its version."""

    version: str
    model: Any


class Models(NamedTuple):
    """What foretells for one tenant; None where no model of a kind is in force, or it cannot be read."""

    escalation: Versioned | None = None
    resolution: Versioned | None = None
    sla: Versioned | None = None
    satisfaction: Versioned | None = None

    @property
    def names(self) -> str:
        """The versions, as a text that changes with any of them."""
        return ",".join("" if each is None else each.version for each in self)


class Shelved:
    """Models by tenant, as `in-force.toml` has it. A file is read once; one that cannot be read is told once, through
    `tell`, and the tenant is foretold without it.
    """

    def __init__(self, shelf: Shelf, tell: Callable[[str], None]) -> None:
        self._shelf = shelf
        self._tell = tell
        self._read: dict[tuple[str, str], Versioned | None] = {}

    def of(self, tenant: str) -> Models:
        """Whatever is in force now. Raises FileError for a file in-force.toml that cannot be read, and OSError."""
        in_force = self._shelf.in_force()
        return Models(*(self._model(kind, in_force.champion(tenant, kind)) for kind in KINDS))

    def _model(self, kind: Kind, version: str | None) -> Versioned | None:
        if version is None:
            return None
        if (kind, version) not in self._read:
            try:
                self._read[kind, version] = Versioned(version, load(self._shelf.load(kind, version)))
            except BadModel as error:
                self._tell(f"{error}; without it the baseline is told")
                self._read[kind, version] = None
        return self._read[kind, version]


def load(kept: Kept) -> Model:
    """The model of a file. Raises BadModel for one that this version cannot use."""
    loaders: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Model]] = {
        "escalation": escalation.load,
        "resolution": similar.load,
        "sla": sla.load,
        "satisfaction": satisfaction.load,
    }
    try:
        return loaders[kept.card.kind](kept.arrays, kept.card.options)
    except (KeyError, ValueError, TypeError) as error:
        raise BadModel(f"{kept.card.kind} {kept.card.version}: signed, but not of this version: {error!r}") from None


def card_of(
    kind: Kind,
    model: Model,
    history: History,
    tenant: str,
    trained_at: datetime,
    rows: int,
    metrics: Mapping[str, float],
) -> ModelCard:
    """What is said of a model that was made of a history. The fingerprint is of its tickets and how far it went."""
    tickets = [*("/".join(each) for each in history.tickets), str(history.end)]
    fingerprint = fingerprint_of([each] for each in tickets)
    return ModelCard(
        kind=kind,
        version=version_of(trained_at, kind, fingerprint),
        tenant=tenant,
        classes=(),
        trained_at=trained_at,
        rows=rows,
        fingerprint=fingerprint,
        recipe=RECIPES[kind],
        metrics=dict(metrics),
        options=model.kept()[1],
    )
