"""Routes, from the OpenAPI documents of the gateway and of the page."""

from typing import Any, NoReturn

from deploy.docs.generate.markdown import code, one_line, page, table
from sinks.dashboard.app import create_page
from streams import topics
from streams.clock import wall_clock
from streams.engine.local import LocalLog, LocalWriter, MemoryStorage
from streams.gateway.app import create_app
from streams.gateway.local_answers import LocalAnswers

INTRO = """
    The right is what a token's role has to give, where [tokens](../access.md) are asked for. Each server tells its own
    document at `/api/v1/openapi.json`; here are [the gateway's](openapi-gateway.json) and [the
    page's](openapi-page.json). What is wrong with a request is answered as `application/problem+json` (RFC 9457).
"""


def gateway_document() -> dict[str, Any]:
    """The gateway's OpenAPI document."""
    log = LocalLog(MemoryStorage(), wall_clock)
    return create_app(LocalWriter(log, topics.EVENTS), LocalAnswers(log)).openapi()


def page_document() -> dict[str, Any]:
    """The page's OpenAPI document."""
    return create_page(_nowhere).openapi()


def _nowhere() -> NoReturn:
    raise RuntimeError("no database is asked for a document")


def routes_page() -> str:
    """Each route of both with its right and its parameters."""
    parts = [
        f"## {title}\n\n{table(['route', 'right', 'what it does', 'parameters'], _rows(document))}"
        for title, document in (
            ("Gateway, port 8080", gateway_document()),
            ("Page, port 8081", page_document()),
        )
    ]
    return page("HTTP", INTRO, *parts)


def _rows(document: dict[str, Any]) -> list[list[str]]:
    return [
        [code(f"{method.upper()} {path}"), operation.get("x-right", ""), _what(operation), _parameters(operation)]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _what(operation: dict[str, Any]) -> str:
    return one_line(str(operation.get("description") or operation.get("summary", "")).partition("\n\n")[0])


def _parameters(operation: dict[str, Any]) -> str:
    return ", ".join(code(each["name"]) for each in operation.get("parameters", []))
