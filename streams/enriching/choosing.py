"""Which messages are read a second time. Pure."""

from typing import Final

from schemas.scored import ScoredEvent
from streams.llm.rules import TenantRules

_SAYING: Final = frozenset({"created", "message"})
# What was not scored because no person wrote it is not worth a second look.
_READABLE: Final = ("unsupported language", "scorer unavailable")


def is_chosen(event: ScoredEvent, rules: TenantRules) -> bool:
    """Whether a tenant's rules ask for it: a customer's own words, on a channel that is meant, of which the local
    reading is less sure than `below`.
    """
    return (
        rules.classify
        and event.voice == "customer"
        and event.type in _SAYING
        and bool((event.text or event.subject or "").strip())
        and (not rules.channels or event.channel in rules.channels)
        and (event.unscored is None or event.unscored.startswith(_READABLE))
        and (event.confidence < rules.below or rules.below == 1)
    )


def words_of(event: ScoredEvent) -> str:
    """Subject and text, as the score was made of them."""
    return "\n".join(part for part in (event.subject, event.text) if part and part.strip())
