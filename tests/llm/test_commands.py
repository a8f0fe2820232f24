"""`ticketpulse llm` and `ticketpulse enrich`, and the file that they read."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.toml_files import FileError
from streams.cli import app
from streams.commands.failure import explain
from streams.config import Settings
from streams.llm.ledger import Budget, Ledger, Spent
from streams.llm.rules import parse_rules
from streams.llm.wiring import folder_of, stores_of
from tests.servers.chat_completions import KEY, MODEL, chat_server, failing, said

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = "2026-11-22"
FILE = """
[model]
endpoint = "{endpoint}"
name = "{model}"
key = "env:MODEL_KEY"
price_in = 1.0
price_out = 4.0

[tenants.acme]
classify = true
money = 2.5
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a house that has a model, and a key."""
    monkeypatch.setenv("TICKETPULSE_LLM", str(tmp_path / "llm.toml"))
    monkeypatch.setenv("TICKETPULSE_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("MODEL_KEY", KEY)
    return Settings()


def write(settings: Settings, endpoint: str = "http://127.0.0.1:1/v1") -> None:
    assert settings.llm is not None
    settings.llm.write_text(FILE.format(endpoint=endpoint, model=MODEL))


async def run(*argv: str) -> Result:
    """In a thread, because commands run a loop of their own."""
    return await asyncio.to_thread(CliRunner().invoke, app, argv)


def failure(result: Result) -> str:
    assert isinstance(result.exception, Exception)
    told = explain(result.exception)
    assert told is not None
    return str(told)


async def test_check_tells_what_a_request_takes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.clock.utc_now", lambda: NOON)
    async with chat_server() as server:
        write(settings, server.endpoint)
        result = await run("llm", "check", "--output", "json")
        assert result.exit_code == 0
        told = json.loads(result.stdout)
        assert (told["answers"], told["answered_by"], told["form"]) == (True, "small-1-2026", "json_schema")
        assert (told["tokens_in"], told["tokens_out"], told["cost"]) == (400, 40, 0.00056)
        assert len(server.asked) == 1
    # It is nobody's budget.
    assert Ledger(folder_of(settings) / "spent.sqlite").by_tenant(DAY) == {}


@pytest.mark.parametrize("name", ["spent.sqlite", "answers.sqlite"])
def test_a_damaged_file_is_named(settings: Settings, name: str) -> None:
    whole = FILE.format(endpoint="http://127.0.0.1:1/v1", model=MODEL)
    rules = parse_rules(f"{whole}\n[cache]\non_disk = true\n", "llm.toml")
    folder_of(settings).mkdir(parents=True)
    (folder_of(settings) / name).write_bytes(b"\xfe" * 4_096)
    with pytest.raises(OSError, match="a new one is begun") as raised:
        stores_of(settings, rules)
    assert str(explain(raised.value)) == (
        f"{folder_of(settings) / name}: file is not a database; without the file a new one is begun"
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (failing(401), "denied: it answered 401: it does not take the key"),
        (failing(500), "unavailable: it answered 500"),
        (said("hello"), "invalid_answer: it is not one JSON object"),
    ],
)
async def test_check_tells_what_is_wrong_and_never_the_key(settings: Settings, answer: object, told: str) -> None:
    async with chat_server() as server:
        server.behaviours = [answer]  # type: ignore[list-item]
        write(settings, server.endpoint)
        result = await run("llm", "check")
        assert told in failure(result)
        assert "answers: False" in result.stdout
        assert KEY not in f"{result.output} {result.exception!r} {failure(result)}"


async def test_usage_shows_a_day_by_tenant(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.clock.utc_now", lambda: NOON)
    write(settings)
    assert "nothing was asked today" in (await run("llm", "usage")).output
    ledger = Ledger(folder_of(settings) / "spent.sqlite")
    ledger.reserve(DAY, "acme", Spent(2, 800, 80, 1_120), Budget(10, 10_000))
    ledger.close()
    [row] = json.loads((await run("llm", "usage", "-o", "json")).stdout)
    assert row == {
        "tenant": "acme",
        "requests": 2,
        "requests_of": 1_000,
        "tokens_in": 800,
        "tokens_out": 80,
        "tokens_of": 1_000_000,
        "money": 0.00112,
        "money_of": 2.5,
    }
    assert "acme" in (await run("llm", "usage")).stdout


@pytest.mark.parametrize("command", [("llm", "check"), ("llm", "usage"), ("enrich",)])
async def test_without_a_file_nothing_is_set_up(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.delenv("TICKETPULSE_LLM", raising=False)
    assert "TICKETPULSE_LLM names llm.toml" in failure(await run(*command))


async def test_without_its_key_nothing_starts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write(settings)
    monkeypatch.delenv("MODEL_KEY")
    assert failure(await run("enrich")) == (
        "the language model: the variable MODEL_KEY is not set, which env:MODEL_KEY asks for"
    )


WRONG = {
    "key in the file": ('key = "sk-1234"', "wanted is env:NAME or file:PATH"),
    "unknown": ("tmperature = 1", "there is no such setting"),
    "address": ('endpoint = "ftp://x"', "endpoint"),
    "credentials in the address": ('endpoint = "http://u:p@x/v1"', "endpoint"),
    "money without prices": ("[default]\nmoney = 1.0", "needs price_in and price_out"),
    "one category": ('[default]\ncategories = ["billing"]', "categories"),
    "below": ("[default]\nbelow = 2", "below"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_the_file_is_told(name: str) -> None:
    line, told = WRONG[name]
    plain = 'endpoint = "http://x/v1"\nname = "m"\n'
    text = f"[model]\n{plain if 'endpoint' not in line else plain.partition(chr(10))[2]}{line}\n"
    with pytest.raises(FileError) as error:
        parse_rules(text, "llm.toml")
    assert told in str(error.value)
    assert str(error.value).startswith("llm.toml")


def test_a_tenant_without_a_table_asks_for_nothing() -> None:
    rules = parse_rules(FILE.format(endpoint="http://x/v1/", model="m"), "llm.toml")
    assert rules.model.endpoint == "http://x/v1"
    assert (rules.of("acme").classify, rules.of("other").classify) == (True, False)
    assert (rules.of("acme").summarise, rules.of("acme").stands) == (False, False)


async def test_without_the_extra_it_says_how_to_install_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write(settings)
    monkeypatch.delitem(sys.modules, "streams.llm.openai_chat", raising=False)
    monkeypatch.setitem(sys.modules, "openai", None)
    assert failure(await run("enrich")).endswith("pip install 'ticketpulse[llm]'")


def test_processes_that_share_a_file_share_a_budget(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path / "spent.sqlite") for _ in range(3)]

    def take(ledger: Ledger) -> int:
        return sum(not ledger.reserve(DAY, "acme", Spent(1), Budget(100, 0)) for _ in range(60))

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(take, ledgers)) == 100
    assert ledgers[0].of(DAY, "acme") == Spent(100)
    for ledger in ledgers:
        ledger.close()
