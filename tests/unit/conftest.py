"""Commands as a user runs them, in the process of the tests."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.cli import main


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command in this process, away from any pipeline that runs in the current folder."""
    monkeypatch.setenv("TICKETPULSE_LOCAL_DIR", str(tmp_path / "local"))

    def run(*arguments: str, stdin: bytes = b"", **environment: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["ticketpulse", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return Result(int(ended.value.code or 0), said.out, said.err)

    return run
