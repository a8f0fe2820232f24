"""What an endpoint of the OpenAI kind is asked and answers (POST /chat/completions), as values. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from sinks.pauses import retry_after
from streams.llm.chat import Question, Reply
from streams.llm.outcome import Failed
from streams.llm.rules import Model

# The server did not get to it.
_BUSY: Final = frozenset({408, 425, 429})
_DENIED: Final = {
    400: "it does not take the request: look at `schema`, `limit` and `temperature` of llm.toml",
    401: "it does not take the key",
    402: "the account has no money left",
    403: "the key may not use this model",
    404: "it has no such model, or the endpoint is another",
    413: "the text is too long for it",
    422: "it does not take the request: look at `schema`, `limit` and `temperature` of llm.toml",
}
_MODEL_CHARS: Final = 100


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


# More tokens than this nobody was asked for: whoever counts so would spend a day's budget, or what the ledger can add.
_MOST_TOKENS: Final = 10_000_000


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str = ""
    usage: _Usage | None = None


def body_of(question: Question, model: Model) -> dict[str, Any]:
    """The request: instructions and data in messages of their own, the form, and how long an answer may be."""
    body: dict[str, Any] = {
        "model": model.name,
        "messages": [
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": question.data},
        ],
        model.limit: model.answer_tokens,
    }
    if model.temperature is not None:
        body["temperature"] = model.temperature
    if model.form == "json_schema":
        form = {"name": question.name, "strict": True, "schema": question.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    elif model.form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def reply_of(content: bytes, asked: str) -> Reply:
    """What an answer with status 200 says. Raises Failed: for one that is none, was refused, filtered or cut off, or
    calls tools, which nobody offered. `asked` is the model's name where the answer has none.
    """
    try:
        completion = msgspec.json.decode(content, type=_Completion)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Failed("failed", "its answer is none of the protocol", again=True, spent=True) from None
    if not completion.choices:
        raise Failed("failed", "its answer is empty", again=True, spent=True)
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise Failed("refused", "it refused the text", spent=True)
    if choice.message.tool_calls:
        raise Failed("invalid", "it calls tools, and none were offered", spent=True)
    if choice.finish_reason == "length":
        raise Failed("invalid", "its answer is cut off at `answer_tokens`", spent=True)
    if not choice.message.content:
        raise Failed("invalid", "its answer has no text", spent=True)
    usage = completion.usage
    return Reply(
        choice.message.content,
        (completion.model or asked)[:_MODEL_CHARS],
        _counted(usage.prompt_tokens) if usage else None,
        _counted(usage.completion_tokens) if usage else None,
    )


def _counted(tokens: int) -> int | None:
    """What a server counts; None for what is no count of an answer's."""
    return max(tokens, 0) if tokens <= _MOST_TOKENS else None


def failure_of(status: int, headers: Mapping[str, str], now: datetime) -> Failed:
    """What another status means. The body is not told: it may quote the request."""
    if status in _BUSY:
        asked = retry_after(headers.get("retry-after", ""), now)
        return Failed("busy", f"it answered {status}", again=True, retry_after=asked)
    if status >= 500:
        asked = retry_after(headers.get("retry-after", ""), now)
        return Failed("failed", f"it answered {status}", again=True, retry_after=asked)
    return Failed("denied", f"it answered {status}: {_DENIED.get(status, 'the endpoint is another')}")
