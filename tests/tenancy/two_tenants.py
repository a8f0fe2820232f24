"""Two tenants that have the same ids, and rows of each in every table: what one of them must never see is marked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from schemas.alerts import Phrase
from schemas.experiments import Experiment, Running
from schemas.scored import Reason
from schemas.windows import Totals, WindowKey, aggregate, encode
from sinks.base import Message
from tests.contract.messages import (
    APPENDED,
    NOON,
    WINDOWS,
    alert,
    audited,
    correction,
    dead_letter,
    enriched,
    escalation,
    notification,
    prediction,
    raw,
    scored,
    shadow,
)
from tests.experiments.made import going

OURS, THEIRS = "acme", "globex"
NOW: Final = NOON + timedelta(minutes=20)
# In their texts and names only: in no question of ours, so that no answer can repeat it.
CANARY: Final = "zanzibarcanary"
# What somebody may know of them and ask for.
THEIR_TICKET, THEIR_EVENT, THEIR_CUSTOMER, THEIR_AGENT = "G-7", "globex-event-1", "globex-customer", "globex-agent"
THEIR_PRODUCT, THEIR_RULE = "globex-product", "globex-rule"
_SPACE: Final = UUID(int=7)


def identity(tenant: str, what: str) -> UUID:
    """An id of a tenant's."""
    return uuid5(_SPACE, f"{tenant}/{what}")


THEIR_RUN: Final = str(identity(THEIRS, "run"))
OUR_RUN: Final = str(identity(OURS, "run"))


def rows_of(tenant: str) -> list[Message]:
    """A tenant's messages for every table: a ticket T-1 that both have, and one of its own."""
    return [
        message._replace(partition=0 if tenant == OURS else 1, offset=number, timestamp=APPENDED + number)
        for number, message in enumerate(_rows(tenant))
    ]


def _rows(tenant: str) -> Iterator[Message]:
    theirs = tenant == THEIRS
    word = CANARY if theirs else "parcel"
    mine: dict[str, Any] = {"tenant": tenant}
    own = THEIR_TICKET if theirs else "A-1"
    for number in range(12 if theirs else 8):
        ticket = "T-1" if number < 4 else own
        event = f"event-{number}" if number < 4 else f"{tenant}-event-{number - 4}"
        yield scored(
            0,
            ticket,
            **mine,
            event_id=event,
            occurred_at=NOON + timedelta(minutes=number),
            subject=f"The {word} of {tenant}",
            text=f"My {word} is wrong, terrible {word}, never again.",
            customer_id=THEIR_CUSTOMER if theirs else "acme-customer",
            agent_id=THEIR_AGENT if theirs else "acme-agent",
            product=THEIR_PRODUCT if theirs else "acme-product",
            voice="agent" if number % 4 == 3 else "customer",
            type="agent_reply" if number % 4 == 3 else "message",
            status="resolved" if number % 4 == 3 else "open",
            reasons=(Reason("lexicon", word, -1.5, 3, 3 + len(word)),),
            satisfaction=2,
        )
    for ticket in ("T-1", own):
        yield escalation(
            0,
            ticket,
            **mine,
            escalation_id=str(identity(tenant, f"escalation {ticket}")),
            text=f"My {word} is wrong",
            reason=f"about {word}",
            customer_id=THEIR_CUSTOMER if theirs else "acme-customer",
            rule=THEIR_RULE if theirs else "low-score",
            occurred_at=NOON,
            number="TKT-2026-0099" if theirs else "TKT-2026-0001",
        )
        yield prediction(0, ticket, **mine, prediction_id=str(identity(tenant, f"prediction {ticket}")))
    for size in (60, 300, 3600):
        totals = Totals(events=30 if theirs else 3, scored=1, negative=1, score_sum=205, score_min=205, score_max=205)
        for dimension, value in (("overall", ""), ("channel", "email"), ("agent", f"{tenant}-agent")):
            key = WindowKey(tenant, size, int(NOON.timestamp()) // size * size, dimension, value)
            yield raw(WINDOWS, 0, encode(aggregate(key, totals, 1, final=True)))
    yield alert(
        0,
        **mine,
        alert_id=str(identity(tenant, "alert")),
        phrases=(Phrase(word, 0.5, 0.01),),
        tickets=(own,),
        summary=f"about {word}",
    )
    yield notification(0, **mine, notification_id=str(identity(tenant, "notification")), target=f"{word}-target")
    yield correction(0, **mine, correction_id=str(identity(tenant, "correction")), note=f"{word}")
    yield enriched(0, **mine, reason=f"a {word}")
    yield audited(0, **mine, audit_id=str(identity(tenant, "audit")), actor=f"{word} actor", target=own)
    yield shadow(0, **mine)
    plain = {**mine, "ticket_id": own, "text": word}
    for letter in (plain, {"specversion": "1.0", "id": "", "data": plain}):
        yield dead_letter(0, msgspec.json.encode(letter))


def run_row(tenant: str) -> dict[str, Any]:
    """A re-analysis of a tenant's, as a row."""
    word = CANARY if tenant == THEIRS else "parcel"
    return {
        "id": str(identity(tenant, "run")),
        "tenant": tenant,
        "asked": msgspec.json.encode({"tickets": [f"{word}-1"]}).decode(),
        "epoch": 1,
        "state": "running",
        "started_at": NOON,
        "updated_at": NOON,
        "version": 1,
    }


def experiment_of(tenant: str) -> Running:
    """An experiment of a tenant's."""
    about = CANARY if tenant == THEIRS else "ours"
    found: Experiment = going(tenant=tenant, name=f"{tenant}-try", about=about).experiment
    return Running(experiment=found)
