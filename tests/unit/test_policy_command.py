"""`ticketpulse policy` without any server, and a wrong policy at the start of a worker."""

from pathlib import Path

import pytest

from tests.unit.conftest import Run

POLICY = """\
name = "shop"
version = 3
extends = "support"

[memory]
quiet = "7d"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "policies"
    made.mkdir()
    (made / "shop.toml").write_text(POLICY)
    return made


def test_check_says_what_a_file_holds(run: Run, folder: Path) -> None:
    result = run("policy", "check", str(folder / "shop.toml"))
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("shop 3: ")
    assert result.out.endswith("reads as support\n")


def test_check_reads_a_folder_with_what_its_book_names(run: Run, folder: Path) -> None:
    (folder / "book.toml").write_text('default = "shop"\n[[use]]\ntenant = "a"\npolicy = "support"\n')
    for path in (folder, folder / "book.toml"):
        names = [line.split()[0] for line in run("policy", "check", str(path)).out.splitlines()]
        assert names == ["shop", "support"]


def test_check_without_a_path_reads_what_is_in_force_here(run: Run, folder: Path) -> None:
    assert run("policy", "check", TICKETPULSE_PRESET="whatsapp").out.startswith("whatsapp 1: ")
    assert run("policy", "check", TICKETPULSE_POLICIES=folder).out.startswith("shop 3: ")


def test_check_names_every_mistake_of_every_file(run: Run, folder: Path) -> None:
    (folder / "shop.toml").write_text(POLICY.replace('"7d"', '"7 weeks"'))
    (folder / "other.toml").write_text('name = "other"\nversion = 0\n')
    result = run("policy", "check", str(folder))
    assert (result.code, result.out) == (2, "")
    other, shop = result.err.splitlines()
    assert other.startswith(f"ticketpulse: {folder}/other.toml:2: version: ")
    assert shop.startswith(f"ticketpulse: {folder}/shop.toml:6: memory.quiet: '7 weeks' is no span; wanted: ")


def test_check_of_nothing_is_one_line(run: Run) -> None:
    result = run("policy", "check", "/nowhere.toml")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("ticketpulse: /nowhere.toml: cannot be read: ")


@pytest.mark.parametrize("command", [("up",), ("up", "--embedded"), ("worker", "--stage", "track")], ids=" ".join)
def test_nothing_starts_with_a_wrong_policy(run: Run, folder: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (folder / "shop.toml").write_text(POLICY.replace('"7d"', '"7 weeks"'))
    result = run(*command, TICKETPULSE_POLICIES=folder)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"ticketpulse: {folder}/shop.toml:6: memory.quiet: ")
    assert not (tmp_path / "local").exists()
