"""docker-compose.yml as compose-go, the part of `docker compose` that reads it, understands it."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".local" / "compose" / "compose-spec"
Document = dict[str, Any]


def compose(text: str, folder: Path) -> Document:
    """The project that docker-compose.yml would be if it said this, with the defaults of its variables (this command
    of compose-go looks at no others) and the services of all profiles. Paths are relative to the folder, to which it
    is written.

    Raises ValueError with what compose-go has to say against it: it knows every word of the specification and what
    its value may be, but does not ask here whether what one service says of others is there.
    """
    assert PROGRAM.exists(), f"no {PROGRAM}: `scripts/setup --with-compose` makes it"
    (folder / "docker-compose.yml").write_text(text)
    argv = [str(PROGRAM), "-format", "json", "docker-compose.yml"]
    done = subprocess.run(argv, cwd=folder, env={}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    project: Document = json.loads(done.stdout)
    return project


@cache
def services() -> dict[str, Document]:
    """Every service of docker-compose.yml by its name, with the defaults of all variables."""
    with tempfile.TemporaryDirectory() as folder:
        listed: dict[str, Document] = compose((ROOT / "docker-compose.yml").read_text(), Path(folder))["services"]
    return listed


def ours() -> dict[str, Document]:
    """Those that run the product."""
    return {name: service for name, service in services().items() if service["image"] == "ticketpulse"}


def broker_properties(environment: Mapping[str, str]) -> dict[str, str]:
    """What the broker's image makes of its variables: KAFKA_A_B is a.b, where __ stands for _ and ___ for -."""
    return {
        re.sub("_{1,3}", lambda found: "._-"[len(found[0]) - 1], name.removeprefix("KAFKA_").lower()): value
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }
