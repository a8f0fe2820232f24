"""`notify.toml`: the targets, and the routes by which what happens comes to them. Data, checked when it is read."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from schemas.alerts import Severity
from schemas.events import Channel, Priority
from schemas.notifications import KINDS, Kind
from sinks.notify.targets import (
    AlertmanagerTarget,
    EmailTarget,
    HelpdeskTarget,
    Hours,
    Name,
    Part,
    SmsTarget,
    Smtp,
    Target,
    WebhookTarget,
)
from streams.escalation.loading import PolicyError, mistakes, parse_toml, read_text
from streams.notify.hours import is_within
from streams.notify.steps import Step

FILE: Final = "notify.toml"
# Told only to whoever asks for it: customers, systems that follow what becomes of an escalation, readers of reports.
_ON_REQUEST: Final[frozenset[Kind]] = frozenset({"acknowledgement", "answer", "resolved", "alert_resolved", "report"})
OF_CUSTOMERS: Final[frozenset[Kind]] = frozenset({"acknowledgement", "answer"})
OF_ESCALATIONS: Final[frozenset[Kind]] = frozenset({"escalation", "raised", "resolved"})
_USUAL: Final[tuple[Kind, ...]] = tuple(kind for kind in KINDS if kind not in _ON_REQUEST)


class Route(Part):
    """Tells `tell` of every step of these `kinds` for which all else that is given holds; what is empty holds always.

    `priorities` are an escalation's or a ticket's, `severities` an alert's.
    """

    tell: tuple[Name, ...] = Field(min_length=1)
    kinds: tuple[Kind, ...] = Field(_USUAL, min_length=1)
    tenants: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    severities: tuple[Severity, ...] = ()
    categories: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    hours: Hours | None = None

    def takes(self, step: Step, now: int) -> bool:
        """Whether it holds for a step."""
        wanted: Sequence[tuple[tuple[str, ...], str | None]] = (
            (self.kinds, step.kind),
            (self.tenants, step.tenant),
            (self.priorities, step.priority),
            (self.severities, step.severity),
            (self.categories, step.category),
            (self.channels, step.channel),
        )
        return all(not allowed or value in allowed for allowed, value in wanted) and (
            self.hours is None or is_within(self.hours, now)
        )


class NotifyBook(Part):
    """Targets and routes. Without a target, what would have been told is only recorded."""

    smtp: Smtp | None = None
    targets: dict[Name, Target] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()

    @field_validator("targets")
    @classmethod
    def _is_not_ours(cls, targets: dict[str, Any]) -> dict[str, Any]:
        if NOBODY in targets:
            raise ValueError(f"{NOBODY!r} stands for no target; give it another name")
        return targets

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [*self._unknown(), *self._customers(), *self._helpdesks(), *self._without_server()]
        if wrong:
            errors = [
                InitErrorDetails(type=PydanticCustomError("book", "{said}", {"said": said}), loc=place, input=None)
                for place, said in wrong
            ]
            raise ValidationError.from_exception_data("NotifyBook", errors)
        return self

    def __str__(self) -> str:
        return ", ".join(self.targets) or "none"

    def told(self, step: Step, now: int) -> Sequence[str]:
        """The names of whom a step is told to, each once: those whom the policy's rule names, and those of the routes.
        A name may be of no target. A system that a rule names is told all that it understands, people what they need
        not ask for.
        """
        named = (name for name in step.named if _concerns(self.targets.get(name), step.kind))
        routed = (name for route in self.routes if route.takes(step, now) for name in route.tell)
        return tuple(dict.fromkeys((*named, *routed)))

    def _unknown(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for number, route in enumerate(self.routes):
            for name in route.tell:
                if name not in self.targets:
                    known = ", ".join(self.targets) or "none"
                    yield ("routes", number, "tell"), f"there is no target {name!r}; there are: {known}"

    def _customers(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for number, route in enumerate(self.routes):
            for name in route.tell:
                if is_for_customers(self.targets.get(name)) and not set(route.kinds) <= OF_CUSTOMERS:
                    said = f"{name!r} tells customers, who are told of nothing else: kinds of {_listed(OF_CUSTOMERS)}"
                    yield ("routes", number, "kinds"), said

    def _helpdesks(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for number, route in enumerate(self.routes):
            for name in route.tell:
                if isinstance(self.targets.get(name), HelpdeskTarget) and not set(route.kinds) <= OF_ESCALATIONS:
                    said = (
                        f"{name!r} is a helpdesk, which is told of escalations only: kinds of {_listed(OF_ESCALATIONS)}"
                    )
                    yield ("routes", number, "kinds"), said

    def _without_server(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for name, target in self.targets.items():
            if isinstance(target, EmailTarget) and self.smtp is None:
                yield ("targets", name), "mails need a server: a table [smtp] with host and sender"


def _concerns(target: Target | None, kind: Kind) -> bool:
    """Whether a target that a policy's rule names is told of a kind."""
    if isinstance(target, HelpdeskTarget):
        return kind in OF_ESCALATIONS
    return kind not in _ON_REQUEST or (is_machine(target) and kind not in ("acknowledgement", "answer", "report"))


def is_machine(target: Target | None) -> bool:
    """Whether a target is a system, which follows every step in order, rather than somebody who reads."""
    return isinstance(target, WebhookTarget | AlertmanagerTarget | HelpdeskTarget)


def _listed(kinds: Collection[Kind]) -> str:
    return ", ".join(kind for kind in KINDS if kind in kinds)


# Who is told when there is no target: what would have been sent stands in the ledger under this name.
NOBODY: Final = "nobody"


def is_for_customers(target: Target | None) -> bool:
    """Whether a target is the customer whom a notice is about."""
    return isinstance(target, EmailTarget | SmsTarget) and target.to == "customer"


def read_book(folder: Path | None) -> NotifyBook:
    """What `notify.toml` of a folder says; nobody is told without a folder. Raises PolicyError."""
    if folder is None:
        return NotifyBook()
    file = folder / FILE
    return parse_book(read_text(file), str(file))


def parse_book(text: str, file: str) -> NotifyBook:
    """The book in TOML text. Raises PolicyError."""
    fields = parse_toml(text, file)
    try:
        return NotifyBook.model_validate(fields)
    except ValidationError as error:
        raise PolicyError(mistakes(error, text, file, fields, fields)) from None
