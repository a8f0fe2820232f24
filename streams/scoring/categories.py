"""What a ticket is about: the category with the most keywords found (preset E, analytics)."""

from typing import Final

GENERAL: Final = "general"

# In the order in which preset E lists them: on a tie the first wins.
KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "billing": ("payment", "charge", "invoice", "refund", "subscription", "price"),
    "technical": ("bug", "error", "crash", "slow", "broken", "fix", "issue"),
    "account": ("login", "password", "reset", "access", "permission", "locked"),
    "feature": ("request", "feature", "add", "new", "implement", "suggestion"),
    "integration": ("api", "integration", "connect", "sync", "import", "export"),
    "documentation": ("how to", "guide", "tutorial", "help", "documentation", "manual"),
}
CATEGORIES: Final = (*KEYWORDS, GENERAL)


def category_of(text: str) -> str:
    """One of CATEGORIES. A keyword counts once, wherever it stands, also within a word: that is the preset's rule."""
    lowered = text.lower()
    found = {name: sum(word in lowered for word in words) for name, words in KEYWORDS.items()}
    best = max(found, key=found.__getitem__)
    return best if found[best] else GENERAL
