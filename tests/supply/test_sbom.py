"""The bill of materials names everything that is not ours, and is the same each time."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.supply.allowed import read_declared
from deploy.supply.jars import read_jars
from deploy.supply.locks import DEVELOPMENT, read_lock
from deploy.supply.sbom import bill_of_materials, main

MOMENT = 1_800_000_000


@pytest.fixture(scope="module")
def text() -> str:
    return bill_of_materials(read_declared(), MOMENT)


@pytest.fixture(scope="module")
def document(text: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text)
    return read


def test_it_is_the_same_each_time(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(MOMENT))
    assert main(tmp_path / "made.json") == 0
    assert (tmp_path / "made.json").read_text() == text
    assert json.loads(text)["metadata"]["timestamp"] == "2027-01-15T08:00:00+00:00"


def test_everything_that_is_not_ours_is_in_it(document: dict[str, Any]) -> None:
    named = {(each["name"], each["version"]) for each in document["components"]}
    assert {(pin.name, pin.version) for pin in read_lock(DEVELOPMENT)} <= named
    assert {(f"{jar.name}.jar", jar.version) for jar in read_jars()} <= named
    assert {("uPlot", "1.6.32"), ("consumer-complaints", "2023")} <= named


def test_each_has_a_licence_and_hashes(document: dict[str, Any]) -> None:
    for each in document["components"]:
        assert each["licenses"]
        places = [each, *each.get("externalReferences", []), *each.get("components", [])]
        assert any(hashed["alg"] == "SHA-256" for place in places for hashed in place.get("hashes", [])), each["name"]


def test_what_only_builds_and_checks_is_told_apart(document: dict[str, Any]) -> None:
    scopes = {each["name"]: each["scope"] for each in document["components"]}
    assert (scopes["aiokafka"], scopes["pytest"], scopes["chdb"]) == ("required", "excluded", "required")
    assert (scopes["kafka_2.13.jar"], scopes["uPlot"]) == ("optional", "required")


def test_who_needs_what_is_in_it(document: dict[str, Any]) -> None:
    needs = {each["ref"]: set(each.get("dependsOn", [])) for each in document["dependencies"]}
    aiokafka = next(ref for ref in needs if ref.startswith("pkg:pypi/aiokafka@"))
    assert aiokafka in needs["ticketpulse"]
    assert any(ref.startswith("pkg:pypi/cramjam@") for ref in needs[aiokafka])
