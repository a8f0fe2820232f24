"""Writes docs/licenses.md: `make licenses`. Fails when a licence is unknown or not allowed."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.supply.allowed import Declared, LicenseError, Part, check_allowed, license_of, read_declared
from deploy.supply.jars import license_of_jar, read_jars
from deploy.supply.locks import DEVELOPMENT, IMAGE, ROOT, read_lock

PAGE: Final = ROOT / "docs" / "licenses.md"
# `make run` and `[embedded]` install these, the image does not.
BESIDE_THE_IMAGE: Final = frozenset({"chdb", "chdb-core"})

_HEAD: Final = """# Licences of others

Written by `make licenses` from what the packages of the lock files say of themselves, and from what was looked up where
they say nothing that a program reads (`deploy/supply/licenses.toml`). That file also lists the licences that are
allowed; with another one, or an unknown one, `make licenses` and the tests fail. Versions and hashes are in the lock
files and in what `make sbom` writes.

The project itself names no licence yet: until its owner gives one, nobody else may copy it.
"""


def part_of(name: str, image: frozenset[str]) -> Part:
    """Whether a package reaches whoever installs the product."""
    return "shipped" if name in image | BESIDE_THE_IMAGE else "tools"


def page(declared: Declared) -> str:
    """The whole page. LicenseError tells every licence that is unknown or not allowed."""
    image = frozenset(pin.name for pin in read_lock(IMAGE))
    packages = sorted({pin.name for pin in read_lock(DEVELOPMENT)})
    problems: list[str] = []
    rows: dict[Part, list[str]] = {"shipped": [], "tools": []}
    for name in packages:
        part = part_of(name, image)
        try:
            expression = license_of(name, declared)
            check_allowed(name, expression, part, declared)
            rows[part].append(f"| {name} | {expression} |")
        except LicenseError as error:
            problems.append(str(error))
    problems += _of_the_rest(declared)
    if problems:
        raise LicenseError("\n".join(problems))
    return "\n".join([_HEAD, *_tables(rows), *_files(declared), *_jars(declared)]) + "\n"


def _of_the_rest(declared: Declared) -> list[str]:
    """What is wrong with jars and files."""
    things: list[tuple[str, str, Part]] = [
        (jar.name, license_of_jar(jar.name, declared), "shipped") for jar in read_jars()
    ]
    things += [(file.path, file.license, file.part) for file in declared.files]
    problems = []
    for what, expression, part in things:
        try:
            check_allowed(what, expression, part, declared)
        except LicenseError as error:
            problems.append(str(error))
    return problems


def _tables(rows: dict[Part, list[str]]) -> Iterator[str]:
    titles: dict[Part, str] = {
        "shipped": "## Packages that the image and the extras install",
        "tools": "## Packages that only build and check",
    }
    for part, title in titles.items():
        yield from (title, "", "| package | licence |", "|---|---|", *rows[part], "")


def _files(declared: Declared) -> Iterator[str]:
    yield from ("## Files of others in the repository", "")
    yield from ("| file | licence | in the wheel | what it is |", "|---|---|---|---|")
    for file in declared.files:
        yield f"| `{file.path}` | {file.license} | {'yes' if file.part == 'shipped' else 'no'} | {file.holds} |"
    yield ""


def _jars(declared: Declared) -> Iterator[str]:
    yield from ("## Jars of the local broker", "")
    yield "`make setup` fetches them for `make run` and the tests, and checks them against `deploy/kafka/jars.sha256`."
    yield from ("", "| jar | licence |", "|---|---|")
    for jar in read_jars():
        yield f"| {jar.name} | {license_of_jar(jar.name, declared)} |"


def main(target: Path = PAGE) -> int:
    """Write the page; 1 and the reasons when it cannot be."""
    try:
        target.write_text(page(read_declared()))
    except LicenseError as error:
        print(f"licences: nothing was written:\n{error}", file=sys.stderr)
        return 1
    print(f"licences: {target.relative_to(ROOT)} is written", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
