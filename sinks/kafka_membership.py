"""How a member of a consumer group shows that it is there."""

from typing import Final

# In a session's time. Members hear from the answer to one that others join or leave; until then what was theirs waits.
_HEARTBEATS: Final = 20


def membership(session_seconds: float) -> dict[str, int]:
    """The settings of a consumer that is given up after so many seconds of silence."""
    return {
        "session_timeout_ms": round(session_seconds * 1000),
        "heartbeat_interval_ms": round(session_seconds * 1000 / _HEARTBEATS),
    }
