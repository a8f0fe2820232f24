"""The list of the product's processes; nothing is started."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.config import Settings
from streams.stages import STAGES
from streams.up.pipeline import processes
from streams.up.processes import answers, free_port


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of an installation with a Kafka of its own."""
    own = {"kafka_brokers": "kafka:9092", "local_dir": tmp_path}
    return lambda **given: Settings.model_validate(own | given)


def test_everything_that_receives_starts_before_what_sends(settings: Callable[..., Settings]) -> None:
    listed = processes(settings(), feed_rate=20)
    assert [process.name for process in listed] == [
        *(
            "topics",
            "migrate",
            "clickhouse",
            "routing",
            "notify",
            "trends",
            "registry",
            "track",
            "score",
            "sender",
            "gateway",
        ),
        "feed",
    ]
    assert [process.name for process in listed if process.once] == ["topics", "migrate"]


def test_the_embedded_database_is_opened_by_one_process(settings: Callable[..., Settings]) -> None:
    embedded, remote = (
        processes(settings(clickhouse_url=url), feed_rate=None) for url in ("chdb://x", "http://x:8123")
    )
    assert [process.argv[3:] for process in embedded if "clickhouse" in process.argv] == [
        ["sink", "clickhouse", "--serve-page"]
    ]
    assert [process.argv[3:] for process in remote if process.name in ("clickhouse", "page")] == [
        ["sink", "clickhouse"],
        ["serve", "page"],
    ]


def test_without_a_rate_nothing_is_fed(settings: Callable[..., Settings]) -> None:
    assert "feed" not in [process.name for process in processes(settings(), feed_rate=None)]


def test_a_mailbox_is_read_if_there_is_one(settings: Callable[..., Settings]) -> None:
    [mailbox] = [
        process
        for process in processes(settings(mailbox_url="imaps://support@mail.example/INBOX"), feed_rate=None)
        if process.name == "mailbox"
    ]
    assert mailbox.argv[3:] == ["source", "mailbox"]
    assert mailbox.env["TICKETPULSE_MAILBOX_URL"] == "imaps://support@mail.example/INBOX"
    assert "mailbox" not in [process.name for process in processes(settings(), feed_rate=None)]


def test_each_process_gets_the_settings_of_its_parent(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(window_sizes=(60, 600), session_timeout=6.5, name="mine", page_port=0)
    [gateway] = [process for process in processes(given, feed_rate=None) if process.name == "gateway"]
    for name, value in gateway.env.items():
        monkeypatch.setenv(name, value)
    assert Settings() == given


def test_prometheus_asks_a_page_of_its_own_where_it_has_its_metrics(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    listed = processes(settings(clickhouse_url="http://x:8123"), feed_rate=None)
    [page] = [process for process in listed if process.name == "page"]
    [told] = [
        group["targets"]
        for group in json.loads((tmp_path / "metrics.json").read_text())
        if group["labels"]["process"] == "page"
    ]
    assert told == [f"127.0.0.1:{page.env['TICKETPULSE_METRICS_PORT']}"]


def test_prometheus_finds_every_process_on_a_port_of_its_own(settings: Callable[..., Settings], tmp_path: Path) -> None:
    listed = processes(settings(gateway_port=18080), feed_rate=None)
    targets = {
        group["labels"]["process"]: group["targets"] for group in json.loads((tmp_path / "metrics.json").read_text())
    }
    assert set(targets) == {"clickhouse", *STAGES, "sender", "gateway"}
    assert targets["gateway"] == ["127.0.0.1:18080"]
    assert len({address for group in targets.values() for address in group}) == len(targets)
    for process in listed:
        if "TICKETPULSE_METRICS_PORT" in process.env and process.name in {*STAGES, "clickhouse"}:
            assert targets[process.name] == [f"127.0.0.1:{process.env['TICKETPULSE_METRICS_PORT']}"]


async def test_a_server_answers_only_with_200() -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nok" if b" /readyz " in request else b"HTTP/1.1 503 Later\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await answers("127.0.0.1", port, "/readyz")
        assert not await answers("127.0.0.1", port, "/metrics")
    assert not await answers("127.0.0.1", free_port(), "/readyz")
