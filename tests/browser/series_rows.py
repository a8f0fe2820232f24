"""Rows for what is told of series of windows: long histories of three sizes, alerts of every kind, and what customers
wrote now and a day before. Everything follows from a seed and the given time.
"""

import math
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

HOSTILE_PHRASE = "<img src=x onerror=\"document.title='owned'\">"
MANY = 40
MANY_RESOLVED = 35

# Windows of a size that are kept: the shown ones, and a week before them where that is not too much to write.
_KEPT = {300: 288 + 8 * 288, 3_600: 15 * 24, 86_400: 70}
_VALUES = (
    ("overall", "", 1.0),
    ("channel", "email", 0.45),
    ("channel", "chat", 0.3),
    ("category", "billing", 0.35),
    ("category", "technical", 0.2),
)
# A channel that sends seldom: most of its windows are missing.
_SPARSE = ("channel", "phone")


def series_windows(now: datetime, seed: int = 11) -> list[Row]:
    """Windows of 5 minutes, an hour and a day of the tenant "default". The newest of each size is open."""
    chance = random.Random(seed)
    rows = []
    for size, kept in _KEPT.items():
        newest = int(now.timestamp()) // size * size
        for start in range(newest - (kept - 1) * size, newest + 1, size):
            done = min(1.0, (now.timestamp() - start) / size)
            for dimension, value, part in _VALUES:
                rows.append(_window(chance, size, start, dimension, value, part * done, final=start < newest))
            if chance.random() < 0.25:
                rows.append(_window(chance, size, start, *_SPARSE, 0.02, final=start < newest))
    return rows


def _window(
    chance: random.Random, size: int, start: int, dimension: str, value: str, part: float, *, final: bool
) -> Row:
    daily = 1.0 if size == 86_400 else 1 + 0.7 * math.sin((start % 86_400) / 86_400 * math.tau - 2)
    events = max(1, round(chance.gauss(1.0, 0.12) * part * daily * 22 * size / 300))
    scored = round(events * 0.8)
    unhappy = min(0.9, max(0.05, chance.gauss(0.24 + 0.06 * math.sin(start / 200_000), 0.05)))
    labels = _split(scored, (unhappy * 0.3, unhappy * 0.7, 0.4, 0.3))
    return {
        "tenant": "default",
        "size": size,
        "start": datetime.fromtimestamp(start, UTC),
        "dimension": dimension,
        "value": value,
        "events": events,
        "scored": scored,
        **dict(zip(("very_negative", "negative", "neutral", "positive", "very_positive"), labels, strict=True)),
        "score_sum": round(scored * 100 * (7.2 - 8 * unhappy)),
        "escalations": min(scored, round(scored * unhappy * 0.2)),
        "revision": 1,
        "final": final,
        "version": 1,
    }


def _split(whole: int, shares: tuple[float, ...]) -> list[int]:
    parts: list[int] = []
    for share in shares:
        parts.append(min(whole - sum(parts), round(whole * share)))
    return [*parts, whole - sum(parts)]


