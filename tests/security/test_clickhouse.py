"""ClickHouse over TLS, and its users with the rights of deploy/clickhouse/users.sql and no others."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import chdb
import httpx
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.clickhouse.client import CannotOpen, connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from streams.config import Settings
from streams.wrong_security import WrongSecurity
from tests.contract.messages import TABLES, one_of_each
from tests.security.roles import configure, roles, statements
from tests.servers.certificate import Authority
from tests.servers.clickhouse_process import ClickHouseProcess

pytestmark = pytest.mark.xdist_group("secure-clickhouse")

ROLES = roles()
MESSAGES = one_of_each()
FORBIDDEN = {
    "ticketpulse_migrations": ["CREATE DATABASE other", "CREATE USER somebody", "SELECT * FROM system.users"],
    "ticketpulse_writer": [
        "DROP TABLE scored_events",
        "TRUNCATE TABLE scored_events",
        "ALTER TABLE scored_events DELETE WHERE 1",
        "ALTER TABLE scored_events ADD COLUMN more String",
        "CREATE TABLE more (x String) ENGINE = MergeTree ORDER BY x",
    ],
    "ticketpulse_reader": [
        "INSERT INTO migrations (name) VALUES ('x')",
        "ALTER TABLE scored_events DELETE WHERE 1",
        "DROP TABLE scored_events",
        "SET readonly = 0",
    ],
    "ticketpulse_eraser": [
        "INSERT INTO migrations (name) VALUES ('x')",
        "DROP TABLE scored_events",
        "ALTER TABLE scored_events UPDATE text = '' WHERE 1",
    ],
}
# Streams that end only when the client goes.
_ENDLESS = ("/stream",)

Become = Callable[[str], str]


@pytest.fixture(scope="module")
def become(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Become]:
    """Serves one database with the rights of a user of the file; its address. Tables are made by who migrates."""
    folder = tmp_path_factory.mktemp("roles")
    process = ClickHouseProcess(folder / "data")
    configured = {name: configure(folder / name, role) for name, role in ROLES.items()}
    process.start()
    # What the administrator does.
    connect(process.url("ticketpulse")).close()
    process.kill()

    def serve(user: str) -> str:
        process.kill()
        process.options = ["--config", str(configured[user])]
        process.start()
        return process.url("ticketpulse")

    client = connect(serve("ticketpulse_migrations"))
    assert migrate(client)
    assert migrate(client) == []
    client.close()
    yield serve
    process.kill()


def test_clickhouse_reads_every_statement_of_the_file() -> None:
    # Two packages bring this module, one of them without types.
    ask: Any = chdb.query
    for statement in statements():
        ask("EXPLAIN AST " + statement)
    assert set(ROLES) == set(FORBIDDEN)
    assert all(role.grants for role in ROLES.values())


@pytest.mark.parametrize("user", list(FORBIDDEN))
def test_a_user_may_do_nothing_else(become: Become, user: str) -> None:
    client = connect(become(user), readonly=user == "ticketpulse_reader")
    try:
        for statement in FORBIDDEN[user]:
            with pytest.raises(DatabaseError, match=r"ACCESS_DENIED|READONLY|Not enough privileges|readonly"):
                client.command(statement)
    finally:
        client.close()


@pytest.mark.timeout(600)
async def test_rows_are_written_shown_and_erased_by_those_who_may(become: Become) -> None:
    url = become("ticketpulse_writer")
    sink = ClickHouseSink(partial(connect, url), TABLES)
    await sink.check()
    assert await sink.write(MESSAGES) == []
    # A copy, as after a crash.
    assert await sink.write(MESSAGES) == []
    await sink.close()

    url = become("ticketpulse_reader")
    page = create_page(partial(connect, url, readonly=True))
    asked = [
        path
        for path, operations in page.openapi()["paths"].items()
        if "get" in operations and "{" not in path and not path.endswith(_ENDLESS)
    ]
    assert len(asked) > 20
    transport = httpx.ASGITransport(page)
    async with (
        page.router.lifespan_context(page),
        httpx.AsyncClient(transport=transport, base_url="http://page") as http,
    ):
        answers = {path: await http.get(path, timeout=60) for path in asked}
    refused = {path: answer.text for path, answer in answers.items() if answer.status_code >= 500}
    assert refused == {}
    assert sum(answer.status_code == 200 for answer in answers.values()) > 20

    client = connect(become("ticketpulse_eraser"))
    try:
        client.command("ALTER TABLE scored_events DELETE WHERE ticket_id != ''", settings={"mutations_sync": 1})
        client.command("ALTER TABLE audit UPDATE detail = '' WHERE 1", settings={"mutations_sync": 1})
        assert client.command("SELECT count() FROM scored_events") == 0
    finally:
        client.close()


class Encrypted:
    """A server that speaks https, and asks who comes for a certificate."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "authority")
        server = self.authority.issue("clickhouse")
        options = ["--certificate", server.file, "--key", server.key, "--clients", self.authority.file]
        self.process = ClickHouseProcess(folder / "data", options=[str(option) for option in options])
        self.mine = self.authority.issue("writer")

    @property
    def environment(self) -> dict[str, str]:
        """The settings by which it is reached."""
        return {
            "CLICKHOUSE_URL": self.process.url("secured").replace("http://", "https://"),
            "TICKETPULSE_CLICKHOUSE_CA": str(self.authority.file),
            "TICKETPULSE_CLICKHOUSE_CERTIFICATE": str(self.mine.file),
            "TICKETPULSE_CLICKHOUSE_KEY": str(self.mine.key),
        }


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    made = Encrypted(tmp_path_factory.mktemp("encrypted"))
    made.process.start()
    yield made
    made.process.kill()


