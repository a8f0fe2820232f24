"""Contracts: what a vendor's documents say of the requests that we send, and what of each is wrong."""

import base64
import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import jsonschema_rs

from tests.helpdesk.http_server import Asked

CONTRACTS = Path(__file__).parent / "contracts"


class Fits(NamedTuple):
    """A request that is in the contract: the entry of it, and what stands in the path and in the body."""

    entry: dict[str, Any]
    slots: dict[str, Any]


class Contract:
    """One vendor's. Every request must be of one of its entries in all it says."""

    def __init__(self, vendor: str) -> None:
        said = json.loads((CONTRACTS / f"{vendor}.json").read_text("utf-8"))
        self.sources: list[str] = said["source"]
        self.read_on: str = said["read_on"]
        self._headers: dict[str, str] = said["headers"]
        self.credentials: str = said["credentials"]
        self._entries: list[dict[str, Any]] = said["requests"]
        self._asked: set[str] = set()

    @property
    def unasked(self) -> set[str]:
        """The names of entries that nobody has asked for yet."""
        return {entry["name"] for entry in self._entries} - self._asked

    def is_read(self, name: str) -> bool:
        """Whether the entry of this name only asks."""
        (entry,) = (entry for entry in self._entries if entry["name"] == name)
        return entry["does"] in ("find", "find_contact", "read")

    def check(self, asked: Asked) -> Fits | list[str]:
        """The entry that the request is of, or all that is wrong with it."""
        path, _, query = asked.target.partition("?")
        of_path = [(entry, found) for entry in self._entries if (found := re.fullmatch(entry["path"], path))]
        for entry, found in of_path:
            if entry["method"] == asked.method:
                wrong = [*self._wrong_headers(asked, entry), *_wrong_query(query, entry), *_wrong_body(asked, entry)]
                if wrong:
                    return [f"{entry['name']}: {each}" for each in wrong]
                self._asked.add(entry["name"])
                return Fits(entry, _slots(entry, found.groupdict(), asked, query))
        allowed = ", ".join(entry["method"] for entry, _ in of_path) or "nothing"
        return [f"{asked.method} {path}: the documents know {allowed} there"]

    def _wrong_headers(self, asked: Asked, entry: dict[str, Any]) -> list[str]:
        wanted = {**self._headers, **entry.get("headers", {})}
        if asked.body:
            wanted["content-type"] = "application/json"
        wrong = [
            f"header {name}: {asked.headers.get(name)!r} is not like {pattern}"
            for name, pattern in wanted.items()
            if not re.fullmatch(pattern, asked.headers.get(name, ""))
        ]
        if _credentials(asked.headers) != self.credentials:
            wrong.append(f"the credentials are not {self.credentials}")
        return wrong


def _credentials(headers: dict[str, str]) -> str:
    given = headers.get("authorization") or headers.get("api_access_token") or ""
    return base64.b64decode(given[6:]).decode() if given.startswith("Basic ") else given


def _wrong_query(query: str, entry: dict[str, Any]) -> list[str]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    return _wrong(given, entry.get("query", {"maxProperties": 0}), "query")


def _wrong_body(asked: Asked, entry: dict[str, Any]) -> list[str]:
    if "body" not in entry:
        return [f"a body of {len(asked.body)} bytes where none belongs"] if asked.body else []
    try:
        return _wrong(json.loads(asked.body), entry["body"], "body")
    except ValueError as error:
        return [f"the body is no JSON: {error}"]


def _wrong(given: object, schema: dict[str, Any], what: str) -> list[str]:
    validator = jsonschema_rs.validator_for(schema)
    return [
        f"{what} at {'/'.join(map(str, each.instance_path))}: {each.message}" for each in validator.iter_errors(given)
    ]


def _slots(entry: dict[str, Any], path: dict[str, str], asked: Asked, query: str) -> dict[str, Any]:
    """What the entry reads of the request: from the body by path, from the query by name."""
    body = json.loads(asked.body) if asked.body else None
    slots: dict[str, Any] = {name: unquote(value) for name, value in path.items()}
    given = dict(parse_qsl(query))
    for slot, place in entry.get("reads", {}).items():
        value = given.get(place[1]) if place[0] == "query" else _at(body, place[1:])
        if value is not None:
            slots[slot] = value
    return slots


def _at(value: Any, path: list[Any]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
