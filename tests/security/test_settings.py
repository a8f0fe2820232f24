"""What the settings of Kafka's security mean, and what is said of those that cannot be meant so."""

import ast
import asyncio
import json
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sinks.kafka_cluster import Brokers, Cluster, client_arguments
from sinks.renewed_certificates import RenewedContext, TlsFiles
from streams import topics
from streams.cli import app
from streams.config import Settings
from streams.rights import components, rights_of
from streams.stages import STAGES
from streams.wrong_security import WrongSecurity
from tests.logged import ours
from tests.servers.certificate import Authority, Certificate

ROOT = Path(__file__).parents[2]
SECRET = "never to be seen"  # noqa: S105
LOCKED = "unlocks the key"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates") / "authority")


@pytest.fixture(scope="module")
def mine(authority: Authority) -> Certificate:
    return authority.issue("mine")


@pytest.fixture(scope="module")
def locked(authority: Authority) -> Certificate:
    return authority.issue("locked", password=LOCKED)


def kafka(patch: pytest.MonkeyPatch, given: Mapping[str, object]) -> Brokers:
    patch.setenv("KAFKA_BROKERS", "kafka:9092")
    for name, value in given.items():
        patch.setenv(f"TICKETPULSE_KAFKA_{name}", str(value))
    return Settings().kafka


def test_without_settings_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert client_arguments(kafka(monkeypatch, {})) == {"bootstrap_servers": "kafka:9092"}


