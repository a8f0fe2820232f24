"""`ticketpulse suggest`."""

import json
from pathlib import Path

from tests.suggestions.labelled import ARTICLES
from tests.unit.conftest import Run, run

__all__ = ["run"]


def folder_of(tmp_path: Path) -> Path:
    (tmp_path / "articles").symlink_to(ARTICLES)
    (tmp_path / "replies").mkdir()
    return tmp_path


def test_a_text_gets_a_draft_and_articles(run: Run, tmp_path: Path) -> None:
    environment = {"TICKETPULSE_SUGGESTIONS": folder_of(tmp_path)}
    told = run("suggest", "How do I change my PIN? This is terrible!", **environment)
    assert told.code == 0
    assert "draft preset/en/negative, for mood very_negative or negative" in told.out
    assert "article cards/pin: Change or unblock your PIN, Change the PIN" in told.out
    found = json.loads(run("suggest", "How do I change my PIN?", "-o", "json").out)
    assert found["articles"][0]["url"] == "https://help.example.com/cards/pin"
    assert (
        json.loads(run("suggest", "Rechnung", "--language", "de", "--category", "billing", "-o", "json").out)["draft"][
            "id"
        ]
        == "preset/de/billing"
    )


def test_check_tells_what_is_wrong_with_file_and_line(run: Run, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert run("suggest", "check", "--folder", str(folder)).code == 0
    (folder / "replies" / "a.txt").write_text("+++\n+++\nHello {{ nobody }}")
    for name in "bc":
        (folder / "replies" / f"{name}.txt").write_text('+++\ncategories = ["billing"]\n+++\nHello')
    told = run("suggest", "check", "--folder", str(folder))
    assert told.code == 1
    assert f"{folder}/replies/a.txt:3: a ticket has no 'nobody'" in told.err
    assert "b and c fit the same tickets: b is taken" in told.out
    assert "26 articles with 46 sections" in told.out
    assert "Traceback" not in told.err


def test_what_cannot_be_done_is_one_line(run: Run, tmp_path: Path) -> None:
    assert run("suggest", "for").code == 2
    assert run("suggest", "x", "--ticket", "T-1").code == 2
    assert run("suggest", "x", "--tenant", "a b").code == 2
    away = run("suggest", "--ticket", "T-1", TICKETPULSE_PAGE_PORT=1)
    assert (away.code, "does not answer" in away.err) == (1, True)
    assert run("suggest", "stats").code == 1
    wrong = run("suggest", "x", "--folder", str(tmp_path / "nowhere"))
    assert (wrong.code, "there is no such folder" in wrong.err) == (2, True)
