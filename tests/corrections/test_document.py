"""Corrections, sessions, tokens and the audit against the page's OpenAPI document: all is answered as it says."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.browser.page_process import serving

pytestmark = pytest.mark.xdist_group("corrections")

WITH_INPUT = [
    ("POST", "/api/v1/corrections"),
    ("GET", "/api/v1/corrections"),
    ("GET", "/api/v1/tickets/{ticket_id}/suggestions"),
    ("POST", "/api/v1/tickets/{ticket_id}/suggestions/used"),
    ("GET", "/api/v1/suggestions/stats"),
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
    # A process of its own: what is asked in many event loops in turn is no server.
    with serving("tests.corrections.serve_page", str(tmp_path_factory.mktemp("document"))) as served:
        yield schemathesis.openapi.from_url(f"{served.address}/api/v1/openapi.json")


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