def test_a_password_over_tls(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    given = {"SECURITY": "SASL_SSL", "USER": "me", "PASSWORD": SECRET, "CA": authority.file}
    arguments = client_arguments(kafka(monkeypatch, given))
    context = arguments.pop("ssl_context")
    assert arguments == {
        "bootstrap_servers": "kafka:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "me",
        "sasl_plain_password": SECRET,
    }
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [dict(one["subject"][0])["commonName"] for one in context.get_ca_certs()] == ["authority"]


def test_a_password_in_a_file_is_read_for_each_new_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    given = {"SECURITY": "SASL_PLAINTEXT", "USER": "me", "PASSWORD_FILE": file, "MECHANISM": "PLAIN"}
    cluster = kafka(monkeypatch, given)
    read = [client_arguments(cluster)["sasl_plain_password"]]
    file.write_text("second\n")
    read.append(client_arguments(cluster)["sasl_plain_password"])
    assert read == ["first", "second"]


def test_a_certificate_alone_says_who_we_are(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, locked: Certificate
) -> None:
    given = {
        "SECURITY": "SSL",
        "CA": authority.file,
        "CERTIFICATE": locked.file,
        "KEY": locked.key,
        "KEY_PASSWORD": LOCKED,
        "HOSTNAME_CHECK": "false",
    }
    arguments = client_arguments(kafka(monkeypatch, given))
    assert set(arguments) == {"bootstrap_servers", "security_protocol", "ssl_context"}
    assert not arguments["ssl_context"].check_hostname
    assert arguments["ssl_context"].verify_mode is ssl.CERT_REQUIRED


SASL = {"SECURITY": "SASL_SSL", "USER": "me", "PASSWORD": SECRET}
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "user alone": ({"USER": "me"}, "TICKETPULSE_KAFKA_USER is set, but TICKETPULSE_KAFKA_SECURITY=PLAINTEXT does not"),
    "authority alone": (
        {"CA": "{authority}"},
        "_KAFKA_CA is set, but .*=PLAINTEXT .*set TICKETPULSE_KAFKA_SECURITY=SSL",
    ),
    "certificate without TLS": (
        {**SASL, "SECURITY": "SASL_PLAINTEXT", "CERTIFICATE": "{mine}"},
        "_CERTIFICATE is set, .*set TICKETPULSE_KAFKA_SECURITY=SASL_SSL",
    ),
    "password without SASL": ({"SECURITY": "SSL", "PASSWORD": SECRET}, "_PASSWORD is set, but .*=SSL does not use it"),
    "no user": ({"SECURITY": "SASL_SSL", "PASSWORD": SECRET}, "needs a user: set TICKETPULSE_KAFKA_USER"),
    "no password": ({"SECURITY": "SASL_SSL", "USER": "me"}, "the password of me is missing: set either"),
    "two passwords": ({**SASL, "PASSWORD_FILE": "{mine}"}, "the password of me is given twice"),
    "no file of the password": (
        {"SECURITY": "SASL_SSL", "USER": "me", "PASSWORD_FILE": "/nowhere"},
        "_PASSWORD_FILE=/nowhere cannot be read: No such file",
    ),
    "empty file of the password": (
        {"SECURITY": "SASL_SSL", "USER": "me", "PASSWORD_FILE": "/dev/null"},
        "_PASSWORD_FILE=/dev/null is empty",
    ),
    "no authority": ({**SASL, "CA": "/nowhere"}, "_CA=/nowhere cannot be read: No such file"),
    "an authority that is none": (
        {**SASL, "CA": "{readme}"},
        "_CA=.*README.md cannot be used: there is no certificate",
    ),
    "key alone": ({"SECURITY": "SSL", "KEY": "{key}"}, "_KEY is set without TICKETPULSE_KAFKA_CERTIFICATE"),
    "another's key": (
        {"SECURITY": "SSL", "CERTIFICATE": "{mine}", "KEY": "{locked_key}", "KEY_PASSWORD": LOCKED},
        "_CERTIFICATE=.* with TICKETPULSE_KAFKA_KEY=.* cannot be used: the key is not the certificate's",
    ),
    "no key": ({"SECURITY": "SSL", "CERTIFICATE": "{mine}"}, "_CERTIFICATE=.* cannot be used: there is no"),
    "locked key": (
        {"SECURITY": "SSL", "CERTIFICATE": "{locked}", "KEY": "{locked_key}", "KEY_PASSWORD": "no"},
        "the key is locked, and TICKETPULSE_KAFKA_KEY_PASSWORD does not unlock it",
    ),
    "locked key without a password": (
        {"SECURITY": "SSL", "CERTIFICATE": "{locked}", "KEY": "{locked_key}"},
        "the key is locked, and TICKETPULSE_KAFKA_KEY_PASSWORD does not unlock it",
    ),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_settings_that_cannot_be_meant_so_are_told(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, mine: Certificate, locked: Certificate, name: str
) -> None:
    given, said = WRONG[name]
    files = {
        "{authority}": authority.file,
        "{mine}": mine.file,
        "{key}": mine.key,
        "{locked}": locked.file,
        "{locked_key}": locked.key,
        "{readme}": ROOT / "README.md",
    }
    with pytest.raises(WrongSecurity, match=said) as raised:
        kafka(monkeypatch, {variable: files.get(value, value) for variable, value in given.items()})
    assert SECRET not in str(raised.value)


def test_a_command_says_so_in_one_line_and_shows_no_secret() -> None:
    variables = {"KAFKA_BROKERS": "127.0.0.1:1", "TICKETPULSE_KAFKA_PASSWORD": SECRET}
    argv = [sys.executable, "-m", "streams.cli", "topics", "ls"]
    done = subprocess.run(argv, env={**os.environ, **variables}, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "ticketpulse: TICKETPULSE_KAFKA_PASSWORD is set, but TICKETPULSE_KAFKA_SECURITY=PLAINTEXT does not use it: set "
        "TICKETPULSE_KAFKA_SECURITY=SASL_SSL, or take it away\n"
    )


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, locked: Certificate) -> None:
    given = {**SASL, "CERTIFICATE": locked.file, "KEY": locked.key, "KEY_PASSWORD": LOCKED}
    cluster = kafka(monkeypatch, given)
    settings = Settings()
    shown = f"{cluster} {cluster!r} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert SECRET not in shown
    assert LOCKED not in shown
    assert str(cluster) == "kafka:9092"


