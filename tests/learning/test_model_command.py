"""`ticketpulse model`: what is there, what it does, and what is wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.commands.failure import Failure
from streams.learning.card import ModelCard
from streams.learning.in_force import InForce
from streams.learning.shelf import Shelf

KEY = "a key of some length"
VERSION = "20261122-081500-1a2b3c4d"
GONE = "20261122-081500-00000000"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("TICKETPULSE_MODELS", str(tmp_path))
    monkeypatch.setenv("TICKETPULSE_MODEL_KEY", KEY)
    shelf = Shelf(tmp_path, KEY.encode())
    card = ModelCard(
        kind="sentiment",
        version=VERSION,
        classes=("negative", "positive"),
        trained_at=datetime(2026, 11, 22, tzinfo=UTC),
        rows=1234,
        fingerprint="1a",
        recipe="linear-1",
        metrics={"macro_f1": 0.75},
    )
    shelf.keep(card, {})
    shelf.write_in_force(InForce().with_champion("acme", "sentiment", VERSION))
    return shelf


def test_models_are_listed_with_what_they_do(shelf: Shelf) -> None:
    text = CliRunner().invoke(app, ["model", "ls"]).output
    assert VERSION in text
    assert "champion of acme" in text
    [found] = json.loads(CliRunner().invoke(app, ["model", "ls", "-o", "json"]).output)
    assert (found["version"], found["does"], found["metrics"]["macro_f1"]) == (VERSION, ["champion of acme"], 0.75)


def test_a_model_is_shown(shelf: Shelf) -> None:
    text = CliRunner().invoke(app, ["model", "show", VERSION]).output
    assert "1234" in text
    assert "macro_f1" in text


def test_one_that_is_not_there_is_told(shelf: Shelf) -> None:
    result = CliRunner().invoke(app, ["model", "show", GONE])
    assert isinstance(result.exception, Failure)
    assert "there is no model" in str(result.exception)


def test_verify_finds_what_was_changed_and_what_is_missing(shelf: Shelf) -> None:
    assert CliRunner().invoke(app, ["model", "verify"]).exit_code == 0
    file = shelf.file("sentiment", VERSION)
    file.write_bytes(file.read_bytes()[:-1])
    shelf.write_in_force(InForce().with_champion("", "sentiment", GONE))
    result = CliRunner().invoke(app, ["model", "verify", "-o", "json"])
    assert result.exit_code == 1
    assert len(json.loads(result.output)["wrong"]) == 2


def test_one_that_is_damaged_is_told_behind_those_that_are_not(shelf: Shelf) -> None:
    (shelf.folder / f"category-{VERSION}.model").write_bytes(b"half a mod")
    result = CliRunner().invoke(app, ["model", "ls", "-o", "json"])
    assert result.exit_code == 1
    assert [each["kind"] for each in json.loads(result.stdout)] == ["sentiment"]
    assert f"category-{VERSION}.model" in result.stderr


def test_a_folder_that_is_not_there_is_empty_and_nothing_to_verify(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETPULSE_MODELS", str(tmp_path / "nowhere"))
    listed = CliRunner().invoke(app, ["model", "ls", "-o", "json"])
    assert (listed.exit_code, listed.stdout) == (0, "[]\n")
    assert "nowhere: no such folder yet" in listed.stderr
    assert "nowhere: no such folder" in str(CliRunner().invoke(app, ["model", "verify"]).exception)


def test_without_a_folder_it_is_told_what_to_set() -> None:
    result = CliRunner().invoke(app, ["model", "ls"])
    assert isinstance(result.exception, Failure)
    assert "TICKETPULSE_MODELS" in str(result.exception)
