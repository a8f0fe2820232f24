"""Builds the wheel and the source archive, twice, and refuses them unless both are the same: `make wheel`.

What is built is the files that git knows, as they lie here; without git, those that are there.
"""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from deploy.supply.epoch import epoch
from deploy.supply.locks import ROOT

TARGET: Final = ROOT / "dist"
PACKAGES: Final = ("schemas", "sinks", "streams")
_BESIDE: Final = ("pyproject.toml", "README.md")
_BUILD: Final = "from setuptools import build_meta as b; b.build_sdist('out'); b.build_wheel('out')"


class BuildError(RuntimeError):
    """The build failed, or two builds differ."""


def build(target: Path = TARGET, *, root: Path = ROOT, seconds: int | None = None) -> list[Path]:
    """Wheel and source archive in `target`, the wheel first. BuildError with what the builder said."""
    moment = epoch(root=root) if seconds is None else seconds
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        built = _once(root, Path(folder), moment)
        return [_placed(file, target) for file in built]


def _once(root: Path, folder: Path, seconds: int) -> list[Path]:
    tree = folder / "tree"
    copy_tree(root, tree, seconds)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(seconds), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", _BUILD], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(f"the build failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    [archive] = (tree / "out").glob("*.tar.gz")
    archive.write_bytes(settled(archive.read_bytes(), seconds))
    return [*(tree / "out").glob("*.whl"), archive]


def copy_tree(root: Path, tree: Path, seconds: int) -> None:
    """What is built, with the same modes and times wherever it lay and whoever checked it out."""
    for name in sources(root):
        to = tree / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, to)
        to.chmod(0o644)
        os.utime(to, (seconds, seconds))


def sources(root: Path) -> list[str]:
    """The files that are built, from the root, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *PACKAGES, *_BESIDE],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        return sorted(name for name in listed.stdout.split("\0") if name and (root / name).is_file())
    found = [path for package in PACKAGES for path in (root / package).rglob("*") if path.is_file()]
    names = [str(path.relative_to(root)) for path in found if "__pycache__" not in path.parts]
    return sorted([*names, *_BESIDE])


def settled(archive: bytes, seconds: int) -> bytes:
    """A .tar.gz with its members in order of their names, all of one owner and moment."""
    plain = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as read,
        tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as written,
    ):
        for member in sorted(read.getmembers(), key=lambda each: each.name):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = seconds
            member.mode = 0o755 if member.isdir() else 0o644
            member.pax_headers = {}
            written.addfile(member, read.extractfile(member) if member.isfile() else None)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=seconds, filename="") as zipped:
        zipped.write(plain.getvalue())
    return packed.getvalue()


def _placed(file: Path, target: Path) -> Path:
    return Path(shutil.copyfile(file, target / file.name))


def main(target: Path = TARGET) -> int:
    """Build twice in folders of different names and compare; 1 when it fails or they differ."""
    try:
        seconds = epoch()
        with tempfile.TemporaryDirectory() as folder:
            again = build(Path(folder) / "again", seconds=seconds)
            for first, second in zip(build(target, seconds=seconds), again, strict=True):
                if first.read_bytes() != second.read_bytes():
                    raise BuildError(f"{first.name} is not the same in two builds: who built it cannot be told")
                print(f"wheel: {first}, the same twice", file=sys.stderr)
    except BuildError as error:
        print(f"wheel: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
