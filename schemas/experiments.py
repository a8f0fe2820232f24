"""An experiment: which tickets it takes, between which arms, what is measured of them, and when it ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.events import Channel
from schemas.spans import Span, milliseconds

MetricName = Literal["escalation_rate", "precision", "missed", "first_response", "resolution", "satisfaction", "pages"]
METRICS: Final[tuple[MetricName, ...]] = get_args(MetricName)
Direction = Literal["up", "down"]
# What is better where the file does not say. Of the escalation rate nobody can know: the file must say.
BETTER: Final[Mapping[MetricName, Direction]] = {
    "precision": "up",
    "missed": "down",
    "first_response": "down",
    "resolution": "down",
    "satisfaction": "up",
    "pages": "down",
}
TIMES: Final[frozenset[MetricName]] = frozenset({"first_response", "resolution"})

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,19}$")]
_LOTS: Final = 1 << 32


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Part):
    """A `share` of the tickets is decided on by `policy`, with `change` put over it as by a policy that extends it."""

    name: Name
    policy: str
    share: Annotated[float, Field(gt=0, lt=1)]
    change: dict[str, Any] = {}


class Measured(_Part):
    """A metric, and how much of a difference matters: of a share 0.02 is two points of a hundred, a time is a span, a
    rating and pages are in their own unit. `better` is the direction to be hoped for.
    """

    metric: MetricName
    better: Direction
    smallest: Annotated[float, Field(gt=0)]

    @model_validator(mode="before")
    @classmethod
    def _in_its_unit(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        metric: Any = given.get("metric")
        fields = {"better": BETTER[metric], **given} if metric in BETTER else dict(given)
        smallest = fields.get("smallest")
        if metric in TIMES and isinstance(smallest, str):
            fields["smallest"] = milliseconds(smallest) / 1000
        return fields


class Experiment(_Part):
    """Tickets of a tenant that begin from `start` on, and before the experiment ends, are dealt to the arms by a hash;
    the first arm is what the others are compared with. What becomes of a ticket is measured for `settle` after it
    began. `by` says what is dealt: tickets, or customers with all their tickets.
    """

    name: Name
    about: str = ""
    tenant: str = "default"
    channels: tuple[Channel, ...] = ()
    start: AwareDatetime
    longest: Span = milliseconds("28d")
    settle: Span = milliseconds("3d")
    by: Literal["ticket", "customer"] = "ticket"
    seed: str = ""
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    arms: tuple[Arm, ...]
    metrics: tuple[Measured, ...]
    guardrails: tuple[Measured, ...] = ()
    on_harm: Literal["recommend", "stop"] = "recommend"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        names = [arm.name for arm in self.arms]
        if not 2 <= len(names) <= 6:
            raise ValueError(f"{len(names)} arms; there are two to six")
        if len(set(names)) < len(names):
            raise ValueError("two arms have one name")
        if abs(sum(arm.share for arm in self.arms) - 1) > 1e-9:
            raise ValueError(f"the shares of the arms add up to {sum(arm.share for arm in self.arms):g}, not to 1")
        if not self.metrics:
            raise ValueError("name at least one metric: it is what decides")
        for what in (self.metrics, self.guardrails):
            if len({each.metric for each in what}) < len(what):
                raise ValueError("a metric is named twice")
        if self.longest <= self.settle:
            raise ValueError("it ends before the outcome of its first ticket is known: longest must be above settle")
        return self

    @property
    def control(self) -> Arm:
        """The arm that the others are compared with."""
        return self.arms[0]

    @property
    def end(self) -> datetime:
        """When it ends unless it is stopped before."""
        return self.start + timedelta(milliseconds=self.longest)

    def unit(self, ticket_id: str, customer_id: str | None) -> str:
        """What is dealt: the customer where that is wanted and known, else the ticket."""
        if self.by == "customer" and customer_id:
            return f"customer/{customer_id}"
        return f"ticket/{ticket_id}"

    def arm_of(self, unit: str) -> Arm:
        """The arm of a unit: the same for ever, in every process."""
        place, reached = draw(self.name, self.seed, self.tenant, unit), 0.0
        for arm in self.arms[:-1]:
            reached += arm.share
            if place < reached:
                return arm
        return self.arms[-1]


class Change(_Part):
    """Somebody stopped an experiment (`arm` empty) or one of its arms, or let it go on."""

    experiment: str
    arm: str = ""
    what: Literal["stop", "resume"]
    at: AwareDatetime
    by: str = ""
    reason: str = ""


class Changes(_Part):
    """What is kept of stops, oldest first: nothing is removed from it."""

    change: tuple[Change, ...] = ()

    def pauses(self, experiment: str, arm: str) -> tuple["Pause", ...]:
        """When an arm took no tickets, by stops of its own and of the whole experiment."""
        found = []
        for of in ("", arm):
            since: datetime | None = None
            for each in self.change:
                if each.experiment != experiment or each.arm != of:
                    continue
                if each.what == "stop":
                    since = since or each.at
                elif since is not None:
                    found.append(Pause(begin=since, end=each.at))
                    since = None
            if since is not None:
                found.append(Pause(begin=since))
        return tuple(sorted(found, key=lambda pause: pause.begin))


class Pause(_Part):
    """From `begin` to before `end`; without an end it lasts."""

    begin: AwareDatetime
    end: AwareDatetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it lasts at a time."""
        return self.begin <= at and (self.end is None or at < self.end)


class Running(_Part):
    """An experiment as it stands: when each arm took no tickets."""

    experiment: Experiment
    pauses: dict[str, tuple[Pause, ...]] = {}

    def takes(self, arm: str, at: datetime) -> bool:
        """Whether tickets that begin then belong to the arm."""
        about = self.experiment
        return about.start <= at < about.end and not any(pause.holds(at) for pause in self.pauses.get(arm, ()))


def running(experiment: Experiment, changes: Changes) -> Running:
    """The experiment with what was stopped of it."""
    pauses = {arm.name: changes.pauses(experiment.name, arm.name) for arm in experiment.arms}
    return Running(experiment=experiment, pauses={arm: found for arm, found in pauses.items() if found})


def draw(name: str, seed: str, tenant: str, unit: str) -> float:
    """From 0 up to 1: the first 32 bits of SHA256("name/seed/tenant/unit") over 2^32, as ClickHouse has it too."""
    digest = sha256(f"{name}/{seed}/{tenant}/{unit}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") / _LOTS


# The same in ClickHouse, of a column or expression `unit`.
DRAW_SQL: Final = (
    "reinterpretAsUInt32(reverse(substring(SHA256("
    "concat({name:String}, '/', {seed:String}, '/', {tenant:String}, '/', unit)), 1, 4))) / 4294967296"
)
