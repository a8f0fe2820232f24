"""The jars of the local broker, as their lock has them."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from deploy.supply.allowed import Declared
from deploy.supply.locks import ROOT, LockError

JARS: Final = ROOT / "deploy" / "kafka" / "jars.sha256"

_LINE: Final = re.compile(r"(?P<hash>[0-9a-f]{64})  (?P<name>[A-Za-z0-9_.-]+?)-(?P<version>\d[\w.-]*)\.jar")


class Jar(NamedTuple):
    """One file of `.local/kafka/libs`."""

    name: str
    version: str
    hash: str


def read_jars(file: Path = JARS) -> tuple[Jar, ...]:
    """What `sha256sum --check` reads, in its order. LockError names a line that is something else."""
    found = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        read = _LINE.fullmatch(line)
        if read is None:
            raise LockError(f"{file.name}:{number}: not a hash and a jar: {line!r}")
        found.append(Jar(read["name"], read["version"], read["hash"]))
    return tuple(found)


def license_of_jar(name: str, declared: Declared) -> str:
    """As declared; Apache-2.0 for all others, which are of Kafka and its neighbours."""
    return declared.jars.get(name, "Apache-2.0")
