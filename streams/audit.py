"""What a command does, for the audit."""

import getpass
import socket
import uuid
from collections.abc import Sequence
from datetime import datetime

from schemas.audit import AuditRecord

# So many are named; that there were more, their number tells.
_NAMED = 20


def of_command(action: str, targets: Sequence[str], note: str, at: datetime, tenant: str = "") -> AuditRecord:
    """The record of a command that was run here, by whoever this machine says runs it. `at` is aware; `tenant` is empty
    for what is of all.
    """
    named = ", ".join(targets[:_NAMED])
    return AuditRecord(
        audit_id=str(uuid.uuid4()),
        at=at,
        actor=who(),
        tenant=tenant,
        action=action,
        target=f"{named}, …" if len(targets) > _NAMED else named,
        source="cli",
        address=socket.gethostname(),
        result="done",
        detail=f"{len(targets)}: {note}" if note else str(len(targets)),
    )


def who() -> str:
    """Whoever this machine says runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return "unknown"
