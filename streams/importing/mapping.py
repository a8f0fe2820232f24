"""Which column holds what: as it was guessed, confirmed, and kept in a TOML that can be given again."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.events import Channel, Priority, Status
from streams.importing.times import Order, Reading

Shape = Literal["tickets", "messages"]

# What a column may hold, and what is made of it.
FIELDS: Final[dict[str, str]] = {
    "ticket_id": "the ticket's id; required",
    "event_id": "the message's own id",
    "occurred_at": "when the message was written, or the event happened",
    "type": "created, message, agent_reply, status_changed, rated or escalation_requested",
    "author": "who wrote it: agent, bot, system; or customer",
    "created_at": "when the ticket was opened",
    "first_response_at": "when an agent answered first",
    "resolved_at": "when it was resolved",
    "closed_at": "when it was closed",
    "updated_at": "when anything last happened",
    "subject": "its title",
    "text": "what the customer wrote",
    "comments": "what was said later: a list of objects, or text",
    "replies": "what an agent answered",
    "status": "how it stands",
    "priority": "low, medium, high, urgent",
    "channel": "by which way it came",
    "agent_id": "who answers",
    "customer_id": "who asks",
    "email": "the customer's address",
    "phone": "the customer's number",
    "satisfaction": "the rating, 1 to 5",
    "product": "what it is about",
    "journey_stage": "where the customer stands",
    "language": "of the text",
    "tenant": "whose ticket",
}
TIMES: Final = ("occurred_at", "created_at", "first_response_at", "resolved_at", "closed_at", "updated_at")


class BadMapping(Exception):
    """What is wrong with a mapping, and what to do."""


class Mapping(BaseModel):
    """How a file's rows become events. `columns` are by field; all else stands for what the columns do not say.

    `shape` is `tickets` for a row for each ticket, `messages` for a row for each thing that happened. `id_prefix` goes
    before ticket ids, as webhooks put it there. `values` adds to what is known of the words of statuses, priorities and
    channels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: Shape = "tickets"
    system: str = Field("", description="The helpdesk that the file is of, as it was recognised.")
    columns: dict[str, str]
    tenant: str = Field("default", pattern=r"^[A-Za-z0-9_.\-]{1,64}$")
    channel: Channel = "web"
    id_prefix: str = Field("", max_length=32)
    zone: str = "UTC"
    dates: Order = Order.DAY_FIRST
    statuses: dict[str, Status] = {}
    priorities: dict[str, Priority] = {}
    channels: dict[str, Channel] = {}

    @field_validator("columns")
    @classmethod
    def _are_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns:
            if name not in FIELDS:
                raise ValueError(f"{name!r} is no field; there are {', '.join(FIELDS)}")
        if "ticket_id" not in columns:
            raise ValueError("no column is the ticket_id; name it: --map ticket_id=COLUMN")
        return columns

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone!r} is no time zone; wanted is one as Europe/Berlin") from None
        return zone

    @property
    def reading(self) -> Reading:
        """How times are read."""
        return Reading(self.dates, ZoneInfo(self.zone))


def made(fields: dict[str, object]) -> Mapping:
    """Checked. Raises BadMapping."""
    try:
        return Mapping.model_validate(fields)
    except ValidationError as error:
        said = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()
        ]
        raise BadMapping("; ".join(said)) from None


def read_mapping(path: Path) -> Mapping:
    """Of a TOML file. Raises BadMapping, and OSError."""
    try:
        return made(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(f"{path}: {error}") from None
    except BadMapping as error:
        raise BadMapping(f"{path}: {error}") from None


def check_columns(mapping: Mapping, columns: Sequence[str]) -> None:
    """Raises BadMapping for a column that the file does not have."""
    missing = sorted(set(mapping.columns.values()) - set(columns))
    if missing:
        shown = ", ".join(columns[:30]) + (", …" if len(columns) > 30 else "")
        raise BadMapping(f"no column {' and no column '.join(map(repr, missing))}; there are {shown}")


def as_toml(mapping: Mapping) -> str:
    """As `read_mapping` reads it."""
    fields = mapping.model_dump(mode="json")
    tables = {name: value for name, value in fields.items() if isinstance(value, dict)}
    lines = [f"{name} = {_text(str(value))}" for name, value in fields.items() if name not in tables]
    for name, values in tables.items():
        if values:
            lines += ["", f"[{name}]", *(f"{_text(key)} = {_text(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A TOML string: JSON's escapes are among TOML's, but for the character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
