"""`ticketpulse notify check` and `test`: a real delivery by each way, and what is wrong is said."""

import asyncio
from pathlib import Path

import pytest

from tests.notify.mail_server import mail_server
from tests.notify.web_server import Answer, web_server
from tests.unit.conftest import Result, Run

SMTP = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "support@acme.example"
"""
TARGETS = """
[targets.leads]
kind = "email"
to = ["leads@acme.example"]

[targets.customer]
kind = "email"
to = "customer"

[targets.hook]
kind = "webhook"
url = "{address}/in"
secret = "env:HOOK_SECRET"

[[routes]]
tell = ["leads", "hook"]
"""


class Desk:
    """A folder with notify.toml, and the command in a thread, so that servers of the test can answer it."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self._folder = folder

    def write(self, *, port: int = 1, address: str = "http://127.0.0.1:1", more: str = "") -> None:
        text = SMTP.format(port=port) + TARGETS.format(address=address) + more
        (self._folder / "notify.toml").write_text(text)

    async def command(self, *argv: str, key: str = "s3cret") -> Result:
        variables = {"TICKETPULSE_NOTIFY": str(self._folder), "HOOK_SECRET": key}
        return await asyncio.to_thread(self._run, "notify", *argv, **variables)


@pytest.fixture
def desk(run: Run, tmp_path: Path) -> Desk:
    return Desk(run, tmp_path)


async def test_a_mail_says_that_it_is_a_test_and_every_one_is_its_own(desk: Desk) -> None:
    async with mail_server() as box:
        desk.write(port=box.port)
        for _ in range(2):
            result = await desk.command("test", "--to", "leads")
            assert result.code == 0, result.err
            assert result.out.startswith("leads was told by email in ")
    assert [mail.recipients for mail in box.mails] == [("leads@acme.example",)] * 2
    assert "TEST" in box.mails[0].message["Subject"]
    assert len({mail.message["Message-ID"] for mail in box.mails}) == 2


async def test_a_customer_s_target_wants_an_address(desk: Desk) -> None:
    async with mail_server() as box:
        desk.write(port=box.port)
        result = await desk.command("test", "--to", "customer", "--kind", "acknowledgement")
        assert (result.code, result.err) == (
            2,
            "ticketpulse: --to customer: it tells customers; whom is said with --address\n",
        )
        result = await desk.command(
            "test", "--to", "customer", "--kind", "acknowledgement", "--address", "ann@customer.example"
        )
        assert result.code == 0, result.err
    assert [mail.recipients for mail in box.mails] == [("ann@customer.example",)]


async def test_who_cannot_be_told_says_why_and_whether_again(desk: Desk) -> None:
    async with web_server() as web:
        desk.write(address=web.address)
        web.answers = [Answer(410), Answer(503), Answer(200)]
        gone = await desk.command("test", "--to", "hook")
        away = await desk.command("test", "--to", "hook")
        told = await desk.command("test", "--to", "hook")
    assert (gone.code, away.code, told.code) == (1, 1, 0)
    assert "410" in gone.err
    assert "(it would not be tried again)" in gone.err
    assert "503" in away.err
    assert "(it would be tried again)" in away.err
    assert "s3cret" not in gone.out + gone.err + away.out + away.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("test", "--to", "boss"), "--to boss: there is no such target; there are: leads, customer, hook"),
        (("test", "--to", "hook", "--kind", "party"), "--kind party: wanted is one of escalation, raised"),
    ],
)
async def test_a_name_that_is_none_says_which_there_are(desk: Desk, argv: tuple[str, ...], said: str) -> None:
    desk.write()
    result = await desk.command(*argv)
    assert result.code == 2
    assert said in result.err


async def test_a_check_tells_targets_routes_and_what_is_missing(desk: Desk) -> None:
    desk.write()
    result = await desk.command("check")
    assert result.code == 0, result.err
    assert [line.split() for line in result.out.splitlines()[:3]] == [
        ["leads", "email", "1", "routes"],
        ["customer", "email", "0", "routes"],
        ["hook", "webhook", "1", "routes"],
    ]
    missing = await desk.command("check", key="")
    assert (missing.code, "env:HOOK_SECRET is empty" in missing.err) == (2, True)
    desk.write(more='[[routes]]\ntell = ["boss"]\n')
    wrong = await desk.command("check")
    assert wrong.code == 2
    assert "notify.toml:" in wrong.err
    assert "there is no target 'boss'" in wrong.err


def test_without_a_folder_it_says_what_to_set(run: Run) -> None:
    result = run("notify", "test", "--to", "leads")
    assert (result.code, "TICKETPULSE_NOTIFY names no folder" in result.err) == (2, True)
