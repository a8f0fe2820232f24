"""Which licences the packages are under, and which may be."""

import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from license_expression import ExpressionError, Licensing, get_spdx_licensing

DECLARED: Final = Path(__file__).with_name("licenses.toml")

_OR: Final = Licensing().OR

# Whether something is passed on to whoever installs the product, or only builds and checks it.
Part = Literal["shipped", "tools"]

_CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


# What the parser takes; it stumbles over prose.
_EXPRESSION: Final = re.compile(r"[A-Za-z0-9.+() -]+")


class LicenseError(ValueError):
    """A licence is not known, or not allowed."""


class BundledFile(NamedTuple):
    """A file or folder of others in the repository; `path` is from its root."""

    name: str
    version: str
    path: str
    license: str
    part: Part
    holds: str
    purl: str = ""


class Declared(NamedTuple):
    """What people have looked up and decided (licenses.toml)."""

    allowed: dict[Part, frozenset[str]]
    packages: dict[str, str]
    jars: dict[str, str]
    files: tuple[BundledFile, ...]


def read_declared(file: Path = DECLARED) -> Declared:
    """The file's contents. What may be shipped may be a tool."""
    read = tomllib.loads(file.read_text())
    shipped = frozenset(read["allowed"]["shipped"])
    return Declared(
        {"shipped": shipped, "tools": shipped | frozenset(read["allowed"]["tools"])},
        read["packages"],
        read["jars"],
        tuple(BundledFile(**each) for each in read["files"]),
    )


def license_of(name: str, declared: Declared, about: Callable[[str], Any] = metadata.metadata) -> str:
    """The SPDX expression of a package: as declared, else as the installed package says.

    LicenseError says what to do where nobody knows.
    """
    if name in declared.packages:
        return declared.packages[name]
    try:
        said = about(name)
    except metadata.PackageNotFoundError:
        raise _unknown(name, "it is not installed here") from None
    found = said.get("License-Expression") or _of_text(said.get("License") or "") or _of_classifiers(said)
    if found is None:
        raise _unknown(name, f"it says {said.get('License') or 'nothing'!r}".replace("\n", " ")[:90])
    return str(found)


def _unknown(name: str, why: str) -> LicenseError:
    return LicenseError(
        f"the licence of {name} is not known ({why}): look it up and add it to [packages] of {DECLARED.name}"
    )


@cache
def _spdx() -> Licensing:
    return get_spdx_licensing()


def _of_text(text: str) -> str | None:
    """The text when it is an expression and no prose."""
    if _EXPRESSION.fullmatch(text) is None:
        return None
    found = _spdx().validate(text)
    return None if found.errors else str(found.normalized_expression)


def _of_classifiers(said: Any) -> str | None:
    """The one licence that the classifiers name; two may mean both or either, and some name a family."""
    named = [each.rsplit(" :: ", 1)[-1] for each in said.get_all("Classifier", []) if each.startswith("License :: ")]
    known = {_CLASSIFIERS.get(each) for each in named if each not in {"OSI Approved", "DFSG approved"}}
    return known.pop() if len(known) == 1 else None


def check_allowed(what: str, expression: str, part: Part, declared: Declared) -> None:
    """LicenseError unless whoever takes the thing can do so under allowed licences alone."""
    try:
        parsed = Licensing().parse(expression)
    except ExpressionError as error:
        raise LicenseError(f"{what}: {expression!r} is no SPDX expression: {error}") from None
    if not _holds(parsed, declared.allowed[part]):
        raise LicenseError(
            f"{what} is under {expression}, which is not among the licences that are allowed for what is {part}: "
            f"do without it, or have it decided and added to [allowed] of {DECLARED.name}"
        )


def _holds(expression: Any, allowed: frozenset[str]) -> bool:
    if expression.isliteral:
        return str(expression) in allowed
    each = [_holds(arg, allowed) for arg in expression.args]
    return any(each) if isinstance(expression, _OR) else all(each)
