"""Who can be told, by what way, and how often: the targets of `notify.toml`. Data, checked when it is read.

A secret is never written in the file. What says `env:NAME` or `file:PATH` stands for the value of a variable or the
content of a file, and is looked up by whoever sends (`sinks/notify/secrets.py`).
"""

import re
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.events import Priority
from schemas.spans import Span

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_SECRET: Final = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


def _is_reference(written: str) -> str:
    if not _SECRET.fullmatch(written):
        raise ValueError("a secret does not stand in a file: wanted is env:NAME or file:PATH")
    return written


def _minute_of_day(written: object) -> int:
    if not isinstance(written, str) or not _CLOCK.fullmatch(written):
        raise ValueError(f'{written!r} is no time of day; wanted: "08:00" to "24:00"')
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def _is_header_safe(address: str) -> str:
    if any(character in address for character in "\r\n\0") or "@" not in address:
        raise ValueError(f"{address!r} is no address")
    return address


Secret = Annotated[str, AfterValidator(_is_reference)]
Address = Annotated[str, AfterValidator(_is_header_safe)]


class Part(BaseModel):
    """Of the file: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


class Hours(Part):
    """From a time of day until another, on some days of the week, by the clocks of a place. `until` before `from` is on
    the next day, which counts to the day on which it began.
    """

    from_: str = Field("00:00", alias="from")
    until: str = "24:00"
    days: tuple[Day, ...] = DAYS
    zone: str = "UTC"

    @field_validator("from_", "until")
    @classmethod
    def _is_a_time(cls, written: str) -> str:
        _minute_of_day(written)
        return written

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone; wanted: a name such as Europe/Berlin")
        return name

    @property
    def minutes(self) -> tuple[int, int]:
        """Begin and end as minutes of the day."""
        return _minute_of_day(self.from_), _minute_of_day(self.until)

    @property
    def clock(self) -> ZoneInfo:
        """The clock by which they are meant."""
        return ZoneInfo(self.zone)


class Quiet(Hours):
    """Hours in which nobody is told, but of what has one of the priorities in `unless`: it waits for their end."""

    unless: tuple[Priority, ...] = ("urgent",)


class _Target(Part):
    """`group` collects what comes within a span into one message. More than `per_minute` wait. Of what is told again
    and again, the first `attempts` are tried; between them the spans of `retry` pass, the last one repeatedly.
    """

    language: Language = "en"
    group: Span = 0
    per_minute: int = Field(60, ge=1)
    quiet: Quiet | None = None
    retry: tuple[Span, ...] = (30_000, 60_000, 120_000)
    attempts: int = Field(4, ge=1, le=20)
    timeout: Span = 20_000

    @field_validator("retry")
    @classmethod
    def _waits_at_all(cls, spans: tuple[int, ...]) -> tuple[int, ...]:
        if not spans:
            raise ValueError("at least one span")
        return spans


class EmailTarget(_Target):
    """By mail, to addresses, or to the customer whom a notice is about. `attach` adds the conversation as a text
    file.
    """

    kind: Literal["email"] = "email"
    to: tuple[Address, ...] | Literal["customer"]
    attach: bool = True
    # At most so many to one address of a customer in a day: what keeps two machines from answering each other.
    per_address_a_day: int = Field(5, ge=1)


class SmsTarget(_Target):
    """To the customer's phone, or to phones, by an apprise address in which `{phone}` stands for the number."""

    kind: Literal["sms"] = "sms"
    url: Secret
    to: tuple[str, ...] | Literal["customer"]
    per_address_a_day: int = Field(5, ge=1)


class AppriseTarget(_Target):
    """Any of the services that apprise knows: Slack, Teams, Discord, PagerDuty and many more. The address holds the
    credentials, so it is a secret as a whole.
    """

    kind: Literal["apprise"] = "apprise"
    url: Secret


class WebhookTarget(_Target):
    """A POST of the notices as JSON, signed with HMAC-SHA256 over its time and body."""

    kind: Literal["webhook"] = "webhook"
    url: str = Field(pattern=r"^https?://\S+$")
    secret: Secret


class AlertmanagerTarget(_Target):
    """An Alertmanager: escalations and alerts are alerts there until they are resolved."""

    kind: Literal["alertmanager"] = "alertmanager"
    url: str = Field(pattern=r"^https?://\S+$")


class HelpdeskTarget(_Target):
    """The ticket in a helpdesk gets its priority, flag and note, as the mapping `system` says."""

    kind: Literal["helpdesk"] = "helpdesk"
    system: str
    url: str = Field(pattern=r"^https?://\S+$")
    user: Secret | None = None
    token: Secret
    settings: dict[str, str | int | bool] = {}


Target = Annotated[
    EmailTarget | SmsTarget | AppriseTarget | WebhookTarget | AlertmanagerTarget | HelpdeskTarget,
    Field(discriminator="kind"),
]
# Their kinds.
PROVIDERS: Final = ("email", "sms", "apprise", "webhook", "alertmanager", "helpdesk")


class Smtp(Part):
    """The mail server. `starttls` may be required, used when offered, or not used; smtps is encrypted from the
    beginning.
    """

    host: str
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "opportunistic", "smtps", "none"] = "starttls"
    user: Secret | None = None
    password: Secret | None = None
    sender: Address
    reply_to: Address | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are given together, or none of them")
        return self
