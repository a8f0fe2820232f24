"""Errors as application/problem+json (RFC 9457): what was wrong, where, and what to do."""

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from schemas.rejections import Rejected


class Problem(Exception):
    """An answer that is an error. `errors` names each bad event: index in the list, field, reason and message."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> Response:
        """The problem as an HTTP answer."""
        body: dict[str, Any] = {"type": "about:blank", "title": self.status.phrase, "status": int(self.status)}
        body |= {"detail": self.detail, **self.members}
        if self.errors:
            body["errors"] = list(self.errors)
        return Response(
            msgspec.json.encode(body), int(self.status), self.headers, media_type="application/problem+json"
        )


def error_of(rejected: Rejected, index: int | None) -> dict[str, Any]:
    """One entry of `errors`. `index` counts from 0 and is left out for a body that is one event."""
    place = {} if index is None else {"index": index}
    return {**place, "field": rejected.field, "reason": rejected.reason.value, "message": rejected.message}


def refuse_other(tenant: str, allowed: Collection[str]) -> None:
    """Raises Problem, 403, for a tenant that is none of the `allowed`; without any all are."""
    if allowed and tenant not in allowed:
        detail = f"this secret sends for {', '.join(sorted(allowed))}, and not for tenant {tenant}"
        raise Problem(HTTPStatus.FORBIDDEN, detail)
