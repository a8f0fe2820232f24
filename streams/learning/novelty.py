"""How much of what customers write the model in force never saw in training, by tenant and hour."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.scored import ScoredEvent
from schemas.shadow import SHADOW_KINDS
from schemas.windows import Unseen, encode, home
from streams import topics
from streams.engine.stage import Output
from streams.learning.classifier import Classifier
from streams.learning.in_force import InForce
from streams.learning.shadow import Aside, TooSlow, Version

log = logging.getLogger(__name__)

# The windows that drift is watched in; what is told of an hour must come to their partition.
HOUR: Final = 3600


class Novelty:
    """Asks the champions among `models`: for each tenant the one of sentiment, or else of category. It never raises."""

    def __init__(self, in_force: InForce, models: Mapping[Version, Classifier | None], aside: Aside) -> None:
        self._in_force = in_force
        self._models = models
        self._aside = aside
        self._told = False

    def beside(self, texts: Sequence[str], scored: Sequence[ScoredEvent]) -> Output:
        """One record for each model, tenant and hour of customers' texts."""
        output = Output()
        asked: dict[Version, list[int]] = {}
        versions = {tenant: self._of(tenant) for tenant in {event.tenant for event in scored}}
        for at, event in enumerate(scored):
            version = versions[event.tenant]
            if version is not None and texts[at] and event.voice == "customer":
                asked.setdefault(version, []).append(at)
        if asked:
            self._aside.begin()
        for version, places in asked.items():
            self._ask(version, places, texts, scored, output)
        return output

    def _of(self, tenant: str) -> Version | None:
        for kind in SHADOW_KINDS:
            version = self._in_force.champion(tenant, kind)
            if version is not None and self._models.get((kind, version)) is not None:
                return kind, version
        return None

    def _ask(
        self,
        version: Version,
        places: Sequence[int],
        texts: Sequence[str],
        scored: Sequence[ScoredEvent],
        output: Output,
    ) -> None:
        model = self._models[version]
        if model is None:
            return
        mine = [texts[at] for at in places]
        try:
            known = [min(max(float(share), 0.0), 1.0) for share in self._aside.run(lambda: model.known_share(mine))]
        except TooSlow as error:
            self._left(version, error)
            return
        except Exception as error:
            # Only a figure is lost by it.
            self._left(version, error)
            return
        found: dict[tuple[str, int], list[float]] = {}
        for at, share in zip(places, known, strict=False):
            found.setdefault((scored[at].tenant, _hour_of(scored[at])), []).append(1 - share)
        for (tenant, hour), shares in found.items():
            told = Unseen(tenant, hour, version[1], len(shares), round(sum(shares), 4))
            output.send(topics.PARTIALS, home(tenant, HOUR), encode(told))

    def _left(self, version: Version, error: Exception) -> None:
        if not self._told:
            self._told = True
            log.warning("what %s %s never saw is not counted: %s: %s", *version, type(error).__name__, error)


def _hour_of(event: ScoredEvent) -> int:
    """The hour in which it counts, and none that is still to come."""
    at = min(event.occurred_at, event.received_at).timestamp()
    return int(at) // HOUR * HOUR
