"""score: raw event in, scored event out. Stateless; what cannot be read becomes a dead letter."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import compress
from typing import NamedTuple, Protocol

from schemas.cloudevents import read_message, text_headers
from schemas.deadletters import attempts_so_far
from schemas.events import TicketEvent, ticket_key
from schemas.readings import PresetName
from schemas.rejections import Rejected
from schemas.scored import ScoredEvent, Voice, encode_event
from streams import topics
from streams.engine.attempt import bury
from streams.engine.log import Headers, Record
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay
from streams.privacy import suppressing
from streams.privacy.forgetting import Subject, erasure_of, is_erasure, tell
from streams.privacy.in_flow import Redaction
from streams.privacy.keys import NO_KEYS, Keys
from streams.privacy.suppressing import is_suppressed
from streams.scoring import Explained, Explainer
from streams.scoring.readings import Asked, Reader, Reading
from streams.scoring.scorer import HELPDESK_BANDS, polarity_of

_NOT_CUSTOMERS = frozenset({"agent", "bot", "system"})


class Preset(NamedTuple):
    """How texts are scored and read; `bounds` are the scores at which the labels change, as in `label_of`."""

    scorer: Explainer
    reader: Reader
    bounds: Sequence[float] = HELPDESK_BANDS


class Judges(Protocol):
    """The models that were learned and are in force for a tenant. One that there is not changes nothing."""

    def sentiments(
        self, texts: Sequence[str], found: Sequence[Explained], scorer: Explainer, bounds: Sequence[float]
    ) -> Sequence[Explained]:
        """What the texts say by the model, where `scorer`, which found the rest, scored them at all."""
        ...

    def categories(self, texts: Sequence[str], readings: Sequence[Reading]) -> Sequence[Reading]:
        """The readings with the category that the model tells."""
        ...

    def name(self, scorer: str) -> str:
        """What stands in a row for who scored it: `scorer` where no model does."""
        ...


class Models(Protocol):
    """Which models judge for whom."""

    def of(self, tenant: str) -> Judges | None:
        """Those of a tenant, the same object for all who have the same; None where none is in force."""
        ...

    def after(self, before: "Models") -> "Models":
        """With what was in force before in the place of what cannot be read now."""
        ...


class NoModels:
    """Nothing was learned: presets alone score."""

    def of(self, tenant: str) -> Judges | None:
        """None."""
        return None

    def after(self, before: Models) -> Models:
        """Itself."""
        return self


NO_MODELS: Models = NoModels()


class Book(Protocol):
    """Who reads texts by which preset."""

    def reads(self, tenant: str, channel: str) -> PresetName: ...
    def presets(self) -> Collection[PresetName]: ...


class Beside(Protocol):
    """What is told of texts beside their scores. It never raises, and what it sends counts nowhere."""

    def beside(self, texts: Sequence[str], scored: Sequence[ScoredEvent]) -> Output: ...


class ScoreStage:
    """Reads `tickets.events.v1`; keys its output by tenant and ticket, whatever key the producer used.

    The book tells by which preset the texts of a tenant and channel are read; `load` gives a preset by its name, once.
    `models` judge in its place what they are in force for. Texts are scored as they were written; what is sent is what
    `redaction` leaves of them. What is of somebody who was erased is left out; `keys` tell who that is.
    """

    name = "score"
    input = topics.EVENTS
    outputs: Sequence[str] = (
        topics.SCORED,
        topics.SHADOW_SCORES,
        topics.PARTIALS,
        topics.ERASURES,
        topics.DEAD_LETTERS,
    )
    patience = 0.01

    def __init__(
        self,
        book: Book,
        load: Callable[[PresetName], Preset],
        models: Models = NO_MODELS,
        redaction: Redaction | None = None,
        keys: Keys = NO_KEYS,
    ) -> None:
        self._keys = keys
        self._load = load
        self._models = models
        self._redaction = redaction
        self._presets: dict[PresetName, Preset] = {}
        self._beside: Sequence[Beside] = ()
        self.adopt(book)

    def adopt(self, book: Book) -> None:
        """Read by other presets from the next batch on."""
        self._presets = {name: self._presets.get(name) or self._load(name) for name in book.presets()}
        self._book = book

    def tell_beside(self, tellers: Sequence[Beside]) -> None:
        """Ask these about each batch from the next one on, after it is scored."""
        self._beside = tuple(tellers)

    def adopt_models(self, models: Models) -> None:
        """Let other models judge from the next batch on."""
        self._models = models.after(self._models)

    def adopt_redaction(self, redaction: Redaction) -> None:
        """Replace personal data by other rules from the next batch on."""
        self._redaction = redaction

    def buried(self, record: Record) -> Record:
        """What becomes of a record as a dead letter: it has no personal data that its tenant wants replaced."""
        redaction = self._redaction
        if redaction is None or redaction.is_off:
            return record
        key = redaction.letter(record.key)
        return Buried(
            record.offset, record.timestamp, key, redaction.letter(record.value), redaction.headers(record.headers)
        )

    def restore(self, state: Overlay) -> Iterator[None]:
        """Nothing to restore."""
        return iter(())

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """One scored event or one dead letter for each record, in order; none for an event that is suppressed."""
        output = Output()
        batch = self._erased(batch, state, output)
        read = self._unsuppressed(batch, list(map(_read, batch.records)), state, output)
        received = [each for each in read if isinstance(each, Received)]
        _count_bytes(batch, read, output)
        found = self._redacted(self._score(received), output)
        scored = iter(found)
        for record, each in zip(batch.records, read, strict=True):
            if each is None:
                continue
            if isinstance(each, Rejected):
                why = each if self._redaction is None else self._redaction.reason(each)
                bury(output, self.name, batch, self.buried(record), why, topics.DEAD_LETTERS)
            else:
                _send(next(scored), output)
        for teller in self._beside:
            output.extend(teller.beside([_text(event) for event, _ in received], found))
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Nothing happens with time."""
        return Output()

    def _score(self, received: Sequence["Received"]) -> Sequence[ScoredEvent]:
        return score_by_book(received, self._book, self._presets, self._models)

    def _erased(self, batch: Batch, state: Overlay, output: Output) -> Batch:
        """The batch without the erasures in it, which are taken up."""
        found = [record for record in batch.records if record.headers and is_erasure(record)]
        for record in found:
            erasure = erasure_of(record)
            unknown = Subject(erasure, self._keys).unknown
            rows = {} if unknown else {"hashes": suppressing.note(erasure, state)}
            tell(self.name, erasure, rows, state, output, unknown)
        return batch._replace(records=[each for each in batch.records if each not in found]) if found else batch

    def _unsuppressed(
        self, batch: Batch, read: "list[Received | Rejected]", state: Overlay, output: Output
    ) -> "Sequence[Received | Rejected | None]":
        key_ids = state.get(suppressing.KEY_IDS, suppressing.ONLY)
        if not key_ids:
            return read
        until = suppressing.of_state(state)
        kept: list[Received | Rejected | None] = [
            None
            if isinstance(each, Received)
            and is_suppressed(
                each.event,
                record.timestamp,
                again=attempts_so_far(record.headers) > 0,
                until=until,
                keys=self._keys,
                key_ids=key_ids,
            )
            else each
            for record, each in zip(batch.records, read, strict=True)
        ]
        if left_out := kept.count(None):
            output.count("suppressed", by=left_out)
        return kept

    def _redacted(self, scored: Sequence[ScoredEvent], output: Output) -> Sequence[ScoredEvent]:
        if self._redaction is None or self._redaction.is_off:
            return scored
        redacted, found = self._redaction.events(scored)
        if found:
            output.count("redacted", by=found)
        return redacted


