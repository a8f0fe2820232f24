"""How one kind of helpdesk is spoken to: a mapping in TOML, checked when it is read."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from schemas.escalations import Escalation
from schemas.events import PRIORITIES, Priority
from sinks.helpdesk.answers import Take
from sinks.helpdesk.filling import names_in
from sinks.helpdesk.references import can_be_reference
from sinks.helpdesk.wording import NAMES
from sinks.notify.targets import Part

Kind = Literal["escalation", "raised", "resolved"]
KINDS: Final[tuple[Kind, ...]] = ("escalation", "raised", "resolved")
# Made of `flags`, where a request takes it: a helpdesk that replaces all flags is given the others again.
OF_FLAGS: Final = ("flagged", "flags_with", "flags_without")
FLAG: Final = "settings.flag"
Status = Annotated[int, Field(ge=100, le=599)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


# A place in the file, and what is wrong there.
_Wrong = tuple[tuple[str, ...], str]


def _is_pattern(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        raise ValueError(f"{written!r} is no regular expression: {error}") from None
    return written


def is_number(written: str) -> bool:
    """Whether it is a whole number as ids are: not negative, of at most 19 digits."""
    return re.fullmatch(r"[0-9]{1,19}", written) is not None


def _is_absolute(path: str) -> str:
    if not re.fullmatch(r"/[^\s?#]*", path):
        raise ValueError(f"{path!r} is no path: it begins with / and has no space, ? and #; a query goes to `query`")
    return path


Pattern = Annotated[str, AfterValidator(_is_pattern)]


class Setting(Part):
    """What a target's `settings` may say; without a default it must. `pattern` is what the whole value looks like; a
    `number` is one in bodies too, however it is written.
    """

    default: str | int | None = None
    pattern: Pattern = ".+"
    number: bool = False

    @model_validator(mode="after")
    def _takes_its_default(self) -> Self:
        if self.default is not None and not self.takes(self.default):
            raise ValueError(f"the default does not look like {self.pattern}")
        return self

    def takes(self, value: str | int) -> bool:
        """Whether it may have this value."""
        looks = not isinstance(value, bool) and re.fullmatch(self.pattern, str(value)) is not None
        return looks and (not self.number or is_number(str(value)))


class Auth(Part):
    """How a request proves who asks: `basic` with a user and a password, or a `header` with a value. The places are
    `{user}` and `{token}`.
    """

    scheme: Literal["basic", "header"]
    user: str | None = None
    password: str | None = None
    header: str = "Authorization"
    value: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = {name for name in ("user", "password", "value") if getattr(self, name) is not None}
        wanted = {"user", "password"} if self.scheme == "basic" else {"value"}
        if given != wanted:
            raise ValueError(f"{self.scheme} goes with {' and '.join(sorted(wanted))}, and with nothing else")
        return self

    @property
    def needs_user(self) -> bool:
        """Whether the target must name a user."""
        return "user" in set(names_in([self.user or "", self.password or "", self.value or ""]))


class Known(Part):
    """Where an event says which ticket of the helpdesk it belongs to: the whole of `field` looks like `pattern`, whose
    first group, or all of it, is the ticket's id. `source_type` limits it to events of one kind of source.
    """

    field: Literal["source_reference_id", "ticket_id"]
    pattern: Pattern
    source_type: str | None = None

    def reference(self, escalation: Escalation) -> str | None:
        """The id in the helpdesk, if the escalation says it here."""
        if self.source_type is not None and (escalation.source_type or "").casefold() != self.source_type.casefold():
            return None
        found = re.fullmatch(self.pattern, getattr(escalation, self.field) or "")
        reference = found[1 if found.re.groups else 0] if found else None
        # A ticket is rather created than lost for what its event says of where it came from.
        return reference if reference and can_be_reference(reference) else None


class Request(Part):
    """One request, and what its answer means. It is left out unless there is a value of the name `needs`, and if there
    is one of the name `unless`.

    `again` are statuses after which it is tried later, `done` others than 2xx that are as good, `none` those by which
    the helpdesk says that it has found nothing. What is left is refused for good, but 408, 425, 429 and 5xx.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, AfterValidator(_is_absolute)]
    query: dict[str, str] = Field({})
    headers: dict[str, str] = Field({})
    body: JsonValue = None
    take: dict[Name, Take] = Field({})
    needs: str | None = None
    unless: str | None = None
    done: tuple[Status, ...] = ()
    again: tuple[Status, ...] = ()
    none: tuple[Status, ...] = ()

    @field_validator("path", "query", "headers", "body", "take")
    @classmethod
    def _has_whole_places(cls, part: Any) -> Any:
        _names_of(part)
        return part

    def names(self) -> Iterator[tuple[str, str]]:
        """All names that it asks for, each with where it does."""
        for where in ("path", "query", "headers", "body", "take"):
            yield from ((where, name) for name in _names_of(getattr(self, where)))
        yield from ((where, name) for where in ("needs", "unless") if (name := getattr(self, where)) is not None)


