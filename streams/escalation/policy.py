"""A policy: when a person must look at a ticket, and what happens then. Data, checked when it is read."""

import string
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from schemas.events import Priority
from schemas.readings import PresetName, Signal, Urgency
from schemas.scored import LABELS, Label
from schemas.spans import Span, milliseconds, written
from streams.escalation.facts import FACTS

READ_SIGNALS: Final[tuple[str, ...]] = get_args(Signal)
# What a reason, a reply or a note may name besides the facts.
NAMES: Final = frozenset({"number", "ticket_id", "customer_id", "rule", "terms", "respond_within", "subject"})
MAX_HISTORY: Final = 500
# How much of a target may be left, at most, when it is warned of.
LARGEST_SHARE: Final = 0.5
# Who writes one of these wants no answer of a machine.
STOP_WORDS: Final = ("stop", "unsubscribe", "human", "person", "agent", "representative", "robot", "bot")
# The one rule that is no policy's own: another system asks for a person.
REQUESTED: Final = "requested"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Place = tuple[str | int, ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


class FactCondition(_Part):
    """A fact of the message or the conversation, compared. All comparisons that are given must hold."""

    fact: str
    is_: str | bool | float | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")
    not_in: tuple[str, ...] | None = None
    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_spans(cls, given: Any) -> Any:
        fact = FACTS.get(str(given.get("fact"))) if isinstance(given, dict) else None
        if fact is None or fact.kind != "span":
            return given
        bounds = ("below", "at_most", "above", "at_least")
        return {name: milliseconds(value) if name in bounds else value for name, value in given.items()}

    @field_validator("fact")
    @classmethod
    def _fact_exists(cls, name: str) -> str:
        if name not in FACTS:
            raise ValueError(f"there is no fact {name!r}; there are: {', '.join(FACTS)}")
        return name

    @model_validator(mode="after")
    def _comparison_fits(self) -> Self:
        fact = FACTS[self.fact]
        given = self.comparisons()
        if not given:
            raise ValueError(f"{self.fact}: no comparison; a {fact.kind} is compared by {' | '.join(_FIT[fact.kind])}")
        for name, wanted in given.items():
            if name not in _FIT[fact.kind]:
                raise ValueError(
                    f"{self.fact} is a {fact.kind}: compare it by {' | '.join(_FIT[fact.kind])}, not {name}"
                )
            if name == "is" and (not isinstance(wanted, _TYPE[fact.kind]) or _is_flag(wanted) != (fact.kind == "flag")):
                raise ValueError(f"{self.fact} is a {fact.kind}, which {wanted!r} is not")
            for value in wanted if isinstance(wanted, tuple) else (wanted,):
                if fact.choices and value not in fact.choices:
                    raise ValueError(f"{self.fact} is never {value!r}; it is one of {' | '.join(fact.choices)}")
        return self

    def comparisons(self) -> dict[str, Any]:
        """The comparisons that are given, by their names in the file."""
        return {
            name.rstrip("_"): value
            for name in ("is_", "in_", "not_in", "below", "at_most", "above", "at_least")
            if (value := getattr(self, name)) is not None
        }


_FIT: Final = {
    "number": ("is", "below", "at_most", "above", "at_least"),
    "span": ("below", "at_most", "above", "at_least"),
    "flag": ("is",),
    "text": ("is", "in", "not_in"),
}
_TYPE: Final[dict[str, type | tuple[type, ...]]] = {"number": (int, float), "flag": bool, "text": str}


def _is_flag(value: object) -> bool:
    # True is a number to Python.
    return isinstance(value, bool)


class SignalCondition(_Part):
    """A signal: on this message, or `times` in this session, of which `within` a span at most the last ten count."""

    signal: str
    times: int = Field(1, ge=1)
    within: Span | None = None

    @model_validator(mode="after")
    def _within_what_is_remembered(self) -> Self:
        if self.within is not None and self.times > 10:
            raise ValueError("times: at most 10 together with within, because the last ten times are remembered")
        return self


class Group(_Part):
    """Conditions of which `all`, at least one (`any`) or none must hold; an empty part asks for nothing."""

    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()
    none: tuple["Condition", ...] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.all or self.any or self.none):
            raise ValueError("no condition: give at least one of all, any, none")
        return self

    def conditions(self) -> Iterator["FactCondition | SignalCondition"]:
        """Every condition within, at any depth."""
        for _, each in self.places():
            yield each

    def places(self) -> Iterator[tuple[Place, "FactCondition | SignalCondition"]]:
        """Every condition within, and where in the group it stands."""
        for part in ("all", "any", "none"):
            for number, each in enumerate(getattr(self, part)):
                if isinstance(each, Group):
                    yield from (((part, number, *place), condition) for place, condition in each.places())
                else:
                    yield (part, number), each


