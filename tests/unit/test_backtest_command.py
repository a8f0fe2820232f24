"""`ticketpulse policy backtest`, and the history that `ticketpulse feed` writes for it."""

from pathlib import Path

import msgspec
import pytest

from streams.backtest.report import Report
from tests.unit.conftest import Run
from tests.unit.histories import LAWYER, REFUND

SAID = (
    ("t1", "2026-03-02T09:00:00Z", "My lawyer will write [to] you"),
    ("t2", "2026-03-02T09:05:00Z", "A refund, please"),
    ("t3", "2026-03-02T09:10:00Z", "Hello"),
)


class Files:
    """Two policies and a history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.one, self.other = str(folder / "one.toml"), str(folder / "other.toml")
        self.history = folder / "history.jsonl"
        Path(self.one).write_text(REFUND)
        Path(self.other).write_text(REFUND.replace('"refund"\nversion = 1', '"strict"\nversion = 2') + LAWYER)
        events = [
            {"event_id": f"{number}", "ticket_id": ticket, "occurred_at": at, "text": text}
            for number, (ticket, at, text) in enumerate(SAID)
        ]
        self.history.write_bytes(b"\n".join(map(msgspec.json.encode, events)) + b"\n")

    def command(self, *more: str) -> tuple[str, ...]:
        return ("policy", "backtest", self.one, self.other, "--history", str(self.history), *more)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_figures_changes_and_examples_for_people(run: Run, files: Files) -> None:
    result = run(*files.command(), COLUMNS=120)
    assert (result.code, result.err) == (0, "")
    said = " ".join(result.out.split())
    assert said.startswith(
        "refund 1 against strict 2 on 3 events of 3 tickets (history.jsonl) from 2026-03-02 09:00 to"
    )
    assert "│ tickets escalated │ 1 of 3 (33.3%) │ 2 of 3 (66.7%) │" in said
    assert "│ only strict │ 1 │ 1 │" in said
    # Texts are printed as they are, brackets too.
    assert "“My lawyer will write [to] you”" in said
    assert "Speaks of a lawyer." in said


def test_json_for_programs(run: Run, files: Files) -> None:
    result = run(*files.command("-o", "json"))
    assert (result.code, result.err) == (0, "")
    report = msgspec.json.decode(result.out, type=Report)
    assert (report.one.escalations, report.other.escalations, report.changes.same) == (1, 2, 1)
    assert [case.rule for case in report.changes.only_other.examples] == ["lawyer"]
    assert report.outcomes.known == 0


def test_outcomes_make_rates_with_their_counts(run: Run, files: Files, tmp_path: Path) -> None:
    told = tmp_path / "told.csv"
    told.write_text("ticket_id,outcome\nt1,true\nt2,false\nt3,true\n")
    result = run(*files.command("--outcomes", str(told)), COLUMNS=120)
    said = " ".join(result.out.split())
    assert (result.code, result.err) == (0, "")
    assert "│ precision │ 0 of 1 (0.0%) │ 1 of 2 (50.0%) │" in said
    assert "│ recall │ 0 of 2 (0.0%) │ 1 of 2 (50.0%) │" in said
    assert "2 of 3 tickets of known outcome needed a person" in said
    assert "needed a person" in said


def test_outcomes_of_other_tickets_are_told(run: Run, files: Files, tmp_path: Path) -> None:
    told = tmp_path / "told.csv"
    told.write_text("tenant,ticket_id,outcome\nshop,t1,true\n")
    result = run(*files.command("--outcomes", str(told)))
    assert result.code == 0
    assert "none of its tickets is in this history" in result.err
    assert "precision" not in result.out


def test_bad_lines_are_named_and_counted_and_the_others_played(run: Run, files: Files) -> None:
    with files.history.open("ab") as stream:
        stream.write(b"complaint\n" * 30)
    result = run(*files.command("-o", "json"))
    assert result.code == 0
    lines = result.err.splitlines()
    assert lines[0].startswith("line 4: value: not JSON")
    assert len(lines) == 21
    assert lines[-1] == "30 lines could not be read and did not count"
    assert msgspec.json.decode(result.out)["history"]["unreadable"] == 30


def test_a_span_of_time_and_a_number_of_examples(run: Run, files: Files) -> None:
    result = run(*files.command("--from", "2026-03-02T10:05:00+01:00", "--to", "2026-03-02T09:10", "-o", "json"))
    assert msgspec.json.decode(result.out)["history"]["events"] == 1
    result = run(*files.command("--examples", "0", "-o", "json"))
    assert msgspec.json.decode(result.out)["changes"]["only_other"] == {"escalations": 1, "tickets": 1, "examples": []}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("helpdesk", "support"), "name one history: --history FILE or --clickhouse"),
        (("helpdesk", "support", "--history", "HISTORY", "--clickhouse"), "name one history"),
        (("helpdesk", "suport", "--history", "HISTORY"), "suport: neither a preset (support, helpdesk,"),
        (("helpdesk", "WRONG", "--history", "HISTORY"), "wrong.toml:2: version: "),
        (("helpdesk", "support", "--history", "HISTORY", "--from", "yesterday"), "--from yesterday: no time; wanted: "),
        (("helpdesk", "support", "--history", "HISTORY", "--from", "2026-02", "--to", "x"), "--from 2026-02: no time"),
        (
            ("helpdesk", "support", "--history", "HISTORY", "--from", "2026-03-02", "--to", "2026-03-01"),
            "--from 2026-03-02 is not before --to 2026-03-01",
        ),
        (("helpdesk", "support", "--history", "HISTORY", "--tenant", "a'b"), "--tenant a'b: 1 to 64 letters"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_played(
    run: Run, files: Files, arguments: tuple[str, ...], said: str
) -> None:
    wrong = files.folder / "wrong.toml"
    wrong.write_text('name = "wrong"\nversion = 0\n')
    named = {"HISTORY": str(files.history), "WRONG": str(wrong)}
    result = run("policy", "backtest", *(named.get(each, each) for each in arguments))
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (b"", "the file is empty"),
        (b"complaint\n", "none of its lines is an event"),
    ],
)
def test_a_history_without_an_event_fails(run: Run, files: Files, content: bytes | None, said: str) -> None:
    files.history.unlink() if content is None else files.history.write_bytes(content)
    result = run(*files.command())
    assert (result.code, result.out) == (1, "")
    assert said in result.err.splitlines()[-1]


def test_outcomes_that_cannot_be_read_fail_with_their_line(run: Run, files: Files, tmp_path: Path) -> None:
    told = tmp_path / "told.csv"
    told.write_text("ticket_id,outcome\nt1,perhaps\n")
    result = run(*files.command("--outcomes", str(told)))
    assert (result.code, result.out) == (1, "")
    assert result.err == f"ticketpulse: {told}:2: outcome 'perhaps' is neither true nor false\n"


def test_clickhouse_that_is_away_is_one_line(run: Run) -> None:
    result = run("policy", "backtest", "helpdesk", "support", "--clickhouse", CLICKHOUSE_URL="http://127.0.0.1:9/x")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("ticketpulse: CLICKHOUSE_URL=http://127.0.0.1:9/x: the server cannot be reached")
    assert len(result.err.splitlines()) == 1


def test_the_feed_writes_the_same_history_twice(run: Run, tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        result = run("feed", "--to", str(tmp_path / name), "--events", "200", "--rate", "0.01")
        assert (result.code, result.out) == (0, "")
        assert result.err == f"200 events written to {tmp_path / name}\n"
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    run("feed", "--to", str(tmp_path / "c"), "--events", "200", "--rate", "0.01", "--seed", "2")
    assert (tmp_path / "c").read_bytes() != written[0]
    result = run("policy", "backtest", "helpdesk", "helpdesk", "--history", str(tmp_path / "a"), "-o", "json")
    history = msgspec.json.decode(result.out)["history"]
    assert (history["events"], history["unreadable"]) == (200, 0)
    # 200 events at one in a hundred seconds.
    assert history["begin"].startswith("2026-01-01T00:")
    assert "2026-01-01T04:00" < history["end"] < "2026-01-01T07:00"


def test_a_history_has_an_end(run: Run, tmp_path: Path) -> None:
    result = run("feed", "--to", str(tmp_path / "a"))
    assert (result.code, result.err) == (2, "ticketpulse: --to needs --events: a file has an end\n")
    assert not (tmp_path / "a").exists()
