"""What comes while somebody looks: one very unhappy message of the tenant "single", and its escalation."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tests.browser.page_rows import empty_window, escalation_row, event_row

LATE_TICKET: Final = "T-LATE"
LATE_TEXT: Final = "Still nothing. I want my money back now!"


def late_rows(now: datetime) -> Mapping[str, list[dict[str, Any]]]:
    """By table."""
    at = now - timedelta(seconds=5)
    said = event_row("single", 1, at, "very_negative", 0.4, LATE_TICKET, LATE_TEXT, random.Random(1))
    start = now.replace(second=0, microsecond=0)
    counted = empty_window(timedelta()) | {
        "tenant": "single",
        "size": 60,
        "start": start,
        "dimension": "overall",
        "value": "",
        "events": 1,
        "scored": 1,
        "very_negative": 1,
        "score_sum": 40,
        "escalations": 1,
    }
    return {"scored_events": [said], "escalations": [escalation_row(said)], "windows": [counted]}
