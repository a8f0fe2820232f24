"""Rows as the sinks would have written them, for the page to read: a busy desk, one ticket, hostile text, and nothing.

Everything follows from a seed and the given time. The tables also hold what a view must hide: older versions of rows,
other tenants' rows and rows outside the span.
"""

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.browser.assignment_rows import assignment_row
from tests.browser.series_rows import alert_rows, earlier_events, series_windows

Row = dict[str, Any]

# When the tests look at the page.
NOW = datetime(2026, 3, 4, 10, 20, 40, tzinfo=UTC)
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
LONG_ID = "TICKET-" + "9" * 200
SPAN_MINUTES = 30

_TEXTS = {
    "very_negative": (
        "Third time I write about the same double charge. Nobody answers, this is a disgrace.",
        "My account has been locked for six days and I cannot pay my staff. Absolutely unacceptable!",
        "Terrible service. I want my money back now or my lawyer will call you.",
    ),
    "negative": (
        "The export still fails with the same error as last week.",
        "I was promised a refund on Monday and it has not arrived.",
        "The new app is slow and logs me out all the time.",
    ),
    "neutral": ("Where do I find my invoice for March?", "Please change the address of my subscription."),
    "positive": ("Thanks, the reset link works now.", "Good to know, that answers my question."),
    "very_positive": ("Wonderful support, solved within minutes. Thank you so much!", "Excellent, you are the best!"),
}
_LABELS = ("very_negative", "negative", "neutral", "positive", "very_positive")
_CHANNELS = ("email", "chat", "web", "phone", "whatsapp", "in_app", "social")
_CATEGORIES = ("billing", "technical", "account", "general", "feature", "integration")
_PRIORITIES = ("medium", "low", "high", "urgent")
_REASONS = ("not_json", "not_json", "no_id", "bad_time", "too_large", "invalid_field")


# Who has every second ticket that escalated.
AGENTS = {"default": "ann", "hostile": HOSTILE}


class Rows(NamedTuple):
    """Rows by table."""

    scored_events: list[Row]
    escalations: list[Row]
    windows: list[Row]
    dead_letters: list[Row]
    alerts: list[Row]
    assignments: list[Row]


def page_rows(now: datetime, seed: int = 7) -> Rows:
    """The rows of the tenants "default" (busy), "single" and "hostile", and of those of `series_rows`; "nobody" has
    none.
    """
    chance = random.Random(seed)
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    busy = _busy_events(chance, until - timedelta(minutes=45), now)
    single = [event_row("single", 0, now - timedelta(seconds=70), "neutral", 5.0, "T-1", "Where is my parcel?", chance)]
    hostile = [
        event_row("hostile", 0, now - timedelta(seconds=30), "very_negative", 0.1, LONG_ID, HOSTILE, chance),
        event_row("hostile", 1, now - timedelta(seconds=20), "negative", 3.0, HOSTILE, "😀" * 400, chance),
        event_row(
            "hostile", 2, now - timedelta(seconds=10), "negative", 3.5, "'; DROP TABLE windows --", "w" * 3000, chance
        ),
    ]
    events = [*busy, *single, *hostile]
    escalations = [escalation_row(event) for event in events if event["scored"] and event["score"] < 1.5]
    windows = _windows(events, escalations, until)
    stale_event = [event | {"text": "an older version", "score": 0.0, "version": 0} for event in busy[-1:]]
    stale_windows = [window | {"events": 9999, "revision": 0, "version": 0} for window in windows[:40]]
    return Rows(
        [event | {"key_phrases": []} for event in events + stale_event] + earlier_events(now),
        escalations,
        windows + stale_windows + _yesterday(windows) + series_windows(now),
        _dead_letters(now),
        alert_rows(now),
        [assignment_row(row["tenant"], row["ticket_id"], now, agent=AGENTS[row["tenant"]]) for row in escalations[::2]],
    )


def _busy_events(chance: random.Random, start: datetime, now: datetime) -> list[Row]:
    events = []
    moment, number = start, 0
    while moment < now:
        minute = (moment - start).total_seconds() / 60
        mood = (9, 16, 32, 28, 15) if not 30 < minute < 38 else (30, 30, 22, 12, 6)
        label = chance.choices(_LABELS, mood)[0]
        score = round(min(10.0, 2 * _LABELS.index(label) + chance.random() * 1.99), 2)
        text = chance.choice(_TEXTS[label])
        events.append(
            event_row("default", number, moment, label, score, f"T-{chance.randrange(20000, 20220)}", text, chance)
        )
        moment += timedelta(milliseconds=chance.randrange(400, 5200))
        number += 1
    return events


