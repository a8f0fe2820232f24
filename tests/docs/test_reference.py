"""docs/reference is what the code says now."""

import gzip
import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from deploy.docs.generate.asyncapi import CONTENTS, document, is_changelog
from deploy.docs.generate.settings import variables
from deploy.docs.generate.write import FOLDER, documents
from streams.config import Settings
from streams.topics import ALL

# Published by the AsyncAPI Initiative under the Apache License 2.0 in the package @asyncapi/specs, unchanged.
ASYNCAPI = Path(__file__).with_name("asyncapi-3.0.0.json.gz")


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return documents()


def test_the_reference_is_current(made: dict[str, str]) -> None:
    stored = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert sorted(stored) == sorted(made), "make reference"
    stale = [name for name, text in made.items() if stored[name] != text]
    assert not stale, f"{stale} differ from the code: make reference"


def test_the_topics_are_described_as_asyncapi_wants_it() -> None:
    validator = Draft7Validator(json.loads(gzip.decompress(ASYNCAPI.read_bytes())))
    described = document()
    assert [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(described)] == []
    described["channels"]["wrong"] = {"adress": "tickets"}
    assert list(validator.iter_errors(described))


def test_every_topic_is_described_and_no_other() -> None:
    assert set(CONTENTS) == {topic.name for topic in ALL if not is_changelog(topic)}


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    described = document()

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [each for value in part.values() for each in references(value)]
        return [each for value in part for each in references(value)] if isinstance(part, list) else []

    found = references(described)
    assert len(found) > len(CONTENTS)
    for reference in found:
        place: object = described
        for step in reference.removeprefix("#/").split("/"):
            assert isinstance(place, dict)
            assert step in place, reference
            place = place[step]


def test_every_setting_has_a_variable_and_a_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in variables().items():
        assert field.description or name.endswith("_PORT"), name
    monkeypatch.setenv("KAFKA_BROKERS", "elsewhere:9092")
    assert Settings().kafka_brokers == "elsewhere:9092"
