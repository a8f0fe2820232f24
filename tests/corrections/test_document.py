"""Corrections, sessions, tokens and the audit against the page's OpenAPI document: all is answered as it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from tests.corrections.served import page_of
from tests.unit.gateway_pipeline import memory_log

pytestmark = pytest.mark.xdist_group("corrections")

WITH_INPUT = [
    ("POST", "/api/v1/corrections"),
    ("GET", "/api/v1/corrections"),
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/audit"),
]
WITHOUT = [("GET", "/api/v1/session"), ("DELETE", "/api/v1/session"), ("GET", "/api/v1/tokens")]
CASES = [
    *((*each, mode) for each in WITH_INPUT for mode in GenerationMode),
    *((*each, GenerationMode.POSITIVE) for each in WITHOUT),
]
# That a correction changes something, and that a cursor is one that an answer gave, is in no schema.
EXCLUDED: list[CheckFunction] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    folder: Path = tmp_path_factory.mktemp("document")
    url = f"chdb://{folder / 'clickhouse'}"
    client = connect(url)
    migrate(client)
    opened = []

    def open_one() -> Any:
        opened.append(connect(url, readonly=True))
        return opened[-1]

    page = page_of(open_one, memory_log())
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", page)
    for each in (*opened, client):
        each.close()


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_the_page_keeps_what_its_document_promises(
    document: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    @hypothesis.given(case=document[path][method].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=10, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(excluded_checks=EXCLUDED)

    check()
