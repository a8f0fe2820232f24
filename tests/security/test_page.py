"""Workers sign in as docs/kafka-security.md shows, and nothing is forgotten that a page leaves to these tests."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, left_to
from tests.security.left_here import FOLDER, LEFT
from tests.security.secure_kafka import PASSWORD, SecureKafka

pytestmark = pytest.mark.xdist_group("secure-kafka")

_SECONDS: Final = 600.0


@pytest.mark.timeout(900)
def test_workers_sign_in_by_a_password_and_by_a_certificate(secure: SecureKafka, tmp_path: Path) -> None:
    issued = secure.certificate("track")
    (tmp_path / "score").write_text(PASSWORD)
    (tmp_path / "track.pem").write_bytes(Path(issued["TICKETPULSE_KAFKA_CERTIFICATE"]).read_bytes())
    (tmp_path / "track.key").write_bytes(Path(issued["TICKETPULSE_KAFKA_KEY"]).read_bytes())
    script = LEFT["sign in"].text
    for shown, here in {
        "kafka-1:9094,kafka-2:9094": secure.by_password,
        "kafka-1:9095": secure.by_certificate,
        "/etc/kafka/ca.pem": str(secure.authority.file),
        "/run/secrets/": f"{tmp_path}/",
    }.items():
        assert shown in script
        script = script.replace(shown, here)
    program = tmp_path / "bin" / "ticketpulse"
    program.parent.mkdir()
    program.write_text(f'#!/bin/bash\nexec {sys.executable} -m tests.security.until_working "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", "-c", f"set -e\n{script}"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == ["worker --stage score worked", "worker --stage track worked"]


def test_each_block_that_is_left_to_these_tests_is_run_by_one() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in LEFT if f'"{name}"]' not in tests] == []
    assert len(LEFT) == len(left_to(FOLDER))
