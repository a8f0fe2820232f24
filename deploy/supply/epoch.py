"""The moment that whatever is built says that it was built at."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.supply.locks import ROOT

# The first moment that a zip file can tell.
FIRST = 315532800


def epoch(environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> int:
    """Seconds: SOURCE_DATE_EPOCH, else the newest commit's, else (an exported tree) a fixed one. Never the clock's."""
    said = environ.get("SOURCE_DATE_EPOCH")
    if said:
        return max(int(said), FIRST)
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return max(int(asked.stdout), FIRST) if asked.returncode == 0 and asked.stdout.strip() else FIRST