def test_every_client_of_kafka_is_made_of_the_one_place() -> None:
    made = [
        (path.relative_to(ROOT), node)
        for folder in ("schemas", "sinks", "streams")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("AIOKafka")
    ]
    assert len(made) > 10
    # The local broker asks nobody.
    elsewhere = {
        str(path)
        for path, call in made
        if not any(each.arg is None and "client_arguments" in ast.unparse(each.value) for each in call.keywords)
    }
    assert elsewhere == {"streams/up/local_kafka.py"}


@asynccontextmanager
async def tls_server(certificate: Certificate) -> AsyncIterator[int]:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def greeting(port: int, context: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_certificates_that_are_renewed_on_disk_hold_for_the_next_connection(
    authority: Authority, mine: Certificate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Authority(tmp_path / "old").file.read_bytes())
    context = RenewedContext.of(TlsFiles(ca=trusted, certificate=mine.file, key=mine.key))
    async with tls_server(mine) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await greeting(port, context)
        trusted.write_bytes(authority.file.read_bytes())
        assert await greeting(port, context) == b"hello"
        # Half of what is meant to be there, as while it is written.
        with caplog.at_level(logging.ERROR):
            trusted.write_bytes(b"-----BEGIN CERTIFICATE-----\nMII")
            assert await greeting(port, context) == b"hello"
            assert await greeting(port, context) == b"hello"
        assert [record.message.partition(" (")[0] for record in ours(caplog)] == [
            "certificates were changed and cannot be used, going on with those before"
        ]


def test_one_context_for_all_clients_of_a_process(authority: Authority) -> None:
    cluster = Cluster("kafka:9092", tls=TlsFiles(ca=authority.file))
    assert client_arguments(cluster)["ssl_context"] is client_arguments(cluster)["ssl_context"]


def test_addresses_are_taken_with_what_belongs_to_them() -> None:
    bare = {"kafka_brokers": "kafka", "clickhouse_url": "clickhouse"}
    taken = {
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in (ROOT / "streams").rglob("*.py")
        if not path.name.endswith("_security.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in bare
    }
    # Whether a server is named at all, and of which kind.
    assert taken == {"streams/up/pipeline.py: self._settings.clickhouse_url"}


def test_every_component_is_in_the_table_of_the_documentation() -> None:
    rows = (ROOT / "docs" / "kafka-security.md").read_text().splitlines()
    told = [row.split("`")[1] for row in rows if row.startswith("| `") and "TICKETPULSE" not in row]
    assert sorted(told) == sorted(components())
    assert set(STAGES) <= set(components())


def test_the_rights_of_a_stage_are_what_it_reads_and_writes() -> None:
    rights = {(right.kind.value, right.name): right.operations for right in rights_of("registry", "desk")}
    assert rights == {
        ("topic", topics.REGISTRY): ("READ",),
        ("topic", topics.changelog_of("registry")): ("READ", "WRITE"),
        ("topic", topics.SCORED): ("WRITE",),
        ("topic", topics.ERASURES): ("WRITE",),
        ("topic", topics.DEAD_LETTERS): ("WRITE",),
        ("group", "desk-registry"): ("READ",),
        ("transactional id", "desk-registry-"): ("WRITE",),
    }


def test_the_command_prints_what_the_table_says() -> None:
    runner = CliRunner()
    printed = runner.invoke(app, ["kafka", "acls", "dlq", "--principal", "User:CN={}", "--bootstrap", "-B"])
    assert printed.exit_code == 0
    assert printed.output.splitlines()[-1] == (
        "kafka-acls.sh -B --add --allow-principal User:CN=dlq --operation Write --transactional-id ticketpulse-dlq"
    )
    listed = json.loads(runner.invoke(app, ["kafka", "acls", "-o", "json"]).output)
    assert {one["component"] for one in listed} == set(components())
    # One user for all is allowed each thing once.
    together = runner.invoke(app, ["kafka", "acls", "--principal", "User:all"]).output.splitlines()
    commands = [line for line in together if not line.startswith("#")]
    assert len(commands) == len(set(commands))
