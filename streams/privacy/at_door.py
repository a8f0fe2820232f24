"""Redaction at the door: records as they may be written to `tickets.events.v1`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from schemas.cloudevents import STRUCTURED, read_message
from schemas.events import FIELDS
from schemas.rejections import Rejected
from streams.engine.log import Headers
from streams.privacy.in_flow import WHO, Redaction, is_role
from streams.privacy.policy import VALUES, TenantRules
from streams.privacy.replacing import Replacer

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What a CloudEvent is known by; an event's own id is never replaced either.
_IDENTITY: Final = frozenset({"specversion", "id", "time", "type", "datacontenttype"})
# What was replaced may bring something else to light: so often is looked again.
_PASSES: Final = 4


class Replaced(NamedTuple):
    """A record as it may be stored, and how many places were replaced in its value."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    found: int


def replaced_at_door(
    redaction: Redaction, value: bytes | None, headers: Headers = (), key: bytes | None = None
) -> Replaced:
    """A record without the personal data that its tenant wants replaced at the door; others as they are.

    An event stays an event with the same ids, times and kinds; JSON is written anew only where something was replaced.
    Of what is no event everything is looked through, as in a dead letter; so it is of a `key`, which may be anything.
    To do it again changes nothing.
    """
    book, untouched = redaction.book, Replaced(key, value, headers, 0)
    if value is None or not book.has_door:
        return untouched
    said = {name.lower(): raw.decode("utf-8", "replace") for name, raw in headers if raw is not None}
    event = read_message(value, said, _EPOCH)
    if isinstance(event, Rejected):
        if not redaction.is_at_door(value):
            return untouched
        letter = redaction.letter(value)
        return Replaced(redaction.letter(key), letter, _headers(redaction, headers), int(letter != value))
    if not book.is_at_door(event.tenant):
        return untouched
    rules = book.of_tenant(event.tenant)
    replacer = Replacer(event.tenant, rules, redaction.keys)
    fields = before = msgspec.json.decode(value)
    is_envelope = "ce_specversion" not in said and said.get("content-type", "").startswith(STRUCTURED)
    for _ in range(_PASSES):
        made = _of_envelope(fields, rules, replacer) if is_envelope else _of_event(fields, rules, replacer)
        if made == fields:
            break
        fields = made
    said_now = value if fields == before else msgspec.json.encode(fields)
    return Replaced(redaction.letter(key), said_now, _headers(redaction, headers), replacer.found)


def _headers(redaction: Redaction, headers: Headers) -> Headers:
    kept = {"content-type", *(f"ce_{name}" for name in _IDENTITY)}
    return [
        (name, raw if name.lower().replace("ce-", "ce_") in kept else redaction.headers([(name, raw)])[0][1])
        for name, raw in headers
    ]


def _of_envelope(envelope: Mapping[str, Any], rules: TenantRules, replacer: Replacer) -> dict[str, Any]:
    return {
        name: _of_event(value, rules, replacer)
        if name == "data"
        else value
        if name in _IDENTITY
        else replacer.inside(value, "mask", name)
        for name, value in envelope.items()
    }


def _of_event(fields: Mapping[str, Any], rules: TenantRules, replacer: Replacer) -> dict[str, Any]:
    """The fields of an event that can be read, by the rules that `score` follows."""
    made = {name: value for name, value in fields.items() if name in FIELDS}
    for name in VALUES & rules.fields.keys() & made.keys():
        value = made.pop(name)
        kept = value if is_role(name, value) else replacer.value(value, rules.of(name), WHO.get(name, "value"))
        if kept is not None:
            made[name] = kept
    for name in ("subject", "text"):
        if value := made.get(name):
            made[name] = replacer.text(value, rules.of(name))[0]
    if value := made.get("metadata"):
        made["metadata"] = replacer.custom(value, "metadata")
    if value := made.get("attachments"):
        made["attachments"] = replacer.inside(value, rules.of("attachments"), "attachments")
    extra = {name: value for name, value in fields.items() if name not in FIELDS}
    return {**made, **replacer.custom(extra, "extra")} if extra else made
