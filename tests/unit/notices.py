"""Notices and books that the tests of `notify` share."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.deadletters import ATTEMPTS
from schemas.escalations import Escalation
from schemas.notices import (
    Acknowledged,
    AnswerOver,
    AnswerWanted,
    Escalated,
    Notice,
    SenderReady,
    Tried,
    encode_notice,
    notice_key,
)
from schemas.notifications import Notification, decode_notification
from streams import topics
from streams.engine.log import Outgoing
from streams.notify.answering import Articles
from streams.notify.book import NotifyBook, parse_book
from streams.notify.stage import NotifyStage
from tests.unit.records import NINE, Appended, Partition

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
NUMBER = "TKT-2026-0001"
Appendable = Notice | AnswerWanted | AnswerOver | Tried


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def escalation(name: str = "e1", **fields: Any) -> Escalated:
    """A revision of an escalation: the first, with a number, unless fields say otherwise."""
    told: dict[str, Any] = {
        "escalation_id": name,
        "number": NUMBER,
        "tenant": "acme",
        "ticket_id": f"ticket-{name}",
        "session": "s",
        "episode": 0,
        "event_id": "event",
        "correlation_id": "event",
        "policy": "support",
        "policy_version": 1,
        "rule": "very_negative",
        "reason": "It scored 1.2 of 10.",
        "occurred_at": at(NINE),
        "channel": "email",
        "category": "billing",
        "priority_before": "medium",
        "priority": "high",
        "status": "open",
        "respond_by": at(NINE + HOUR),
        "updated_at": at(NINE),
        **fields,
    }
    return Escalated(escalation=Escalation(**told))


def acknowledgement(session: str = "s1", **fields: Any) -> Acknowledged:
    """A customer is to be told that the ticket has come."""
    told: dict[str, Any] = {
        "tenant": "acme",
        "ticket_id": f"ticket-{session}",
        "session": session,
        "event_id": f"event-{session}",
        "at": at(NINE),
        "channel": "email",
        "category": "billing",
        "priority": "medium",
        "email": "ann@customer.example",
        "text": "We have your message.",
        **fields,
    }
    return Acknowledged(**told)


def book(text: str = "") -> NotifyBook:
    """A book in TOML: leads by mail, a webhook and customers, unless `text` says otherwise."""
    return parse_book(text or USUAL, "notify.toml")


SMTP = """
[smtp]
host = "mail.example"
sender = "Support <support@acme.example>"
"""
LEADS = """
[targets.leads]
kind = "email"
to = ["leads@acme.example"]
"""
CUSTOMER = """
[targets.customer]
kind = "email"
to = "customer"
"""
HOOK = """
[targets.hook]
kind = "webhook"
url = "https://hook.example/in"
secret = "env:HOOK_SECRET"
"""
DESK = """
[targets.desk]
kind = "helpdesk"
system = "zammad"
url = "https://desk.example"
token = "env:DESK_TOKEN"
"""
ROUTES = """
[[routes]]
tell = ["leads"]

[[routes]]
tell = ["hook"]
kinds = ["escalation", "raised", "resolved"]

[[routes]]
tell = ["customer"]
kinds = ["acknowledgement"]
"""
USUAL = SMTP + LEADS + CUSTOMER + HOOK + ROUTES


class Planner:
    """A partition of `notify`, whose ledger is read as it is written."""

    def __init__(self, text: str = "", articles: Articles | None = None) -> None:
        self.stage = NotifyStage(book(text), articles)
        self.partition = Partition(self.stage)
        self.records: list[Notification] = []
        self.letters: list[Outgoing] = []
        self.offset = 0
        self.take_over("first")

    def take_over(self, sender: str, now: int = NINE) -> list[Notification]:
        """A sender says that it is there."""
        self.offset += 1
        ready = encode_notice(SenderReady(sender))
        return self._written(self.partition.process(Appended(self.offset, now, None, ready)))

    def tell(self, *told: Appendable, now: int = NINE, again: bool = False) -> list[Notification]:
        """Append these in one batch; returns what the ledger says of it. With `again` they come back from the dead
        letters.
        """
        return self._written(self.partition.process(*(self._record(each, now, again=again) for each in told)))

    def lose(self, *told: Appendable, now: int = NINE) -> None:
        """The same, but the worker dies before the commit."""
        offset = self.offset
        self.partition.lose(*(self._record(each, now) for each in told))
        self.offset = offset

    def tick(self, now: int) -> list[Notification]:
        """One tick; returns what the ledger says of it."""
        return self._written(self.partition.tick(now))

    def due(self, now: int) -> list[Notification]:
        """A tick; returns what it asks to be sent."""
        return [record for record in self.tick(now) if record.is_due]

    def answer(self, due: Notification, now: int, *, sent: bool = True, **fields: Any) -> list[Notification]:
        """What came of an attempt."""
        return self.tell(tried(due, now, sent=sent, **fields), now=now)

    def of(self, name: str, kind: str = "escalation") -> list[Notification]:
        """The records of what a target is told of something of that kind, oldest first."""
        return [record for record in self.records if (record.target, record.kind) == (name, kind)]

    def states(self, name: str, kind: str = "escalation") -> list[str]:
        """Their states; `due` for those that ask to be sent."""
        return ["due" if record.is_due else record.state for record in self.of(name, kind)]

    def _record(self, told: Appendable, now: int, *, again: bool = False) -> Appended:
        self.offset += 1
        headers = ((ATTEMPTS, b"1"),) if again else ()
        return Appended(self.offset, now, notice_key(told), encode_notice(told), headers)

    def _written(self, sent: list[Outgoing]) -> list[Notification]:
        self.letters += [one for one in sent if one.topic == topics.DEAD_LETTERS]
        written = [decode_notification(one.value or b"") for one in sent if one.topic == topics.NOTIFICATIONS]
        self.records += written
        return written


def tried(due: Notification, now: int, *, sent: bool, **fields: Any) -> Tried:
    """What whoever sends says of an attempt."""
    return Tried(
        tenant=due.tenant,
        notification_id=due.notification_id,
        attempt=due.attempt,
        sent=sent,
        at=at(now),
        **({"reason": ""} if sent else {"reason": "421 later"}) | fields,
    )


def revised(notice: Escalated, **fields: Any) -> Escalated:
    """The next revision of an escalation."""
    known = notice.escalation
    return Escalated(escalation=msgspec.structs.replace(known, revision=known.revision + 1, **fields))
