"""`ticketpulse model challenge`, `promote` and `rollback` as people use them, where no broker is."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.commands import audited
from streams.commands.failure import Failure
from streams.learning.shelf import Shelf
from tests.learning.kept_models import FIRST, KEY, SECOND, card, shelf_of


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("TICKETPULSE_MODELS", str(tmp_path))
    monkeypatch.setenv("TICKETPULSE_MODEL_KEY", KEY)
    # Nobody listens there.
    monkeypatch.setenv("KAFKA_BROKERS", "127.0.0.1:1")
    monkeypatch.setattr(audited, "AUDIT_SECONDS", 0.05)
    return shelf_of(tmp_path, card(FIRST), card(SECOND))


def done(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["model", *arguments, "--output", "json"])
    assert result.exit_code == 0, result.output + str(result.exception)
    found: dict[str, object] = json.loads(result.stdout)
    return found


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["model", *arguments])
    assert isinstance(result.exception, Failure)
    return str(result.exception)


def test_each_step_tells_what_it_changed(shelf: Shelf) -> None:
    promoted = done("promote", FIRST, "--yes")
    assert (promoted["action"], promoted["after"], promoted["audited"]) == ("promote", FIRST, False)
    assert done("challenge", SECOND)["after"] == SECOND
    assert "after" not in done("challenge", "--stop", "sentiment")
    assert done("promote", SECOND, "--tenant", "acme", "--yes")["tenant"] == "acme"
    assert done("rollback", "--tenant", "acme", "--yes")["before"] == SECOND
    assert "after" not in done("rollback", "--yes")
    assert shelf.in_force().champion("acme", "sentiment") is None


def test_nothing_is_done_without_a_yes_or_with_a_file_that_was_changed(shelf: Shelf) -> None:
    assert "--yes" in refused("promote", FIRST)
    assert "--yes" in refused("rollback")
    assert "--stop" in refused("challenge")
    file = shelf.file("sentiment", FIRST)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    for command in (("promote", FIRST, "--yes"), ("challenge", FIRST)):
        assert "signature" in refused(*command)
    assert not (shelf.folder / "in-force.toml").exists()


def test_a_model_of_which_no_classifier_can_be_made_is_refused(shelf: Shelf) -> None:
    newer = card("20261122-084000-1a2b3c4d", recipe="forest-9")
    shelf.keep(newer, {})
    for command in (("promote", newer.version, "--yes"), ("challenge", newer.version)):
        assert "its recipe is 'forest-9'" in refused(*command)
    assert not (shelf.folder / "in-force.toml").exists()


def test_what_the_audit_does_not_hear_of_is_said(shelf: Shelf) -> None:
    result = CliRunner().invoke(app, ["model", "promote", FIRST, "--yes"])
    assert f"sentiment, in force for all: no model → {FIRST}" in result.stdout
    assert "the audit does not know of it" in result.stderr
