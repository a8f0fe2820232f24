"""Mappings from files: those that are installed, by name, and a user's own. A mistake is told with file and line."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from schemas.toml_files import FileError, Mistake, parse_extending, read_text
from sinks.helpdesk.mapping import HelpdeskMapping

SYSTEMS: Final = ("chatwoot", "freshdesk", "jira", "zammad", "zendesk")


def read_mapping(system: str) -> HelpdeskMapping:
    """The mapping that is installed under a name, or that of a TOML file. Raises FileError."""
    if system in SYSTEMS:
        return parse_mapping(_installed(system).read_text(encoding="utf-8"), f"{system}.toml")
    if not system.endswith(".toml"):
        allowed = " | ".join(SYSTEMS)
        raise FileError(
            [Mistake(system, None, "", f"no such helpdesk; wanted: {allowed}, or the path of a .toml file")]
        )
    return parse_mapping(read_text(Path(system)), system)


def parse_mapping(text: str, file: str) -> HelpdeskMapping:
    """The mapping in TOML text. One that `extends` an installed one is that one with what it says itself put over it,
    table by table. Raises FileError.
    """
    return parse_extending(
        text, file, HelpdeskMapping, SYSTEMS, lambda name: _installed(name).read_text(encoding="utf-8")
    )


def _installed(system: str) -> Traversable:
    return resources.files(__package__) / "mappings" / f"{system}.toml"
