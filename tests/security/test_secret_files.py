"""Secrets out of files, as a process is given them: NAME_FILE for every setting that is a secret."""

import re
from pathlib import Path

import pytest

from streams.config import Settings
from streams.secret_files import file_variables, secret_fields
from streams.wrong_security import WrongSecurity
from tests.unit.conftest import Run, run

__all__ = ["run"]

# What each may be: some are checked.
SECRETS = {"TICKETPULSE_PRIVACY_KEYS": "k1:" + "s" * 40, "CLICKHOUSE_URL": "http://ann:hunter2@clickhouse:8123/tickets"}
READ_AGAIN = {
    "TICKETPULSE_KAFKA_PASSWORD",
    "TICKETPULSE_KAFKA_KEY_PASSWORD",
    "TICKETPULSE_MAILBOX_PASSWORD",
}
READ_ONCE = {secret: file for secret, file in file_variables(Settings).items() if secret not in READ_AGAIN}


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def value(variable: str) -> str:
    given = getattr(Settings(), variable.removeprefix("TICKETPULSE_").lower())
    return given if isinstance(given, str) else given.get_secret_value()


def test_every_setting_that_is_a_secret_may_be_in_a_file() -> None:
    # Secrets are what is not dumped; one more has a password in it.
    assert set(secret_fields(Settings)) == {
        "clickhouse_url",
        *(name for name, field in Settings.model_fields.items() if field.exclude),
    }
    assert {*READ_ONCE, *READ_AGAIN} == set(file_variables(Settings))
    assert all(file.removeprefix("TICKETPULSE_").lower() in Settings.model_fields for file in _named_again())


def _named_again() -> set[str]:
    return {file_variables(Settings)[secret] for secret in READ_AGAIN}


@pytest.mark.parametrize("variable", sorted(READ_ONCE))
def test_it_is_what_the_file_says_without_the_end_of_its_line(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = SECRETS.get(variable, "a secret, of 16 bytes at least")
    monkeypatch.setenv(READ_ONCE[variable], written(tmp_path / "secret", secret + "\n"))
    # As a compose file has it that says ${NAME:-}.
    monkeypatch.setenv(variable, "")
    assert value(variable) == secret


@pytest.mark.parametrize("variable", sorted(file_variables(Settings)))
def test_a_file_that_is_named_by_nothing_is_none(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(file_variables(Settings)[variable], "")
    assert Settings() == Settings.model_construct(**Settings().model_dump())


@pytest.mark.parametrize("variable", sorted(READ_ONCE))
@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "no text"), (None, "No such file")],
    ids=["empty", "a line's end", "no text", "missing"],
)
def test_a_file_without_a_secret_is_told_by_its_variable(
    variable: str, content: bytes | None, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(READ_ONCE[variable], str(file))
    with pytest.raises(WrongSecurity, match=f"{READ_ONCE[variable]}={re.escape(str(file))} .*{why}"):
        Settings()


@pytest.mark.parametrize("variable", sorted(READ_ONCE))
def test_a_secret_that_is_given_twice_is_refused(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(READ_ONCE[variable], written(tmp_path / "secret", "hunter2"))
    monkeypatch.setenv(variable, "hunter2")
    with pytest.raises(WrongSecurity, match=f"set either {variable} or {READ_ONCE[variable]}") as told:
        Settings()
    assert "hunter2" not in str(told.value)


def test_a_command_ends_with_one_line_and_shows_no_secret(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path / "secret", "hunter2")
    result = run("topics", "wanted", TICKETPULSE_MODEL_KEY_FILE=file, KAFKA_BROKERS="127.0.0.1:1")
    assert (result.code, result.err.splitlines()) == (2, ["ticketpulse: TICKETPULSE_MODEL_KEY: 16 bytes at least"])
    result = run("topics", "wanted", **{"TICKETPULSE_TOKEN_FILE": "/nowhere/token"})
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "TICKETPULSE_TOKEN_FILE=/nowhere/token cannot be read: No such file" in result.err


def test_settings_that_are_given_by_a_program_are_not_asked_for_in_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLICKHOUSE_URL_FILE", written(tmp_path / "url", "http://ann:b@elsewhere:8123/x"))
    assert Settings(clickhouse_url="http://here:8123/y").clickhouse_url == "http://here:8123/y"
