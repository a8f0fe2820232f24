"""Which model does what, changed: checked first, one at a time, and undone as often as it was done."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.toml_files import FileError
from streams.learning import switching
from streams.learning.in_force import IN_FORCE_FILE
from streams.learning.shelf import Shelf
from streams.learning.switching import HISTORY_FILE, NotSwitched, challenge, history, promote, rollback
from tests.learning.kept_models import FIRST, KEY, SECOND, THIRD, card, shelf_of

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return shelf_of(tmp_path / "models", card(FIRST), card(SECOND), card(THIRD))


def put(shelf: Shelf, version: str, tenant: str = "") -> None:
    promote(shelf, shelf.load("sentiment", version).card, tenant, AT, "ann")


def back(shelf: Shelf, tenant: str = "") -> str | None:
    return rollback(shelf, "sentiment", tenant, AT, "ben").after


def in_force(shelf: Shelf, tenant: str = "other") -> str | None:
    return shelf.in_force().champion(tenant, "sentiment")


def test_promotions_are_rolled_back_one_by_one_to_where_no_model_was(shelf: Shelf) -> None:
    for version in (FIRST, SECOND, THIRD):
        put(shelf, version)
        assert in_force(shelf) == version
    assert [back(shelf), back(shelf)] == [SECOND, FIRST]
    put(shelf, THIRD)
    assert [back(shelf), back(shelf)] == [FIRST, None]
    assert in_force(shelf) is None
    with pytest.raises(NotSwitched, match="no promotion for all to be rolled back"):
        back(shelf)
    told = [(change.action, change.by, change.words) for change in history(shelf.folder)]
    assert told[0] == ("promote", "ann", f"no model → {FIRST}")
    assert told[-1] == ("rollback", "ben", f"{FIRST} → no model")
    assert len(told) == 8


def test_tenants_have_their_own_and_all_others_the_default(shelf: Shelf) -> None:
    put(shelf, FIRST)
    put(shelf, SECOND, "acme")
    assert (in_force(shelf, "acme"), in_force(shelf)) == (SECOND, FIRST)
    assert back(shelf, "acme") is None
    assert in_force(shelf, "acme") == FIRST
    with pytest.raises(NotSwitched, match="for acme"):
        back(shelf, "acme")


def test_a_challenger_runs_until_it_is_promoted_or_stopped(shelf: Shelf) -> None:
    put(shelf, FIRST)
    second = shelf.load("sentiment", SECOND).card
    challenge(shelf, second, "sentiment", "", AT, "ann")
    assert shelf.in_force().challenger("other", "sentiment") == SECOND
    with pytest.raises(NotSwitched, match="already"):
        challenge(shelf, second, "sentiment", "", AT, "ann")
    put(shelf, SECOND)
    assert shelf.in_force().challenger("other", "sentiment") is None
    with pytest.raises(NotSwitched, match="beside itself"):
        challenge(shelf, second, "sentiment", "", AT, "ann")
    challenge(shelf, shelf.load("sentiment", THIRD).card, "sentiment", "", AT, "ann")
    challenge(shelf, None, "sentiment", "", AT, "ann")
    assert shelf.in_force().challenger("other", "sentiment") is None
    assert in_force(shelf) == SECOND


@pytest.mark.parametrize(
    ("changes", "tenant", "words"),
    [
        ({"tenant": "acme"}, "", "add --tenant acme"),
        ({"tenant": "acme"}, "other", "add --tenant acme"),
        ({"classes": ("negative",)}, "", "two at least"),
        ({"classes": ("negative", "angry")}, "", "does not have: angry"),
        ({"kind": "category", "classes": ("billing", "x" * 101)}, "", "does not have: xxx"),
        ({"kind": "category", "classes": ("billing", " ")}, "", "does not have"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, object], tenant: str, words: str
) -> None:
    made = card(FIRST, **changes)
    shelf = shelf_of(tmp_path / "models", made)
    with pytest.raises(NotSwitched, match=words):
        promote(shelf, made, tenant, AT, "ann")
    with pytest.raises(NotSwitched, match=words):
        challenge(shelf, made, made.kind, tenant, AT, "ann")
    assert [path.suffix for path in shelf.folder.iterdir()] == [".model"]


def test_what_was_before_must_still_be_there_to_be_put_back(shelf: Shelf) -> None:
    put(shelf, FIRST)
    put(shelf, SECOND)
    shelf.file("sentiment", FIRST).unlink()
    with pytest.raises(NotSwitched, match=FIRST):
        back(shelf)
    assert in_force(shelf) == SECOND


def test_a_file_that_was_changed_by_hand_is_not_rolled_back_blindly(shelf: Shelf) -> None:
    put(shelf, FIRST)
    put(shelf, SECOND)
    shelf.write_in_force(shelf.in_force().with_champion("", "sentiment", THIRD))
    with pytest.raises(NotSwitched, match="changed by hand"):
        back(shelf)
    (shelf.folder / IN_FORCE_FILE).write_text("[default\n")
    with pytest.raises(FileError):
        put(shelf, FIRST)
    assert (shelf.folder / IN_FORCE_FILE).read_text() == "[default\n"


class Died(Exception):
    pass


def dying(*told: object) -> None:
    raise Died


def test_who_dies_between_the_two_files_leaves_what_can_be_rolled_back(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shelf, FIRST)
    put(shelf, SECOND)
    with monkeypatch.context() as broken:
        # The promotion is noted, and then it ends.
        broken.setattr(Shelf, "write_in_force", dying)
        with pytest.raises(Died):
            put(shelf, THIRD)
    assert in_force(shelf) == SECOND
    with monkeypatch.context() as broken:
        # It is rolled back, and then it ends.
        broken.setattr(switching, "_note", dying)
        with pytest.raises(Died):
            back(shelf)
    assert in_force(shelf) == FIRST
    assert back(shelf) is None


def test_a_line_that_was_cut_off_spoils_no_other(shelf: Shelf) -> None:
    put(shelf, FIRST)
    with (shelf.folder / HISTORY_FILE).open("ab") as file:
        file.write(b'{"at": "2026')
    put(shelf, SECOND)
    assert [change.after for change in history(shelf.folder)] == [FIRST, SECOND]
    assert back(shelf) == FIRST


_SWITCHING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from streams.learning.shelf import Shelf
from streams.learning.switching import promote
shelf = Shelf(Path(sys.argv[1]), sys.argv[2].encode())
card = shelf.load("sentiment", sys.argv[3]).card
for number in range(15):
    promote(shelf, card, f"{sys.argv[4]}{number}", datetime.now(UTC), sys.argv[4])
"""


def test_two_at_once_lose_nothing(shelf: Shelf) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", _SWITCHING, str(shelf.folder), KEY, version, who])
        for who, version in (("ann", FIRST), ("ben", SECOND))
    ]
    assert [each.wait(240) for each in both] == [0, 0]
    found = shelf.in_force()
    assert {found.champion(f"ann{number}", "sentiment") for number in range(15)} == {FIRST}
    assert {found.champion(f"ben{number}", "sentiment") for number in range(15)} == {SECOND}
    assert len(history(shelf.folder)) == 30