def alert_rows(now: datetime) -> list[Row]:
    """Alerts of the tenants "default" (every state), "silent" (nothing else is stored), "many" and "hostile"."""
    minutes = timedelta(minutes=1)
    phrases = [("double charge", 0.31, 0.04), ("refund", 0.22, 0.09)]
    critical = _alert(
        "default", "spike", "negative_share", ("channel", "email"), now - 26 * minutes, severity="critical",
        observed=0.58, expected=0.24, exposure=96.0, probability=3.1e-9, phrases=phrases,
        tickets=["T-20010", "T-20011", "a/b?c#d", "T-20013"],
        summary="channel email: share of negative messages 58% in 25 minutes, where 24% is usual",
    )  # fmt: skip
    lasting = _alert(
        "default", "spike", "volume", ("overall", ""), now - timedelta(days=3, hours=2),
        observed=412.0, expected=131.5, exposure=3.0, probability=2.4e-13,
        tickets=["T-20020"], summary="all channels: events 412 in 15 minutes, where 132 is usual",
    )  # fmt: skip
    silent = _alert(
        "default", "silence", "volume", ("channel", "phone"), now - 55 * minutes,
        observed=0.0, expected=14.2, exposure=9.0, probability=4.0e-7,
        summary="channel phone: nothing for 45 minutes, where 14 events are usual",
    )  # fmt: skip
    calm = _alert(
        "default", "fall", "score", ("category", "billing"), now - 70 * minutes, resolved_at=now - 12 * minutes,
        observed=3.1, expected=5.4, exposure=40.0, probability=8.0e-5, tickets=["T-20030"], phrases=phrases[:1],
        summary="category billing: average score 3.1 in 10 minutes, where 5.4 is usual",
    )  # fmt: skip
    over = _alert(
        "default", "spike", "escalation_rate", ("channel", "chat"), now - 250 * minutes,
        resolved_at=now - 150 * minutes, ended="usual now", severity="critical",
        observed=0.2, expected=0.04, exposure=60.0, probability=1.0e-6,
        summary="channel chat: escalations for each message 20% in 20 minutes, where 4% is usual",
    )  # fmt: skip
    by_day = [
        _alert(
            "default", "spike", "negative_share", ("overall", ""), now - timedelta(days=days, hours=5),
            resolved_at=now - timedelta(days=days, hours=3), observed=0.4, expected=0.25, exposure=300.0,
            probability=1e-6, summary=f"all channels: share of negative messages 40% in 1 hour ({days} days ago)",
        )
        for days in (2, 5)
    ]  # fmt: skip
    hostile = _alert(
        "hostile", "spike", "volume", ("channel", HOSTILE_PHRASE), now - 9 * minutes, resolved_at=now - minutes,
        tickets=[HOSTILE_PHRASE], phrases=[(HOSTILE_PHRASE, 0.5, 0.1)], summary=HOSTILE_PHRASE + "w" * 400,
    )  # fmt: skip
    only = _alert(
        "silent", "silence", "volume", ("overall", ""), now - timedelta(hours=30), severity="critical", expected=90.0,
        summary="all channels: nothing for 60 minutes, where 90 events are usual",
    )  # fmt: skip
    many = [_alert("many", "spike", "volume", ("channel", f"c{n}"), now - n * minutes) for n in range(1, MANY + 1)]
    gone = [
        _alert("many", "fall", "volume", ("channel", f"c{n}"), now - timedelta(hours=2, minutes=n), resolved_at=now)
        for n in range(MANY_RESOLVED)
    ]
    older = calm | {"state": "firing", "resolved_at": None, "revision": 1, "version": 0}
    return [calm, lasting, over, critical, silent, *by_day, hostile, only, *many, *gone, older]


def _alert(
    tenant: str,
    kind: str,
    measure: str,
    series: tuple[str, str],
    started_at: datetime,
    *,
    resolved_at: datetime | None = None,
    ended: str = "calm",
    observed: float = 0.0,
    expected: float = 1.0,
    **columns: Any,
) -> Row:
    about = f"{tenant}/{kind}/{measure}/{series}/{started_at}"
    told = {"severity": "warning", "exposure": 1.0, "probability": 1e-5, "tickets": [], "phrases": [], "summary": about}
    return told | columns | {
        "tenant": tenant,
        "alert_id": uuid.uuid5(uuid.NAMESPACE_DNS, about),
        "kind": kind,
        "measure": measure,
        "dimension": series[0],
        "value": series[1],
        "state": "resolved" if resolved_at else "firing",
        "revision": 2,
        "started_at": started_at,
        "fired_at": started_at + timedelta(minutes=5),
        "updated_at": resolved_at or started_at + timedelta(minutes=5),
        "resolved_at": resolved_at,
        "window_size": 300,
        "observed": observed,
        "expected": expected,
        "ratio": observed / expected,
        "record": f'{{"ended":"{ended}"}}' if resolved_at else "{}",
        "version": 1,
    }  # fmt: skip


def earlier_events(now: datetime) -> list[Row]:
    """Texts of the tenant "topics": 60 of the hour before `now` and 200 of the day before it.

    "locked account" grows from 4 to 15 of them and "late parcel" from none to 6; "invoice" is as common as ever, and
    "gift card" is new but of two tickets only.
    """
    recent = {"locked account": 15, "late parcel": 6, "invoice": 20}
    before = {"locked account": 4, "invoice": 66}
    rows = [_text(now - timedelta(seconds=50 * n), n, [p for p, many in recent.items() if n < many]) for n in range(60)]
    rows += [
        _text(now - timedelta(hours=2, minutes=6 * n), 100 + n, [p for p, many in before.items() if n < many])
        for n in range(200)
    ]
    for row in rows[40:48]:
        row["key_phrases"] = ["gift card"]
        row["ticket_id"] = f"T-gift-{row['version'] % 2}"
    return rows


def _text(at: datetime, number: int, phrases: list[str]) -> Row:
    return {
        "tenant": "topics",
        "ticket_id": f"T-topic-{number}",
        "event_id": f"topics-{number}",
        "type": "message",
        "channel": "email",
        "priority": "medium",
        "category": "general",
        "voice": "customer",
        "occurred_at": at,
        "received_at": at,
        "appended_at": at,
        "text": " ".join(phrases) or "Where is it?",
        "key_phrases": phrases,
        "scored": True,
        "score": 4.0,
        "label": "negative",
        "version": number,
    }
