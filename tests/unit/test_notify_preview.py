"""`ticketpulse notify preview`: any template on a made-up or a real escalation."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.escalations import encode_escalation
from schemas.notifications import KINDS
from sinks.notify.samples import escalation, sample
from sinks.notify.wording import read_wording
from tests.unit.conftest import Run

WORDING = read_wording()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_it_prints_what_would_be_sent(run: Run, kind: str, language: str) -> None:
    result = run("notify", "preview", "--kind", kind, "--language", language)
    known = next(each for each in KINDS if each == kind)
    assert result == (0, WORDING.words(sample(known, language), language).text, "")


def test_each_part(run: Run) -> None:
    words = WORDING.words(sample("escalation"), "en")
    assert run("notify", "preview", "--format", "subject").out == f"{words.subject}\n"
    assert run("notify", "preview", "--format", "html").out == words.html
    assert run("notify", "preview", "--kind", "acknowledgement", "--format", "short").out.endswith("[TKT-2026-0042]\n")
    assert run("notify", "preview", "--kind", "digest").out.startswith("10 things have happened")


def test_a_real_escalation(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "escalation.json"
    file.write_bytes(encode_escalation(replace(escalation(), number="TKT-2026-0777", subject="<b>Refund</b>")))
    assert run("notify", "preview", "--escalation", str(file), "--format", "subject").out == (
        "TKT-2026-0777, urgent: <b>Refund</b>\n"
    )
    html = run("notify", "preview", "--escalation", "-", "--format", "html", stdin=file.read_bytes()).out
    assert "&lt;b&gt;Refund&lt;/b&gt;" in html


def test_templates_of_ones_own(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "shop" / "en"
    folder.mkdir(parents=True)
    (folder / "escalation.txt").write_text("{{ notice.ticket }} of {{ tenant }}")
    given = ("notify", "preview", "--templates", str(tmp_path / "templates"))
    assert run(*given, "--tenant", "shop").out == "TKT-2026-0042 of shop\n"
    assert run(*given).out == WORDING.words(sample("escalation"), "en").text
    # Those that are in force here are the default.
    assert run("notify", "preview", "--tenant", "shop", TICKETPULSE_NOTIFY=tmp_path).out == "TKT-2026-0042 of shop\n"


def test_mistakes_in_templates_are_told_with_file_and_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "reminder.txt").write_text("one\n{{ notice.tikcet }}")
    result = run("notify", "preview", "--templates", str(tmp_path))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"ticketpulse: {tmp_path}/en/reminder.txt:2: ")
    assert "tikcet" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "escalatoin"], "--kind escalatoin: wanted is one of escalation, raised, resolved, reminder,"),
        (["--language", "fr"], "--language fr: there are templates in de, en"),
        (["--kind", "alert", "--escalation", "x"], "--kind alert: with --escalation it is one of escalation, raised"),
        (["--escalation", "-"], "-: no escalation as on tickets.escalations.v1: Object missing required field"),
        (["--escalation", "/no/such/file"], "/no/such/file: No such file or directory"),
        (["--templates", "/no/such/folder"], "/no/such/folder: No such file or directory"),
    ],
)
def test_what_cannot_be(run: Run, arguments: list[str], said: str) -> None:
    result = run("notify", "preview", *arguments, stdin=b"{}")
    assert result.code in (1, 2)
    assert result.out == ""
    assert result.err.startswith(f"ticketpulse: {said}")
