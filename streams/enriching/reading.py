"""A message read by a model: personal data first taken out, and the answer, or why there is none, as a record."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from schemas.enrichments import MAX_REASON_CHARS, Enrichment, enrichment_id
from schemas.scored import ScoredEvent
from streams.enriching.choosing import words_of
from streams.llm.assistant import Assistant
from streams.llm.data import seen, shortened
from streams.llm.outcome import Answered, NotAnswered, Reason
from streams.llm.tasks import Classified, Classify, message_data
from streams.privacy import Redacted, redact
from streams.scoring.clean import clean


class SecondReader:
    """Reads messages by one assistant. `now` is aware."""

    def __init__(self, assistant: Assistant, now: Callable[[], datetime]) -> None:
        self._assistant = assistant
        self._now = now

    async def read(self, event: ScoredEvent) -> Enrichment:
        """The second reading of a message. Never raises, and takes no longer than the model's `within`."""
        rules, model = self._assistant.rules.of(event.tenant), self._assistant.rules.model
        task = Classify(rules.categories)
        # Quotations and signatures are no words of the customer's, and have most of the names.
        redacted = redact(seen(clean(words_of(event)).text))
        text = shortened(redacted.text, model.characters)
        found: Answered[Classified] | NotAnswered = NotAnswered("no_words")
        if text.strip():
            found = await self._assistant.ask(event.tenant, task, message_data(text))
        return self._record(event, found, redacted, task.fingerprint)

    def _record(
        self, event: ScoredEvent, found: Answered[Classified] | NotAnswered, redacted: Redacted, prompt: str
    ) -> Enrichment:
        before = event.sentiment.label if event.sentiment else None
        reason: Reason | Literal[""] = found.reason if isinstance(found, NotAnswered) else ""
        model = self._assistant.rules.model.name
        kept = Enrichment(
            enrichment_id=enrichment_id(event.tenant, event.ticket_id, event.event_id, model, prompt, reason),
            tenant=event.tenant,
            ticket_id=event.ticket_id,
            event_id=event.event_id,
            read_by=event.scorer,
            fallback=reason,
            label=before,
            category=event.category,
            confidence=event.confidence,
            prompt=prompt,
            label_before=before,
            category_before=event.category,
            confidence_before=event.confidence,
            scorer=event.scorer,
            model_epoch=event.model_epoch,
            removed={str(kind): count for kind, count in redacted.counts.items()},
            at=self._now(),
        )
        if isinstance(found, NotAnswered):
            return replace(kept, reason=found.detail[:MAX_REASON_CHARS])
        return replace(
            kept,
            read_by=found.model,
            label=found.value.label,
            category=found.value.category,
            confidence=found.value.confidence,
            reason=found.value.reason,
            stands=self._assistant.rules.of(event.tenant).stands,
            cached=found.cached,
            tokens_in=found.tokens_in,
            tokens_out=found.tokens_out,
            cost_micros=found.cost_micros,
        )
