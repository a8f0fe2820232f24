"""Redaction where events flow: of what was scored, and of records that could not be."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from schemas.events import TicketEvent
from schemas.rejections import Rejected
from schemas.scored import Reason, ScoredEvent
from streams.engine.log import Headers
from streams.privacy.keys import NO_KEYS, Keys, Who
from streams.privacy.policy import VALUES, Action, PrivacyBook, TenantRules
from streams.privacy.replacing import Replaced, Replacer, moved, shows

# Authors by whom it is told whether a person speaks, and which: they are no names.
_ROLES: Final = frozenset({"agent", "bot", "system", "customer", "user", "human"})
#: Whose a field is, where its hash must be that of the same value elsewhere.
WHO: Final[dict[str, Who]] = {"customer_id": "customer", "email": "email", "phone": "phone"}
_GONE: Final = "[removed]"


class Redaction:
    """What is done with personal data, for each tenant by its rules. `keys` make the hashes."""

    def __init__(self, book: PrivacyBook, keys: Keys = NO_KEYS) -> None:
        """Raises ValueError when something is to be hashed and there is no key."""
        if book.needs_key and not keys:
            raise ValueError("privacy.toml wants hashes: set TICKETPULSE_PRIVACY_KEYS=id:secret")
        self.book = book
        self.keys = keys
        self.is_off = book.all_off

    def __str__(self) -> str:
        return str(self.book)

    def events(self, scored: Sequence[ScoredEvent]) -> tuple[list[ScoredEvent], int]:
        """Each event as everybody may see it, and how many places were replaced in all of them. Scores, readings and
        times stay; phrases and terms that show what was replaced do not.
        """
        made: list[ScoredEvent] = []
        found = 0
        for event in scored:
            rules = self.book.of_tenant(event.tenant)
            if rules.is_off:
                made.append(event)
                continue
            replacer = Replacer(event.tenant, rules, self.keys)
            made.append(_redacted(event, rules, replacer))
            found += replacer.found
        return made, found

    def letter(self, value: bytes | None) -> bytes | None:
        """A record that could not be read, without the personal data that is found in it. JSON stays JSON; bytes that
        are no text are left out, because nothing can be found in them.
        """
        if value is None or self.is_off:
            return value
        fields = _json(value)
        if isinstance(fields, dict):
            said = _said(fields)
            made = self._fields(fields, self._rules_of(said), str(said.get("tenant", "default")))
            return value if made == fields else msgspec.json.encode(made)
        rules = self._strictest()
        if rules.is_off:
            return value
        replacer = Replacer("", rules, self.keys)
        if not isinstance(fields, _NotJson):
            return msgspec.json.encode(replacer.inside(fields, "mask", ""))
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = "\0"
        return b"[%d bytes]" % len(value) if "\0" in text else replacer.text(text, "mask")[0].encode()

    def headers(self, headers: Headers) -> Headers:
        """A letter's headers, by the same rules."""
        if self.is_off:
            return headers
        return [(name, self.letter(raw) or b"") for name, raw in headers]

    def reason(self, rejected: Rejected) -> Rejected:
        """Why a record cannot be read, without the personal data in what is quoted of it."""
        if self.is_off:
            return rejected
        field, message = (
            Replacer("", self._strictest(), self.keys).text(each, "mask")[0]
            for each in (rejected.field, rejected.message)
        )
        return rejected._replace(field=field, message=message)

    def is_at_door(self, unreadable: bytes) -> bool:
        """Whether a record that is no event must be replaced at the door: its tenant wants it, or nobody knows whose it
        is and somebody wants it.
        """
        fields = _json(unreadable)
        if not isinstance(fields, dict):
            return self.book.has_door
        tenant = _said(fields).get("tenant", "default")
        return self.book.is_at_door(tenant) if isinstance(tenant, str) else self.book.has_door

    def _fields(self, fields: dict[str, Any], rules: TenantRules, tenant: str, depth: int = 0) -> dict[str, Any]:
        if rules.is_off:
            return fields
        replacer = Replacer(tenant, rules, self.keys)
        made: dict[str, Any] = {}
        for name, value in fields.items():
            if name == "data" and isinstance(value, dict) and not depth:
                # The event in a CloudEvent.
                made[name] = self._fields(value, rules, tenant, 1)
            elif name in VALUES and isinstance(value, str):
                made[name] = replacer.value(value, rules.of(name), WHO.get(name, "value"))
            elif name == "metadata" and isinstance(value, dict):
                made[name] = replacer.custom(value, name)
            else:
                # Also where a field is of another kind than it should be: the customer's words may be in any.
                made[replacer.text(name, "mask")[0]] = replacer.inside(value, _any_of(rules, name), name)
        return made

    def _rules_of(self, fields: dict[str, Any]) -> TenantRules:
        tenant = fields.get("tenant", "default")
        return self.book.of_tenant(tenant) if isinstance(tenant, str) else self._strictest()

    def _strictest(self) -> TenantRules:
        """For what is nobody's: whoever wants most."""
        return max((self.book, *self.book.tenants.values()), key=_wanted)


