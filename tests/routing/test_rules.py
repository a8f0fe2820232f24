"""`[[routing]]` of the book: by tenant, off without it; what is wrong is told with its line."""

from pathlib import Path

import pytest

from schemas.toml_files import FileError
from streams.escalation.book import read_book

ROSTER = """fallback = "general"
[[queues]]
name = "general"
[[agents]]
name = "ann"
ids = ["77"]
queues = ["general"]
"""
RULE = '[[routing]]\ntenant = "shop"\nroster = "rosters/shop.toml"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rosters").mkdir()
    (tmp_path / "rosters" / "shop.toml").write_text(ROSTER)
    return tmp_path


def test_without_it_nobody_is_given_anything(folder: Path) -> None:
    assert read_book(folder).routes == {}


def test_a_tenant_has_its_roster_and_its_spans(folder: Path) -> None:
    (folder / "book.toml").write_text(RULE + 'reassign_after = "15m"\nbusy_for = "0s"\ntickets = "escalated"\n')
    book = read_book(folder)
    rule, roster = book.routes["shop"]
    assert (rule.reassign_after, rule.busy_for, rule.wait_within, rule.tickets) == (900_000, 0, 1_800_000, "escalated")
    found = roster.agent("77")
    assert found is not None
    assert found.name == "ann"
    assert str(book).endswith("routing: shop")


@pytest.mark.parametrize(
    ("book", "file", "line", "said"),
    [
        (RULE + RULE, "book.toml", 5, "two rosters for shop"),
        (RULE.replace("rosters/shop", "rosters/lost"), "book.toml", 3, "there is no file rosters/lost.toml"),
        (RULE.replace("rosters/shop", "shop"), "book.toml", 3, "a folder below"),
        (RULE.replace("rosters/shop", "../shop"), "book.toml", 3, "a folder below"),
        (RULE + 'reassign_after = "soon"\n', "book.toml", 4, "is no span"),
        (RULE + "capacity = 2\n", "book.toml", 4, "there is no such setting"),
    ],
)
def test_what_is_wrong_in_the_book_is_told_with_its_line(
    folder: Path, book: str, file: str, line: int, said: str
) -> None:
    (folder / "book.toml").write_text(book)
    with pytest.raises(FileError) as raised:
        read_book(folder)
    [mistake] = raised.value.mistakes
    assert (Path(mistake.file).name, mistake.line) == (file, line)
    assert said in mistake.message


def test_what_is_wrong_in_a_roster_is_told_with_the_rosters_line(folder: Path) -> None:
    (folder / "book.toml").write_text(RULE)
    (folder / "rosters" / "shop.toml").write_text(ROSTER + "capacity = 0\n")
    with pytest.raises(FileError) as raised:
        read_book(folder)
    [mistake] = raised.value.mistakes
    assert (Path(mistake.file).name, mistake.line) == ("shop.toml", 8)


def test_two_agents_have_no_name_in_common(folder: Path) -> None:
    (folder / "book.toml").write_text(RULE)
    other = '[[agents]]\nname = "bob"\nids = ["77"]\nqueues = ["general"]\n'
    (folder / "rosters" / "shop.toml").write_text(ROSTER + other)
    with pytest.raises(FileError, match="two agents are called 77"):
        read_book(folder)
