"""Every command that the documentation shows is one that there is, with the options that it has."""

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.docs.generate.commands import commands as described
from deploy.docs.generate.commands import examples, root
from deploy.docs.generate.metrics import exported
from deploy.docs.generate.settings import variables
from streams.config import Settings
from streams.secret_files import file_variables
from streams.topics import ALL
from tests.alerting.rule_files import rules
from tests.docs.listening import Call, calls
from tests.docs.pages import ROOT, Block, commands, pages

BLOCKS = commands()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
# What people have of other makers. A command of another program is looked at by nobody: say here why it is right.
OTHERS = {
    *(
        "amtool",
        "base64",
        "cat",
        "cd",
        "chmod",
        "cp",
        "curl",
        "date",
        "docker",
        "grep",
        "helm",
        "jq",
        "kill",
        "kubectl",
        "ls",
        "mkdir",
    ),
    *("openssl", "pip", "printf", "prometheus", "prometheus-alertmanager", "promtool", "pytest", "python", "rm"),
    *(
        "sleep",
        "ssh",
        "tar",
        "umask",
        "clickhouse-client",
        "kafka-acls.sh",
        "kafka-topics.sh",
        "kafka-consumer-groups.sh",
        "kafka-configs.sh",
    ),
}
# Those that are secrets have a second one, which names a file.
SETTINGS = {*variables(), *file_variables(Settings).values()}
# Settings of programs beside ticketpulse.
OF_OTHERS = {"TICKETPULSE_AT", "TICKETPULSE_MUTANT"}


def at(block: Block) -> str:
    return f"{block.page}:{block.line}"


def parse(command: Any, argv: list[str], name: str, parent: Any = None) -> None:
    """As the command line itself reads it, down to the command that would be called."""
    context = command.make_context(name, list(argv), parent=parent)
    if hasattr(command, "commands"):
        rest = [*getattr(context, "_protected_args", []), *context.args]
        found, inner, rest = command.resolve_command(context, rest)
        assert inner is not None
        parse(inner, rest, found, context)


def wrong(call: Call) -> str:
    """What there is not of a call; empty when it is all there."""
    program, *rest = call.argv
    if program == "ticketpulse":
        try:
            parse(root(), rest, "ticketpulse")
        except Exception as error:
            return f"{' '.join(call.argv)}: {getattr(error, 'message', error)}"
        unknown = set(call.settings) - SETTINGS - OF_OTHERS
        return f"settings that there are not: {unknown}" if unknown else ""
    if program == "make":
        missing = {each for each in rest if "=" not in each} - TARGETS
        return f"targets that there are not: {missing}" if missing else ""
    if program == "scripts-setup":
        known = set(re.findall(r"--with[a-z-]+", (ROOT / "scripts" / "setup").read_text()))
        return f"options that there are not: {set(rest) - known}" if set(rest) - known else ""
    return "" if program in OTHERS else f"a program that no test knows: {program}"


@pytest.mark.parametrize("block", BLOCKS, ids=at)
def test_a_command_is_there_with_its_options(block: Block, tmp_path: Path) -> None:
    found = calls(block.text, tmp_path)
    assert [told for told in map(wrong, found) if told] == []


def test_there_are_commands_of_every_kind() -> None:
    assert len(BLOCKS) > 50


@pytest.mark.parametrize("command", [pytest.param(each, id="-".join(path[1:])) for path, each in described(root())])
def test_examples_in_help_are_commands_that_there_are(command: Any, tmp_path: Path) -> None:
    assert [told for told in map(wrong, calls(examples(command), tmp_path)) if told] == []


def named(metric: str, known: set[str]) -> bool:
    """A histogram is also named without its parts."""
    return metric in known or f"{metric}_bucket" in known


_SETTING = re.compile(r"\b(?:TICKETPULSE_[A-Z_]*[A-Z]|KAFKA_BROKERS|CLICKHOUSE_URL)\b")
_TOPIC = re.compile(r"\btickets\.[a-z-]+\.v\d\b")
_METRIC = re.compile(r"\bhelpdesk_[a-z_]*[a-z]\b")


@pytest.mark.parametrize("page", pages())
def test_settings_topics_and_metrics_of_a_page_are_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert set(_SETTING.findall(text)) - SETTINGS - OF_OTHERS == set()
    assert set(_TOPIC.findall(text)) - {topic.name for topic in ALL} == set()
    recorded = {part for rule in rules() if rule.record for part in rule.record.split(":")}
    assert {metric for metric in _METRIC.findall(text) if not named(metric, exported() | recorded)} == set()


# What there is only while something runs, or who installs it makes.
MADE_LATER = {"deploy/alertmanager/secrets", "deploy/prometheus/targets/embedded.json"}
_FILE = re.compile(r"`((?:streams|schemas|sinks|deploy|tests|docs|scripts)/[\w./-]+\w)`")


@pytest.mark.parametrize("page", pages())
def test_files_of_a_page_are_there(page: str) -> None:
    found = set(_FILE.findall((ROOT / page).read_text("utf-8")))
    assert {file for file in found if not (ROOT / file).exists()} - MADE_LATER == set()
