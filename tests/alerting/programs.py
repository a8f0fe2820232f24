"""Prometheus' programs, as the distribution or anybody else has installed them."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# A program by its name, and by others under which distributions have it.
_NAMES: Mapping[str, Sequence[str]] = {"alertmanager": ("prometheus-alertmanager", "alertmanager")}


def program(name: str) -> str:
    """The path of prometheus, promtool, alertmanager or amtool; a failure that says how to install it."""
    found = next((path for each in _NAMES.get(name, (name,)) if (path := shutil.which(each))), None)
    assert found, f"{name} not found: `scripts/setup --with-prometheus` installs it, or says what to do"
    return found


def run(name: str, *arguments: str, folder: Path) -> str:
    """What the program says, run in a folder; a failure with all of it when it does not end with 0."""
    done = subprocess.run([program(name), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
