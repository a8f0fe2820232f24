"""The table of rights: complete, and not to be got around by any spelling of a path."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st

from sinks.access.gate import Gate
from sinks.access.layer import AccessLayer
from sinks.access.limits import Rates
from sinks.access.principals import RIGHTS_OF, Right, Role
from sinks.access.rules import RULES, UNSAFE, Rule, rule_of
from sinks.dashboard.app import create_page
from tests.access.doors import Reached, asking, gateway_of, nowhere, routes_of, token, write
from tests.unit.gateway_pipeline import memory_log

PAGE, GATEWAY = create_page(nowhere), gateway_of(memory_log(), None)
APPS = {"page": PAGE, "gateway": GATEWAY}


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


class Routed(NamedTuple):
    """A method and a path as an application routes them."""

    method: str
    path: str
    matches: Callable[[str], object]


def all_routes(app: FastAPI) -> list[Routed]:
    """What is in no document too; not what is mounted."""
    return [
        Routed(method, context.path, context.path_regex.match)
        for context in iter_route_contexts(app.routes)
        if context.path is not None
        for method in context.methods or ()
    ]


@pytest.mark.parametrize("name", APPS)
def test_every_address_of_both_applications_has_an_entry(name: str) -> None:
    routes = [(each.method, each.path) for each in all_routes(APPS[name])]
    described = list(routes_of(APPS[name]))
    assert len(routes) > len(described) > 5
    assert [route for route in (*routes, *described) if rule_of(route[0], filled(route[1])) is None] == []


@pytest.mark.parametrize("name", APPS)
def test_a_document_tells_the_right_and_what_a_lack_of_it_is_answered(name: str) -> None:
    for path, operations in APPS[name].openapi()["paths"].items():
        for method, operation in operations.items():
            rule = rule_of(method.upper(), filled(path))
            assert rule is not None
            assert operation.get("x-right") == (rule.right.value if rule.right else None)
            if rule.right is not None:
                for status in ("401", "403", "429"):
                    assert "application/problem+json" in operation["responses"][status]["content"]


def test_what_changes_something_needs_a_right_and_is_audited() -> None:
    signed_otherwise = {"/api/v1/webhooks/*", "/api/support/escalate", "/api/v1/session"}
    for rule in RULES:
        if rule.method in UNSAFE and rule.path not in signed_otherwise:
            assert rule.right not in (None, Right.READ), rule
            assert rule.action or rule.right is Right.INGEST, rule
    assert len({(rule.method, rule.path) for rule in RULES}) == len(RULES)


def test_the_longest_beginning_says_and_head_is_get() -> None:
    assert rule_of("HEAD", "/api/v1/live") == rule_of("GET", "/api/v1/live")
    assert rule_of("GET", "/api/v1/conversations/a/b/%2F\n") == rule_of("GET", "/api/v1/conversations/x")
    assert rule_of("GET", "/api/v1/live/") is None
    assert rule_of("GET", "/API/v1/live") is None
    assert rule_of("PUT", "/api/v1/corrections") is None


def test_who_sends_cannot_look_and_who_looks_cannot_send() -> None:
    assert RIGHTS_OF[Role.INGEST].isdisjoint(RIGHTS_OF[Role.READ])
    assert RIGHTS_OF[Role.READ] < RIGHTS_OF[Role.ACT] < RIGHTS_OF[Role.ADMIN] == set(Right)


# One character of a path, in the ways in which somebody may try to write it.
WRITTEN: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [
        str,
        str.upper,
        lambda text: quote(text, safe=""),
        lambda text: f"%{ord(text):02x}",
        lambda text: f"%{ord(text):02X}",
    ]
)
EXTRA = st.sampled_from(
    ["", "/", "//", "/.", "/./", "/../", "%2f", "%2e%2e/", ";a=b", "\\", "%00", "%0a", "?", "%3f", "#", "..;/"]
)
BEFORE = st.sampled_from(
    ["", "/static/..", "/static/%2e%2e", "/.", "/healthz/..", "/", "/api/v1/session/..", "/metrics"]
)
PROTECTED = [rule for rule in RULES if rule.right is not None]


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A method, and a path that is somehow like a protected one."""
    rule = draw(st.sampled_from(PROTECTED))
    whole = draw(BEFORE) + rule.path.replace("*", "x")
    spelled = "".join(
        draw(WRITTEN)(character) + draw(EXTRA) if draw(st.integers(0, 9)) == 0 else character for character in whole
    )
    return rule.method, spelled + draw(EXTRA)


ROUTES = [route for app in APPS.values() for route in all_routes(app)]


def rules_routed(method: str, path: str) -> list[Rule]:
    """The entries of all that the routers of either application take a decoded path for."""
    found = [rule_of(method, filled(each.path)) for each in ROUTES if each.method == method and each.matches(path)]
    return [rule for rule in found if rule is not None]


def decoded(written: str) -> str:
    """What a server makes of a path that was sent."""
    return unquote(written.partition("?")[0].partition("#")[0])


@given(spelled=spellings())
def test_no_spelling_of_a_path_needs_less_than_its_address(spelled: tuple[str, str]) -> None:
    method, path = spelled[0], decoded(spelled[1])
    rule = rule_of(method, path)
    for routed in rules_routed(method, path):
        # Without an entry it is an administrator's.
        assert rule is None or rule.right == routed.right


@given(spelled=spellings(), role=st.sampled_from([None, *Role]))
async def test_nothing_protected_is_reached_without_its_right(
    tmp_path_factory: pytest.TempPathFactory, spelled: tuple[str, str], role: Role | None
) -> None:
    method, written = spelled
    path = decoded(written)
    gate = _gate(tmp_path_factory)
    reached = Reached()
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": written.encode(),
        "query_string": b"",
        "headers": [] if role is None else [(b"authorization", f"Bearer {_TOKENS[role].text}".encode())],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
    }
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await AccessLayer(reached, gate, browsers=False)(scope, _nothing, send)  # type: ignore[arg-type]
    if not reached.scopes:
        assert sent[0]["status"] in (401, 403, 404)
        return
    rights = RIGHTS_OF[role] if role else frozenset()
    assert all(rule.right is None or rule.right in rights for rule in rules_routed(method, path))


_TOKENS = {role: token(role) for role in Role}
_GATES: list[Gate] = []
_NO_LIMITS = Rates("", "", "", "")


def _gate(folders: pytest.TempPathFactory) -> Gate:
    """One for all examples, whose limits are none."""
    if not _GATES:
        file: Path = folders.mktemp("rules") / "tokens.toml"
        write(file, [each.stored for each in _TOKENS.values()])
        _GATES.append(Gate(file, rates=_NO_LIMITS))
    return _GATES[0]


async def _nothing() -> dict[str, object]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def test_an_address_without_an_entry_is_an_administrators(tmp_path: Path) -> None:
    page = create_page(nowhere, access=_gate_of(tmp_path))

    @page.get("/forgotten")
    async def forgotten() -> str:
        return "reached"

    async with asking(page) as client:
        answers = [await _get(client, role) for role in Role]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 200]


def _gate_of(folder: Path) -> Gate:
    write(folder / "tokens.toml", [each.stored for each in _TOKENS.values()])
    return Gate(folder / "tokens.toml")


async def _get(client: httpx.AsyncClient, role: Role) -> httpx.Response:
    return await client.get("/forgotten", headers={"Authorization": f"Bearer {_TOKENS[role].text}"})
