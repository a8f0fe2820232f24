"""The audit: what was done by a right to act or to administer, into the log."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.types import Scope

from schemas.audit import AuditRecord, audit_key, encode_audit
from sinks.access.principals import Principal
from sinks.prometheus import AUDIT_LOST
from sinks.record_writer import NotAcknowledged, RecordWriter

log = logging.getLogger(__name__)

_TOLD: Final = "ticketpulse.audit"
_MAX_CHARS: Final = 500


def tell(scope: Scope, *, target: str, detail: str = "", tenant: str | None = None) -> None:
    """Say to the audit of a request what it is done to, and of whose; of an address without one it is not heard."""
    scope[_TOLD] = {"target": target[:_MAX_CHARS], "detail": detail[:_MAX_CHARS], "tenant": tenant}


class Auditor:
    """Writes records to `tickets.audit.v1`. What the log does not take is in the process's own log instead: what was
    done is done, and to answer that it was not would be a lie.
    """

    def __init__(self, writer: RecordWriter | None, now: Callable[[], datetime]) -> None:
        self._writer = writer
        self._now = now

    async def start(self) -> None:
        """Get ready to write."""
        if self._writer is not None:
            await self._writer.start()

    async def stop(self) -> None:
        """Release what `start` took."""
        if self._writer is not None:
            await self._writer.stop()

    async def of_request(self, scope: Scope, who: Principal, action: str, tenant: str, status: int) -> None:
        """Record a request that was answered with this status."""
        told = scope.get(_TOLD) or {"target": scope["path"][:_MAX_CHARS], "detail": "", "tenant": None}
        detail = f"{scope['method']} {status}"
        await self.keep(
            AuditRecord(
                audit_id=str(uuid.uuid4()),
                at=self._now(),
                actor=who.name,
                token_id=who.token_id,
                tenant=told["tenant"] or who.tenant or tenant,
                action=action,
                target=told["target"],
                source="http",
                address=address_of(scope),
                result="done" if status < 400 else "refused" if status < 500 else "failed",
                detail=f"{detail}: {told['detail']}" if told["detail"] else detail,
            )
        )

    async def keep(self, record: AuditRecord) -> None:
        """Keep a record; nothing is raised."""
        if self._writer is None:
            log.info("audit: %s", encode_audit(record).decode())
            return
        try:
            await self._writer.send(audit_key(record), encode_audit(record))
        except NotAcknowledged as error:
            AUDIT_LOST.inc()
            log.error("the audit's log is away (%s): %s", error, encode_audit(record).decode())


def address_of(scope: Scope) -> str:
    """From where a request comes; empty where that is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""
