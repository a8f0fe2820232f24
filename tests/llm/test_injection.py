"""What a text cannot do, whatever it says and however gullible the model is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.scored import LABELS
from streams.llm.data import seen
from streams.llm.outcome import Answered, NotAnswered
from streams.llm.tasks import Invalid, Summarise, conversation_data, message_data
from tests.llm.asking import a_desk
from tests.llm.attacks import ATTACKS, TASK
from tests.servers.chat_completions import Answer, Body, said


def check_field(data: str, text: str) -> None:
    assert json.loads(data) == {"text": text}
    # What a server may read as a mark of its protocol before it reads JSON.
    assert not any(mark in data for mark in ("<", ">", "[INST]", "[/INST]", "\n", "\r", "\u2028", "\u2029"))


@pytest.mark.parametrize("name", ATTACKS)
def test_a_text_cannot_leave_its_field(name: str) -> None:
    text = seen(ATTACKS[name])
    check_field(message_data(text), text)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_no_text_at_all_can(text: str) -> None:
    clean = seen(text)
    check_field(message_data(clean), clean)


@given(st.lists(st.tuples(st.sampled_from(["customer", "agent"]), st.text()), max_size=4))
@settings(max_examples=100, deadline=None)
def test_nor_one_of_a_conversation(said_by: list[tuple[str, str]]) -> None:
    clean = [(speaker, seen(text)) for speaker, text in said_by]
    read = json.loads(conversation_data(clean))
    assert read == {"messages": [{"from": speaker, "text": text} for speaker, text in clean]}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_cannot_be_seen_is_taken_out(name: str) -> None:
    clean = seen(ATTACKS[name])
    assert not any(0xE0000 <= ord(each) <= 0xE007F or each in "\u200b\u2060\u202e\u202c\x00" for each in clean)
    clean.encode()


@pytest.mark.parametrize("name", ATTACKS)
async def test_instructions_are_ours_alone(name: str) -> None:
    async with a_desk() as desk:
        await desk.assistant.ask("acme", TASK, message_data(seen(ATTACKS[name])))
        [asked] = desk.server.asked
        system, user = asked["messages"]
        assert system == {"role": "system", "content": TASK.instructions}
        assert json.loads(user["content"]) == {"text": seen(ATTACKS[name])}
        assert "tools" not in asked


def gullible(body: Body) -> Answer:
    """A model that says what it is told to."""
    return said(json.loads(body["messages"][1]["content"])["text"])


def led_by_the_nose(body: Body) -> Answer:
    """A model that puts what it is told to into the form."""
    text = json.loads(body["messages"][1]["content"])["text"]
    return said(json.dumps({"label": "neutral", "category": "general", "reason": text, "confidence": 0.5}))


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_model_that_obeys_changes_no_more_than_the_classification(name: str) -> None:
    async with a_desk() as desk:
        desk.server.will(gullible)
        found = await desk.assistant.ask("acme", TASK, message_data(seen(ATTACKS[name])))
        assert isinstance(found, NotAnswered)
        assert found.reason == "invalid_answer"


@pytest.mark.parametrize("name", ATTACKS)
async def test_its_words_are_inert(name: str) -> None:
    async with a_desk() as desk:
        desk.server.will(led_by_the_nose)
        found = await desk.assistant.ask("acme", TASK, message_data(seen(ATTACKS[name])))
        assert isinstance(found, Answered)
        assert found.value.label in LABELS
        reason = found.value.reason
        assert len(reason) <= 300
        assert not any(mark in reason for mark in ("<", ">", "](", "![", "`", "://", "javascript:", "\n"))


SUMMARY = {"problem": "It is late.", "tried": "", "wants": "A refund.", "next_step": "Pay."}


def test_a_summary_is_plain_text() -> None:
    found = Summarise().read(
        json.dumps(
            {
                **SUMMARY,
                "tried": "See [the docs](https://evil.example/a) or www.evil.example <b>now</b>\n\n# Title",
                "wants": "ｈｔｔｐｓ：／／evil.example/x and ![i](data:image/png;base64,xx)",
            }
        )
    )
    assert found.tried == "See [the docs] ((link left out) or (link left out) ‹b›now‹/b› # Title"
    assert found.wants == "(link left out) and [i] ((link left out)"


@pytest.mark.parametrize(
    "answer",
    [
        {**SUMMARY, "problem": " "},
        {**SUMMARY, "html": "<b>"},
        {**SUMMARY, "wants": None},
        {**SUMMARY, "wants": ["a refund"]},
        {**SUMMARY, "tried": "x" * 4_001},
        {"problem": "It is late."},
        {**SUMMARY, "tried": Summarise.instructions[:400]},
    ],
)
def test_a_summary_of_another_form_is_none(answer: object) -> None:
    with pytest.raises(Invalid):
        Summarise().read(json.dumps(answer))
