"""The wheel: the same bytes from the same files, and everything in it that the program reads."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from deploy.supply.locks import ROOT
from deploy.supply.wheel import PACKAGES, build, sources

MOMENT = 1_800_000_000

# What nobody finds out before it is needed: the page's files, the words of mails, the policies and lists of presets.
LOOK = """
import streams
from sinks.dashboard.assets import FOLDER
from sinks.notify.template_files import read_built_in
from streams.escalation.book import preset_book
from streams.stages import load_preset
assert (FOLDER / "index.html").read_text() and list(FOLDER.glob("vendor/*/*.js"))
assert {"en", "de"} <= {place.language for place in read_built_in()}, list(read_built_in())[:3]
for preset in ("support", "helpdesk", "incident", "whatsapp", "assistant", "analytics"):
    assert preset_book(preset) and load_preset(preset)
print(streams.__file__)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build(tmp_path_factory.mktemp("dist"), seconds=MOMENT)


def test_another_checkout_gives_the_same_bytes(made: list[Path], tmp_path: Path) -> None:
    """One without git, whose files are of another time and may be read by fewer."""
    for name in sources(ROOT):
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / name).write_bytes((ROOT / name).read_bytes())
        (tmp_path / "copy" / name).chmod(0o600)
    again = build(tmp_path / "dist", root=tmp_path / "copy", seconds=MOMENT)
    assert [file.name for file in again] == [file.name for file in made]
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in made]


def test_both_hold_every_file_of_the_packages(made: list[Path]) -> None:
    wheel, archive = made
    wanted = {name for name in sources(ROOT) if name.partition("/")[0] in PACKAGES}
    with zipfile.ZipFile(wheel) as read:
        assert wanted - set(read.namelist()) == set()
        assert {info.date_time[:3] for info in read.infolist()} == {(2027, 1, 15)}
    with tarfile.open(archive) as unpacked:
        assert wanted - {name.partition("/")[2] for name in unpacked.getnames()} == set()
        assert {(member.mtime, member.uid, member.uname) for member in unpacked} == {(MOMENT, 0, "")}


@pytest.fixture(scope="module")
def installed(made: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that has the wheel, and finds the locked packages but not this tree."""
    fresh = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)
    [packages] = fresh.glob("lib/python*/site-packages")
    # The files of this folder that would lead to the tree are only read in a folder of the interpreter's own.
    (packages / "locked.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]
    subprocess.run([*pip, fresh / "bin" / "python", "install", "-q", "--no-deps", "--no-index", made[0]], check=True)
    return fresh / "bin"


def run(program: Path, *arguments: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_what_is_installed_has_all_that_it_reads(installed: Path, tmp_path: Path) -> None:
    told = run(installed / "python", "-c", LOOK, folder=tmp_path)
    assert Path(told.strip()).is_relative_to(installed.parent)


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    assert "Support-ticket events in" in run(installed / "ticketpulse", "--help", folder=tmp_path)
    database = f"chdb://{tmp_path / 'clickhouse'}"
    assert "0019_" in run(installed / "ticketpulse", "migrate", folder=tmp_path, CLICKHOUSE_URL=database)
