"""Which tickets the new scores call for an escalation of: the stage `track` over their events, offline. Pure.

Nothing that it decides is stored or sent. An escalation has one writer, the pipeline, which knows what else happened to
the ticket, what is known of its customer and which number is next: it is asked for one, as other systems ask it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from schemas.escalations import decode_escalation
from schemas.events import TicketEvent, ticket_key
from schemas.scored import ScoredEvent, encode_event
from streams import topics
from streams.engine.offline import Given, OfflinePartition
from streams.escalation.book import PolicyBook
from streams.reanalysis.rows import Row
from streams.track import TrackStage
from streams.windows import WindowRules

_RULES: Final = WindowRules(sizes=(86_400,))
_EVENT_IDS: Final = 100
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "reanalysis.ticketpulse")
_ENDED: Final = frozenset({"resolved", "closed"})
MAX_REASON: Final = 400


class Wanted(NamedTuple):
    """A ticket of which an escalation is called for, and by what."""

    tenant: str
    ticket_id: str
    channel: str
    rule: str
    reason: str


def judge(events: Sequence[tuple[Row, ScoredEvent]], book: PolicyBook) -> list[Wanted]:
    """Of each ticket whose last status is not an end, the first escalation that its events call for, in the order of
    the log. What the clock alone would raise is not looked for.
    """
    found: list[Wanted] = []
    ordered = sorted(events, key=lambda each: (each[0].tenant, each[0].ticket_id, each[0].partition, each[0].offset))
    for (tenant, ticket_id), group in groupby(ordered, key=lambda each: (each[0].tenant, each[0].ticket_id)):
        of_ticket = list(group)
        statuses = [row.status for row, _ in of_ticket if row.status]
        if statuses and statuses[-1] in _ENDED:
            continue
        stage = OfflinePartition(TrackStage(book, _EVENT_IDS, _RULES), topics.DEAD_LETTERS)
        key = ticket_key(tenant, ticket_id)
        records = [Given(row.offset, row.appended, key, encode_event(event)) for row, event in of_ticket]
        output = stage.process(records, records[-1].timestamp)
        for sent in output.records:
            if sent.topic == topics.ESCALATIONS and sent.value:
                told = decode_escalation(sent.value)
                channel = of_ticket[0][0].channel
                found.append(Wanted(tenant, ticket_id, channel, told.rule, told.reason[:MAX_REASON]))
                break
    return found


def request(wanted: Wanted, run_id: str, at: datetime) -> TicketEvent:
    """The event that asks for it: the same for the same run, so that it counts once."""
    return TicketEvent(
        event_id=str(uuid.uuid5(NAMESPACE, f"{run_id}/{wanted.tenant}/{wanted.ticket_id}")),
        tenant=wanted.tenant,
        ticket_id=wanted.ticket_id,
        type="escalation_requested",
        channel=wanted.channel,  # type: ignore[arg-type]
        occurred_at=at,
        author="system",
        metadata={
            "escalation_reason": f"re-analysis: {wanted.reason}",
            "conversation_summary": f"Scored again (re-analysis {run_id}): rule {wanted.rule}, {wanted.reason}",
        },
    )