def _which(given: Any) -> str:
    fields = given if isinstance(given, dict) else getattr(given, "__dict__", {})
    if "signal" in fields:
        return "signal"
    return "group" if {"all", "any", "none"} & set(fields) else "fact"


Condition = Annotated[
    Annotated[FactCondition, Tag("fact")] | Annotated[SignalCondition, Tag("signal")] | Annotated[Group, Tag("group")],
    Discriminator(_which),
]
Group.model_rebuild()


class SignalRule(_Part):
    """A signal is given by a customer's message that holds a phrase, or for which `when` holds.

    Phrases match whole words, with the patterns of the word lists (`a|b`, `(a)`), or with `match = "anywhere"` any
    part of the text.
    """

    phrases: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    match: Literal["words", "anywhere"] = "words"
    when: Group | None = None

    @model_validator(mode="after")
    def _can_be_given(self) -> Self:
        if not self.phrases and self.when is None:
            raise ValueError("no way to give this signal: phrases or when")
        return self


class Then(_Part):
    """What an escalation asks for. Texts name facts in braces, as in "scored {score}". Texts that are not given are
    the policy's own.
    """

    reason: str
    priority: Priority = "high"
    category: str | None = None
    queue: str | None = None
    respond_within: Span | None = None
    reply: str | None = None
    note: str | None = None
    notify: tuple[Name, ...] = ()

    @field_validator("reason", "reply", "note")
    @classmethod
    def _can_be_filled(cls, text: str | None, info: ValidationInfo) -> str | None:
        return text if text is None else _fillable(text, info)


class Limits(_Part):
    """How often a rule may escalate a ticket: once an episode (armed again when the ticket was resolved), once a
    session or once for as long as the ticket is remembered; and not again within `cool_down`.
    """

    once: Literal["episode", "session", "ticket"] = "episode"
    cool_down: Span | None = None


class Rule(_Part):
    """When `when` holds, `then` happens, within `limits`."""

    name: Name
    when: Group
    then: Then
    limits: Limits = Limits()

    @field_validator("name")
    @classmethod
    def _not_ours(cls, name: str) -> str:
        if name == REQUESTED:
            raise ValueError(f"{REQUESTED!r} is the name of an escalation that another system asks for")
        return name


class RiskPart(_Part):
    """Points that are added to the risk while `when` holds."""

    points: float = Field(gt=0, le=1)
    when: Group


class Replies(_Part):
    """What the customer is told, by mood."""

    angry: str = (
        "We are sorry for what happened. Somebody will look at {number} and answer you within {respond_within}."
    )
    other: str = "You are connected to our team; your ticket is {number}. Is there anything else that we should know?"

    @field_validator("angry", "other")
    @classmethod
    def _can_be_filled(cls, text: str, info: ValidationInfo) -> str:
        return _fillable(text, info)


class Response(_Part):
    """How soon an answer is promised, by the escalation's priority."""

    urgent: Span = milliseconds("15m")
    other: Span = milliseconds("1h")


class Acknowledge(_Part):
    """With which of a customer's words he is told that they have come: the first of a conversation (`created`), those
    that escalate it, or never. Texts that are not given are those of `replies`.
    """

    when: Literal["created", "escalated", "never"]
    angry: str | None = None
    other: str | None = None

    @field_validator("angry", "other")
    @classmethod
    def _can_be_filled(cls, text: str | None, info: ValidationInfo) -> str | None:
        return text if text is None else _fillable(text, info)


class Remind(_Part):
    """A ticket that is still open so long after it was opened is reminded of, once; `only` says which tickets. `notify`
    are channels to tell, else those of its escalation.
    """

    after: Span = Field(gt=0)
    only: Literal["all", "escalated", "none"] = "all"
    notify: tuple[Name, ...] = ()


class AutoAnswer(_Part):
    """Which of a customer's words are answered by a help article, without a person: while nobody has answered and the
    ticket is not escalated, words of these categories, urgencies and labels. `dry_run` only records what would have
    been said. `stop` are phrases, as those of signals: who writes one is not answered automatically in that ticket.

    An article must answer a share of the words of at least `threshold`; `per_day` tickets of a tenant are answered in a
    day (UTC) at most.
    """

    mode: Literal["off", "dry_run", "on"] = "off"
    categories: tuple[str, ...] = ("documentation", "how_to", "feature")
    urgencies: tuple[Urgency, ...] = ("low", "medium")
    labels: tuple[Label, ...] = ("neutral", "positive", "very_positive")
    threshold: float = Field(0.5, gt=0, le=1)
    per_day: int = Field(50, ge=1, le=100_000)
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = STOP_WORDS


class OwnTargets(_Part):
    """How soon something is due, by the ticket's priority; what is not given is as in the settings."""

    low: Span | None = Field(None, gt=0)
    medium: Span | None = Field(None, gt=0)
    high: Span | None = Field(None, gt=0)
    urgent: Span | None = Field(None, gt=0)


