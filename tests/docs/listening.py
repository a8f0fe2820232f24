"""What a block of commands calls, as the shell itself has it: every program only notes how it is called."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

# The shell has no other programs: what it does not know comes here.
_NOTED = """
mkdir() { /bin/mkdir "$@"; }
command_not_found_handle() { "$NOTE_PYTHON" -S -c "$NOTE" "$@"; }
"""
_NOTE = """
import json, os, sys
ours = {k: v for k, v in os.environ.items() if k.startswith(("TICKETPULSE_", "KAFKA_", "CLICKHOUSE_"))}
open(os.environ["NOTES"], "a").write(json.dumps([sys.argv[1:], ours]) + "\\n")
"""


_WRITTEN = re.compile(r"> ?([\w-][\w./-]*)")


class Call(NamedTuple):
    """A program with its arguments, and the settings that it would see."""

    argv: list[str]
    settings: Mapping[str, str]


def calls(text: str, folder: Path) -> list[Call]:
    """Every program that the block calls. Pipes, quotes, expansions and loops are the shell's own business."""
    notes = folder / "notes"
    notes.write_text("")
    environment = {"PATH": str(folder / "none"), "HOME": str(folder), "NOTES": str(notes), "NOTE": _NOTE}
    if not (folder / "deploy").exists():
        (folder / "deploy").symlink_to(Path(__file__).parents[2] / "deploy")
    # An earlier block of the page has made the folders.
    for written in _WRITTEN.findall(text):
        (folder / written).parent.mkdir(parents=True, exist_ok=True)
    # A program with a path is not looked for, so it gets a name without one.
    named = text.replace(".venv/bin/", "").replace("scripts/setup", "scripts-setup")
    builtins_away = "enable -n kill\n"
    done = subprocess.run(
        ["/bin/bash", "-c", f"{_NOTED}{builtins_away}{named}\nwait"],
        cwd=folder,
        env={**environment, "NOTE_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "syntax error" not in done.stderr, done.stderr
    assert "No such file" not in done.stderr, done.stderr
    return [Call(*json.loads(line)) for line in notes.read_text().splitlines()]
