"""An answer as JSON or CSV, with what a cache needs to know: an ETag, and how long it may be kept."""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

# A spreadsheet takes a text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Whoever shares a cache has other rights. What is kept is asked for again, which costs an empty answer where nothing
# has changed.
KEEP: Final = "private, max-age=2, must-revalidate"


def as_json(answer: BaseModel) -> bytes:
    """The whole answer."""
    return answer.model_dump_json().encode()


def as_csv(answer: BaseModel, table: str) -> bytes:
    """The rows of one of its fields: a line of names, then a line for each row. UTF-8, lines end with CR LF (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe before it. Lists are joined with "; ".
    """
    rows: Sequence[BaseModel] = getattr(answer, table)
    [row_type] = _row_types(type(answer), table)
    names = list(row_type.model_fields)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])
    return out.getvalue().encode()


def answered(request: Request, body: bytes, media_type: str, filename: str | None = None) -> Response:
    """The body, or 304 where whoever asks has it already."""
    etag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": KEEP, "Vary": "Authorization, Cookie, Accept-Encoding"}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return Response(body, media_type=media_type, headers=headers)


def _has(wanted: str, etag: str) -> bool:
    opaque = etag.removeprefix("W/")
    return wanted.strip() == "*" or any(each.strip().removeprefix("W/") == opaque for each in wanted.split(","))


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        value = "; ".join(str(each) for each in value)
    if isinstance(value, dict):
        value = "; ".join(f"{name}={each}" for name, each in value.items())
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _row_types(answer: type[BaseModel], table: str) -> list[type[BaseModel]]:
    annotation: Any = answer.model_fields[table].annotation
    return [each for each in annotation.__args__ if isinstance(each, type) and issubclass(each, BaseModel)]
