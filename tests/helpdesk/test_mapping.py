"""Mappings and targets: those that are installed, a user's own, and how mistakes are told."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.toml_files import FileError
from sinks.helpdesk.loading import SYSTEMS, parse_mapping, read_mapping
from sinks.helpdesk.provider import HelpdeskProvider, WrongTarget
from sinks.notify.base import Receipt
from tests.helpdesk.vendors import SECRETS, VENDORS, ZENDESK, provider_of, said_by, scene_of, target_of, told

URL = "https://desk.example.com"
OWN = """
name = "ours"
source = ["https://desk.example.com/api"]
read_on = 2026-11-22
find = ["find"]
create = ["create"]

[on]
escalation = ["note"]
raised = ["note"]
resolved = ["note"]

[auth]
scheme = "header"
value = "Bearer {token}"

[settings]
queue = { pattern = "[a-z]+" }

[priorities]
low = 1
medium = 2
high = 3
urgent = 4

[requests.find]
method = "GET"
path = "/tickets"
query = { mark = "{mark}" }
take.id = { at = [0, "id"] }

[requests.create]
method = "POST"
path = "/tickets"
body = { queue = "{settings.queue}", mark = "{mark}", priority = "{priority}" }
take.id = { at = ["id"] }

[requests.note]
method = "POST"
path = "/tickets/{id}/notes"
body = { text = "{note}" }
"""


def mistake_in(text: str) -> str:
    """The one mistake, as people read it."""
    with pytest.raises(FileError) as wrong:
        parse_mapping(text, "own.toml")
    assert len(wrong.value.mistakes) == 1, str(wrong.value)
    return str(wrong.value)


def line_of(words: str) -> int:
    return OWN[: OWN.index(words)].count("\n") + 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_installed_mapping_names_its_sources_and_their_date(system: str) -> None:
    mapping = read_mapping(system)
    assert mapping.name == system
    assert mapping.source
    assert all(re.fullmatch(r"https://\S+", source) for source in mapping.source)
    assert mapping.read_on >= date(2026, 11, 22)


def test_the_tests_know_every_installed_mapping() -> None:
    assert {vendor.system for vendor in VENDORS} == set(SYSTEMS)


@pytest.mark.parametrize("system", SYSTEMS)
def test_where_an_event_says_which_ticket_it_is_of(system: str) -> None:
    (vendor,) = (vendor for vendor in VENDORS if vendor.system == system)
    known = read_mapping(system).known

    def reference(**fields: Any) -> list[str]:
        escalation = said_by(told(**fields))
        return [found for each in known if (found := each.reference(escalation)) is not None]

    assert reference(source_type=system.upper(), source_reference_id=vendor.known_id) == [vendor.known_id]
    assert reference(ticket_id=f"{system}-{vendor.known_id}") == [vendor.known_id]
    assert reference(source_type="whatsapp", source_reference_id=vendor.known_id) == []
    assert reference(source_type=None, source_reference_id=vendor.known_id) == []
    assert reference(source_type=system, source_reference_id=f"{vendor.known_id}/x") == []
    assert reference(ticket_id=vendor.known_id) == []


def test_a_users_own_mapping_is_read(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    assert read_mapping(str(file)).name == "ours"


@pytest.mark.parametrize(
    ("was", "written", "said"),
    [
        (
            'method = "GET"',
            'method = "LOOK"',
            "requests.find.method: Input should be 'GET', 'POST', 'PUT', 'PATCH' or 'DELETE'",
        ),
        ('path = "/tickets"', 'path = "tickets"', "requests.find.path: 'tickets' is no path"),
        ('path = "/tickets"', 'path = "/tickets?x=1"', "requests.find.path: '/tickets?x=1' is no path"),
        ('mark = "{mark}" }', 'mark = "{marc}" }', "requests.find.query: there is no {marc}; there are: "),
        ('mark = "{mark}" }', 'mark = "{mark" }', "requests.find.query: '{mark' has a brace that belongs to no place"),
        ('text = "{note}"', 'text = "{settings.team}"', "requests.note.body: there is no {settings.team}"),
        ('text = "{note}" }', 'text = "{note}" }\nneeds = "nothing"', "requests.note.needs: there is no {nothing}"),
        ('take.id = { at = [0, "id"] }', "", "find: none of its requests takes `id`"),
        ('find = ["find"]', 'find = ["search"]', "there is no request 'search'; there are: find, create, note"),
        ('raised = ["note"]', 'raised = ["not"]', "on.raised: there is no request 'not'"),
        ('resolved = ["note"]\n', "", "on: resolved: required"),
        ("urgent = 4\n", "", "priorities: urgent: required"),
        ('value = "Bearer {token}"', 'value = "Bearer {key}"', "auth: there is no {key} here"),
        ('scheme = "header"', 'scheme = "basic"', "auth: basic goes with password and user, and with nothing else"),
        ('pattern = "[a-z]+"', 'pattern = "[a-z"', "settings.queue.pattern: '[a-z' is no regular expression"),
        (
            'pattern = "[a-z]+"',
            'pattern = "[a-z]+", default = 7',
            "settings.queue: the default does not look like [a-z]+",
        ),
        ('take.id = { at = ["id"] }', 'take.id = { at = ["id"], equals = "x" }', "`where` goes with one of"),
        (
            'take.id = { at = ["id"] }',
            'take.id = { at = ["id"] }\ntake.mark = { at = ["m"] }',
            "requests.create.take.mark: this name has",
        ),
        (
            'take.id = { at = ["id"] }',
            'take.id = { at = ["id"] }\ntake.flags = { at = ["m"] }',
            "settings: what takes `flags` needs",
        ),
        ('name = "ours"', 'name = "ours"\ncolour = "red"', "colour: there is no such setting"),
    ],
)
def test_a_mistake_is_told_with_its_place(was: str, written: str, said: str) -> None:
    with pytest.raises(FileError) as wrong:
        parse_mapping(OWN.replace(was, written, 1), "own.toml")
    assert OWN.count(was) >= 1
    assert any(said in str(each) and str(each).startswith("own.toml:") for each in wrong.value.mistakes)


def test_a_mistake_has_the_line_where_it_stands() -> None:
    where = line_of('path = "/tickets"\nquery')
    assert mistake_in(OWN.replace('path = "/tickets"', 'path = "tickets"', 1)).startswith(f"own.toml:{where}: ")
    where = line_of("raised = ")
    assert mistake_in(OWN.replace('raised = ["note"]', 'raised = ["not"]')).startswith(f"own.toml:{where}: on.raised: ")


def test_a_request_that_nothing_uses_is_a_mistake() -> None:
    text = OWN + '[requests.extra]\nmethod = "GET"\npath = "/"\n'
    assert "requests.extra: nothing uses it" in mistake_in(text)


def test_what_is_no_toml_or_no_file_is_told(tmp_path: Path) -> None:
    assert mistake_in("name = ").startswith("own.toml:1: no TOML: ")
    with pytest.raises(FileError, match=r"none\.toml: cannot be read: No such file"):
        read_mapping(str(tmp_path / "none.toml"))
    with pytest.raises(FileError, match=r"zendisk: no such helpdesk; wanted: chatwoot \| freshdesk \| jira"):
        read_mapping("zendisk")


async def test_a_mapping_extends_an_installed_one(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('extends = "zendesk"\nname = "ours"\n[priorities]\nurgent = "high"\n')
    async with scene_of(ZENDESK) as (desk, _):
        provider = provider_of(ZENDESK, desk.server.url, system=str(file))
        assert await provider.deliver(told()) == Receipt(desk.only.id)
        await provider.close()
    assert desk.only.priority == "high"


def test_a_mistake_in_what_extends_is_told() -> None:
    assert mistake_in('extends = "zendisk"\n') == "own.toml:1: extends: 'zendisk' is none of " + " | ".join(SYSTEMS)
    said = mistake_in('extends = "zendesk"\n[requests.note]\npath = "nowhere"\n')
    assert said.startswith("own.toml:3: requests.note.path: 'nowhere' is no path")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": {}}, "settings.project: required for jira"),
        (
            {"settings": {"project": "help", "service_desk": "1", "request_type": "2"}},
            "settings.project: 'help' does not look like",
        ),
        (
            {"settings": {"project": "A1", "service_desk": True, "request_type": "2"}},
            "settings.service_desk: True does not look",
        ),
        (
            {"settings": {"team": "x"}},
            "settings: jira has no 'team'; there are: flag, project, service_desk, request_type",
        ),
        ({"user": None}, "user: required for jira"),
        ({"url": "https://me:pw@desk.example.com"}, "url: wanted without user, query and #"),
        ({"url": "https://desk.example.com/?a=b"}, "url: wanted without user, query and #"),
    ],
)
def test_a_target_that_does_not_fit_its_mapping_is_told(changes: dict[str, Any], said: str) -> None:
    (jira,) = (vendor for vendor in VENDORS if vendor.system == "jira")
    with pytest.raises(WrongTarget, match=re.escape(said)) as wrong:
        HelpdeskProvider("desk", target_of(jira, **{"url": URL, **changes}), SECRETS.__getitem__)
    assert "pw" not in str(wrong.value)


@pytest.mark.parametrize("secret", ["line\nend", "ünsicher", "nul\x00"])
def test_a_secret_that_no_header_can_hold_is_told_without_it(secret: str) -> None:
    (zammad,) = (vendor for vendor in VENDORS if vendor.system == "zammad")
    with pytest.raises(WrongTarget, match="a secret has characters that no header may hold") as wrong:
        HelpdeskProvider("desk", target_of(zammad, URL), lambda _: SecretStr(secret))
    assert secret not in str(wrong.value)


async def test_a_secret_with_a_place_in_it_is_a_secret_as_it_is() -> None:
    secrets = {"env:USER": SecretStr("agent{token}"), "env:TOKEN": SecretStr("s3{user}cret")}
    async with scene_of(ZENDESK) as (desk, _):
        desk.contract.credentials = "agent{token}/token:s3{user}cret"
        provider = HelpdeskProvider("desk", target_of(ZENDESK, desk.server.url), secrets.__getitem__)
        assert await provider.deliver(told()) == Receipt(desk.only.id)
        await provider.close()
