"""What a Dockerfile says, as far as deploy/image/Dockerfile says it."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

_KNOWN = {"COPY", "CMD", "ENTRYPOINT", "ENV", "FROM", "RUN", "USER", "WORKDIR"}


class Step(NamedTuple):
    """An instruction and what follows it, on one line."""

    instruction: str
    rest: str


class Stage(NamedTuple):
    """What is built on one base. `name` is empty where the Dockerfile gives none."""

    base: str
    name: str
    steps: Sequence[Step]


class Started(NamedTuple):
    """How a container of an image starts."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    user: str


def stages(text: str) -> list[Stage]:
    """The stages in their order. Raises ValueError for an instruction that is not one of those known here."""
    found: list[Stage] = []
    for step in _steps(text):
        if step.instruction not in _KNOWN:
            raise ValueError(f"{step.instruction} is not known here")
        if step.instruction == "FROM":
            base, *name = step.rest.split()
            found.append(Stage(base, name[1] if name else "", []))
        else:
            found[-1] = found[-1]._replace(steps=[*found[-1].steps, step])
    return found


def environment(steps: Sequence[Step], inherited: Mapping[str, str]) -> dict[str, str]:
    """Variables after these steps. A later one may name an earlier one as $NAME."""
    variables = dict(inherited)
    for step in steps:
        if step.instruction == "ENV":
            for word in shlex.split(step.rest):
                name, _, value = word.partition("=")
                for known in sorted(variables, key=len, reverse=True):
                    value = value.replace(f"${known}", variables[known])
                variables[name] = value
    return variables


def started(stage: Stage, inherited: Mapping[str, str], command: Sequence[str] = ()) -> Started:
    """How a container of the stage's image starts, with a command or the image's own."""
    said = {step.instruction: step.rest for step in stage.steps}
    argv = [*json.loads(said["ENTRYPOINT"]), *(command or json.loads(said["CMD"]))]
    return Started(argv, environment(stage.steps, inherited), said["WORKDIR"], said["USER"])


def _steps(text: str) -> Iterator[Step]:
    whole = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole += line.rstrip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            instruction, _, rest = whole.strip().partition(" ")
            yield Step(instruction.upper(), rest.strip())
            whole = ""
