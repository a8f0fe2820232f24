"""`ticketpulse token`: made, listed, revoked; and what is wrong is one line."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sinks.access.principals import Role
from sinks.access.token_file import read_tokens
from tests.unit.conftest import Run


def test_a_token_is_told_once_and_works_until_it_is_revoked(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "not there yet" / "tokens.toml"
    environment = {"TICKETPULSE_TOKENS": file}
    made = run("token", "new", "--role", "act", "--tenant", "acme", "--name", "desk of Zoë", **environment)
    assert made.code == 0
    text = made.out.strip()
    # To be piped: nothing but the token.
    assert made.out == f"{text}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    run("token", "new", "--role", "ingest", "--role", "read", "--name", "shop", "--expires", "90d")
    who = read_tokens(file).check(text, datetime.now(UTC))
    assert who is not None
    assert (who.name, who.tenant, who.roles) == ("desk of Zoë", "acme", (Role.ACT,))

    listed = json.loads(run("token", "ls", "-o", "json").out)
    assert [(each["name"], each["roles"], each["tenant"], each["state"]) for each in listed] == [
        ("desk of Zoë", ["act"], "acme", "valid"),
        ("shop", ["ingest", "read"], None, "valid"),
    ]
    ends = datetime.fromisoformat(listed[1]["expires_at"]) - datetime.fromisoformat(listed[1]["created_at"])
    assert ends == timedelta(days=90)
    shown = run("token", "ls").out
    assert "ingest+read" in shown
    for told in (json.dumps(listed), shown, file.read_text()):
        assert text not in told
        assert text.split("_", 2)[2] not in told

    # By the whole token too: who finds one somewhere need not know its parts.
    assert run("token", "revoke", text).code == 0
    assert read_tokens(file).check(text, datetime.now(UTC)) is None
    again = run("token", "revoke", listed[0]["id"])
    assert (again.code, "was revoked at" in again.err) == (1, True)
    assert json.loads(run("token", "ls", "-o", "json").out)[0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("new", "--role", "owner", "--name", "x"), "--role owner: wanted ingest | read | act | admin"),
        (("new", "--role", "read", "--name", "_x"), "--name '_x'"),
        (("new", "--role", "read", "--name", "x", "--tenant", "a/b"), "--tenant a/b"),
        (("new", "--role", "read", "--name", "x", "--expires", "soon"), "--expires soon: no time"),
        (("new", "--role", "read", "--name", "x", "--expires", "2020-01-01"), "that is over"),
        (("revoke", "0123456789ab"), "there is no token 0123456789ab"),
        (("ls",), "TICKETPULSE_TOKENS"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told(run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    file = tmp_path / "tokens.toml"
    environment = {} if arguments == ("ls",) else {"TICKETPULSE_TOKENS": file}
    result = run("token", *arguments, **environment)
    assert result.code in (1, 2)
    assert said in result.err
    assert not file.exists()


def test_a_server_without_its_file_does_not_start(run: Run, tmp_path: Path) -> None:
    result = run("serve", "page", TICKETPULSE_TOKENS=tmp_path / "tokens.toml", TICKETPULSE_PAGE_PORT=0)
    assert result.code == 2
    assert "tokens.toml: there is no such file; `ticketpulse token new" in result.err


def test_a_rate_that_is_none_names_its_variable(run: Run) -> None:
    result = run("status", TICKETPULSE_RATE_MESSAGES="many")
    assert (result.code, "TICKETPULSE_RATE_MESSAGES=many" in result.err) == (2, True)
