"""`make audit` passes when every package was looked up in a database that knows something, and at no other time."""

from pathlib import Path

import pytest

from deploy.supply.audit import main
from tests.supply.advisories import OLD_HOLE, Database, serving_osv, serving_pypi

LOCK = """\
attrs==26.1.0 \\
    --hash=sha256:{hash}
    # via ours
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{hash}
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:{hash}
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.lock"
    file.write_text(LOCK.format(hash="0" * 64))
    return file


def test_what_nothing_is_known_of_passes(lock: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serving_osv(Database(OLD_HOLE)) as address:
        assert main(["--osv", address, "--lock", str(lock)]) == 0
    assert "3 packages were audited, 0 holes are known" in capfd.readouterr().err


def test_a_hole_is_named_also_of_the_version_for_other_machines(lock: Path, capfd: pytest.CaptureFixture[str]) -> None:
    holes = {**OLD_HOLE, ("numpy", "2.5.5"): "CVE-2099-1"}
    with serving_osv(Database(holes)) as address:
        assert main(["--osv", address, "--lock", str(lock)]) == 1
    assert "numpy 2.5.5: CVE-2099-1; mended in 9999" in capfd.readouterr().err


def test_a_database_that_knows_of_no_hole_at_all_is_none(lock: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serving_osv(Database({})) as address:
        assert main(["--osv", address, "--lock", str(lock)]) == 1
    assert "NOT AUDITED: the database knows nothing of urllib3 1.24.1" in capfd.readouterr().err


def test_a_database_that_is_away_passes_nothing(lock: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serving_osv(Database(OLD_HOLE)) as address:
        pass
    assert main(["--osv", address, "--lock", str(lock)]) == 1
    assert "NOT AUDITED: the database could not be asked" in capfd.readouterr().err


def test_a_package_that_the_database_does_not_know_passes_nothing(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    known = frozenset({("numpy", "2.4.6"), ("numpy", "2.5.5")})
    with serving_pypi(Database(OLD_HOLE, known), tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["--lock", str(lock)]) == 1
    assert "attrs: Dependency not found" in capfd.readouterr().err


def test_the_packages_index_knows_all_that_it_is_asked(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    known = frozenset({("attrs", "26.1.0"), ("numpy", "2.4.6"), ("numpy", "2.5.5")})
    with serving_pypi(Database(OLD_HOLE, known), tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["--lock", str(lock)]) == 0
    assert "3 packages were audited, 0 holes are known" in capfd.readouterr().err


def test_a_file_that_locks_nothing_is_not_audited(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "loose.lock").write_text("attrs>=25\n")
    assert main(["--lock", str(tmp_path / "loose.lock")]) == 1
    assert "loose.lock:1: not a version with hashes: 'attrs>=25'" in capfd.readouterr().err