def event_row(
    tenant: str, number: int, at: datetime, label: str, score: float, ticket: str, text: str, chance: random.Random
) -> Row:
    agent = tenant == "default" and chance.random() < 0.18
    return {
        "tenant": tenant,
        "ticket_id": ticket,
        "event_id": f"{tenant}-{number}",
        "type": "agent_reply" if agent else "message",
        "channel": chance.choices(_CHANNELS, (30, 26, 16, 8, 10, 6, 4))[0],
        "priority": chance.choices(_PRIORITIES, (60, 20, 15, 5))[0],
        "category": chance.choices(_CATEGORIES, (28, 24, 18, 16, 8, 6))[0],
        "voice": "agent" if agent else "customer",
        "occurred_at": at,
        "received_at": at + timedelta(milliseconds=40),
        "appended_at": at + timedelta(milliseconds=90),
        "text": text,
        "scored": True,
        "score": score,
        "label": label,
        "version": 1000 + number,
    }


def escalation_row(event: Row) -> Row:
    copied = (
        "tenant",
        "ticket_id",
        "event_id",
        "occurred_at",
        "appended_at",
        "channel",
        "category",
        "score",
        "label",
        "text",
    )
    return {name: event[name] for name in copied} | {
        "escalation_id": uuid.uuid5(uuid.NAMESPACE_DNS, event["event_id"]),
        "number": f"TKT-2026-{event['version']:04d}",
        "state": "acknowledged",
        "policy": "helpdesk",
        "policy_version": 1,
        "rule": "very_negative",
        "priority": "high",
        "reason": f"score {event['score']:.2f} is below 2.00 and the ticket is open",
        "version": event["version"],
    }


def _windows(events: list[Row], escalations: list[Row], until: datetime) -> list[Row]:
    escalated = {(row["tenant"], row["event_id"]) for row in escalations}
    cells: dict[tuple[str, datetime, str, str], Row] = {}
    for event in events:
        start = event["occurred_at"].replace(second=0, microsecond=0)
        for dimension in ("overall", "channel", "category", "priority"):
            value = "" if dimension == "overall" else event[dimension]
            cell = cells.setdefault((event["tenant"], start, dimension, value), empty_window(until - start))
            _count(cell, event, (event["tenant"], event["event_id"]) in escalated)
    return [
        {"tenant": tenant, "size": 60, "start": start, "dimension": dimension, "value": value, **cell}
        for (tenant, start, dimension, value), cell in cells.items()
    ]


def _yesterday(windows: list[Row]) -> list[Row]:
    """What the busy desk did today, a day and nine minutes earlier."""
    earlier = timedelta(days=1, minutes=9)
    return [window | {"start": window["start"] - earlier} for window in windows if window["tenant"] == "default"]


def empty_window(behind: timedelta) -> Row:
    counted = ("events", "scored", *_LABELS, "score_sum", "escalations")
    return dict.fromkeys(counted, 0) | {"revision": 3, "final": behind > timedelta(minutes=2), "version": 3}


def _count(cell: Row, event: Row, escalated: bool) -> None:
    cell["events"] += 1
    cell["escalations"] += escalated
    if event["voice"] == "customer":
        cell["scored"] += 1
        cell[event["label"]] += 1
        cell["score_sum"] += round(event["score"] * 100)


def _dead_letters(now: datetime) -> list[Row]:
    inside = [(reason, now - timedelta(minutes=3 * index + 1)) for index, reason in enumerate(_REASONS)]
    outside = [("empty", now - timedelta(hours=9))]
    return [
        {
            "stage": "score",
            "topic": "tickets.events.v1",
            "partition": 0,
            "offset": offset,
            "reason": reason,
            "message": "value: not JSON",
            "attempts": 1,
            "failed_at": failed_at,
            "headers": "[]",
            "log_offset": offset,
            "version": offset,
        }
        for offset, (reason, failed_at) in enumerate([*inside, *outside])
    ]
