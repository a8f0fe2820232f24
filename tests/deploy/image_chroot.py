"""Builds the image without an engine, and runs what was built: `make image-chroot`.

Each stage of deploy/image/Dockerfile begins on a tree that debootstrap makes of the Debian release that its base is
built on, with that release's Python in place of the base's own; its steps are run in it by chroot. What comes out is
then run as the Dockerfile says, as its user and with a root that cannot be written to: a worker on a real broker, which
is asked for its health as docker-compose.yml asks. Needs root, debootstrap and a network.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port
from tests.deploy.composed import ROOT, ours
from tests.deploy.dockerfile import Stage, Started, environment, stages, started

DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"
_PATH = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
# What a build takes over from who builds, as an engine does with proxies.
_FROM_HERE = re.compile(r"PIP_|.*_proxy$|SSL_CERT_FILE$", re.IGNORECASE)
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_HEALTHY_SECONDS = 120.0
_END_SECONDS = 20.0
# Ports of this machine, as names would lead to containers of their own; $0 is the root, and what follows is run in it.
_WITHIN = """
mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmp "$0/tmp"
[ -z "$READ_ONLY" ] || mount -o remount,bind,ro "$0"
folder=$1 user=$2; shift 2
exec chroot --userspec="$user" "$0" /usr/bin/env -i --chdir="$folder" "$@"
"""


def main() -> None:
    """Build, run, say what took how long. Ends with 1 and the reason when a step fails."""
    if os.geteuid() or not shutil.which("debootstrap"):
        sys.exit("This needs root and debootstrap: apt-get install debootstrap")
    with tempfile.TemporaryDirectory(prefix="ticketpulse-image-") as folder:
        image = build(Path(folder))
        asyncio.run(run(image, Path(folder)))
    _say("the image builds and runs")


def build(folder: Path) -> Path:
    """The root of the last stage, built in the folder."""
    built: dict[str, Path] = {}
    read = stages(DOCKERFILE.read_text())
    for number, stage in enumerate(read):
        root = folder / f"stage-{number}"
        base = folder / stage.base.replace(":", "-")
        if not base.exists():
            _make_base(stage.base, base)
        subprocess.run(["cp", "-a", base, root], check=True)
        _build_stage(stage, root, built)
        built[stage.name] = root
    return built[read[-1].name]


def _make_base(image: str, root: Path) -> None:
    found = re.fullmatch(r"python:(3\.\d+)-slim-(\w+)", image)
    if found is None:
        sys.exit(f"{image} is not an image of Python on Debian")
    version, release = found.groups()
    _say(f"debootstrap of {release} for {image}")
    include = "--include=python3-venv,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", include, release, root, _mirror(release)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    told = "import sys; print('%d.%d' % sys.version_info[:2])"
    has = _run(root, Started(["python", "-c", told], _PATH, "/", "0:0")).strip()
    if has != version:
        sys.exit(f"{release} has Python {has}, and {image} another")
    # Certificates and names as this machine knows them, for steps that fetch.
    shutil.copy(f"/{_CERTIFICATES}", root / _CERTIFICATES)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")


def _mirror(release: str) -> str:
    """Where apt fetches this release from."""
    asked = ["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(CREATED_BY) $(REPO_URI)"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^{release} main Packages (\S+)$", told, re.MULTILINE)
    if found is None:
        sys.exit(f"apt's sources do not have {release}")
    return found[1]


def _build_stage(stage: Stage, root: Path, built: Mapping[str, Path]) -> None:
    folder = "/"
    fetching = {name: value for name, value in os.environ.items() if _FROM_HERE.match(name)}
    for number, step in enumerate(stage.steps):
        begun = time.monotonic()
        if step.instruction == "WORKDIR":
            folder = step.rest
            (root / folder[1:]).mkdir(parents=True, exist_ok=True)
        elif step.instruction == "COPY":
            _copy(step.rest.split(), root, folder, built)
        elif step.instruction == "RUN":
            variables = environment(stage.steps[:number], _PATH) | fetching
            _run(root, Started(["/bin/sh", "-c", step.rest], variables, folder, "0:0"))
        _say(f"{time.monotonic() - begun:6.1f} s  {step.instruction} {step.rest[:60]}")


def _copy(words: list[str], root: Path, folder: str, built: Mapping[str, Path]) -> None:
    *sources, target = words
    context = ROOT
    if sources[0].startswith("--from="):
        context = built[sources.pop(0).removeprefix("--from=")]
    into = root / (target[1:] if target.startswith("/") else f"{folder[1:]}/{target}")
    for source in sources:
        path = context / source.lstrip("/")
        if path.is_dir():
            subprocess.run(["cp", "-a", f"{path}/.", _made(into)], check=True)
        else:
            shutil.copy(path, _made(into) if target.endswith("/") else into)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _argv(root: Path, process: Started, *, read_only: bool) -> list[str]:
    variables = [f"{name}={value}" for name, value in process.environment.items()]
    within = ["unshare", "--mount", "env", f"READ_ONLY={'yes' if read_only else ''}"]
    return [*within, "sh", "-ec", _WITHIN, str(root), process.folder, process.user, *variables, *process.argv]


def _run(root: Path, process: Started, *, read_only: bool = False) -> str:
    done = subprocess.run(
        _argv(root, process, read_only=read_only),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(process.argv)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


async def run(root: Path, folder: Path) -> None:
    """A worker of the image, from its start on a broker to its end in order. Exits with the reason when it does not."""
    stage = stages(DOCKERFILE.read_text())[-1]
    assert "Usage" in _run(root, started(stage, _PATH), read_only=True)
    written = started(stage, _PATH)._replace(argv=["python", "-c", "open('/opt/ticketpulse/x', 'w')"])
    refused = await asyncio.create_subprocess_exec(*_argv(root, written, read_only=True), stderr=subprocess.PIPE)
    _, why = await refused.communicate()
    assert b"Read-only file system" in why, why
    async with LocalKafka(folder / "kafka", ROOT / ".local/kafka/libs") as kafka:
        service, port = ours()["score"], free_port()
        told = {
            **_PATH,
            **service["environment"],
            "KAFKA_BROKERS": kafka.brokers,
            "TICKETPULSE_METRICS_PORT": str(port),
        }
        _run(root, started(stage, told, ["topics", "apply"]), read_only=True)
        check = [each.replace(":9100", f":{port}") for each in service["healthcheck"]["test"][1:]]
        await _works(root, started(stage, told, service["command"]), check)


async def _works(root: Path, worker: Started, check: Sequence[str]) -> None:
    process = await asyncio.create_subprocess_exec(*_argv(root, worker, read_only=True))
    asked = _argv(root, worker._replace(argv=check), read_only=True)
    try:
        async with asyncio.timeout(_HEALTHY_SECONDS):
            while await (await asyncio.create_subprocess_exec(*asked, stderr=subprocess.DEVNULL)).wait():
                assert process.returncode is None, f"the worker ended with {process.returncode}"
                await asyncio.sleep(1)
        process.terminate()
        code = await asyncio.wait_for(process.wait(), _END_SECONDS)
        assert code == 0, f"the worker ended with {code} after SIGTERM"
    finally:
        if process.returncode is None:
            process.kill()


def _say(line: str) -> None:
    sys.stderr.write(f"image-chroot: {line}\n")


if __name__ == "__main__":
    main()
