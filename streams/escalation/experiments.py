"""The experiments of a folder of policies: each arm's policy, and which arm decides on a ticket.

An arm is chosen once, when the conversation begins, and kept in it. Tickets of an arm are decided on by its policy
until the arm ends; a ticket that is escalated then stays with it until the episode is over.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from schemas.events import CHANNELS
from schemas.experiments import Arm, Changes, Experiment, Running, running
from schemas.toml_files import FileError, Mistake, line_of, merged, read_model, read_text
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.policy import Policy
from streams.escalation.written import fields_of

FOLDER: Final = "experiments"
CHANGES_FILE: Final = "changes.toml"


class ReadyArm(NamedTuple):
    """An arm, its policy ready to decide, and the spans in which it takes tickets (Unix milliseconds, end excluded)."""

    arm: str
    policy: ReadyPolicy
    spans: tuple[tuple[int, int], ...]

    def takes(self, at: int) -> bool:
        """Whether tickets that begin then belong to it."""
        return any(begin <= at < end for begin, end in self.spans)


class Trying:
    """An experiment, ready to deal tickets to its arms."""

    def __init__(self, found: Running, policies: Sequence[Policy]) -> None:
        self.about = found.experiment
        self.arms = {
            arm.name: ReadyArm(f"{self.about.name}:{arm.name}", ReadyPolicy(policy), _spans(found, arm.name))
            for arm, policy in zip(self.about.arms, policies, strict=True)
        }

    def deal(self, tenant: str, channel: str, ticket_id: str, customer_id: str | None, at: int) -> str:
        """The arm that a conversation which begins at `at` (Unix milliseconds) belongs to; empty for none."""
        about = self.about
        if tenant != about.tenant or (about.channels and channel not in about.channels):
            return ""
        arm = self.arms[about.arm_of(about.unit(ticket_id, customer_id)).name]
        return arm.arm if arm.takes(at) else ""


class Tryings:
    """All experiments of a folder."""

    def __init__(self, tryings: Iterable[Trying] = ()) -> None:
        self.all = tuple(tryings)
        self._arms = {arm.arm: arm for each in self.all for arm in each.arms.values()}
        self._changes = sorted({at for arm in self._arms.values() for span in arm.spans for at in span})

    def deal(self, tenant: str, channel: str, ticket_id: str, customer_id: str | None, at: int) -> str:
        """The arm of a conversation that begins, as "experiment:arm"; empty where no experiment takes it."""
        for each in self.all:
            arm = each.deal(tenant, channel, ticket_id, customer_id, at)
            if arm:
                return arm
        return ""

    def arm(self, name: str, at: int, *, is_escalated: bool) -> ReadyArm | None:
        """The arm that decides on a ticket at a time; None where it has ended and no episode runs, or is not known."""
        found = self._arms.get(name)
        if found is None or not (is_escalated or found.takes(at)):
            return None
        return found

    def changed(self, at: int) -> int:
        """How often before a time an arm began or ended: whenever it rises, others decide on some tickets."""
        return bisect_right(self._changes, at)

    def policies(self) -> list[ReadyPolicy]:
        """Of all arms."""
        return [arm.policy for arm in self._arms.values()]


def read_experiments(folder: Path) -> tuple[list[Running], dict[str, Path]]:
    """The experiments below a folder of policies as they stand, by name, and their files. Raises FileError."""
    where = folder / FOLDER
    files: dict[str, Path] = {}
    found = []
    changes = read_changes(where / CHANGES_FILE)
    for file in sorted(where.glob("*.toml")):
        if file.name == CHANGES_FILE:
            continue
        experiment = read_experiment(file)
        if experiment.name in files:
            line = line_of(read_text(file), ("name",))
            raise FileError([Mistake(str(file), line, "name", f"{files[experiment.name].name} has that name too")])
        files[experiment.name] = file
        found.append(running(experiment, changes))
    _refuse_overlaps(found, files)
    return found, files


def read_experiment(file: Path) -> Experiment:
    """The experiment in a TOML file. Raises FileError."""
    return read_model(file, Experiment)


def read_changes(file: Path) -> Changes:
    """What was stopped; nothing without the file. Raises FileError."""
    return read_model(file, Changes) if file.exists() else Changes()


def ready(
    found: Iterable[Running],
    files: dict[str, Path],
    named: Callable[[str], Policy | None],
    reads: Callable[[str, str], str],
) -> Tryings:
    """The experiments with their arms' policies: `named` gives a policy by its name, `reads` the preset by which the
    texts of a tenant and channel are read. Raises FileError.
    """
    return Tryings(
        Trying(each, _policies(each.experiment, files[each.experiment.name], named, reads)) for each in found
    )


def _policies(
    about: Experiment, file: Path, named: Callable[[str], Policy | None], reads: Callable[[str, str], str]
) -> list[Policy]:
    made = [_policy_of(about, number, arm, file, named) for number, arm in enumerate(about.arms)]
    read_as = {reads(about.tenant, channel) for channel in about.channels or CHANNELS}
    for number, policy in enumerate(made):
        if {policy.reads} != read_as:
            said = f"it reads texts as {policy.reads}, and they are read as {', '.join(sorted(read_as))}"
            raise _wrong(file, number, "policy", f"{said}: limit the experiment by channels, or take another policy")
    return made


def _policy_of(about: Experiment, number: int, arm: Arm, file: Path, named: Callable[[str], Policy | None]) -> Policy:
    base = named(arm.policy)
    if base is None:
        raise _wrong(file, number, "policy", f"there is no policy {arm.policy!r}")
    # A name of its own: what a record tells of its policy must tell the arms apart.
    name = f"{about.name}-{arm.name}"
    if not arm.change:
        return base
    if named(name) is not None:
        raise _wrong(file, number, "name", f"a policy has the name {name!r} already, by which records would tell it")
    fields = merged(fields_of(base), {**arm.change, "name": name})
    try:
        return Policy.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        told = [
            Mistake(
                str(file),
                line_of(read_text(file), ("arms", number, "change")),
                ".".join(["arms", arm.name, "change", *map(str, each["loc"])]),
                each["msg"].removeprefix("Value error, "),
            )
            for each in found
        ]
        raise FileError(told) from None


def _refuse_overlaps(found: Sequence[Running], files: dict[str, Path]) -> None:
    for number, one in enumerate(found):
        for other in found[:number]:
            if _overlap(one, other):
                name = one.experiment.name
                said = f"{other.experiment.name} takes the same tickets at the same time; one after the other"
                raise FileError([Mistake(str(files[name]), None, name, said)])


def _overlap(one: Running, other: Running) -> bool:
    first, second = one.experiment, other.experiment
    channels = not first.channels or not second.channels or bool(set(first.channels) & set(second.channels))
    in_time = any(
        a < d and c < b
        for mine in first.arms
        for theirs in second.arms
        for a, b in _spans(one, mine.name)
        for c, d in _spans(other, theirs.name)
    )
    return first.tenant == second.tenant and channels and in_time


def _spans(found: Running, arm: str) -> tuple[tuple[int, int], ...]:
    """When an arm takes tickets: from start to end without its pauses."""
    about, spans = found.experiment, []
    begin, end = _ms(about.start), _ms(about.end)
    for pause in found.pauses.get(arm, ()):
        if begin < min(_ms(pause.begin), end):
            spans.append((begin, min(_ms(pause.begin), end)))
        begin = max(begin, end if pause.end is None else _ms(pause.end))
    if begin < end:
        spans.append((begin, end))
    return tuple(spans)


def _wrong(file: Path, number: int, field: str, said: str) -> FileError:
    line = line_of(read_text(file), ("arms", number, field))
    return FileError([Mistake(str(file), line, f"arms[{number + 1}].{field}", said)])


def _ms(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
