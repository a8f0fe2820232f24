"""Tickets of an experiment with all that becomes of tickets, as the stages write them; and their outcomes by pandas."""

import random
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from schemas.corrections import Correction, correction_id, encode_correction
from schemas.escalations import escalation_id
from schemas.experiments import Running
from schemas.readings import Reading, Signal
from sinks.base import Message
from tests.contract.messages import CORRECTIONS, escalation, raw, scored
from tests.experiments.made import START

TICKETS: Final = 160
Row = dict[str, Any]


class Rows:
    """`messages` in the order of the log; `events`, `escalations` and `corrections` are the same as plain rows."""

    def __init__(self, seed: int = 7) -> None:
        self.messages: list[Message] = []
        self.events: list[Row] = []
        self.escalations: list[Row] = []
        self.corrections: list[Row] = []
        self._chance = random.Random(seed)
        self._offset = 0
        for number in range(TICKETS):
            self._ticket(f"T-{number}")

    def _ticket(self, ticket: str) -> None:
        chance = self._chance
        # Some begin before the experiment.
        at = START + timedelta(seconds=chance.randrange(-100_000, 8 * 86_400))
        about: Row = {
            "ticket_id": ticket,
            "channel": chance.choice(("email", "chat")),
            "customer_id": f"c{chance.randrange(40)}",
        }
        first = "agent" if chance.random() < 0.1 else "customer"
        self._event(about, at, type="created", voice=first, status="new", text="Hello.")
        for _ in range(chance.randrange(7)):
            at += timedelta(seconds=chance.choice((600, 7_200, 60_000)) * (1 + chance.randrange(3)))
            self._happens(about, at)

    def _happens(self, about: Row, at: datetime) -> None:
        chance = self._chance
        kind = chance.random()
        if kind < 0.25:
            signals: tuple[Signal, ...] = ("leaving",) if chance.random() < 0.2 else ()
            self._event(about, at, type="message", text="Well?", voice="customer", reading=Reading(signals=signals))
        elif kind < 0.45:
            author = chance.choice((None, "bot"))
            self._event(about, at, type="agent_reply", voice="agent", author=author, text="We look.", sentiment=None)
        elif kind < 0.7:
            self._event(
                about, at, type="status_changed", status=chance.choice(("resolved", "closed", "open", "resolved"))
            )
        elif kind < 0.85:
            self._event(about, at, type="rated", satisfaction=1 + chance.randrange(5))
        else:
            self._escalate(about, at)

    def _event(self, about: Row, at: datetime, **fields: Any) -> None:
        self._offset += 1
        event = {"sentiment": None, "text": None, **about, "occurred_at": at, **fields}
        self.messages.append(
            scored(self._offset, about["ticket_id"], **{k: v for k, v in event.items() if k != "ticket_id"})
        )
        reading = fields.get("reading")
        self.events.append(
            {**event, "offset": self._offset, "left": reading is not None and "leaving" in reading.signals}
        )

    def _escalate(self, about: Row, at: datetime) -> None:
        chance = self._chance
        self._offset += 1
        row = {
            "escalation_id": escalation_id("default", about["ticket_id"], f"s{self._offset}", 1, "low"),
            "occurred_at": at,
            "respond_by": at + timedelta(minutes=15),
            "acknowledged_at": at + timedelta(hours=chance.choice((1, 60))) if chance.random() < 0.3 else None,
            "first_response_at": at + timedelta(minutes=chance.choice((5, 40))) if chance.random() < 0.5 else None,
            "arm": chance.choice(("sooner:now", "sooner:early", None)),
        }
        self.messages.append(escalation(self._offset, about["ticket_id"], **row))
        self.escalations.append({"ticket_id": about["ticket_id"], **row})
        if chance.random() < 0.3:
            self._correct(about["ticket_id"], at + timedelta(hours=chance.choice((-1, 1))))

    def _correct(self, ticket: str, at: datetime) -> None:
        self._offset += 1
        new = self._chance.choice(("negative", "neutral"))
        made = Correction(
            correction_id=correction_id(
                "default", ticket, f"event-{self._offset}", "label", "neutral", new, at.isoformat()
            ),
            tenant="default",
            ticket_id=ticket,
            event_id=f"event-{self._offset}",
            field="label",
            old="neutral",
            new=new,
            corrected_by="ann",
            corrected_at=at,
        )
        self.messages.append(raw(CORRECTIONS, self._offset, encode_correction(made)))
        self.corrections.append({"ticket_id": ticket, "at": at, "new": new})


def by_pandas(rows: Rows, running: Running, now: datetime) -> pd.DataFrame:
    """Each ticket's outcomes in the words of docs/experiments.md, by its id."""
    about, settle = running.experiment, pd.Timedelta(milliseconds=running.experiment.settle)
    events = pd.DataFrame(rows.events).sort_values(["occurred_at", "offset"])
    raised = pd.DataFrame(rows.escalations).sort_values("occurred_at")
    corrected = pd.DataFrame(rows.corrections)
    found = []
    for ticket, whole in events.groupby("ticket_id"):
        first = whole.iloc[0]
        opened = first["occurred_at"]
        arm = about.arm_of(about.unit(str(ticket), first["customer_id"])).name
        if about.channels and first["channel"] not in about.channels:
            continue
        if not running.takes(arm, opened) or opened >= now:
            continue
        of = whole[whole["occurred_at"] < opened + settle]
        replies = of[of["type"].isin(["agent_reply", "created"]) & (of["voice"] == "agent") & of["author"].isna()]
        resolved = of[(of["type"] == "status_changed") & (of["status"] == "resolved")]
        ended = of[of["status"].isin(["resolved", "closed"])]["occurred_at"].min()
        again = of[of["status"].isin(["open", "new"]) & (of["occurred_at"] > ended)] if pd.notna(ended) else of[:0]
        rated = of[of["satisfaction"].notna()]
        bad = pd.concat([rated[rated["satisfaction"] <= 2], again, of[of["left"]]])["occurred_at"].min()
        own = raised[(raised["ticket_id"] == ticket) & (raised["occurred_at"] >= opened)]
        own = own[own["occurred_at"] < opened + settle]
        end = opened + settle
        answered = (own["acknowledged_at"] < end) | (
            (own["first_response_at"] <= own["respond_by"]) & (own["first_response_at"] < end)
        )
        said = corrected[
            (corrected["ticket_id"] == ticket) & (corrected["new"] == "negative") & (corrected["at"] < end)
        ]
        confirmed = bool(len(own)) and bool(answered.any() or (said["at"] >= own["occurred_at"].min()).any())
        missed = pd.notna(bad) and not (len(own) and own["occurred_at"].min() < bad)
        wrote = of[(of["voice"] == "customer") & of["type"].isin(["created", "message"])]
        found.append(
            {
                "ticket_id": ticket,
                "arm": arm,
                "escalation_rate": float(len(own) > 0),
                "precision": float(confirmed) if len(own) else None,
                "missed": float(missed),
                "first_response": _seconds(replies["occurred_at"].min(), opened, settle) if len(wrote) else None,
                "resolution": _seconds(resolved["occurred_at"].min(), opened, settle),
                "satisfaction": float(rated["satisfaction"].iloc[-1]) if len(rated) else None,
                "pages": float(len(own)),
            }
        )
    return pd.DataFrame(found).set_index("ticket_id")


def _seconds(at: Any, opened: Any, settle: Any) -> float:
    return float((settle if pd.isna(at) else at - opened).total_seconds())
