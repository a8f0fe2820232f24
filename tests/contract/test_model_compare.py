"""`ticketpulse model compare` over what the sink stored: messages, what a challenger said, what people said."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from schemas.shadow import folded
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams.cli import app
from streams.commands.failure import Failure
from tests.contract.messages import TABLES, correction, scored, shadow
from tests.contract.sink_worlds import embedded_url, migrated
from tests.learning.test_comparing import MOODS, drawn

NEWER, OLDER = "20261122-091500-1a2b3c4d", "20261122-081500-1a2b3c4d"
PAIRS = drawn(5, messages=180)
PRIVATE = "Nobody but us should read this."


@pytest.fixture
async def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    url = embedded_url(tmp_path)
    monkeypatch.setenv("CLICKHOUSE_URL", url)
    monkeypatch.setenv("TICKETPULSE_PAGE_URL", "https://desk.example")
    with migrated(url):
        sink = ClickHouseSink(lambda: connect(url), TABLES)
        messages = [shadow(0, challenger=OLDER, ticket_id="T-old")]
        for number, pair in enumerate(PAIRS):
            said = {"ticket_id": pair.ticket_id, "event_id": pair.event_id}
            messages.append(scored(number, pair.ticket_id, event_id=pair.event_id, text=PRIVATE))
            told = {
                "champion_class": pair.champion,
                "challenger_class": pair.challenger,
                "probability": pair.probability,
                "agree": folded(pair.champion, MOODS) == pair.challenger,
            }
            # Each twice, as after a crash.
            messages += [shadow(offset, challenger=NEWER, **said, **told) for offset in (1 + number, 1_000 + number)]
            if pair.corrected:
                id_ = f"0d0f4f2e-6a2b-5c53-9f3c-{number:012x}"
                messages.append(correction(number, correction_id=id_, field="label", new=pair.corrected, **said))
                # Of another field: it is not of the label.
                other = f"1d0f4f2e-6a2b-5c53-9f3c-{number:012x}"
                messages.append(correction(500 + number, correction_id=other, field="category", new="x", **said))
        await sink.write(messages)
        await sink.close()
        yield url


async def test_what_is_stored_is_compared_each_message_once(stored: str) -> None:
    result = CliRunner().invoke(app, ["model", "compare", "-o", "json"])
    assert result.exit_code == 0, result.output + str(result.exception)
    told = json.loads(result.stdout)
    assert (told["challenger"], told["champion"], told["kind"]) == (NEWER, "lexicon", "sentiment")
    frame = pd.DataFrame(PAIRS)
    for column in ("champion", "corrected"):
        frame[column] = frame[column].map(lambda name: folded(name, MOODS))
    found = told["comparison"]
    assert found["messages"] == len(PAIRS)
    assert found["agreement"]["value"] == pytest.approx((frame["champion"] == frame["challenger"]).mean())
    assert found["kappa"] == pytest.approx(cohen_kappa_score(frame["champion"], frame["challenger"]))
    spoken = frame[frame["corrected"] != ""]
    first, second = (spoken[side] == spoken["corrected"] for side in ("champion", "challenger"))
    judged = found["judged"]
    assert judged["messages"] == len(spoken)
    apart = int((first & ~second).sum()), int((~first & second).sum())
    assert (judged["only_champion"], judged["only_challenger"]) == apart
    assert judged["p_value"] == pytest.approx(stats.binomtest(apart[0], sum(apart), 0.5).pvalue)
    example = found["examples"][0]
    assert example["page"] == f"https://desk.example/?tenant=default#now?ticket={quote(example['ticket_id'])}"
    assert "text" not in example
    assert told["ms_per_1000_texts"] is None
    assert any("favours the challenger" in caution for caution in told["cautions"])


async def test_words_of_customers_are_printed_only_when_they_are_asked_for(stored: str) -> None:
    without = CliRunner().invoke(app, ["model", "compare"])
    assert "Cohen's kappa" in without.stdout
    assert "McNemar p" in without.stdout
    assert PRIVATE not in without.stdout
    assert f"also there: {OLDER} beside lexicon, 1 messages" in without.stderr
    assert PRIVATE in CliRunner().invoke(app, ["model", "compare", "--texts"]).stdout


async def test_too_little_is_said_to_be_too_little(stored: str) -> None:
    result = CliRunner().invoke(app, ["model", "compare", "--challenger", OLDER])
    assert "too few messages (1)" in result.stderr
    assert "nothing says which of the two is right" in result.stderr
    assert "too little to say which of the two is better" in result.stdout
    for arguments in (["--kind", "category"], ["--tenant", "acme"], ["--to", "2026-01-01"]):
        refused = CliRunner().invoke(app, ["model", "compare", *arguments])
        assert isinstance(refused.exception, Failure)
        assert "no challenger said anything" in str(refused.exception)
    wrong = CliRunner().invoke(app, ["model", "compare", "--challenger", "x' OR 1"])
    assert isinstance(wrong.exception, Failure)
    assert "no version" in str(wrong.exception)
