"""Policies from TOML files: a mistake is told with its file, its line, and what is allowed there."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, get_args

from schemas.readings import PresetName
from schemas.toml_files import (
    FileError,
    Mistake,
    line_of,
    merged,
    mistakes,
    parse_extending,
    parse_toml,
    read_text,
)
from streams.escalation.policy import Policy

__all__ = [
    "PRESETS",
    "Mistake",
    "PolicyError",
    "line_of",
    "merged",
    "mistakes",
    "parse_policy",
    "parse_toml",
    "preset",
    "read_policy",
    "read_text",
]

PRESETS: Final[tuple[str, ...]] = get_args(PresetName)
# What is wrong in a file of policies, in its order.
PolicyError = FileError


def read_policy(file: Path) -> Policy:
    """The policy in a TOML file. Raises PolicyError."""
    return parse_policy(read_text(file), str(file))


def preset(name: str) -> Policy:
    """The policy that is installed under the name of a preset."""
    file = _preset_file(name)
    return parse_policy(file.read_text(encoding="utf-8"), file.name)


def parse_policy(text: str, file: str) -> Policy:
    """The policy in TOML text. One that `extends` a preset is that preset with what it says itself put over it: tables
    are merged, and rules by their names. Raises PolicyError.
    """
    return parse_extending(text, file, Policy, PRESETS, lambda name: _preset_file(name).read_text(encoding="utf-8"))


def _preset_file(name: str) -> Traversable:
    return resources.files(__package__) / "presets" / f"{name}.toml"
