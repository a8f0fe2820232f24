"""Sessions of browsers: who has signed in, known in this process by the digest of what the cookie holds."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Final, NamedTuple

LASTS: Final = timedelta(hours=12)
MOST: Final = 10_000
# Of one token, so that nobody can sign in until all others are out.
MOST_OF_A_TOKEN: Final = 1_000
_PLAIN: Final = "ticketpulse_session"
# A browser takes this name only by https, from this host itself, for all of it.
_SECURE: Final = f"__Host-{_PLAIN}"


class Session(NamedTuple):
    """Which token it was opened with, and when it ends."""

    token_id: str
    ends_at: datetime


class Sessions:
    """At most 10,000, the newest, and of one token at most 1,000. `now` is aware. They end with the process: people
    sign in again then.

    A cookie holds 256 random bits that mean nothing anywhere else; what a log may have kept of one is worth nothing
    after the session has ended, and the token cannot be found from it.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, token_id: str) -> tuple[str, Session]:
        """A new session, and what its cookie holds."""
        text = secrets.token_urlsafe(32)
        session = Session(token_id, self._now() + LASTS)
        own = [digest for digest, known in self._known.items() if known.token_id == token_id]
        for digest in own[: max(0, len(own) + 1 - MOST_OF_A_TOKEN)]:
            del self._known[digest]
        self._known[_digest(text)] = session
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return text, session

    def find(self, text: str) -> Session | None:
        """The session of a cookie, unless it has ended."""
        session = self._known.get(_digest(text))
        return session if session is not None and self._now() < session.ends_at else None

    def close(self, text: str) -> None:
        """End it."""
        self._known.pop(_digest(text), None)


def cookie_of(header: str | None, *, secure: bool) -> str | None:
    """What the session's cookie holds; None where there is none."""
    if not header:
        return None
    try:
        found = SimpleCookie(header).get(_SECURE if secure else _PLAIN)
    except CookieError:
        return None
    return found.value if found else None


def cookie_header(text: str, *, secure: bool) -> str:
    """The value of Set-Cookie for a session; an empty text takes the cookie away."""
    age = 0 if not text else int(LASTS.total_seconds())
    kept = f"{_SECURE if secure else _PLAIN}={text}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
    return f"{kept}; Secure" if secure else kept


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
