"""A folder as a reader of the documentation has it, beside everything that runs: the product in one process over a
ClickHouse server.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import Request, urlopen

from streams.up.processes import free_port, tied
from tests.docs.pages import ROOT
from tests.docs.prepared import prepare
from tests.servers.clickhouse_process import ClickHouseProcess

_SECONDS: Final = 240.0
_FILES: Final = Path(__file__).with_name("files")
# What the pages show in the place of secrets.
_SECRETS: Final = {"TICKETPULSE_SERVICE_TOKEN": "a-secret", "TICKETPULSE_ZENDESK_WEBHOOK_SECRET": "a-webhook-secret"}
_STORED: Final = Path(__file__).with_name("stored.jsonl")
_SHOWN = ("ARCHITECTURE.md", "Makefile", "README.md", "deploy", "docs", "schemas", "sinks", "streams", "tests")


_NEVER_RUN: Final = (
    *("amtool", "docker", "helm", "kubectl", "pip", "prometheus", "prometheus-alertmanager", "promtool", "pytest"),
    *("ssh", "systemctl", "clickhouse-client"),
    *("kafka-acls.sh", "kafka-configs.sh", "kafka-topics.sh", "kafka-consumer-groups.sh"),
)


class Stack:
    """Starts everything; `run` runs a script as in a reader's shell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = ClickHouseProcess(folder / "server")
        self._gateway, self._page, self.mail_port = free_port(), free_port(), free_port()
        self._running: list[subprocess.Popen[str]] = []
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "CLICKHOUSE_URL": self._server.url("default"),
            "KAFKA_BROKERS": f"127.0.0.1:{free_port()}",
            "TICKETPULSE_LOCAL_DIR": str(folder / "local"),
            "TICKETPULSE_GATEWAY_PORT": str(self._gateway),
            "TICKETPULSE_PAGE_PORT": str(self._page),
        }

    def start(self) -> None:
        """Wait until both servers are ready."""
        self._server.start()
        self._write_programs()
        forked = self._spawn([sys.executable, "-m", "tests.docs.forked", str(self._folder / "commands")])
        assert forked.stdout is not None
        assert forked.stdout.readline() == "listening\n"
        self._spawn([sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{self.mail_port}"])
        up = ["-m", "streams.cli", "up", "--embedded", "--no-feed"]
        self._spawn([sys.executable, *up], _SECRETS, to=self._folder / "up.log")
        deadline = time.monotonic() + _SECONDS
        while not (self._ready(self._gateway) and self._ready(self._page)):
            assert time.monotonic() < deadline, (self._folder / "up.log").read_text()
            time.sleep(0.2)
        self._send_events()

    def stop(self) -> None:
        """End what runs."""
        for process in self._running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._server.kill()

    def names(self) -> Mapping[str, str]:
        """What stands for what is made up in the pages."""
        return {}

    def folder_of(self, page: str) -> Path:
        """A folder with what the pages take for granted: the repository, and files of a reader's own."""
        folder = self._folder / page.replace("/", "-")
        shutil.copytree(_FILES, folder)
        for name in _SHOWN:
            (folder / name).symlink_to(ROOT / name)
        (folder / "scripts").mkdir()
        (folder / "scripts" / "setup").symlink_to(self._folder / "bin" / "pip")
        told = folder / "notify" / "notify.toml"
        told.write_text(told.read_text().replace("2525", str(self.mail_port)))
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(self._folder / "bin")
        settings = prepare(page, folder, self._server.url)
        (folder / ".exported").write_text("".join(f"export {name}='{value}'\n" for name, value in settings.items()))
        return folder

    def run(self, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run it as bash does, stopped by the first failure. Whoever asks is answered yes."""
        yes = self._folder / "yes"
        yes.write_text("y\n" * 50_000)
        exported = folder / ".exported"
        whole = f"set -eo pipefail\nsource {exported}\n{script}\nexport -p > {exported}\n"
        with yes.open() as answers:
            return subprocess.run(
                ["/bin/bash", "-c", whole],
                cwd=folder,
                env=self.environment,
                stdin=answers,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_SECONDS,
                check=False,
            )

    def _send_events(self) -> None:
        """What a reader's files tell is stored, too, and the ticket that the pages speak of."""
        lines = [*(_FILES / "events.jsonl").read_bytes().splitlines(), *_STORED.read_bytes().splitlines()]
        events = b"[" + b",".join(lines) + b"]"
        address = f"http://127.0.0.1:{self._gateway}/api/v1/events"
        with urlopen(Request(address, events, {"Content-Type": "application/json"}), timeout=60) as answer:
            assert answer.status == 202

    def _ready(self, port: int) -> bool:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}/readyz"), timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _spawn(
        self, argv: list[str], more: Mapping[str, str] | None = None, to: Path | None = None
    ) -> subprocess.Popen[str]:
        environment = {**os.environ, **self.environment, **(more or {})}
        with (to or Path(os.devnull)).open("w") as log:
            process = subprocess.Popen(
                tied(argv), cwd=ROOT, env=environment, stdout=log if to else subprocess.PIPE, stderr=log, text=True
            )
        self._running.append(process)
        return process

    def _write_programs(self) -> None:
        """`ticketpulse` is the forked one; curl asks where the servers listen, and waits for what is not stored."""
        programs = self._folder / "bin"
        programs.mkdir()
        calling = Path(__file__).with_name("calling.py")
        ports = f"-e s/127.0.0.1:8080/127.0.0.1:{self._gateway}/ -e s/127.0.0.1:8081/127.0.0.1:{self._page}/"
        written = {
            "ticketpulse": f'exec {sys.executable} -S -E {calling} {self._folder / "commands"} "$@"',
            "make": f'exec $(PATH=${{PATH#*:}} command -v make) -n -C {ROOT} "$@" >/dev/null',
            "python": f'PYTHONPATH={ROOT} exec {sys.executable} "$@"',
            "curl": f"""
for word; do shift; set -- "$@" "$(printf '%s' "$word" | sed {ports})"; done
PATH=${{PATH#*:}} exec curl --fail -sS --retry 30 --retry-delay 1 --retry-all-errors --max-time 60 "$@" """,
            # What would change this machine or another, or is not on each: how it is called is looked at elsewhere.
            **dict.fromkeys(_NEVER_RUN, "exit 0"),
        }
        for name, text in written.items():
            (programs / name).write_text(f"#!/bin/bash\n{text}\n")
            (programs / name).chmod(0o755)
