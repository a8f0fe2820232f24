"""The policy of tests/policies/watched, and events as the naive model has them as records of the scored topic."""

from datetime import UTC, datetime
from functools import cache

from schemas.events import ticket_key
from schemas.readings import Reading
from schemas.registry import ANSWER_HEADER
from schemas.scored import ScoredEvent, Sentiment, encode_event
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.loading import parse_policy
from tests.policies import WATCHED_FILE
from tests.unit.naive_conversations import SECOND, Happened
from tests.unit.records import Appended


@cache
def watched(patience: int) -> PolicyBook:
    """The watched policy with another span of waiting."""
    text = WATCHED_FILE.read_text().replace('at_least = "1h"', f'at_least = "{patience // SECOND}s"')
    return PolicyBook({"watched": parse_policy(text, "watched.toml")}, BookFile(default="watched"))


def recorded(happened: Happened) -> Appended:
    """The event as the scored topic has it."""
    scored = ScoredEvent(
        event_id=happened.id,
        tenant=happened.tenant,
        ticket_id=happened.ticket,
        type=happened.type,  # type: ignore[arg-type]
        occurred_at=time_of(happened.occurred),
        customer_id=happened.customer,
        status=happened.status,  # type: ignore[arg-type]
        priority=happened.priority,  # type: ignore[arg-type]
        text=happened.text or None,
        author=happened.author,
        session_id=happened.session,
        satisfaction=happened.rating,
        received_at=time_of(happened.appended),
        voice="agent" if happened.type == "agent_reply" or happened.author else "customer",
        category="general",
        sentiment=None if happened.score is None else Sentiment(happened.score, "neutral", 0.0, 0.0, 0.0),
        unscored="automatic reply" if happened.robot else None,
        reading=Reading(signals=happened.signals),  # type: ignore[arg-type]
    )
    return Appended(0, happened.appended, ticket_key(happened.tenant, happened.ticket), encode_event(scored))


def time_of(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def answered(key: bytes, answer: bytes, appended: int) -> Appended:
    """An answer of the registry as the scored topic has it."""
    return Appended(0, appended, key, answer, ((ANSWER_HEADER, b"1"),))
