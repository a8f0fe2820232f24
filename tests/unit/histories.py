"""Small histories and policies, of which one can work out by hand what must happen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas.events import TicketEvent
from streams.backtest.playing import BackTest, Preset
from streams.backtest.report import Report
from streams.escalation.loading import parse_policy
from streams.escalation.policy import Policy
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
# It scores with the words of a library alone; that is quick to load.
HELPDESK = Preset(scorer_of("helpdesk"), reader_of("helpdesk"))
# A message that says "refund" escalates.
REFUND = """
name = "refund"
version = 1
reads = "helpdesk"

[signals.refund]
phrases = ["refund"]

[[rules]]
name = "refund"
when.all = [{ signal = "refund" }]
then.reason = "Speaks of a refund."
"""
# Where this is added, "lawyer" does too, with more weight.
LAWYER = """
[signals.lawyer]
phrases = ["lawyer"]

[[rules]]
name = "lawyer"
when.all = [{ signal = "lawyer" }]
then.priority = "urgent"
then.reason = "Speaks of a lawyer."
"""
WAITING = """
[[rules]]
name = "waiting"
when.all = [{ fact = "waiting", at_least = "1h" }]
then.reason = "Has waited for {waiting}."
"""


def policy(text: str = "", name: str = "refund") -> Policy:
    """REFUND with more rules."""
    return parse_policy(REFUND.replace('name = "refund"\nversion', f'name = "{name}"\nversion') + text, f"{name}.toml")


class Diary:
    """Events as they are told, a minute number each; ids are made up."""

    def __init__(self) -> None:
        self.events: list[TicketEvent] = []

    def add(self, minute: float, ticket: str = "t1", **fields: Any) -> "Diary":
        """Something that happened to a ticket; a message unless the fields say otherwise."""
        known = {"event_id": f"e{len(self.events)}", "ticket_id": ticket, **fields}
        moment = BEGIN + timedelta(minutes=minute)
        self.events.append(msgspec.convert({**known, "occurred_at": moment}, TicketEvent))
        return self

    def says(self, minute: float, text: str, ticket: str = "t1", **fields: Any) -> "Diary":
        """What a customer writes."""
        return self.add(minute, ticket, text=text, **fields)

    def answer(self, minute: float, ticket: str = "t1") -> "Diary":
        """What an agent writes."""
        return self.add(minute, ticket, type="agent_reply", text="I look into it.")

    def status(self, minute: float, status: str, ticket: str = "t1") -> "Diary":
        """What becomes of the ticket."""
        return self.add(minute, ticket, type="status_changed", status=status)

    def rated(self, minute: float, satisfaction: int, ticket: str = "t1") -> "Diary":
        """What the customer thinks of it."""
        return self.add(minute, ticket, type="rated", satisfaction=satisfaction)


def back_test(one: Policy, other: Policy, diary: Diary, told: dict[bytes, bool] | None = None) -> Report:
    """The two policies on what the diary tells."""
    played = BackTest(one, other, {"helpdesk": HELPDESK})
    played.play(diary.events)
    return played.report("diary", told=told, examples=10)
