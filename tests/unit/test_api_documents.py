"""The gateway's OpenAPI document against the gateway: whatever fits the document is answered as the document says.

The stages run behind it, in the event loop of schemathesis, so that answers are the pipeline's.
"""

from http import HTTPStatus
from typing import Any

import hypothesis
import pytest
import schemathesis
from pydantic import SecretStr
from schemathesis import CheckFunction, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from streams.gateway.app import create_app
from streams.gateway.local_answers import LocalAnswers
from tests.unit.gateway_pipeline import PipelineWriter, memory_log

TOKEN = "s3cret-of-the-bot"  # noqa: S105
DOCUMENT = "/api/v1/openapi.json"
OPERATIONS = [
    ("POST", "/api/v1/events"),
    ("POST", "/api/incidents"),
    ("POST", "/api/support/escalate"),
    ("POST", "/api/chat/messages"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]

SETTINGS = hypothesis.settings(
    max_examples=15, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)


@pytest.fixture(scope="module")
def document() -> schemathesis.BaseSchema:
    log = memory_log()
    app = create_app(PipelineWriter(log), LocalAnswers(log), token=SecretStr(TOKEN), answer_seconds=20)
    return schemathesis.openapi.from_asgi(DOCUMENT, app)


def test_every_operation_is_tried(document: schemathesis.BaseSchema) -> None:
    found = [each.ok() for each in document.get_all_operations() if isinstance(each, Ok)]
    assert sorted((each.method.upper(), each.path) for each in found) == sorted(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_fits_the_document_is_accepted(document: schemathesis.BaseSchema, method: str, path: str) -> None:
    # That an event has a text or an attachment, and a change of status a status, is in no schema.
    excluded: list[CheckFunction] = [positive_data_acceptance] if path == "/api/v1/events" else []

    @hypothesis.given(case=document[path][method].as_strategy(generation_mode=GenerationMode.POSITIVE))
    @SETTINGS
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"X-Service-Token": TOKEN}, excluded_checks=excluded)

    check()


@pytest.mark.parametrize("path", [path for method, path in OPERATIONS if method == "POST"])
def test_what_does_not_fit_the_document_is_refused_as_it_says(document: schemathesis.BaseSchema, path: str) -> None:
    @hypothesis.given(case=document[path]["POST"].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @SETTINGS
    def check(case: schemathesis.Case[Any]) -> None:
        # Parameters that nobody knows are passed over: a request that is wrong by them alone need not be refused.
        assert case.meta is not None
        body = case.meta.components.get(ParameterLocation.BODY)
        is_wrong = body is not None and body.mode is GenerationMode.NEGATIVE
        answer = case.call(headers={"X-Service-Token": TOKEN})
        # A list of too many events is refused by 413, which the check does not take for a refusal.
        is_refused = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        excluded: list[CheckFunction] = [] if is_wrong and not is_refused else [negative_data_rejection]
        case.validate_response(answer, excluded_checks=excluded)

    check()
