"""What customers and senders of events write stays a value: in paths, queries, headers, JSON, HTML and notes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from sinks.helpdesk.filling import Unfit, fill, fill_header, fill_path, names_in
from sinks.helpdesk.provider import HelpdeskProvider
from sinks.notify.base import Receipt
from tests.helpdesk.http_server import Asked, HttpServer, Reply
from tests.helpdesk.vendors import SECRETS, VENDORS, ZENDESK, Vendor, scene_of, target_of, told

AWKWARD = [
    "../../admin",
    "a/b?c#d",
    "..",
    ".",
    "%2e%2e",
    "41/../42",
    "41\r\nX-Evil: 1",
    "41 ",
    "\\..\\admin",
    "41;id",
    "４１",
]

# Whatever a ticket is called, it is asked for by that.
TRUSTING = """
extends = "zendesk"
[[known]]
field = "ticket_id"
pattern = '(?s).*'
"""


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
@pytest.mark.parametrize("awkward", AWKWARD)
async def test_a_reference_that_is_no_id_of_the_helpdesk_is_not_asked_for(vendor: Vendor, awkward: str) -> None:
    where: dict[str, Any] = {
        "source_type": vendor.system,
        "source_reference_id": awkward,
        "ticket_id": f"{vendor.system}-{awkward}",
    }
    async with scene_of(vendor) as (desk, provider):
        receipt = await provider.deliver(told(**where))
    assert receipt == Receipt(desk.only.id)
    assert not any("admin" in target or "%2" in target.partition("?")[0] for target in desk.targets)


@pytest.mark.parametrize(
    ("ticket_id", "part"),
    [
        ("../../admin", "..%2F..%2Fadmin"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("41 HTTP/1.1", "41%20HTTP%2F1.1"),
        ("☃", "%E2%98%83"),
    ],
)
async def test_even_where_any_id_is_believed_it_stays_one_part_of_the_path(
    ticket_id: str, part: str, tmp_path: Path
) -> None:
    asked: list[Asked] = []

    async def answer(request: Asked) -> Reply:
        asked.append(request)
        return Reply(200, b'{"comments":[]}')

    (tmp_path / "own.toml").write_text(TRUSTING)
    async with HttpServer(answer) as server:
        target = target_of(ZENDESK, f"{server.url}/desk/", system=str(tmp_path / "own.toml"))
        provider = HelpdeskProvider("desk", target, SECRETS.__getitem__)
        receipt = await provider.deliver(told(ticket_id=ticket_id))
        await provider.close()
    paths = {each.target.partition("?")[0] for each in asked}
    root = f"/desk/api/v2/tickets/{part}"
    assert paths == {root, f"{root}/tags", f"{root}/comments"}
    assert receipt == Receipt(ticket_id)


@pytest.mark.parametrize("ticket_id", ["..", ".", "...", "41\r\nX-Evil: 1", "41\x00", "4" * 257])
async def test_what_can_be_no_id_at_all_is_believed_nowhere(ticket_id: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(TRUSTING)
    async with scene_of(ZENDESK) as (desk, _):
        target = target_of(ZENDESK, desk.server.url, system=str(tmp_path / "own.toml"))
        provider = HelpdeskProvider("desk", target, SECRETS.__getitem__)
        receipt = await provider.deliver(told(ticket_id=ticket_id))
        await provider.close()
    assert receipt == Receipt(desk.only.id)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.system)
async def test_words_stay_words(vendor: Vendor) -> None:
    """A contract allows no field that we do not send, no tag in HTML but <br>, and nothing public."""
    evil = '"}, "public": true, "x": {"y": "<script>x()</script> {settings.flag} {{id}} [~admin] @admin\x00\u202e'
    async with scene_of(vendor) as (desk, provider):
        await provider.deliver(told(subject=evil, text=evil, customer_id=evil, summary=(evil,), note=evil, reason=evil))
    written = [desk.only.opening, *desk.only.notes]
    assert any("{settings.flag}" in text for text in written)
    for text in written:
        assert not re.search(r"\{\{|\[~|(?<!\w)@admin|\x00|\u202e", text)


async def test_a_subject_has_one_line_of_bounded_length() -> None:
    async with scene_of(ZENDESK) as (desk, provider):
        await provider.deliver(told(subject="a\r\nBcc: x\n" + "b" * 5000))
    subject = json.loads(desk.only.opening)["ticket"]["subject"]
    assert subject.startswith("a Bcc: x bbb")
    assert len(subject) == 200


names = st.sampled_from(["a", "b", "c.d"])
templates = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(alphabet="xy ", max_size=5),
        names.map(lambda name: f"{{{name}}}"),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="kl", max_size=2), inner, max_size=3),
)
texts = st.text(max_size=30)


@given(templates, st.fixed_dictionaries({"a": texts, "b": texts, "c.d": texts}))
def test_no_value_changes_the_shape_of_a_body(template: JsonValue, values: dict[str, JsonValue]) -> None:
    plain: dict[str, JsonValue] = dict.fromkeys(values, "x")
    filled = fill(template, {name: value or "x" for name, value in values.items()})
    assert _shape(filled) == _shape(fill(template, plain))


def _shape(value: JsonValue) -> object:
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value)


@given(texts)
def test_a_value_is_one_part_of_a_path_or_refused(value: str) -> None:
    try:
        path = fill_path("/tickets/{a}/notes", {"a": value})
    except Unfit:
        assert value.strip(".") == ""
    else:
        assert re.fullmatch(r"/tickets/[A-Za-z0-9_.~%-]+/notes", path)
        assert "/../" not in path


@given(texts)
def test_a_header_has_one_line_or_is_refused(value: str) -> None:
    try:
        header = fill_header("ticket {a}", {"a": value})
    except Unfit:
        assert not (value.isascii() and value.isprintable())
    else:
        assert header.isascii()
        assert header.isprintable()


def test_what_is_not_there_is_left_out() -> None:
    template: JsonValue = {
        "requester": {"name": "{name}", "email": "{email}"},
        "tags": ["{a}"],
        "is": [],
        "n": "{n}",
        "t": "-{a}-",
    }
    assert fill(template, {"email": None, "a": "", "n": 0}) == {"is": [], "n": 0, "t": "--"}
    assert fill("{email|other}", {"email": "", "other": 3}) == 3
    assert list(names_in(template)) == ["name", "email", "a", "n", "a"]


@pytest.mark.parametrize("template", ["{", "}", "{A}", "{a b}", "{{a}}", "{a|}", "{a.b.c}", "{}"])
def test_a_brace_that_is_no_place_is_a_mistake(template: str) -> None:
    with pytest.raises(ValueError, match="a brace that belongs to no place"):
        list(names_in({"x": [template]}))
