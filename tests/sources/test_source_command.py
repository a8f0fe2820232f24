"""`ticketpulse source mailbox`: settings, and a run to its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.config import Settings
from streams.up.processes import free_port, tied
from tests.servers.dovecot import PASSWORD, USER, Dovecot
from tests.unit.conftest import Run, run

__all__ = ["run"]

URL = {"TICKETPULSE_MAILBOX_URL": "imaps://ann@mx.example/INBOX"}
SECRET = {"TICKETPULSE_MAILBOX_PASSWORD": "hunter2"}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "TICKETPULSE_MAILBOX_URL"),
        (URL, "TICKETPULSE_MAILBOX_PASSWORD"),
        ({"TICKETPULSE_MAILBOX_URL": "imaps://ann:hunter2@mx.example"}, "password does not stand"),
        (URL | {"TICKETPULSE_MAILBOX_PASSWORD_FILE": "/nowhere/secret"}, "/nowhere/secret"),
        (URL | SECRET | {"TICKETPULSE_MAILBOX_DONE": "\\Deleted"}, "no flag"),
        (URL | SECRET | {"TICKETPULSE_MAILBOX_TENANT": "a/b"}, "TICKETPULSE_MAILBOX_TENANT"),
        (URL | SECRET | {"TICKETPULSE_MAILBOX_AGENTS": "@shop.example"}, "TICKETPULSE_MAILBOX_AGENTS"),
    ],
)
def test_wrong_settings_are_told_in_a_line_without_secrets(run: Run, environment: dict[str, str], told: str) -> None:
    result = run("source", "mailbox", **environment)
    assert (result.code, result.out) == (2, "")
    assert told in result.err.splitlines()[-1]
    assert "hunter2" not in result.err


def test_a_folder_that_is_not_there_ends_the_command(run: Run, mail_server: Dovecot, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    result = run(
        "source",
        "mailbox",
        KAFKA_BROKERS=f"127.0.0.1:{free_port()}",
        TICKETPULSE_MAILBOX_URL=f"imaps://{USER}@127.0.0.1:{mail_server.tls_port}/Suport",
        TICKETPULSE_MAILBOX_CA=mail_server.certificate,
        TICKETPULSE_MAILBOX_PASSWORD_FILE=password,
    )
    assert result.code == 2
    assert "no folder Suport" in result.err.splitlines()[-1]
    assert PASSWORD not in result.err


def test_secrets_are_in_no_dump_of_the_settings() -> None:
    names = ["mailbox_password", *(f"{vendor}_webhook_secret" for vendor in VENDORS)]
    settings = Settings.model_validate(dict.fromkeys(names, "hunter2"))
    assert "hunter2" not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert set(settings.webhook_secrets) == set(VENDORS)


VENDORS = ("zendesk", "freshdesk", "jira", "chatwoot", "zammad")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_in_order_while_kafka_is_away(mail_server: Dovecot, number: signal.Signals, code: int) -> None:
    environment = {
        "KAFKA_BROKERS": f"127.0.0.1:{free_port()}",
        "TICKETPULSE_MAILBOX_URL": f"imap+insecure://{USER}@127.0.0.1:{mail_server.port}",
        "TICKETPULSE_MAILBOX_PASSWORD": PASSWORD,
    }
    argv = [sys.executable, "-m", "streams.cli", "source", "mailbox"]
    with subprocess.Popen(tied(argv), stderr=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        assert process.stderr is not None
        # First the command says what it will do; the log tells that it is done.
        while "streams.sources.mailbox" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == code, said
    assert PASSWORD not in said