class Buried(NamedTuple):
    """A record as it is buried."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Received(NamedTuple):
    """An event, and when its record was appended to the log."""

    event: TicketEvent
    at: datetime


# Records that are appended together have one time.
@lru_cache(maxsize=256)
def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _read(record: Record) -> Received | Rejected:
    at = _moment(record.timestamp)
    event = read_message(record.value, text_headers(record.headers), at)
    return event if isinstance(event, Rejected) else Received(event, at)


def _count_bytes(batch: Batch, read: "Sequence[Received | Rejected | None]", output: Output) -> None:
    for record, each in zip(batch.records, read, strict=True):
        if isinstance(each, Received):
            output.count("tenant_bytes", each.event.tenant, by=len(record.value or b""))


def _send(scored: ScoredEvent, output: Output) -> None:
    output.send(topics.SCORED, ticket_key(scored.tenant, scored.ticket_id), encode_event(scored))
    if scored.sentiment is not None:
        output.count("scored", scored.sentiment.label)
    elif scored.unscored:
        # What follows a colon is open-ended, which a metric's label may not be.
        output.count("unscored", scored.unscored.partition(":")[0])


def score_by_book(
    received: Sequence[Received], book: Book, presets: Mapping[PresetName, Preset], models: Models = NO_MODELS
) -> Sequence[ScoredEvent]:
    """Each event as the book's preset for its tenant and channel reads it and the tenant's models judge it, in order;
    `presets` are all of the book.
    """
    if len(presets) == 1 and models is NO_MODELS:
        [preset] = presets.values()
        return score_events(received, *preset)
    groups: dict[tuple[PresetName, int], list[int]] = {}
    judges: dict[int, Judges | None] = {}
    for place, (event, _) in enumerate(received):
        judge = models.of(event.tenant)
        judges[id(judge)] = judge
        groups.setdefault((book.reads(event.tenant, event.channel), id(judge)), []).append(place)
    found: dict[int, ScoredEvent] = {}
    for (name, judge_id), places in groups.items():
        scored = score_events([received[place] for place in places], *presets[name], judges[judge_id])
        found.update(zip(places, scored, strict=True))
    return [found[place] for place in range(len(received))]


def score_events(
    received: Sequence[Received],
    scorer: Explainer,
    reader: Reader,
    bounds: Sequence[float] = HELPDESK_BANDS,
    judges: Judges | None = None,
) -> list[ScoredEvent]:
    """Each event with its sentiment and what else was read: from subject and text together, whoever wrote them."""
    texts = [_text(event) for event, _ in received]
    found: Sequence[Explained] = scorer.score_all(texts)
    if judges is not None:
        found = judges.sentiments(texts, found, scorer, bounds)
    readings = reader.read_all(
        [
            Asked(each.text, _polarity(each), event.priority, each.heard)
            for each, (event, _) in zip(found, received, strict=True)
        ]
    )
    if judges is None:
        return [_scored(*each, scorer.name) for each in zip(received, found, readings, strict=True)]
    scored = [each.sentiment is not None for each in found]
    judged = iter(judges.categories(list(compress(texts, scored)), list(compress(readings, scored))))
    name = judges.name(scorer.name)
    return [
        _scored(event, each, next(judged), name) if each.sentiment else _scored(event, each, reading, scorer.name)
        for event, each, reading in zip(received, found, readings, strict=True)
    ]


def _polarity(found: Explained) -> float:
    return polarity_of(found.sentiment.score) if found.sentiment else 0.0


def _scored(received: Received, found: Explained, reading: Reading, scorer: str) -> ScoredEvent:
    event, received_at = received
    # Each field by its name, which takes half the time of a mapping.
    return ScoredEvent(
        event_id=event.event_id,
        tenant=event.tenant,
        ticket_id=event.ticket_id,
        type=event.type,
        channel=event.channel,
        occurred_at=event.occurred_at,
        customer_id=event.customer_id,
        agent_id=event.agent_id,
        status=event.status,
        priority=event.priority,
        subject=event.subject,
        text=event.text,
        author=event.author,
        session_id=event.session_id,
        journey_stage=event.journey_stage or reading.journey_stage,
        product=event.product,
        satisfaction=event.satisfaction,
        attachments=event.attachments,
        language=event.language or reading.language,
        email=event.email,
        phone=event.phone,
        source_type=event.source_type,
        source_reference_id=event.source_reference_id,
        correlation_id=event.correlation_id,
        wants_state=event.wants_state,
        metadata=event.metadata,
        extra=event.extra,
        received_at=received_at,
        voice=_voice(event),
        category=reading.category,
        sentiment=found.sentiment,
        unscored=found.unscored,
        confidence=found.confidence,
        reasons=found.reasons,
        removed=dict(found.removed) if found.removed else {},
        reading=reading,
        scorer=scorer,
    )


def _text(event: TicketEvent) -> str:
    subject, text = event.subject or "", event.text or ""
    if not subject.strip():
        return text if text.strip() else ""
    return f"{subject}\n{text}" if text.strip() else subject


def _voice(event: TicketEvent) -> Voice:
    return "agent" if event.type == "agent_reply" or event.author in _NOT_CUSTOMERS else "customer"
