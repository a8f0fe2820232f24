"""A folder of models: what is kept is read, what was changed or is of another version is told, and who does what."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas.toml_files import FileError
from streams.learning.card import BadCard, ModelCard, decode_card, encode_card, fingerprint_of, is_version, version_of
from streams.learning.in_force import IN_FORCE_FILE, InForce
from streams.learning.shelf import Shelf
from streams.learning.signed import BadModel, write_signed

KEY = b"a key of some length"
OLD, NEW = "20261122-081500-1a2b3c4d", "20261122-090000-00ff00ff"


def _card(version: str = OLD) -> ModelCard:
    return ModelCard(
        kind="sentiment",
        version=version,
        classes=("negative", "positive"),
        trained_at=datetime(2026, 11, 22, 8, 15, tzinfo=UTC),
        rows=500,
        fingerprint="1a2b",
        recipe="linear-1",
        metrics={"macro_f1": 0.75},
        options={"words": [1, 2]},
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models", KEY)


def test_what_is_kept_is_read(shelf: Shelf) -> None:
    file = shelf.keep(_card(), {"weights": np.arange(3.0)})
    assert file.name == f"sentiment-{OLD}.model"
    kept = shelf.load("sentiment", OLD)
    assert kept.card == _card()
    assert kept.arrays["weights"].tolist() == [0.0, 1.0, 2.0]
    shelf.keep(_card(NEW), {})
    assert [shelf.read(file).card.version for file in shelf.files()] == [OLD, NEW]


def test_a_folder_that_is_not_there_has_none(shelf: Shelf) -> None:
    assert shelf.files() == []
    assert shelf.in_force() == InForce()


def test_a_model_is_never_changed(shelf: Shelf) -> None:
    shelf.keep(_card(), {})
    with pytest.raises(FileExistsError):
        shelf.keep(_card(), {})


def test_a_model_under_anothers_name_is_told(shelf: Shelf) -> None:
    file = shelf.keep(_card(), {})
    file.rename(shelf.file("sentiment", NEW))
    with pytest.raises(BadModel, match=f"it holds sentiment {OLD}"):
        shelf.load("sentiment", NEW)


def test_a_model_of_another_key_is_told(shelf: Shelf) -> None:
    shelf.keep(_card(), {})
    with pytest.raises(BadModel, match="another key"):
        Shelf(shelf.folder, b"another key of some length").load("sentiment", OLD)


def test_a_newer_format_is_told(shelf: Shelf) -> None:
    shelf.folder.mkdir()
    head = encode_card(msgspec.structs.replace(_card(), format=2))
    write_signed(shelf.file("sentiment", OLD), head, {}, KEY)
    with pytest.raises(BadModel, match="format 2, this version of ticketpulse reads 1"):
        shelf.load("sentiment", OLD)


@pytest.mark.parametrize(
    ("field", "value"), [("colour", 1), ("kind", "mood"), ("version", "../../etc"), ("rows", "many")]
)
def test_a_card_that_is_none_is_told(field: str, value: object) -> None:
    fields = {**msgspec.json.decode(encode_card(_card())), field: value}
    with pytest.raises(BadCard, match="card"):
        decode_card(msgspec.json.encode(fields))


def test_a_fingerprint_does_not_depend_on_the_order() -> None:
    rows = [("a", "negative"), ("b", "positive")]
    assert fingerprint_of(rows) == fingerprint_of(rows[::-1])
    assert fingerprint_of(rows) != fingerprint_of([("a", "positive"), ("b", "negative")])
    at = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
    version = version_of(at, "sentiment", fingerprint_of(rows))
    assert version.startswith("20261122-081500-")
    assert is_version(version)
    assert not is_version(version + "\n")
    # Trained in the same second from the same rows.
    assert version != version_of(at, "category", fingerprint_of(rows))


def test_who_does_what_is_kept(shelf: Shelf) -> None:
    shelf.folder.mkdir()
    wanted = InForce().with_champion("", "sentiment", OLD).with_challenger("", "sentiment", NEW)
    wanted = wanted.with_champion("acme.eu", "category", NEW)
    shelf.write_in_force(wanted)
    read = shelf.in_force()
    assert read == wanted
    assert read.champion("somebody", "sentiment") == OLD
    assert read.challenger("acme.eu", "sentiment") == NEW
    assert read.champion("acme.eu", "category") == NEW
    assert read.champion("somebody", "category") is None
    assert read.named("sentiment") == {OLD, NEW}
    assert [file.name for file in shelf.folder.iterdir()] == [IN_FORCE_FILE]
    assert read.with_champion("", "sentiment", None).champion("somebody", "sentiment") is None


def test_the_file_is_what_the_documents_show(shelf: Shelf) -> None:
    shelf.folder.mkdir()
    (shelf.folder / IN_FORCE_FILE).write_text(
        f'[default]\nsentiment = "{OLD}"\n[default.challenger]\nsentiment = "{NEW}"\n'
        f'[tenants.acme]\ncategory = "{OLD}"\n'
    )
    read = shelf.in_force()
    assert (read.champion("acme", "sentiment"), read.champion("acme", "category")) == (OLD, OLD)
    assert read.challenger("acme", "sentiment") == NEW


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[default]\nmood = 1\n", "in-force.toml:2: default.mood: there is no such setting"),
        ('[default]\n\nsentiment = "best"\n', "in-force.toml:3: default.sentiment"),
        ("[default\n", "no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(shelf: Shelf, text: str, said: str) -> None:
    shelf.folder.mkdir()
    (shelf.folder / IN_FORCE_FILE).write_text(text)
    with pytest.raises(FileError, match=said):
        shelf.in_force()


def test_a_champion_that_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="sentiment"):
        InForce().with_champion("", "sentiment", "best")
