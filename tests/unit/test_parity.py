"""The comparison with the stock libraries: what it reads, and what it says when something differs."""

from pathlib import Path

import pytest

from tests.parity import __main__ as parity
from tests.parity import stock
from tests.parity.texts import sentences_of, texts_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "Good\\nday"}\n{"text": "zwei"}\n', "utf-8")
    (tmp_path / "b.csv").write_text('text,category\n"one, two\nthree",x\nfour,y\n', "utf-8")
    (tmp_path / "c.csv").write_text('t1;positive;"yes; no"\nt2;neutral;perhaps\n', "utf-8")
    (tmp_path / "d.txt").write_text("1\t0.5\tnot bad\u2028at all\n2\t-1\tbad\n", "utf-8")
    (tmp_path / "README.md").write_text("not data", "utf-8")
    return tmp_path


def test_all_texts_of_all_kinds_of_files_are_read(folder: Path) -> None:
    assert texts_of(folder / "a.jsonl") == ["Good\nday", "zwei"]
    assert texts_of(folder / "b.csv") == ["one, two\nthree", "four"]
    assert texts_of(folder / "c.csv") == ["yes; no", "perhaps"]
    assert texts_of(folder / "d.txt") == ["not bad\u2028at all", "bad"]


def test_a_text_of_one_sentence_is_not_compared_twice() -> None:
    assert sentences_of("Not bad. Is it?  Yes!\nNo") == ["Not bad.", "Is it?", "Yes!", "No"]
    assert sentences_of("Not bad.") == []


def test_equal_figures_are_a_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parity.compare(folder) == 0
    *files, total = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in files] == ["a.jsonl", "b.csv", "c.csv", "d.txt"]
    assert "8 texts" in total
    assert total.endswith("equal")


def test_a_difference_is_a_failure_that_shows_both_results(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Equal to ==, and yet not the same bits.
    monkeypatch.setattr(stock, "sentiment", lambda text: (-0.0, 0.0) if text == "four" else stock.stock_sentiment(text))
    assert parity.compare(folder) == 1
    said = capsys.readouterr().out
    assert "1 DIFFER" in said
    assert "TextBlob of 'four'\n  stock: (0.0, 0.0)\n  ours:  (-0.0, 0.0)" in said


def test_nothing_to_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parity.compare(tmp_path) == 2
    assert parity.compare(tmp_path / "missing") == 2
    assert "no .jsonl, .csv or .txt to read" in capsys.readouterr().err
