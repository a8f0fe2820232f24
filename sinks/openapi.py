"""OpenAPI documents that tell the truth about errors: they travel as application/problem+json (RFC 9457)."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

from sinks.access.rules import rule_of
from sinks.dashboard.assets import SecurityHeaders

PROBLEM_JSON = "application/problem+json"
_ACCESS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_PARAMETER = re.compile(r"\{[^}]*\}")


class WrongField(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(extra="allow")

    field: str = Field(description="Where it stands; parts are joined with dots.")
    message: str = Field(description="What is wrong with it, and what is allowed.")


class ProblemBody(BaseModel):
    """What was wrong, where, and what to do."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[WrongField] | None = None


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    return {int(status): {"model": ProblemBody, "description": status.phrase} for status in statuses}


class DescribedApi(FastAPI):
    """An application whose document names the media type of its problems, which FastAPI takes for plain JSON. All of
    its answers have the security headers, those to its own failures too.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Everything, with the headers around it."""
        return SecurityHeaders(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """The document; it is made once."""
        if self.openapi_schema is None:
            described = super().openapi()
            _tell_of_access(described)
            for answer in _errors(described):
                answer["content"][PROBLEM_JSON] = answer["content"].pop("application/json")
        return super().openapi()


def _tell_of_access(described: dict[str, Any]) -> None:
    """What the layer before the routes answers where tokens are asked for."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            rule = rule_of(method.upper(), _PARAMETER.sub("x", path))
            if rule is not None and rule.right is None and not rule.signed_in:
                continue
            for status in _ACCESS:
                problem = {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
                answer = {"description": status.phrase, "content": {"application/json": problem}}
                operation["responses"].setdefault(str(int(status)), answer)
            if rule is not None and rule.right is not None:
                operation["x-right"] = rule.right.value


def _errors(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        answer
        for operations in described["paths"].values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        if int(status) >= HTTPStatus.BAD_REQUEST and "application/json" in answer.get("content", {})
    ]
