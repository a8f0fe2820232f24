"""The query parameters that addresses of analytics share, and what they come to."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, WithJsonSchema

from schemas.events import Channel, Priority
from schemas.scored import Label
from sinks.analytics.selection import InvalidSpan, Selection, moment_of, span_of
from sinks.dashboard.parameters import TenantName

MAX_VALUES: Final = 50
MAX_VALUE_CHARS: Final = 256

_ISO: Final = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}


def _read_moment(value: Any) -> Any:
    return moment_of(value) if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_read_moment), WithJsonSchema(_ISO)]
Format = Annotated[Literal["json", "csv"], Query(description="csv: the answer's table, one row a line.")]

From = Annotated[Moment | None, Query(alias="from", description="Its beginning; else a week before its end.")]
To = Annotated[Moment | None, Query(description="Its end, not included; else the end of the running minute.")]
Channels = Annotated[list[Channel] | None, Query(max_length=MAX_VALUES, description="One of these channels.")]
Categories = Annotated[
    list[Annotated[str, Query(max_length=MAX_VALUE_CHARS)]] | None,
    Query(max_length=MAX_VALUES, description="One of these categories."),
]
Priorities = Annotated[list[Priority] | None, Query(max_length=MAX_VALUES, description="One of these priorities.")]
Labels = Annotated[list[Label] | None, Query(max_length=MAX_VALUES, description="Texts that sound like one of these.")]
Agents = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=MAX_VALUE_CHARS)]] | None,
    Query(max_length=MAX_VALUES, description="Tickets in which one of these agents had a part."),
]


def selection_of(now: Callable[[], datetime]) -> Callable[..., Selection]:
    """What reads a selection from a request's parameters. `now` is aware."""

    def selected(
        tenant: TenantName = "default",
        since: From = None,
        to: To = None,
        channel: Channels = None,
        category: Categories = None,
        priority: Priorities = None,
        label: Labels = None,
        agent: Agents = None,
    ) -> Selection:
        try:
            begin, end = span_of(since, to, now())
        except InvalidSpan as error:
            raise invalid(error.field, str(error)) from error
        return Selection(
            tenant=tenant,
            since=begin,
            until=end,
            channels=_once(channel),
            categories=_once(category),
            priorities=_once(priority),
            labels=_once(label),
            agents=_once(agent),
        )

    return selected


def _once(values: list[Any] | None) -> tuple[Any, ...]:
    """In one order, so that the same question is known again."""
    return tuple(sorted(set(values or ())))


def invalid(field: str, message: str) -> RequestValidationError:
    """What a request is refused with: 422, for one of its parameters."""
    return RequestValidationError([{"loc": ("query", field), "msg": message, "type": "value_error"}])
