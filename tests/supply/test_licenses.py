"""Licences: each is known and allowed, and the page says so."""

from email.message import Message
from importlib import metadata

import pytest

from deploy.supply import licenses
from deploy.supply.allowed import LicenseError, check_allowed, license_of, read_declared
from deploy.supply.locks import ROOT


def test_the_page_is_current() -> None:
    assert licenses.PAGE.read_text() == licenses.page(read_declared()), "make licenses"


def said(**headers: str) -> Message:
    """What a package says of itself."""
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (said(License_Expression="MIT AND BSD-3-Clause"), "MIT AND BSD-3-Clause"),
        (said(License="apache-2.0"), "Apache-2.0"),
        (said(License="MIT License", Classifier="License :: OSI Approved :: MIT License"), "MIT"),
        (said(License="Apache License, Version 2.0", Classifier="License :: OSI Approved :: Apache Software License"),
         "Apache-2.0"),
    ],
    ids=["expression", "text", "classifier", "prose"],
)  # fmt: skip
def test_what_a_package_says_is_read(about: Message, expected: str) -> None:
    assert license_of("some-package", read_declared(), lambda _name: about) == expected


@pytest.mark.parametrize(
    "about",
    [said(), said(License="Copyright, see file"), said(Classifier="License :: OSI Approved :: BSD License")],
    ids=["nothing", "prose", "a family"],
)
def test_an_unknown_licence_says_where_to_add_it(about: Message) -> None:
    with pytest.raises(
        LicenseError, match=r"^the licence of some-package is not known .* \[packages\] of licenses\.toml"
    ):
        license_of("some-package", read_declared(), lambda _name: about)


def test_a_package_that_is_not_installed_has_to_be_looked_up() -> None:
    def away(name: str) -> Message:
        raise metadata.PackageNotFoundError(name)

    with pytest.raises(LicenseError, match="not installed here"):
        license_of("some-package", read_declared(), away)


@pytest.mark.parametrize("expression", ["MIT", "GPL-3.0-only OR MIT", "(MIT OR GPL-3.0-only) AND ISC"])
def test_what_can_be_had_under_allowed_licences_is_allowed(expression: str) -> None:
    check_allowed("it", expression, "shipped", read_declared())


@pytest.mark.parametrize("expression", ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "SSPL-1.0", "MIT OR"])
def test_what_cannot_is_refused(expression: str) -> None:
    with pytest.raises(LicenseError, match=r"^it"):
        check_allowed("it", expression, "shipped", read_declared())


def test_a_tool_may_be_what_the_product_may_not() -> None:
    check_allowed("it", "GPL-3.0-only", "tools", read_declared())


def test_no_page_is_made_when_a_licence_is_not_allowed() -> None:
    declared = read_declared()
    strict = declared._replace(
        allowed={part: names - {"LGPL-2.1-or-later"} for part, names in declared.allowed.items()}
    )
    with pytest.raises(LicenseError, match=r"python-stdnum is under LGPL-2\.1-or-later, which is not among"):
        licenses.page(strict)


def test_what_others_made_is_there_with_its_licence() -> None:
    for file in read_declared().files:
        assert (ROOT / file.path).exists()
    vendored = {path.parent for path in (ROOT / "sinks" / "dashboard" / "static" / "vendor").rglob("*.js")}
    assert {str(path.relative_to(ROOT)) for path in vendored} <= {file.path for file in read_declared().files}
    assert all((path / "LICENSE.txt").exists() for path in vendored)
