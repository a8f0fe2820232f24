"""What a challenger says of a batch's texts, beside what counts. Pure, but for the one who runs it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from schemas.events import ticket_key
from schemas.scored import ScoredEvent
from schemas.shadow import LEXICON, SHADOW_KINDS, ShadowKind, ShadowScore, encode_shadow, folded
from streams import topics
from streams.engine.stage import Output
from streams.learning.choosing import say
from streams.learning.classifier import Classifier
from streams.learning.in_force import InForce

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

Made = TypeVar("Made")
Version = tuple[ShadowKind, str]
PLACES: Final = 4


class TooSlow(Exception):
    """What was asked aside has not ended within its time, or what was asked before has not yet."""


class Aside(Protocol):
    """Runs something that must not hold anybody up."""

    def begin(self) -> None:
        """A batch begins: the time that all of its challengers have together begins to count."""
        ...

    def run(self, work: Callable[[], Made]) -> Made:
        """What `work` returns or raises. Raises TooSlow, at the end of the time at the latest."""
        ...


class Shadow:
    """The challengers that `in_force` names. Of `models` one that could not be read is None. It never raises: what goes
    wrong with a challenger costs its own records only, and is counted and told in the log.
    """

    def __init__(self, in_force: InForce, models: Mapping[Version, Classifier | None], aside: Aside) -> None:
        self._in_force = in_force
        self._models = models
        self._aside = aside
        self._told: set[tuple[Version, str]] = set()

    def beside(self, texts: Sequence[str], scored: Sequence[ScoredEvent]) -> Output:
        """The records of all messages with words and a challenger; `texts` are what the events were scored from."""
        output = Output()
        asked = self._asked(texts, scored)
        if asked:
            self._aside.begin()
        for version, places in asked.items():
            self._ask(version, places, texts, scored, output)
        return output

    def _asked(self, texts: Sequence[str], scored: Sequence[ScoredEvent]) -> dict[Version, list[int]]:
        """The places of the messages that each challenger is asked about."""
        found: dict[Version, list[int]] = {}
        for kind in SHADOW_KINDS:
            # Most batches are of few tenants.
            of_tenant: dict[str, str | None] = {}
            for at, event in enumerate(scored):
                if not texts[at]:
                    continue
                if event.tenant not in of_tenant:
                    of_tenant[event.tenant] = self._in_force.challenger(event.tenant, kind)
                challenger = of_tenant[event.tenant]
                if challenger is not None and _class_of(event, kind):
                    found.setdefault((kind, challenger), []).append(at)
        return found

    def _ask(
        self,
        version: Version,
        places: Sequence[int],
        texts: Sequence[str],
        scored: Sequence[ScoredEvent],
        output: Output,
    ) -> None:
        model = self._models.get(version)
        if model is None:
            self._left(version, "unreadable", "it cannot be read", len(places), output)
            return
        mine = [texts[at] for at in places]
        try:
            told = self._aside.run(lambda: say(model, mine))
            records = [
                _record(version, model.card.classes, int(chosen), row, scored[at])
                for at, chosen, row in zip(places, *told, strict=True)
            ]
        except TooSlow as error:
            self._left(version, "slow", str(error), len(mine), output)
            return
        except Exception as error:
            # Whatever a challenger does: the champion's work goes on.
            self._left(version, "failed", f"{type(error).__name__}: {error}", len(mine), output)
            return
        for record in records:
            output.send(topics.SHADOW_SCORES, ticket_key(record.tenant, record.ticket_id), encode_shadow(record))
            output.count("shadowed", record.kind, "agree" if record.agree else "differ")

    def _left(self, version: Version, why: str, words: str, texts: int, output: Output) -> None:
        """Count what was not compared; once of each reason it is told in the log."""
        output.count("shadow_left", version[0], why, by=texts)
        if (version, why) not in self._told:
            self._told.add((version, why))
            log.warning("the challenger %s %s leaves texts out: %s", *version, words)


def champion_of(scorer: str, kind: ShadowKind) -> str:
    """Which model read an event, by the name that its scorer has there: "sentiment-VERSION+category-VERSION"."""
    named = (part.partition("-") for part in scorer.split("+"))
    return next((version for of, _, version in named if of == kind), LEXICON)


def _class_of(event: ScoredEvent, kind: ShadowKind) -> str:
    if kind == "category":
        return event.category
    return event.sentiment.label if event.sentiment else ""


def _record(
    version: Version,
    classes: tuple[str, ...],
    chosen: int,
    row: "NDArray[np.float64]",
    event: ScoredEvent,
) -> ShadowScore:
    kind, challenger = version
    probabilities = dict(zip(classes, map(float, row), strict=True))
    says = classes[chosen]
    counts = _class_of(event, kind)
    if not 0 <= probabilities[says] <= 1:
        raise ValueError(f"a probability of {probabilities[says]}")
    return ShadowScore(
        tenant=event.tenant,
        ticket_id=event.ticket_id,
        event_id=event.event_id,
        kind=kind,
        channel=event.channel,
        occurred_at=event.occurred_at,
        champion=champion_of(event.scorer, kind),
        challenger=challenger,
        champion_class=counts,
        challenger_class=says,
        agree=folded(counts, classes) == says,
        score=event.sentiment.score if event.sentiment and kind == "sentiment" else None,
        probability=round(probabilities[says], PLACES),
        probability_of_champions=round(probabilities.get(folded(counts, classes), 0.0), PLACES),
    )
