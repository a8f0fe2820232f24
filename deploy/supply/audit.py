"""Asks an advisory database about every package of the lock files: `make audit`.

It passes only when it knows. Whoever answers "nothing known" about everything (a mirror without advisories, an empty
database, a proxy) looks exactly like a project without holes, so it is first asked about a version whose holes have
been public for years. It fails likewise when the database does not answer, and when it does not know a package.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.supply.locks import LOCKS, LockError, read_lock

# Its hole: CVE-2019-11324, certificates that were to be refused are trusted.
KNOWN_BAD: Final = ("urllib3", "1.24.1")
_NO_HASH: Final = "0" * 64
# For 150 packages, one after the other.
_PATIENCE_SECONDS: Final = 1200


class AuditError(RuntimeError):
    """Something could not be audited, so nothing is known."""


class Finding(NamedTuple):
    """A hole of a package, and the versions without it."""

    name: str
    version: str
    ids: tuple[str, ...]
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.name} {self.version}: {', '.join(self.ids)}; mended in {', '.join(self.fixed_in) or 'no version'}"
        )


def locked(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Names and versions that any lock file pins, whatever machine they are for."""
    return sorted({(pin.name, pin.version) for file in files for pin in read_lock(file)})


def audit(pins: Sequence[tuple[str, str]], options: Sequence[str]) -> list[Finding]:
    """What is known against these, by the database that pip-audit's options name.

    AuditError when the database is away or empty, or does not know one of them.
    """
    found = _ask([*pins, KNOWN_BAD], options)
    if all(finding[:2] != KNOWN_BAD for finding in found):
        raise AuditError(
            f"the database knows nothing of {' '.join(KNOWN_BAD)}, whose holes are public: it holds no advisories, "
            "or something between it and here leaves them out"
        )
    return [finding for finding in found if finding[:2] in pins]


def _ask(pins: Sequence[tuple[str, str]], options: Sequence[str]) -> list[Finding]:
    """Of one name no two versions can be in one file of requirements: the second is asked in a second run."""
    first = dict(reversed(pins))
    others = [pin for pin in pins if first[pin[0]] != pin[1]]
    found = _run(list(first.items()), options)
    return found + _ask(others, options) if others else found


def _run(pins: Sequence[tuple[str, str]], options: Sequence[str]) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("".join(f"{name}=={version} --hash=sha256:{_NO_HASH}\n" for name, version in pins))
        command = [sys.executable, "-m", "pip_audit", "--format", "json", "--strict", "--disable-pip", "--no-deps"]
        # A cache would answer when the database is away.
        command += ["--progress-spinner", "off", "--cache-dir", f"{folder}/cache", "-r", str(requirements), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
    return _read(done.stdout, done.stderr, pins)


def _read(answer: str, said: str, pins: Sequence[tuple[str, str]]) -> list[Finding]:
    try:
        told: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = [line for line in said.splitlines() if line.strip()]
        raise AuditError(f"the database could not be asked: {last[-1].strip() if last else 'no answer'}") from None
    known = {(each["name"], each["version"]): each["vulns"] for each in told if "vulns" in each}
    missing = [f"{name} {version}" for name, version in pins if (name, version) not in known]
    if missing:
        raise AuditError(f"could not be audited, because the database does not know them: {', '.join(missing)}")
    return [
        Finding(*pin, (hole["id"], *hole.get("aliases", [])), tuple(hole.get("fix_versions", [])))
        for pin in pins
        for hole in known[pin]
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every package was audited and nothing is known; 1 and the holes, or what could not be audited."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--osv", metavar="URL", help="ask a server that speaks OSV's protocol, at its /v1/query")
    parser.add_argument("--lock", metavar="FILE", type=Path, action="append", help="a lock file; all of the project's")
    given = parser.parse_args(arguments)
    options = ["-s", "osv", "--osv-url", given.osv] if given.osv else ["-s", "pypi"]
    try:
        pins = locked(given.lock or LOCKS)
        findings = audit(pins, options)
    except (AuditError, LockError, OSError, subprocess.TimeoutExpired) as error:
        print(f"audit: NOT AUDITED: {error}", file=sys.stderr)
        return 1
    for finding in findings:
        print(f"audit: {finding}", file=sys.stderr)
    print(f"audit: {len(pins)} packages were audited, {len(findings)} holes are known", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
