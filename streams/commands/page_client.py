"""What a command asks of processes that run here: the page's figures and their metrics."""

import http.client
from collections.abc import Iterable
from typing import Any

import msgspec

_SECONDS = 3.0


class PageAway(Exception):
    """The page does not answer, or says that it cannot."""


class PageClosed(PageAway):
    """The page answers, and wants a token that may read."""


def live(host: str, port: int, minutes: int = 30, token: str | None = None) -> dict[str, Any]:
    """The figures of the page. Raises PageAway."""
    return answer(host, port, f"/api/v1/live?minutes={minutes}", token)


def answer(host: str, port: int, path: str, token: str | None = None) -> dict[str, Any]:
    """What the page answers at an address. Raises PageAway."""
    try:
        status, body = _get(host, port, path, token)
    except (OSError, http.client.HTTPException) as error:
        raise PageAway(f"the page at http://{host}:{port} does not answer: {error}") from error
    figures: dict[str, Any] = msgspec.json.decode(body)
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        wanted = "TICKETPULSE_TOKEN is one that may read"
        raise PageClosed(f"the page at http://{host}:{port} wants a token, {wanted}: {figures.get('detail', status)}")
    if status != http.client.OK:
        raise PageAway(f"the page at http://{host}:{port}: {figures.get('detail', status)}")
    return figures


def metrics(addresses: Iterable[str]) -> dict[str, float]:
    """Every metric of these processes by name and labels, added up. Those that do not answer are left out."""
    total: dict[str, float] = {}
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            status, body = _get(host, int(port), "/metrics")
        except (OSError, http.client.HTTPException):
            continue
        if status != http.HTTPStatus.OK:
            continue  # somebody else's server has taken the port
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                total[name] = total.get(name, 0.0) + float(value)
    return total


def _get(host: str, port: int, path: str, token: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