def _ahead(given: object) -> int | float:
    if isinstance(given, float) and 0 < given <= LARGEST_SHARE:
        return given
    try:
        return milliseconds(given)
    except ValueError as error:
        raise ValueError(f"{error}, or a share of the target, above 0 and at most {LARGEST_SHARE}") from None


class Late(_Part):
    """Warnings before the first reply (`response`) or the resolution is late: so long before, or when that share of the
    target is left, but not before half of it is over. `notify` as for reminders.
    """

    warn_before: Annotated[int | float, BeforeValidator(_ahead)] = milliseconds("30m")
    response: bool = True
    resolution: bool = True
    respond_within: OwnTargets = OwnTargets()
    resolve_within: OwnTargets = OwnTargets()
    notify: tuple[Name, ...] = ()


class MemoryRule(_Part):
    """How long a conversation without events is remembered, and how many of its messages."""

    quiet: Span = milliseconds("7d")
    history: int = Field(50, ge=10, le=MAX_HISTORY)


class Policy(_Part):
    """Everything that decides on escalations. `reads` is the preset whose scores and readings the rules are made for.

    Of several rules that hold the one with the highest priority is taken, of equals the first. `bands` are the four
    scores, rising, at which the label changes; without them the label is the preset's. A condition on a number is in
    the fact's own unit. Without `acknowledge`, `auto_answer`, `remind` or `late` nobody is told of that.
    """

    name: Name
    version: int = Field(ge=1)
    about: str = ""
    reads: PresetName = "support"
    bands: tuple[float, float, float, float] | None = None
    signals: dict[Name, SignalRule] = {}
    risk: tuple[RiskPart, ...] = ()
    rules: tuple[Rule, ...] = ()
    angry: tuple[str, ...] = ("angry", "frustration", "frustrated")
    subjects: dict[str, str] = {}
    replies: Replies = Replies()
    respond: Response = Response()
    note: str = "Escalated by {rule}: {reason}"
    acknowledge: Acknowledge | None = None
    auto_answer: AutoAnswer | None = None
    remind: Remind | None = None
    late: Late | None = None
    memory: MemoryRule = MemoryRule()

    @field_validator("bands")
    @classmethod
    def _bands_rise(cls, bands: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if bands is not None and (list(bands) != sorted(set(bands)) or not 0 < bands[0] < bands[-1] < 10):
            raise ValueError(f"{len(LABELS) - 1} scores that rise between 0 and 10, not {list(bands)}")
        return bands

    @field_validator("note")
    @classmethod
    def _can_be_filled(cls, text: str, info: ValidationInfo) -> str:
        return _fillable(text, info)

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.name for rule in rules]
        doubled = [number for number, name in enumerate(names) if name in names[:number]]
        if doubled:
            raise _wrong([((number, "name"), f"another rule is named {names[number]!r} too") for number in doubled])
        return rules

    @model_validator(mode="after")
    def _signals_exist(self) -> Self:
        known = {*self.signals, *READ_SIGNALS}
        unknown = [
            ((*place, *inner), f"there is no signal {each.signal!r}; there are: {', '.join(sorted(known))}")
            for place, group in self._groups()
            for inner, each in group.places()
            if isinstance(each, SignalCondition) and each.signal not in known
        ]
        if unknown:
            raise _wrong(unknown)
        return self

    @model_validator(mode="after")
    def _is_remembered_until_the_reminder(self) -> Self:
        quiet = self.memory.quiet
        if self.remind is not None and self.remind.after >= quiet:
            said = f"a conversation without events is forgotten after {written(quiet)} (memory.quiet): remind before"
            raise _wrong([(("remind", "after"), said)])
        return self

    def _groups(self) -> Iterator[tuple[Place, Group]]:
        for number, rule in enumerate(self.rules):
            yield ("rules", number, "when"), rule.when
        for number, part in enumerate(self.risk):
            yield ("risk", number, "when"), part.when
        for name, signal in self.signals.items():
            if signal.when is not None:
                yield ("signals", name, "when"), signal.when


def _wrong(found: Iterable[tuple[Place, str]]) -> ValidationError:
    """Mistakes at places of their own, which a ValueError cannot tell."""
    errors = [
        InitErrorDetails(type=PydanticCustomError("policy", "{said}", {"said": message}), loc=place, input=None)
        for place, message in found
    ]
    return ValidationError.from_exception_data("Policy", errors)


def _fillable(text: str, info: ValidationInfo) -> str:
    """Raises ValueError, which says what is wrong, for a text with a name in braces that cannot be filled."""
    # Only the note is made when the reason is known.
    allowed = {*FACTS, *NAMES} | ({"reason"} if info.field_name == "note" else set())
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"{error}; a brace that is none is written twice") from None
    for _, name, form, conversion in parts:
        if name is not None and (name not in allowed or form or conversion):
            raise ValueError(f"{{{name}}} cannot be filled in; there are: {', '.join(sorted(allowed))}")
    return text