class HelpdeskMapping(Part):
    """A kind of helpdesk. `find` looks for the ticket that carries the mark and takes its `id`, `create` makes one and
    takes its `id`; `on` says what is done with a ticket when an escalation begins, is raised, or is resolved.
    `numbered` says that ids are numbers in bodies. `source` names the documents that it was written from, and `read_on`
    when.
    """

    name: str
    source: tuple[str, ...]
    read_on: date
    numbered: bool = False
    auth: Auth
    settings: dict[Name, Setting] = Field({})
    priorities: dict[Priority, str | int]
    known: tuple[Known, ...] = ()
    requests: dict[Name, Request]
    find: tuple[Name, ...]
    create: tuple[Name, ...]
    on: dict[Kind, tuple[Name, ...]]

    @field_validator("priorities")
    @classmethod
    def _has_all_priorities(cls, priorities: dict[Priority, str | int]) -> dict[Priority, str | int]:
        _all_of(priorities, PRIORITIES)
        return priorities

    @field_validator("on")
    @classmethod
    def _knows_all_kinds(cls, on: dict[Kind, tuple[str, ...]]) -> dict[Kind, tuple[str, ...]]:
        _all_of(on, KINDS)
        return on

    @field_validator("auth")
    @classmethod
    def _has_its_places(cls, auth: Auth) -> Auth:
        for name in names_in([auth.user or "", auth.password or "", auth.value or ""]):
            if name not in ("user", "token"):
                raise ValueError(f"there is no {{{name}}} here; there are {{user}} and {{token}}")
        return auth

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [*self._wrong_steps(), *self._wrong_names()]
        if wrong:
            errors = [
                InitErrorDetails(type=PydanticCustomError("mapping", "{said}", {"said": said}), loc=place, input=None)
                for place, said in wrong
            ]
            raise ValidationError.from_exception_data("HelpdeskMapping", errors)
        return self

    def _wrong_steps(self) -> Iterator[_Wrong]:
        lists: dict[tuple[str, ...], tuple[str, ...]] = {("find",): self.find, ("create",): self.create}
        lists |= {("on", kind): steps for kind, steps in self.on.items()}
        for where, steps in lists.items():
            for step in steps:
                if step not in self.requests:
                    yield where, f"there is no request {step!r}; there are: {', '.join(self.requests)}"
            if where[0] != "on" and not any(
                "id" in self.requests[step].take for step in steps if step in self.requests
            ):
                yield where, "none of its requests takes `id`"
        used = {step for steps in lists.values() for step in steps}
        yield from ((("requests", name), "nothing uses it") for name in self.requests if name not in used)

    def _wrong_names(self) -> Iterator[_Wrong]:
        taken = {name for request in self.requests.values() for name in request.take}
        settings = {f"settings.{name}" for name in self.settings}
        known = NAMES | taken | settings
        if "flags" in taken:
            known |= set(OF_FLAGS)
            if FLAG not in settings:
                yield ("settings",), "what takes `flags` needs a setting `flag`"
        for name, request in self.requests.items():
            for where, asked in request.names():
                if asked not in known:
                    said = f"there is no {{{asked}}}; there are: {', '.join(sorted(known))}"
                    yield ("requests", name, where), said
            for given in request.take:
                if given in NAMES - {"id"}:
                    yield ("requests", name, "take", given), "this name has a value already; take another one"


def _names_of(part: Any) -> tuple[str, ...]:
    """The names in a part of a request. Raises ValueError for a brace that belongs to no place."""
    if isinstance(part, dict) and any(isinstance(each, Take) for each in part.values()):
        return tuple(name for take in part.values() for name in take.names())
    return tuple(names_in(part))


def _all_of(given: Collection[str], wanted: Iterable[str]) -> None:
    missing = [name for name in wanted if name not in given]
    if missing:
        raise ValueError(f"{', '.join(missing)}: required")
