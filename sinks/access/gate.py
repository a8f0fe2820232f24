"""Who is let in: by a token, or by a session that was opened with one."""

import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from schemas.audit import AuditRecord
from sinks.access.audit import Auditor
from sinks.access.limits import Limiter, Rates
from sinks.access.principals import ANYONE, Principal
from sinks.access.sessions import Session, Sessions
from sinks.access.token_file import TokenSource
from sinks.access.tokens import MAX_TOKEN_CHARS, StoredToken, TokenState
from sinks.clock import utc_now
from sinks.record_writer import RecordWriter

log = logging.getLogger(__name__)

# The file is followed by every server, each of which tells of a change: by its id it is one record.
_CHANGES: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "tokens.audit.ticketpulse")


class Opened(NamedTuple):
    """A session that was opened: who signed in, what the cookie holds, and when it ends."""

    principal: Principal
    cookie: str
    session: Session


class Gate:
    """What both servers ask about who asks them. Without a `file` of tokens everybody may do everything.

    `audit` is where records of what was done go. `now` is aware; `seconds` never goes back.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        rates: Rates | None = None,
        audit: RecordWriter | None = None,
        now: Callable[[], datetime] | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises FileError for a file that cannot be read, and ValueError for a rate that cannot."""
        self._now = now or utc_now
        self._source = None if file is None else TokenSource(file, seconds)
        self._sessions = Sessions(self._now)
        self.limiter = Limiter(rates or Rates())
        self.auditor = Auditor(audit, self._now)

    @property
    def is_open(self) -> bool:
        """Whether no tokens are asked for."""
        return self._source is None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """While a server runs: what is done is written down."""
        await self.auditor.start()
        try:
            yield
        finally:
            await self.auditor.stop()

    async def audit_changes(self) -> None:
        """Write down which tokens came, went and were revoked since the last time somebody asked."""
        if self._source is None:
            return
        self._source.book()
        for action, token in self._source.take_changes():
            what = f"{action}/{token.model_dump_json()}"
            record = AuditRecord(
                audit_id=str(uuid.uuid5(_CHANGES, what)),
                at=self._now(),
                actor="the file of tokens",
                tenant=token.tenant or "",
                action=action,
                target=f"{token.id} {token.name}",
                source="file",
                result="done",
                detail=" ".join(token.roles),
            )
            await self.auditor.keep(record)

    def tell_of_failure(self, address: str, path: str) -> None:
        """A wrong token was shown. Which one is not told: it may be the right one of another place."""
        log.warning("a wrong token from %s for %.200r", address or "an unknown address", path)

    def by_token(self, text: str) -> Principal | None:
        """Who shows a token; None for one that is not valid."""
        if self._source is None:
            return ANYONE
        return None if len(text) > MAX_TOKEN_CHARS else self._source.book().check(text, self._now())

    def by_cookie(self, text: str) -> Principal | None:
        """Who has signed in. A session ends with its token."""
        session = self._sessions.find(text)
        return None if session is None else self.standing(session.token_id)

    def standing(self, token_id: str) -> Principal | None:
        """Who has the token of this id, as long as it is valid."""
        return ANYONE if self._source is None else self._source.book().standing(token_id, self._now())

    def sign_in(self, who: Principal) -> Opened:
        """Open a session for who has shown a token."""
        return Opened(who, *self._sessions.open(who.token_id))

    def sign_out(self, cookie: str) -> None:
        """End a session."""
        self._sessions.close(cookie)

    def tokens(self) -> list[StoredToken]:
        """All of them, the newest first."""
        known = [] if self._source is None else self._source.book().tokens.values()
        return sorted(known, key=lambda token: token.created_at, reverse=True)

    def state_of(self, token: StoredToken) -> TokenState:
        """How a token stands now."""
        return token.state(self._now())
