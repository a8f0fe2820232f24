"""Claims of docs/threat-model.md that no other test holds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.supply.locks import ROOT

PACKAGES = ("schemas", "sinks", "streams")
# Each of them runs, or unfolds without bound, what somebody else wrote.
FORBIDDEN_MODULES = {"dill", "joblib", "marshal", "pickle", "shelve", "xml", "yaml", "lxml", "defusedxml"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
PAGES = ("SECURITY.md", "docs/threat-model.md", "docs/supply-chain.md", "docs/upgrading.md")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT), ast.parse(file.read_text())


def forbidden(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from [node.module] if node.module.partition(".")[0] in FORBIDDEN_MODULES else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield node.func.id
        elif isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
            yield from [node.arg] if not (isinstance(node.value, ast.Constant) and node.value.value is False) else []


def test_nothing_that_others_write_is_run_or_read_as_yaml_or_xml() -> None:
    assert {str(file): found for file, tree in modules() if (found := list(forbidden(tree)))} == {}


@pytest.mark.parametrize(
    "code", ["import pickle", "from xml.etree import ElementTree", "eval(text)", "run(text, shell=True)"]
)
def test_what_is_looked_for_would_be_found(code: str) -> None:
    assert list(forbidden(ast.parse(code)))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    named = set(re.findall(r"`((?:deploy|docs|schemas|scripts|sinks|streams|tests)/[\w./-]*)`", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()
