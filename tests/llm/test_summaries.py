"""Summaries: picked from the messages here, or written by a model that sees nothing personal."""

import json

import pytest

from schemas.enrichments import Fallback
from sinks.summaries.extractive import CHARS, Told, extract
from sinks.summaries.writing import NotWritten, Parts, Said, Written
from streams.llm.summarising import SummaryWriter, within
from tests.llm.asking import a_desk
from tests.servers.chat_completions import Answer, Body, failing, said

CONVERSATION = [
    Told(
        "customer",
        "Hello team,\nmy parcel is days late. It was for my daughter's birthday, which is a disgrace!\nRegards, Ann",
        [("disgrace", -2.1), ("late", -0.6)],
    ),
    Told("agent", "Sorry to hear that. We have asked the carrier and will write again."),
    Told("customer", "Nobody wrote. I want my money back now. Thank you."),
]


def test_the_sentences_that_tell_most_are_picked() -> None:
    assert extract(CONVERSATION) == Parts(
        problem="It was for my daughter's birthday, which is a disgrace!",
        tried="We have asked the carrier and will write again.",
        wants="I want my money back now.",
    )


@pytest.mark.parametrize("text", ["", " \n", "Hi!", "Thanks.", "?!?!", "\u200b", "ok"])
def test_where_nobody_says_anything_nothing_is_told(text: str) -> None:
    assert extract([Told("customer", text), Told("agent", text)]) == Parts()


def test_a_long_sentence_is_cut() -> None:
    found = extract([Told("customer", "word " * 5_000)])
    assert len(found.problem) == CHARS


def test_the_first_message_and_the_newest_are_shown_where_not_all_have_room() -> None:
    told = [("customer", "a" * 900), *(("agent", f"{n}" * 100) for n in range(9)), ("customer", "z" * 100)]
    shown = within(told, 600)
    assert [text[0] for _, text in shown] == ["a", "6", "7", "8", "z"]
    assert sum(len(text) for _, text in shown) <= 600


SAID = [
    Said("customer", "My name is Ann Lee. Card 4111 1111 1111 1111 was charged twice; write to ann@lee.example."),
    Said("agent", "Dear Ann Lee,\nwe look into it."),
]


def answer(body: Body) -> Answer:
    """A model that uses the names that it was given."""
    shown = json.loads(body["messages"][1]["content"])["messages"]
    first, second = shown[0]["text"], shown[1]["text"]
    return said(json.dumps({"problem": first, "tried": second, "wants": "[SECRET_9]", "next_step": ""}))


async def test_a_model_sees_placeholders_and_people_see_names() -> None:
    async with a_desk() as desk:
        desk.server.will(answer)
        found = await SummaryWriter(desk.assistant).write("acme", SAID)
        sent = json.dumps(desk.server.asked)
        assert not any(each in sent for each in ("Ann", "4111", "lee.example"))
        assert found == Written(
            Parts(
                "My name is Ann Lee. Card [CARD_1] was charged twice; write to ann@lee.example.",
                "Dear Ann Lee, we look into it.",
                "[SECRET_9]",
                "",
            ),
            "small-1-2026",
        )
        # The same conversation again is known.
        assert await SummaryWriter(desk.assistant).write("acme", SAID) == found
        assert len(desk.server.asked) == 1


REASONS: dict[Fallback, Answer] = {
    "unavailable": failing(500),
    "refused": said(None, refusal="no"),
    "invalid_answer": said('{"problem": ""}'),
}


@pytest.mark.parametrize("reason", REASONS)
async def test_without_an_answer_there_is_a_reason(reason: Fallback) -> None:
    async with a_desk() as desk:
        desk.server.will(REASONS[reason])
        found = await SummaryWriter(desk.assistant).write("acme", SAID)
        assert isinstance(found, NotWritten)
        assert found.reason == reason


async def test_a_tenant_that_wants_none_is_not_asked_about() -> None:
    async with a_desk(default={"summarise": False}) as desk:
        found = await SummaryWriter(desk.assistant).write("acme", SAID)
        assert isinstance(found, NotWritten)
        assert found.reason == "disabled"
        assert desk.server.asked == []
