"""All pages of the reference, as texts."""

import json
from pathlib import Path
from typing import Final

from deploy.docs.generate.alerts import alerts_page
from deploy.docs.generate.asyncapi import document as asyncapi
from deploy.docs.generate.commands import commands_page
from deploy.docs.generate.markdown import page
from deploy.docs.generate.metrics import metrics_page
from deploy.docs.generate.routes import gateway_document, page_document, routes_page
from deploy.docs.generate.settings import settings_page
from deploy.docs.generate.tables import tables_page
from deploy.docs.generate.topics import topics_page

FOLDER: Final = Path(__file__).parents[3] / "docs" / "reference"
INTRO = """
    These pages are made from code by `make reference`, and a test holds them against it.

    - [Settings](settings.md): every variable of the environment
    - [Commands](cli.md): everything that `ticketpulse` can be told
    - [HTTP](http.md): the routes of the gateway and of the page, with the rights that they ask for
    - [Topics](topics.md): what is on them, and for how long
    - [Tables](tables.md): tables and views of ClickHouse, with their columns
    - [Metrics](metrics.md): what Prometheus can ask for
    - [Alerts and runbooks](alerts.md): what fires, and what to do

    For programs: [asyncapi.json](asyncapi.json) describes the topics (AsyncAPI 3),
    [openapi-gateway.json](openapi-gateway.json) and [openapi-page.json](openapi-page.json) the routes (OpenAPI 3.1).
"""


def documents() -> dict[str, str]:
    """The text of each file of docs/reference by its name."""
    return {
        "index.md": page("Reference", INTRO),
        "settings.md": settings_page(),
        "cli.md": commands_page(),
        "http.md": routes_page(),
        "topics.md": topics_page(),
        "tables.md": tables_page(),
        "metrics.md": metrics_page(),
        "alerts.md": alerts_page(),
        "asyncapi.json": _json(asyncapi()),
        "openapi-gateway.json": _json(gateway_document()),
        "openapi-page.json": _json(page_document()),
    }


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