def is_role(field: str, value: str | None) -> bool:
    """Whether a field tells by whom it is said, and no name: this is not replaced."""
    return field == "author" and value is not None and value.casefold() in _ROLES


def _wanted(rules: TenantRules) -> int:
    return sum(action != "off" for action in rules.fields.values())


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """What a record says, as an event or around one: in a CloudEvent it is the data that names the tenant."""
    data = fields.get("data")
    return {**fields, **data} if isinstance(data, dict) else fields


class _NotJson:
    pass


def _json(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NotJson()


def _any_of(rules: TenantRules, name: str) -> Action:
    """What is done in a field of a letter. In one of which nothing is said it is as good as anywhere to look."""
    return rules.of(name) if name in rules.fields else "mask"


def _redacted(event: ScoredEvent, rules: TenantRules, replacer: Replacer) -> ScoredEvent:
    values = {
        name: replacer.value(value, rules.of(name), WHO.get(name, "value"))
        for name in VALUES & rules.fields.keys()
        if (value := getattr(event, name)) and not is_role(name, value)
    }
    subject, in_subject = replacer.text(event.subject or "", rules.of("subject"))
    text, in_text = replacer.text(event.text or "", rules.of("text"))
    metadata = replacer.custom(event.metadata, "metadata")
    extra = event.extra if event.extra is msgspec.UNSET else replacer.custom(event.extra, "extra")
    attachments = replacer.inside(event.attachments, rules.of("attachments"), "attachments")
    reading = event.reading
    phrases = tuple(each for each in reading.key_phrases if not shows(each, replacer.words))
    keywords = tuple(each for each in reading.keywords if not shows(each, replacer.words))
    if phrases != reading.key_phrases or keywords != reading.keywords:
        reading = replace(reading, key_phrases=phrases, keywords=keywords)
    return replace(
        event,
        **values,
        subject=subject if event.subject is not None else None,
        text=text if event.text is not None else None,
        metadata=metadata,
        extra=extra,
        attachments=attachments,
        reading=reading,
        reasons=_reasons(event, _joined(event, in_subject, in_text), replacer.words),
    )


def _joined(event: TicketEvent, in_subject: Sequence[Replaced], in_text: Sequence[Replaced]) -> list[Replaced]:
    """Places in subject and text as places in both together, as they were scored."""
    before = len(event.subject) + 1 if event.subject and event.subject.strip() else 0
    moved_on = [Replaced(each.start + before, each.end + before, each.length) for each in in_text]
    return [*(in_subject if before else ()), *moved_on]


def _reasons(event: ScoredEvent, replaced: Sequence[Replaced], words: set[str]) -> tuple[Reason, ...]:
    if not words:
        return event.reasons
    whole = "\n".join(part for part in (event.subject, event.text) if part and part.strip())
    return tuple(_reason(each, whole, replaced, words) for each in event.reasons)


def _reason(reason: Reason, whole: str, replaced: Sequence[Replaced], words: set[str]) -> Reason:
    """The reason with its place in the text as it is now; its term is not told where it was replaced."""
    start, end = reason.start, reason.end
    # Other rules tell words of dictionaries; to a model any word may mean something.
    if reason.rule == "model" and shows(reason.term, words):
        return replace(reason, term=_GONE, start=0, end=0)
    if end <= start:
        return reason
    if whole[start:end] != reason.term:
        # A place in the text without quotations, of which the text as it is now has no equal: it is looked for anew.
        return replace(reason, start=0, end=0)
    place = moved(start, end, replaced)
    return (
        replace(reason, term=_GONE, start=0, end=0) if place is None else replace(reason, start=place[0], end=place[1])
    )
