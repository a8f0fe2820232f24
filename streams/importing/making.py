"""Rows as events. Pure: the same row gives the same events with the same ids, so an import that is done again counts
once.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from schemas.events import TicketEvent, event_from
from schemas.rejections import Rejected
from streams.importing.files import Row
from streams.importing.mapping import Mapping
from streams.importing.times import read_time
from streams.importing.words import CHANNELS, NO_RATINGS, PRIORITIES, STATUSES, author_of, rating_of
from streams.sources.html_text import plain

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "import.ticketpulse")
MAX_SUBJECT: Final = 1_000
# An event may have a megabyte of JSON.
MAX_TEXT: Final = 100_000
_ENDED: Final = ("resolved", "closed")
# Jira writes a comment's time and author before it.
_JIRA_COMMENT: Final = re.compile(r"(?P<at>[^;]{8,40});(?P<author>[^;]*);(?P<text>.*)", re.DOTALL)
_AGAIN: Final = " ("

Fields = dict[str, Any]


class Made(NamedTuple):
    """The events of a row, or why there are none."""

    events: Sequence[TicketEvent]
    wrong: str | None = None


class _Wrong(Exception):
    pass


class Maker:
    """Makes events of rows. `unknown` counts values that no word is known for, by field and value: they are left out,
    and `cut` the texts that were too long.
    """

    def __init__(self, mapping: Mapping, columns: Sequence[str]) -> None:
        self._mapping = mapping
        self._columns = mapping.columns
        comments = mapping.columns.get("comments")
        self._comments = [name for name in columns if name == comments or name.startswith(f"{comments}{_AGAIN}")]
        self._statuses = STATUSES | _lower(mapping.statuses)
        self._priorities = PRIORITIES | _lower(mapping.priorities)
        self._channels = CHANNELS | _lower(mapping.channels)
        self.unknown: Counter[tuple[str, str]] = Counter()
        self.cut = 0

    def make(self, row: Row) -> Made:
        """The events of a row, in their order. No content raises."""
        if row.wrong is not None:
            return Made((), row.wrong)
        try:
            fields = self._message(row) if self._mapping.shape == "messages" else list(self._ticket(row))
        except _Wrong as error:
            return Made((), str(error))
        events = []
        for one in fields:
            event = event_from(one, _NEVER)
            if isinstance(event, Rejected):
                return Made((), str(event))
            events.append(event)
        return Made(events)

    # -- a row for each message

    def _message(self, row: Row) -> list[Fields]:
        ticket = self._ticket_id(row)
        at = self._time(row, "occurred_at", required=True)
        author = author_of(self._text(row, "author"))
        status, rating = self._status(row), self._rating(row)
        text, subject = self._words(row, "text"), self._text(row, "subject")
        kind = self._text(row, "type")
        if kind not in _TYPES:
            kind = "agent_reply" if author == "agent" else "message"
            if not text and not subject:
                kind = "rated" if rating is not None else "status_changed" if status else ""
        if not kind:
            raise _Wrong("no text, status or rating: nothing that an event could tell")
        named = self._text(row, "event_id")
        what = named or f"{kind}/{at}/{text}"
        return [
            {
                **self._common(row, ticket),
                "event_id": named or self._id(row, ticket, what),
                "type": kind,
                "occurred_at": at,
                "author": author,
                "subject": subject[:MAX_SUBJECT],
                "text": text,
                "status": status,
                "satisfaction": rating,
                "agent_id": self._text(row, "agent_id") or None,
            }
        ]

    # -- a row for each ticket

    def _ticket(self, row: Row) -> Iterator[Fields]:
        ticket = self._ticket_id(row)
        created = self._moment(row, "created_at", required=True) or _NEVER
        common = self._common(row, ticket)
        text, subject = self._words(row, "text"), self._text(row, "subject")[:MAX_SUBJECT]
        if not text and not subject:
            raise _Wrong("neither a subject nor a text: nothing was asked")
        status = self._status(row)
        ended = status in _ENDED
        ends = self._end(row, created) if ended else None
        yield {
            **common,
            "event_id": self._id(row, ticket, "created"),
            "type": "created",
            "occurred_at": _written(created),
            "subject": subject,
            "text": text,
            "status": "open" if ended else status,
        }
        said = sorted(self._said(row, created), key=lambda each: each[0])
        first = self._moment(row, "first_response_at")
        if first is not None and first >= created and not any(each["type"] == "agent_reply" for _, each in said):
            yield self._reply(row, ticket, common, first)
        for place, (at, fields) in enumerate(said, 1):
            event_id = self._id(row, ticket, f"comment/{fields.pop('id', '') or place}")
            yield {**common, "event_id": event_id, "occurred_at": _written(at), **fields}
        if ends is not None:
            yield {
                **common,
                "event_id": self._id(row, ticket, f"status/{status}"),
                "type": "status_changed",
                # Somebody did: a closed ticket was resolved, when that is not said by itself.
                "status": "resolved",
                "occurred_at": _written(ends),
                "agent_id": self._text(row, "agent_id") or None,
            }
        rating = self._rating(row)
        if rating is not None:
            at = ends or self._moment(row, "updated_at") or created
            yield {
                **common,
                "event_id": self._id(row, ticket, "rated"),
                "type": "rated",
                "satisfaction": rating,
                "occurred_at": _written(max(at, created) + timedelta(milliseconds=2)),
                "agent_id": self._text(row, "agent_id") or None,
            }

    def _reply(self, row: Row, ticket: str, common: Fields, at: datetime) -> Fields:
        return {
            **common,
            "event_id": self._id(row, ticket, "first-response"),
            "type": "agent_reply",
            "text": self._words(row, "replies"),
            "occurred_at": _written(at),
            "agent_id": self._text(row, "agent_id") or None,
        }

    def _end(self, row: Row, created: datetime) -> datetime | None:
        """When it was resolved; of one whose end has no time, when anything last happened."""
        for name in ("resolved_at", "closed_at", "updated_at"):
            found = self._moment(row, name)
            if found is not None and found >= created:
                return found
        return None

    def _said(self, row: Row, created: datetime) -> Iterator[tuple[datetime, Fields]]:
        """What was said after the first words, in one column or several."""
        later = self._moment(row, "updated_at") or created + timedelta(milliseconds=1)
        for column in self._comments:
            value = row.values.get(column)
            for one in value if isinstance(value, list) else [value]:
                found = self._comment(one, later)
                # The description is often the first comment as well.
                if found is not None and found[1]["text"] != self._words(row, "text"):
                    yield found

    def _comment(self, one: Any, later: datetime) -> tuple[datetime, Fields] | None:
        if isinstance(one, dict):
            text = self._cut(
                plain(str(_first(one, "plain_body", "body_text", "body", "text", "content", "message") or ""))
            )
            if not text or one.get("public") is False or one.get("private") is True:
                return None
            at = read_time(_first(one, "created_at", "created", "at", "time", "timestamp"), self._mapping.reading)
            role = _first(one, "author_type", "role", "author_role", "sender", "author", "from")
            if isinstance(role, dict):
                role = _first(role, "type", "role")
            author = author_of(str(role or ""))
            by_agent = author == "agent" or one.get("incoming") is False
            return at or later, {
                "id": str(one.get("id") or ""),
                "type": "agent_reply" if by_agent else "message",
                "author": "agent" if by_agent else author,
                "agent_id": _name(one, "agent_id", "author_id") if by_agent else None,
                "text": text,
            }
        text = self._cut(plain(str(one or "").strip()))
        if not text:
            return None
        found = _JIRA_COMMENT.fullmatch(text)
        at = read_time(found["at"], self._mapping.reading) if found else None
        # Whose words they are is not said: they are kept, and not counted as a customer's.
        return at or later, {"type": "message", "author": "system", "text": found["text"] if found and at else text}

    # -- values

    def _common(self, row: Row, ticket: str) -> Fields:
        columns = self._columns
        reference = str(row.values.get(columns["ticket_id"], "")).strip()
        return {
            "tenant": self._text(row, "tenant") or self._mapping.tenant,
            "ticket_id": ticket,
            "channel": self._known(row, "channel", self._channels) or self._mapping.channel,
            "priority": self._known(row, "priority", self._priorities),
            "customer_id": self._text(row, "customer_id") or self._text(row, "email").lower() or None,
            "email": self._text(row, "email").lower() or None,
            "phone": self._text(row, "phone") or None,
            "product": self._text(row, "product") or None,
            "journey_stage": self._text(row, "journey_stage") or None,
            "language": self._text(row, "language").lower()[:2] or None,
            "source_type": self._mapping.system or "import",
            "source_reference_id": reference,
        }

    def _ticket_id(self, row: Row) -> str:
        found = self._text(row, "ticket_id")
        if not found:
            raise _Wrong(f"{self._columns['ticket_id']}: empty; a ticket has an id")
        prefix = self._mapping.id_prefix
        return found if found.startswith(prefix) else prefix + found

    def _id(self, row: Row, ticket: str, what: str) -> str:
        tenant = self._text(row, "tenant") or self._mapping.tenant
        return str(uuid.uuid5(NAMESPACE, f"{tenant}/{ticket}/{what}"))

    def _text(self, row: Row, field: str) -> str:
        value = row.values.get(self._columns.get(field, ""))
        if isinstance(value, float) and value.is_integer():
            # Tables keep numbers of which some are missing as floats.
            value = int(value)
        return "" if value is None else str(value).strip()

    def _words(self, row: Row, field: str) -> str:
        return self._cut(plain(self._text(row, field)))

    def _cut(self, text: str) -> str:
        if len(text) > MAX_TEXT:
            self.cut += 1
        return text[:MAX_TEXT]

    def _moment(self, row: Row, field: str, *, required: bool = False) -> datetime | None:
        column = self._columns.get(field)
        value = row.values.get(column) if column else None
        if value is None or not str(value).strip():
            if required:
                raise _Wrong(f"{column or field}: no time")
            return None
        found = read_time(value, self._mapping.reading)
        if found is None:
            raise _Wrong(f"{column}: {str(value)[:40]!r} is no time that is read here")
        if found.year < MAXYEAR:
            return found
        # Exports write "never" so, and what comes some milliseconds later is in no calendar.
        if required:
            raise _Wrong(f"{column}: {str(value)[:40]!r} means never")
        return None

    def _time(self, row: Row, field: str, *, required: bool) -> str:
        return _written(self._moment(row, field, required=required) or _NEVER)

    def _known(self, row: Row, field: str, words: dict[str, str]) -> str | None:
        written = self._text(row, field)
        if not written:
            return None
        found = words.get(written.lower())
        if found is None:
            self.unknown[field, written[:60]] += 1
        return found

    def _status(self, row: Row) -> str | None:
        return self._known(row, "status", self._statuses)

    def _rating(self, row: Row) -> int | None:
        written = self._text(row, "satisfaction")
        if not written or written.lower() in NO_RATINGS:
            return None
        found = rating_of(written)
        if found is None:
            self.unknown["satisfaction", written[:60]] += 1
        return found


_TYPES: Final = frozenset({"created", "message", "agent_reply", "status_changed", "rated", "escalation_requested"})
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _lower(words: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in words.items()}


def _first(one: dict[str, Any], *names: str) -> Any:
    return next((one[name] for name in names if one.get(name) not in (None, "")), None)


def _name(one: dict[str, Any], *names: str) -> str | None:
    found = _first(one, *names)
    return None if found is None else str(found)


def _written(moment: datetime) -> str:
    return moment.isoformat()