def url_of(environment: dict[str, str]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings().clickhouse


def test_rows_travel_by_tls(encrypted: Encrypted) -> None:
    client = connect(url_of(encrypted.environment))
    migrate(client)
    assert client.command("SELECT count() FROM scored_events") == 0
    client.close()


def test_a_server_that_nobody_vouches_for_is_refused_with_the_setting_that_would(
    encrypted: Encrypted, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other").file
    with pytest.raises(CannotOpen, match=r"certificate is not trusted: .*TICKETPULSE_CLICKHOUSE_CA") as raised:
        connect(url_of(encrypted.environment | {"TICKETPULSE_CLICKHOUSE_CA": str(other)}))
    assert "secret" not in str(raised.value)
    assert str(encrypted.mine.key) not in str(raised.value)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_who_may_be_anybody_is_taken_when_that_is_wanted(encrypted: Encrypted) -> None:
    changed = {"TICKETPULSE_CLICKHOUSE_VERIFY": "false"}
    environment = {name: value for name, value in encrypted.environment.items() if not name.endswith("_CA")}
    connect(url_of(environment | changed)).close()


def test_who_shows_no_certificate_is_not_let_in(encrypted: Encrypted) -> None:
    environment = {
        name: value for name, value in encrypted.environment.items() if not name.endswith(("_KEY", "_CERTIFICATE"))
    }
    with pytest.raises(CannotOpen, match="certificate"):
        connect(url_of(environment))


def test_a_password_in_a_file_goes_into_the_address(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/word\n")
    environment = {"CLICKHOUSE_URL": "http://me@db:8123/t", "TICKETPULSE_CLICKHOUSE_PASSWORD_FILE": str(file)}
    assert url_of(environment) == "http://me:p%40ss%2Fword@db:8123/t"


WRONG = {
    "no TLS": (
        {"CLICKHOUSE_URL": "http://me@db/t", "TICKETPULSE_CLICKHOUSE_CA": "/etc/hostname"},
        "TICKETPULSE_CLICKHOUSE_CA is set, but CLICKHOUSE_URL does not begin with https://",
    ),
    "embedded": (
        {"CLICKHOUSE_URL": "chdb://x", "TICKETPULSE_CLICKHOUSE_VERIFY": "false"},
        "TICKETPULSE_CLICKHOUSE_VERIFY is set, but",
    ),
    "no certificate": (
        {"CLICKHOUSE_URL": "https://me@db/t", "TICKETPULSE_CLICKHOUSE_KEY": "/etc/hostname"},
        "_KEY is set without TICKETPULSE_CLICKHOUSE_CERTIFICATE",
    ),
    "no file": (
        {"CLICKHOUSE_URL": "https://me@db/t", "TICKETPULSE_CLICKHOUSE_CA": "/nowhere"},
        "TICKETPULSE_CLICKHOUSE_CA=/nowhere cannot be read: No such file",
    ),
    "no user": (
        {"CLICKHOUSE_URL": "https://db/t", "TICKETPULSE_CLICKHOUSE_PASSWORD_FILE": "/etc/hostname"},
        "names no user",
    ),
    "two passwords": (
        {"CLICKHOUSE_URL": "https://me:secret@db/t", "TICKETPULSE_CLICKHOUSE_PASSWORD_FILE": "/etc/hostname"},
        "the password is given twice",
    ),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_settings_that_cannot_be_meant_so_are_told(name: str) -> None:
    environment, said = WRONG[name]
    with pytest.raises(WrongSecurity, match=said):
        url_of(environment)
