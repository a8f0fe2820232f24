"""What is installed is what was looked at: every file that pip takes has a hash, everywhere the same version."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.supply.jars import JARS, read_jars
from deploy.supply.locks import BUILD, DEVELOPMENT, IMAGE, LOCKS, ROOT, LockError, Pin, read_lock
from tests.conftest import KAFKA_LIBS


def versions(pins: tuple[Pin, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pin in pins:
        found.setdefault(pin.name, set()).add(pin.version)
    return found


def test_every_lock_file_locks_and_there_are_no_others() -> None:
    assert all(len(read_lock(file)) > 0 for file in LOCKS)
    listed = [file for file in ROOT.rglob("*.lock") if not {".venv", ".venv-peers", ".local", "dist"} & set(file.parts)]
    assert sorted(listed) == sorted(LOCKS)


@pytest.mark.parametrize("file", [IMAGE, BUILD], ids=["image", "build"])
def test_the_image_installs_what_is_tested(file: Path) -> None:
    tested = versions(read_lock(DEVELOPMENT))
    differing = {
        name: found for name, found in versions(read_lock(file)).items() if not found <= tested.get(name, set())
    }
    assert differing == {}, "make lock"


def test_the_image_installs_files_that_are_known_here() -> None:
    known = {(pin.name, pin.version): set(pin.hashes) for pin in read_lock(DEVELOPMENT)}
    assert all(set(pin.hashes) <= known[pin.name, pin.version] for file in (IMAGE, BUILD) for pin in read_lock(file))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda text: "--index-url elsewhere\n" + text, 1),
        (lambda text: text.replace("attrs==26.1.0 \\", "attrs>=26 \\"), 1),
        (lambda text: re.sub(r" \\\n    --hash\S+", "", text), 1),
        (lambda text: text.replace("--hash=sha256:0", "--hash=md5:0"), 2),
        (lambda text: text + "https://example.org/attrs.whl\n", 4),
    ],
    ids=["index", "range", "no hash", "weak hash", "address"],
)
def test_what_locks_nothing_is_found(tmp_path: Path, spoil: Callable[[str], str], line: int) -> None:
    file = tmp_path / "a.lock"
    file.write_text(spoil("attrs==26.1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via ours\n"))
    with pytest.raises(LockError, match=rf"^a\.lock:{line}: "):
        read_lock(file)


def test_who_needs_a_package_is_read() -> None:
    pins = {pin.name: pin for pin in read_lock(DEVELOPMENT)}
    assert "ticketpulse" in pins["aiokafka"].by
    assert "faust-streaming" in pins["aiokafka"].by
    assert {name for pin in pins.values() for name in pin.by} - set(pins) == {"ticketpulse"}


def installs() -> list[str]:
    """Every line of the image, the set-up and CI that has pip install something from elsewhere."""
    files = [ROOT / "deploy" / "image" / "Dockerfile", ROOT / "scripts" / "setup", ROOT / ".ci" / "run"]
    lines = [line for file in files for line in file.read_text().splitlines() if re.search(r"pip(\d)? install", line)]
    return [line for line in lines if "--no-deps" not in line and "upgrade pip" not in line]


def test_nothing_is_installed_without_hashes() -> None:
    assert len(installs()) == 4
    assert all("--require-hashes" in line for line in installs())


def test_the_jars_are_those_of_their_lock() -> None:
    assert len(read_jars()) == len(list(KAFKA_LIBS.glob("*.jar")))
    command = ["sha256sum", "--check", "--strict", "--quiet", str(JARS)]
    done = subprocess.run(command, cwd=KAFKA_LIBS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
