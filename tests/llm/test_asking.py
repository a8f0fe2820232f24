"""A model is asked over HTTP, and whatever its server does there is an answer or a reason, in time and on budget."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from streams.llm.ledger import Spent
from streams.llm.outcome import Answered, NotAnswered
from streams.llm.tasks import Classified, message_data
from tests.llm.asking import DATA, TASK, a_desk
from tests.servers.chat_completions import KEY, Answer, failing, fitting, said

FITTING = {"label": "negative", "category": "delivery", "reason": "The parcel is late.", "confidence": 0.9}
WHOLE = said(json.dumps(FITTING))


def with_(**fields: Any) -> Answer:
    """An answer that differs in these fields."""
    return said(json.dumps({**FITTING, **fields}))


async def test_an_answer_of_the_form_is_taken_with_what_it_cost() -> None:
    async with a_desk() as desk:
        desk.server.will(WHOLE)
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert found == Answered(
            Classified("negative", "delivery", "The parcel is late.", 0.9), "small-1-2026", 400, 40, 560
        )
        assert desk.ledger.of("2026-11-22", "acme") == Spent(1, 400, 40, 560)
        [asked] = desk.server.asked
        assert asked["max_completion_tokens"] == 500
        assert "temperature" not in asked
        assert desk.server.keys == [f"Bearer {KEY}"]


WRONG = {
    "another label": with_(label="furious"),
    "another category": with_(category="admin"),
    "too sure": with_(confidence=1.5),
    "confidence in words": with_(confidence="high"),
    "no reason": with_(reason=" \u200b"),
    "another field": with_(command="escalate"),
    "a field is missing": said('{"label": "negative"}'),
    "text around it": said(f"Sure! {json.dumps(FITTING)}"),
    "fenced": said(f"```json\n{json.dumps(FITTING)}\n```"),
    "two objects": said(json.dumps(FITTING) * 2),
    "a list": said(json.dumps([FITTING])),
    "no JSON": said("I cannot do that."),
    "nested too deep": said("[" * 100_000),
    "not a number": said(json.dumps({**FITTING, "confidence": float("nan")})),
    "our instructions": with_(reason=TASK.instructions),
}


@pytest.mark.parametrize("name", WRONG)
async def test_an_answer_of_another_form_is_asked_for_once_more(name: str) -> None:
    async with a_desk() as desk:
        desk.server.will(WRONG[name], WHOLE)
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(found, Answered)
        assert found.value.label == "negative"
        # Both requests are paid.
        assert (found.tokens_in, desk.ledger.of("2026-11-22", "acme").requests) == (800, 2)
        first, second = desk.server.asked
        assert first["messages"][1] == second["messages"][1]
        # Nothing of what was answered comes back as an instruction.
        assert (
            second["messages"][0]["content"].removeprefix(TASK.instructions).startswith(" The answer before this one")
        )


@pytest.mark.parametrize("name", WRONG)
async def test_it_is_not_asked_for_a_third_time(name: str) -> None:
    async with a_desk() as desk:
        desk.server.will(WRONG[name])
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(found, NotAnswered)
        assert found.reason == "invalid_answer"
        assert len(desk.server.asked) == 2


REFUSED = {
    "a refusal": (said(None, refusal="I will not."), "refused"),
    "a filter": (said("", finish="content_filter"), "refused"),
    "tools": (
        said(None, tool_calls=[{"id": "1", "type": "function", "function": {"name": "rm", "arguments": "{}"}}]),
        "invalid_answer",
    ),
    "cut off": (said('{"label": "neg', finish="length"), "invalid_answer"),
    "nothing": (said(""), "invalid_answer"),
    "a bad request": (failing(400), "denied"),
    "no right": (failing(403), "denied"),
    "no such model": (failing(404), "denied"),
    "elsewhere": (Answer(302, b"", {"Location": "http://127.0.0.1:1/"}), "denied"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_another_try_does_not_help_is_not_tried_again(name: str) -> None:
    answer, reason = REFUSED[name]
    async with a_desk() as desk:
        desk.server.will(answer)
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(found, NotAnswered)
        assert found.reason == reason
        assert len(desk.server.asked) == 1


PASSING = {
    "busy": failing(429),
    "an error": failing(500),
    "overloaded": failing(529),
    "cut": WHOLE._replace(cut=True),
    "half of its JSON": WHOLE._replace(body=WHOLE.body[:40]),
    "a page": Answer(200, b"<html>"),
    "no choices": Answer(200, b'{"choices": []}'),
    "huge": Answer(200, b" " * 3_000_000),
    "a huge error": Answer(500, b"x" * 3_000_000),
}


@pytest.mark.parametrize("name", PASSING)
async def test_what_passes_is_tried_again(name: str) -> None:
    async with a_desk() as desk:
        desk.server.will(PASSING[name], PASSING[name], WHOLE)
        assert isinstance(await desk.assistant.ask("acme", TASK, DATA), Answered)
        # Half of what is drawn from: twice as much each time.
        assert desk.time.slept == [0.5, 1.0]


@pytest.mark.parametrize("name", PASSING)
async def test_what_does_not_pass_is_given_up(name: str) -> None:
    async with a_desk() as desk:
        desk.server.will(PASSING[name])
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(found, NotAnswered)
        assert found.reason == "unavailable"
        assert len(desk.server.asked) == 3


async def test_who_says_when_to_come_back_is_heard() -> None:
    async with a_desk() as desk:
        desk.server.will(failing(429, Retry_After="7"), WHOLE)
        assert isinstance(await desk.assistant.ask("acme", TASK, DATA), Answered)
        assert desk.time.slept == [7.0]


async def test_who_asks_for_more_time_than_there_is_is_not_waited_for() -> None:
    async with a_desk() as desk:
        desk.server.will(failing(429, Retry_After="3600"))
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert found == NotAnswered("unavailable", "it answered 429, and asks to wait for 3600 s")
        assert desk.time.slept == []


async def test_a_server_that_hangs_holds_up_one_try_only() -> None:
    # The second try has to be answered within it, however busy the machine is.
    async with a_desk(millis=2_000) as desk:
        desk.server.will(WHOLE._replace(wait=600), WHOLE)
        assert isinstance(await desk.assistant.ask("acme", TASK, DATA), Answered)
        # Nobody knows whether the first was worked on: it stays counted as it was expected.
        assert desk.ledger.of("2026-11-22", "acme").tokens_out == 540


async def test_all_tries_together_are_bounded() -> None:
    async with a_desk(within=300) as desk:
        desk.server.will(WHOLE._replace(wait=600))
        found = await asyncio.wait_for(desk.assistant.ask("acme", TASK, DATA), 120)
        assert found == NotAnswered("timeout", "no answer within 0.3 s")


async def test_a_server_that_is_away_is_left_alone_and_tried_by_one_later() -> None:
    async with a_desk(breaker={"failures": 3, "pause": "30s"}, cache={"answers": 1}) as desk:
        desk.server.will(failing(503))
        first = await desk.assistant.ask("acme", TASK, message_data("1"))
        assert isinstance(first, NotAnswered)
        assert desk.assistant.breaker_state() == "open"
        assert REGISTRY.get_sample_value("helpdesk_llm_breaker", {"state": "open"}) == 1
        second = await desk.assistant.ask("acme", TASK, message_data("2"))
        assert isinstance(second, NotAnswered)
        assert second.reason == "breaker_open"
        assert len(desk.server.asked) == 3
        desk.time.passed += 30
        assert desk.assistant.breaker_state() == "half_open"
        desk.server.will(WHOLE._replace(wait=0.2), WHOLE)
        # One tries, and the others do not wait for what becomes of it.
        found = await asyncio.gather(*(desk.assistant.ask("acme", TASK, message_data(each)) for each in "345"))
        assert sorted(type(each).__name__ for each in found) == ["Answered", "NotAnswered", "NotAnswered"]
        assert desk.assistant.breaker_state() == "closed"
        assert REGISTRY.get_sample_value("helpdesk_llm_breaker", {"state": "closed"}) == 1


async def test_a_key_that_is_wrong_is_told_without_being_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "sk-another-key-that-nobody-may-see"
    async with a_desk(key=wrong) as desk:
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert found == NotAnswered("denied", "it answered 401: it does not take the key")
        shown = f"{found} {desk.chat!r} {vars(desk.assistant)} {caplog.text}"
        assert wrong not in shown
        assert KEY not in shown


BOUNDS = {
    "requests": ({"requests": 2}, 2),
    # Each takes 440 in the end, and more is expected before.
    "tokens": ({"tokens": 1_400}, 2),
    "money": ({"money": 0.0035}, 2),
}


@pytest.mark.parametrize("bound", BOUNDS)
async def test_a_day_has_a_budget_that_outlives_the_process(bound: str, tmp_path: Path) -> None:
    default, most = BOUNDS[bound]
    answered = 0
    for start in range(2):
        async with a_desk(tmp_path, default=default) as desk:
            desk.server.will(WHOLE)
            for number in range(4):
                found = await desk.assistant.ask("acme", TASK, message_data(f"{start} {number}"))
                answered += isinstance(found, Answered)
            assert found == NotAnswered("budget", f"today's budget of {bound} is used up")
            # Others have their own, and so has tomorrow.
            assert isinstance(await desk.assistant.ask(f"other {start}", TASK, DATA), Answered)
    assert answered == most
    async with a_desk(tmp_path, default=default) as desk:
        desk.server.will(WHOLE)
        desk.time.passed += 86_400
        assert isinstance(await desk.assistant.ask("acme", TASK, message_data("tomorrow")), Answered)


async def test_what_was_asked_before_costs_nothing_until_it_is_forgotten(tmp_path: Path) -> None:
    cache = {"on_disk": True, "keep": "1h"}
    async with a_desk(tmp_path, cache=cache) as desk:
        first = await desk.assistant.ask("acme", TASK, DATA)
    async with a_desk(tmp_path, cache=cache) as desk:
        # Another address is another model.
        assert await desk.assistant.ask("acme", TASK, DATA) == first
        again = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(again, Answered)
        assert (again.cached, again.tokens_in, again.cost_micros) == (True, 0, 0)
        assert len(desk.server.asked) == 1
        await desk.assistant.ask("other", TASK, DATA)
        assert len(desk.server.asked) == 2
        desk.time.passed += 3_601
        await desk.assistant.ask("acme", TASK, DATA)
        assert len(desk.server.asked) == 3


async def test_only_so_many_are_kept() -> None:
    async with a_desk(cache={"answers": 2}) as desk:
        for text in ("1", "2", "3", "3", "2", "1"):
            desk.time.passed += 1
            await desk.assistant.ask("acme", TASK, message_data(text))
        assert len(desk.server.asked) == 4


async def test_only_so_many_are_asked_at_once() -> None:
    async with a_desk(model={"at_once": 2}) as desk:
        desk.server.will(lambda body: fitting(body)._replace(wait=0.05))
        await asyncio.gather(*(desk.assistant.ask("acme", TASK, message_data(str(n))) for n in range(8)))
        assert desk.server.most_at_once == 2


async def test_a_server_that_does_not_count_is_counted_for() -> None:
    async with a_desk(model={"schema": "none", "limit": "max_tokens", "temperature": 0}) as desk:
        desk.server.will(said(json.dumps(FITTING), usage=False))
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(found, Answered)
        assert 200 < found.tokens_in < 800
        assert 20 < found.tokens_out < 60
        [asked] = desk.server.asked
        assert (asked["max_tokens"], asked["temperature"]) == (500, 0)
        assert "response_format" not in asked


@pytest.mark.parametrize("tokens", [10**8, 2**63 - 1, 10**19])
async def test_a_server_that_counts_nonsense_is_counted_for(tokens: int) -> None:
    async with a_desk() as desk:
        desk.server.will(said(json.dumps(FITTING), tokens=tokens))
        found = await desk.assistant.ask("acme", TASK, DATA)
        assert isinstance(found, Answered)
        assert 200 < found.tokens_in < 800
        assert desk.ledger.of("2026-11-22", "acme").tokens_in == found.tokens_in
