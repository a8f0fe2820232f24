"""score: raw event in, scored event out. Stateless; what cannot be read becomes a dead letter."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from schemas.cloudevents import read_message
from schemas.events import TicketEvent, ticket_key
from schemas.rejections import Rejected
from schemas.scored import ScoredEvent, Voice, encode_event
from streams import topics
from streams.engine.attempt import bury
from streams.engine.log import Record
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay
from streams.scoring import Scorer
from streams.scoring.categories import GENERAL, category_of

_NOT_CUSTOMERS = frozenset({"agent", "bot", "system"})


class ScoreStage:
    """Reads `tickets.events.v1`; keys its output by tenant and ticket, whatever key the producer used."""

    name = "score"
    input = topics.EVENTS
    outputs: Sequence[str] = (topics.SCORED, topics.DEAD_LETTERS)
    patience = 0.01

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def restore(self, state: Overlay) -> None:
        """Nothing to restore."""

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """One scored event or one dead letter for each record, in order."""
        output = Output()
        for record in batch.records:
            received_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            event = read_message(record.value, _text_headers(record), received_at)
            if isinstance(event, Rejected):
                bury(output, self.name, batch, record, event, topics.DEAD_LETTERS)
                continue
            scored = score_event(event, received_at, self._scorer)
            output.send(topics.SCORED, ticket_key(event.tenant, event.ticket_id), encode_event(scored))
            if scored.sentiment is not None:
                output.count("scored", scored.sentiment.label)
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Nothing happens with time."""
        return Output()


def score_event(event: TicketEvent, received_at: datetime, scorer: Scorer) -> ScoredEvent:
    """The event with its sentiment: of subject and text together, whoever wrote them; None when there are none."""
    text = "\n".join(part for part in (event.subject, event.text) if part and part.strip())
    return ScoredEvent(
        **{field: getattr(event, field) for field in _EVENT_FIELDS},
        received_at=received_at,
        voice=_voice(event),
        category=category_of(text) if text else GENERAL,
        sentiment=scorer.score(text) if text else None,
        unscored=None if text else "no text",
        scorer=scorer.name,
    )


_EVENT_FIELDS = tuple(field.name for field in msgspec.structs.fields(TicketEvent))


def _voice(event: TicketEvent) -> Voice:
    return "agent" if event.type == "agent_reply" or event.author in _NOT_CUSTOMERS else "customer"


def _text_headers(record: Record) -> dict[str, str]:
    return {name.lower(): raw.decode("utf-8", "replace") for name, raw in record.headers if raw is not None}
