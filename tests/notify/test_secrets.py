"""References to secrets: what they stand for, and that nothing shows it."""

from pathlib import Path

import pytest

from sinks.notify.secrets import SecretMissing, look_up


def test_a_variable() -> None:
    found = look_up("env:SMTP_PASSWORD", "the mail server", {"SMTP_PASSWORD": "hunter2"})
    assert found.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{found} {found!r} {[found]}"


def test_a_file_without_the_end_of_its_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" hunter2 \r\n")
    assert look_up(f"file:{file}", "target ops", {}).get_secret_value() == " hunter2 "


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOT_THERE", "target ops: the variable NOT_THERE is not set, which env:NOT_THERE asks for"),
        ("env:EMPTY", "target ops: env:EMPTY is empty; put the secret there"),
        ("file:/no/such/file", "target ops: file:/no/such/file cannot be read: No such file or directory"),
        ("hunter2", "target ops: what stands for a secret is env:NAME or file:PATH"),
    ],
)
def test_what_is_missing_is_told_with_who_needs_it(reference: str, said: str) -> None:
    with pytest.raises(SecretMissing) as told:
        look_up(reference, "target ops", {"EMPTY": ""})
    assert str(told.value) == said


def test_a_file_that_is_no_text_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"hunter2\xff")
    with pytest.raises(SecretMissing) as told:
        look_up(f"file:{file}", "target ops", {})
    assert str(told.value) == f"target ops: file:{file} is no text in UTF-8"
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
