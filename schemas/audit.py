"""The audit: who did what, when, to what, from where, and what came of it. On `tickets.audit.v1`."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

Source = Literal["http", "cli", "file"]
SOURCES: tuple[Source, ...] = get_args(Source)
# refused: by a right, a limit or a check, so nothing was done. failed: it was begun, and an error ended it.
Result = Literal["done", "refused", "failed"]
RESULTS: tuple[Result, ...] = get_args(Result)


class AuditRecord(msgspec.Struct, kw_only=True, frozen=True):
    """One thing that was done or tried by a right to act or to administer. `at` is UTC.

    `actor` is a token's name, or who ran a command; `token_id` is empty where there was no token. `tenant` is empty for
    what is of no tenant, or of all. `action` is a word or two with a dot, such as `correction.post`. `target` is what
    it was done to. Nothing of it holds a token, a customer's words or an address of theirs.
    """

    audit_id: str
    at: datetime
    actor: str
    token_id: str = ""
    tenant: str = ""
    action: str
    target: str = ""
    source: Source
    address: str = ""
    result: Result
    detail: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AuditRecord)


def audit_key(record: AuditRecord) -> bytes:
    """The Kafka key: what one actor does stays in order."""
    return record.actor.encode()


def encode_audit(record: AuditRecord) -> bytes:
    """JSON."""
    return _encoder.encode(record)


def decode_audit(value: bytes) -> AuditRecord:
    """Read what `encode_audit` wrote."""
    return _decoder.decode(value)
