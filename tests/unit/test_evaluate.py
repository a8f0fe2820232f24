"""`ticketpulse evaluate`: files in every form, figures out, and clear words about what cannot be read."""

import json
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.cli import main

BAD, MEH, GOOD = "It is still not working.", "The form is blue.", "You guys rock."
CSV = f'text,label\n"{BAD}",negative\n"{MEH}",neutral\n"{GOOD}",positive\n"{GOOD}",negative\n'


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command on a file that is made of a name and its content."""

    def run(name: str, content: str | bytes, *arguments: str) -> Result:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setattr(sys, "argv", ["ticketpulse", "evaluate", str(file), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return Result(int(ended.value.code or 0), said.out, said.err.replace(f"{tmp_path}/", ""))

    return run


def figures(result: Result) -> dict[str, Any]:
    assert (result.code, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_labels_are_compared_class_by_class(evaluate: Run) -> None:
    found = figures(evaluate("a.csv", CSV, "-o", "json"))
    assert found["classes"] == ["negative", "neutral", "positive"]
    assert found["confusion"] == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert (found["file"], found["preset"], found["scorer"]) == ("a.csv", "support", "support-1")
    assert (found["rows"], found["unscored"], found["accuracy"]) == (4, 0, 0.75)
    assert found["by_class"]["negative"] == {"labelled": 2, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)}
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)
    # Of the four pairs of a negative with another text: two below, one above, one equal.
    assert found["auc_negative"] == pytest.approx(2.5 / 4)
    assert (found["pearson"], found["spearman"]) == (None, None)
    assert found["bounds"][0] == {"rule": "very_negative", "found": 1, "recall": 0.5, "precision": 1.0}
    by_rule = {each["rule"]: each for each in found["bounds"]}
    assert by_rule["score < 1.0"] == {"rule": "score < 1.0", "found": 0, "recall": 0.0, "precision": None}
    assert by_rule["score < 6.0"]["found"] == 2


def test_five_labels_are_five_classes(evaluate: Run) -> None:
    content = f"text,label\n{BAD},Very Negative\n{MEH},neutral\n{GOOD},very-positive\n"
    found = figures(evaluate("a.csv", content, "-o", "json"))
    assert found["classes"] == ["very_negative", "negative", "neutral", "positive", "very_positive"]
    assert found["by_class"]["very_negative"]["recall"] == 1.0
    assert found["auc_negative"] == 1.0


def test_ratings_are_correlated(evaluate: Run) -> None:
    lines = "".join(f"{rating}\t{text}\n" for rating, text in ((-3.5, BAD), (0, MEH), (2, GOOD)))
    found = figures(evaluate("a.txt", lines, "--no-header", "--text", "2", "--label", "1", "-o", "json"))
    assert found["spearman"] == pytest.approx(1)
    assert found["pearson"] > 0.9
    assert (found["classes"], found["auc_negative"]) == ([], None)


def test_ratings_with_a_neutral_range_are_labels_too(evaluate: Run) -> None:
    content = f"text,label\n{BAD},1\n{MEH},3\n{GOOD},5\n"
    found = figures(evaluate("a.csv", content, "--neutral", "2.5,3.5", "-o", "json"))
    assert found["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert found["spearman"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "content", "arguments"),
    [
        ("a.jsonl", '{"text": "%s", "label": "neg"}\n\n{"text": "%s", "label": "pos"}\n', ()),
        (
            "a.ndjson",
            '{"said": "%s", "mood": "NEGATIVE"}\n{"said": "%s", "mood": "Positive"}',
            ("--text=said", "--label=mood"),
        ),
        ("a.csv", 'label;text\nnegative;"%s"\npositive;%s\n', ()),
        ("a.csv", "label|text\nnegative|%s\npositive|%s\n", ("--delimiter", "|")),
        ("a.tsv", 'text\tlabel\n"%s\tnegative\n%s\tpositive\n', ()),
        ("a.csv", "\ufefftext,label\r\n%s,negative\r\n%s,positive\r\n", ()),
        ("a.txt", "1\tnegative\t%s, so\n2\tpositive\t%s\n", ("--no-header", "--text=3", "--label=2")),
        ("a.csv", "id;x;y\n1;negative;%s\n2;positive;%s\n", ("--text=y", "--label=x")),
    ],
)
def test_files_come_in_many_forms(evaluate: Run, name: str, content: str, arguments: tuple[str, ...]) -> None:
    found = figures(evaluate(name, content % (BAD, GOOD), *arguments, "-o", "json"))
    assert (found["rows"], found["accuracy"]) == (2, 1.0)


def test_another_encoding_can_be_named(evaluate: Run) -> None:
    content = f"text,label\n{BAD} Café,negative\n".encode("latin-1")
    assert figures(evaluate("a.csv", content, "--encoding", "latin-1", "-o", "json"))["rows"] == 1
    refused = evaluate("a.csv", content)
    assert refused.code == 1
    assert "a.csv: not utf-8 near row 1" in refused.err
    refused = evaluate("a.csv", content, "--encoding", "utf-16")
    assert refused.code == 1
    assert "a.csv: not utf-16 near row 1" in refused.err


def test_json_that_nests_too_deep_is_a_wrong_line(evaluate: Run) -> None:
    refused = evaluate("a.jsonl", "[" * 200_000 + "\n")
    assert refused.code == 1
    assert "a.jsonl:1: not JSON: " in refused.err


def test_halves_of_the_rows_can_be_chosen(evaluate: Run) -> None:
    odd = figures(evaluate("a.csv", CSV, "--rows", "odd", "-o", "json"))
    even = figures(evaluate("a.csv", CSV, "--rows", "even", "-o", "json"))
    assert odd["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert even["confusion"] == [[0, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_a_text_without_a_score_counts_as_neutral(evaluate: Run) -> None:
    found = figures(evaluate("a.csv", f"text,label\n,neutral\n{BAD},negative\n", "-o", "json"))
    assert (found["unscored"], found["accuracy"]) == (1, 1.0)


def test_presets_differ(evaluate: Run) -> None:
    found = figures(evaluate("a.csv", CSV, "--preset", "helpdesk", "-o", "json"))
    assert (found["scorer"], found["confusion"][0]) == ("lexicons-1", [0, 2, 0])


def test_people_get_tables(evaluate: Run) -> None:
    result = evaluate("a.csv", CSV)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("support (support-1) on a.csv\n")
    cells = [re.split(r"\s*│\s*", line.strip("│ \n")) for line in result.out.splitlines() if line.startswith("│")]
    assert ["accuracy", "0.750"] in cells
    assert ["negative", "1", "0", "1", "1.000", "0.500", "0.667"] in cells
    assert ["very_negative", "1", "0.500", "1.000"] in cells


class Page(HTMLParser):
    """What is in a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_needs_nothing_else_and_has_the_plots(evaluate: Run, tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    assert evaluate("a<b>&.csv", CSV, "--html", str(html)).code == 0
    page = Page(html.read_text("utf-8"))
    assert page.open == []
    assert page.links == []
    # The curve, and a histogram for each label.
    assert page.tags.count("svg") == 4
    assert page.tags.count("polyline") == 1
    assert page.tags.count("rect") == 3 * 20
    assert "support on a<b>&.csv" in page.words
    assert "http" not in html.read_text("utf-8")


def test_the_page_of_ratings_has_a_dot_for_each_text(evaluate: Run, tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    evaluate("a.csv", f"text,label\n{BAD},1\n{MEH},3\n{GOOD},5\n", "--html", str(html))
    page = Page(html.read_text("utf-8"))
    assert page.tags.count("circle") == 3
    assert "Spearman rho" in page.words


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv: no rows"),
        ("a.csv", "text,label\n", "a.csv: no rows"),
        (
            "a.csv",
            "message,label\nhi,neutral\n",
            "a.csv:2: no column 'text'; there are message, label. Choose with --text",
        ),
        ("a.csv", "text,mood\nhi,neutral\n", "a.csv:2: no column 'label'; there are text, mood. Choose with --label"),
        ("a.csv", "text,label\nhi,neutral\nhi,angry\n", "a.csv:3: the label 'angry' is neither a number nor one of"),
        ("a.csv", "text,label\nhi,nan\n", "a.csv:2: the label 'nan' is neither"),
        ("a.csv", "text,label\nhi,neutral\nhi\n", "a.csv:3: 1 columns where the header has 2"),
        ("a.csv", 'text,label\n"two\nlines",neutral\nhi,x\n', "a.csv:4: the label 'x'"),
        ("a.csv", "text,label\nhi,neutral\nhi,3\n", "a.csv: some labels are numbers and some are words"),
        ("a.csv", f"text,label\n{'x' * 200_000},neutral\n", "a.csv:2: field larger than field limit"),
        ("a.jsonl", '{"text": "hi", "label": "neutral"}\n{"text": \n', "a.jsonl:2: not JSON"),
        ("a.jsonl", '["hi"]\n', "a.jsonl:1: not a JSON object"),
        ("a.jsonl", '{"text": 3, "label": "neutral"}\n', "a.jsonl:1: 'text' is no text: 3"),
        ("a.jsonl", '{"text": "hi", "label": true}\n', "a.jsonl:1: the label True is neither"),
        ("a.jsonl", '{"text": "hi"}\n', "a.jsonl:1: no column 'label'; there are text. Choose with --label"),
    ],
)
def test_what_cannot_be_read_is_named_with_file_and_line(evaluate: Run, name: str, content: str, message: str) -> None:
    result = evaluate(name, content)
    assert result.code == 1
    assert result.out == ""
    assert result.err.startswith(f"ticketpulse: {message}")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "finance"), "--preset finance: there are support, helpdesk"),
        (("--delimiter", "ab"), "--delimiter ab: one character, or tab"),
        (("--encoding", "base64"), "--encoding base64: Python knows none of that name"),
        (("--encoding", "utf-99"), "--encoding utf-99: Python knows none of that name"),
        (("--neutral", "3"), "--neutral 3: two numbers with a comma"),
        (("--neutral", "3,2"), "--neutral 3,2: the first number must not be above"),
    ],
)
def test_wrong_options_say_what_is_right(evaluate: Run, arguments: tuple[str, ...], message: str) -> None:
    result = evaluate("a.csv", CSV, *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"ticketpulse: {message}")


def test_a_file_that_is_not_there_is_named(evaluate: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = evaluate("a.csv", CSV, "--html", str(tmp_path / "none" / "report.html"))
    assert result.code == 1
    assert "none/report.html: No such file or directory" in result.err
