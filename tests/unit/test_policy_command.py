"""`ticketpulse policy` without any server, and a wrong policy at the start of a worker."""

import json
from pathlib import Path

import pytest

from streams.escalation.loading import PRESETS, parse_policy, preset, read_policy
from tests.unit.conftest import Run

POLICY = """\
name = "shop"
version = 3
extends = "support"

[memory]
quiet = "7d"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "policies"
    made.mkdir()
    (made / "shop.toml").write_text(POLICY)
    return made


def test_check_says_what_a_file_holds(run: Run, folder: Path) -> None:
    result = run("policy", "check", str(folder / "shop.toml"))
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("shop 3: ")
    assert result.out.endswith("reads as support\n")


def test_check_reads_a_folder_with_what_its_book_names(run: Run, folder: Path) -> None:
    (folder / "book.toml").write_text('default = "shop"\n[[use]]\ntenant = "a"\npolicy = "support"\n')
    for path in (folder, folder / "book.toml"):
        names = [line.split()[0] for line in run("policy", "check", str(path)).out.splitlines()]
        assert names == ["shop", "support"]


def test_check_without_a_path_reads_what_is_in_force_here(run: Run, folder: Path) -> None:
    assert run("policy", "check", TICKETPULSE_PRESET="whatsapp").out.startswith("whatsapp 1: ")
    assert run("policy", "check", TICKETPULSE_POLICIES=folder).out.startswith("shop 3: ")


def test_check_names_every_mistake_of_every_file(run: Run, folder: Path) -> None:
    (folder / "shop.toml").write_text(POLICY.replace('"7d"', '"7 weeks"'))
    (folder / "other.toml").write_text('name = "other"\nversion = 0\n')
    result = run("policy", "check", str(folder))
    assert (result.code, result.out) == (2, "")
    other, shop = result.err.splitlines()
    assert other.startswith(f"ticketpulse: {folder}/other.toml:2: version: ")
    assert shop.startswith(f"ticketpulse: {folder}/shop.toml:6: memory.quiet: '7 weeks' is no span; wanted: ")


def test_check_of_nothing_is_one_line(run: Run) -> None:
    result = run("policy", "check", "/nowhere.toml")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("ticketpulse: /nowhere.toml: cannot be read: ")


@pytest.mark.parametrize("command", [("up",), ("up", "--embedded"), ("worker", "--stage", "track")], ids=" ".join)
def test_nothing_starts_with_a_wrong_policy(run: Run, folder: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (folder / "shop.toml").write_text(POLICY.replace('"7d"', '"7 weeks"'))
    result = run(*command, TICKETPULSE_POLICIES=folder)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"ticketpulse: {folder}/shop.toml:6: memory.quiet: ")
    assert not (tmp_path / "local").exists()


# -- show


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_shown_reads_as_the_same_policy(run: Run, name: str) -> None:
    result = run("policy", "show", name)
    assert (result.code, result.err) == (0, "")
    assert parse_policy(result.out, "shown") == preset(name)


def test_show_tells_what_is_in_force_after_extends(run: Run, folder: Path) -> None:
    for name in (str(folder / "shop.toml"), "shop"):
        result = run("policy", "show", name, TICKETPULSE_POLICIES=folder)
        assert parse_policy(result.out, "shown") == read_policy(folder / "shop.toml")
        assert "extends" not in result.out
    assert 'quiet = "7d"' in result.out
    assert '{fact = "waiting", at_least = "1d"}' in result.out


def test_show_as_json(run: Run) -> None:
    shown = json.loads(run("policy", "show", "assistant", "-o", "json").out)
    assert shown["memory"] == {"quiet": "7d", "history": 50}
    assert [rule["name"] for rule in shown["rules"]] == ["dissatisfied"]


def test_a_name_that_no_policy_has_is_wrong_usage(run: Run) -> None:
    for command in (("show", "suport"), ("diff", "support", "suport")):
        result = run("policy", *command)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("ticketpulse: there is no policy 'suport': name a TOML file or one of support, ")


# -- diff

OTHER = """\
name = "shop"
version = 4
extends = "support"
angry = ["angry"]

[memory]
quiet = "14d"

[signals.vip]
phrases = ["gold member"]

[[rules]]
name = "waiting"
when.all = [
    { fact = "waiting", at_least = "4h" },
    { fact = "lowest_score", below = 4.6 },
    { fact = "status", not_in = ["resolved", "closed", "awaiting_customer"] },
]
then.priority = "urgent"
then.queue = "night"

[[rules]]
name = "vip"
when.all = [{ signal = "vip" }]
then.reason = "A gold member writes."
"""


def test_diff_tells_rule_by_rule_what_differs(run: Run, folder: Path) -> None:
    (folder / "other.toml").write_text(OTHER)
    told = run("policy", "diff", "support", str(folder / "other.toml")).out.splitlines()
    assert told == [
        '- rules.waiting: when.all: {fact = "waiting", at_least = "1d"}',
        '+ rules.waiting: when.all: {fact = "waiting", at_least = "4h"}',
        '~ rules.waiting: then.priority: "high" -> "urgent"',
        '~ rules.waiting: then.queue: not given -> "night"',
        "+ rules.vip",
        '- angry: "frustration"',
        '- angry: "frustrated"',
        '~ memory: quiet: "7d" -> "14d"',
        "+ signals.vip",
    ]
    back = run("policy", "diff", str(folder / "other.toml"), "support").out.splitlines()
    assert len(back) == len(told)
    assert {"- rules.vip", "- signals.vip", '~ memory: quiet: "14d" -> "7d"'} <= set(back)


def test_diff_as_json(run: Run, folder: Path) -> None:
    (folder / "other.toml").write_text(OTHER)
    told = json.loads(run("policy", "diff", "support", str(folder / "other.toml"), "-o", "json").out)
    assert {"kind": "added", "where": "rules.vip", "field": "", "before": None, "after": None} in told


def test_the_order_of_rules_is_told(run: Run, tmp_path: Path) -> None:
    shown = run("policy", "show", "incident").out
    first, second, *rest = shown.split("[[rules]]\n")[1:]
    head = shown.split("[[rules]]\n")[0]
    (tmp_path / "turned.toml").write_text("[[rules]]\n".join([head, second, first, *rest]))
    told = run("policy", "diff", "incident", str(tmp_path / "turned.toml")).out
    assert told == "~ rules: order: incident, negative_incident, fraud -> negative_incident, incident, fraud\n"


def test_policies_that_differ_in_name_only_do_the_same(run: Run, folder: Path) -> None:
    result = run("policy", "diff", "support", str(folder / "shop.toml"))
    assert (result.code, result.out, result.err) == (0, "", "they do the same\n")
