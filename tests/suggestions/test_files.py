"""Files that people write: what is wrong is told with its line, and nothing leads out of the folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.toml_files import FileError
from sinks.suggestions.library import FollowedLibrary, read_files, read_library
from sinks.suggestions.reply_facts import SAMPLES
from sinks.suggestions.sections import MAX_TEXT, sections_of
from sinks.suggestions.written_files import MAX_BYTES

GOOD = '+++\ntitle = "Refunds"\n+++\nA refund takes ten days.\n'
Make = Callable[[Path, Path], object]


def wrong_in(folder: Path) -> list[str]:
    """What is told of a folder, without its name."""
    return [str(each).replace(f"{folder}/", "") for each in read_files(folder)[2]]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("articles/a.md", "# Refunds\n", "articles/a.md:1: it begins with a line +++, its head in TOML, and +++ again"),
        ("articles/a.md", '+++\ntitle = "x"\n', "articles/a.md:1: its head has no end: a line +++"),
        ("articles/a.md", '+++\ntitle = "x\n+++\nx', "articles/a.md:2: no TOML: "),
        ("articles/a.md", '+++\ntitle = "x"\nlanguage = 7\n+++\nx', "articles/a.md:3: language: "),
        ("articles/a.md", '+++\ntitle = "x"\nurl = "javascript:alert(1)"\n+++\nx', "articles/a.md:3: url: "),
        ("articles/a.md", '+++\ntitle = "x"\ntenant = "../b"\n+++\nx', "articles/a.md:3: tenant: "),
        ("articles/a.md", '+++\ntitle = "x"\n+++\n\n', "articles/a.md:4: it says nothing"),
        ("replies/a.txt", '+++\nlabels = ["sad"]\n+++\nx', "replies/a.txt:2: labels[1]: "),
        ("replies/a.txt", "+++\nmood = 1\n+++\nx", "replies/a.txt:2: mood: there is no such setting"),
        ("replies/a.txt", "+++\n+++\nHello\n\n{{ nobody }}", "replies/a.txt:5: a ticket has no 'nobody'; it has: "),
        ("replies/a.txt", "+++\n+++\n{% if customer %}\n{{ nobody }}{% endif %}", "replies/a.txt:4: a ticket has no "),
        ("replies/a.txt", "+++\n+++\n{{ customer.__class__ }}", "replies/a.txt:3: "),
        ("replies/a.txt", "+++\n+++\n{{ customer.upper() }}", "replies/a.txt:3: a template calls nothing"),
        ("replies/a.txt", '+++\n+++\n{% include "../../etc/passwd" %}', "replies/a.txt:3: a draft stands alone"),
        ("replies/a.txt", "+++\n+++\n{{ opened_at|time }}", "replies/a.txt:3: "),
        ("replies/a.txt", "+++\n+++\n{% for", "replies/a.txt:3: "),
        ("replies/a.txt", "+++\n+++\n{# nothing #}", "replies/a.txt: it says nothing"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, name: str, text: str, told: str) -> None:
    (found,) = wrong_in(written(tmp_path, name, text))
    assert found.startswith(told)


def _too_large(path: Path, _: Path) -> None:
    path.write_bytes(b"+++\n" + b"x" * 10_000_000)


def _loop(path: Path, _: Path) -> None:
    path.symlink_to(path)


HOSTILE: dict[str, tuple[Make, str]] = {
    "ten megabytes": (_too_large, f"10,000,004 bytes; a file has {MAX_BYTES:,} at most"),
    "another encoding": (lambda path, _: path.write_bytes(GOOD.encode("utf-16")), "no text in UTF-8"),
    "a link out": (lambda path, out: path.symlink_to(out), "a link out of the folder; it is not read"),
    "a link that leads nowhere": (lambda path, out: path.symlink_to(out / "x"), "cannot be read: "),
    "a link to itself": (_loop, "cannot be read: "),
    "a pipe, which would never end": (lambda path, _: os.mkfifo(path), "no file"),
    "a link to a folder": (lambda path, out: path.symlink_to(out.parent), "a link out of the folder; it is not read"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_no_article_is_told_and_not_read(tmp_path: Path, name: str) -> None:
    make, told = HOSTILE[name]
    outside = tmp_path / "outside.md"
    outside.write_text(GOOD)
    folder = written(tmp_path / "suggestions", "articles/good.md", GOOD)
    make(folder / "articles" / "bad.md", outside)
    _, articles, _ = read_files(folder)
    assert [article.name for article in articles] == ["good"]
    (found,) = wrong_in(folder)
    assert found.startswith(f"articles/bad.md: {told}")


def test_a_link_within_the_folder_is_an_article(tmp_path: Path) -> None:
    """As mounted configuration has it: files are links into a hidden folder."""
    written(tmp_path, "articles/..data/a.md", GOOD)
    (tmp_path / "articles" / "a.md").symlink_to("..data/a.md")
    _, articles, wrong = read_files(tmp_path)
    assert ([article.name for article in articles], wrong) == (["a"], [])


def test_an_article_is_text_and_no_markup() -> None:
    (section,) = sections_of(
        "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) [b](https://b.example) "
        "[c](data:text/html;base64,x) ![d](https://d.example/p.png) [e](//e.example) {{ 7*7 }}"
    )
    assert "<script" not in section.html
    assert "<img" not in section.html
    assert "&lt;script&gt;" in section.html
    assert 'href="javascript' not in section.html
    assert 'href="data' not in section.html
    assert 'href="https://b.example"' in section.html
    assert 'href="//' not in section.html
    assert "{{ 7*7 }}" in section.text


def test_sections_are_what_stands_under_headings() -> None:
    found = sections_of("Before.\n\n# One\n\n- a\n- b\n\n#### Small\n\nStays.\n\n## Empty\n\n## Two\n\nx\u202ey\n")
    assert [(each.heading, each.text) for each in found] == [
        ("", "Before."),
        ("One", "- a\n- b\n\nSmall\nStays."),
        ("Two", "xy"),
    ]
    (long,) = sections_of("word " * 2_000)
    assert (len(long.text), long.html) == (MAX_TEXT, "")


def test_deep_nesting_ends() -> None:
    for deep in (">" * 5_000 + " x", "[" * 5_000 + "x", "- " * 5_000 + "x", "*a " * 5_000):
        assert len(sections_of(deep)) <= 1


def test_what_comes_with_ticketpulse_says_something_to_everybody() -> None:
    templates, _, wrong = read_files(None)
    assert wrong == []
    for template in templates:
        for facts in SAMPLES:
            text = template.filled(facts)
            assert facts.ticket_id in text or facts.number in text or facts.article_url in text
            assert "\n\n\n" not in text
            assert "  " not in text


def test_a_changed_folder_is_read_again_and_a_wrong_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    folder = written(tmp_path, "replies/a.txt", "+++\n+++\nOne {{ ticket }}")
    library = FollowedLibrary(folder, lambda: now)

    def own() -> list[str]:
        return [each.filled(SAMPLES[1]) for each in library.current().templates if not each.name.startswith("preset/")]

    assert own() == ["One t-1042"]
    written(folder, "replies/a.txt", "+++\n+++\nSecret words {{ nobody }}")
    assert own() == ["One t-1042"]
    now = 3.0
    assert own() == ["One t-1042"]
    assert "a ticket has no 'nobody'" in caplog.text
    assert "Secret words" not in caplog.text
    written(folder, "replies/a.txt", "+++\n+++\nTwo and more {{ ticket }}")
    now = 6.0
    assert own() == ["Two and more t-1042"]


def test_a_wrong_folder_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such folder"):
        read_library(tmp_path / "nowhere")
