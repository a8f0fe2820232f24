"""`ticketpulse llm`: whether the language model answers, and what it has cost today."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.settings import load_settings
from streams.commands.terminal import Output, OutputOption, print_json, print_table, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.llm.assistant import Assistant
    from streams.llm.rules import LlmRules

llm = typer.Typer(no_args_is_help=True, help="Look after the language model that may be asked (docs/llm.md).")

# Nobody's words.
_HARMLESS: Final = "The parcel came a day late, and the driver was friendly."


@llm.command("check")
def check(output: OutputOption = Output.TEXT) -> None:
    """Ask the model of llm.toml to classify one harmless sentence of ours: whether it answers in the form, how fast,
    and what that costs. It is one request, two if the first answer is of another form, and is not counted in a budget.

        TICKETPULSE_LLM=llm.toml ticketpulse llm check
    """
    settings = load_settings()
    rules = rules_for(settings)
    found = asyncio.run(_checked(rules))
    if output is Output.JSON:
        print_json(found)
    else:
        for name, value in found.items():
            typer.echo(f"{name.replace('_', ' ')}: {value}")
    if not found["answers"]:
        raise Failure(f"{rules.model.endpoint}: {found['problem']}")


@llm.command("usage")
def usage(output: OutputOption = Output.TEXT) -> None:
    """Show what each tenant has asked for today (UTC), and how much of its budget is left.

    ticketpulse llm usage --output json
    """
    from sinks.clock import utc_now
    from streams.llm.wiring import ledger_of

    settings = load_settings()
    rules = rules_for(settings)
    ledger = ledger_of(settings)
    try:
        spent = ledger.by_tenant(utc_now().strftime("%Y-%m-%d"))
    finally:
        ledger.close()
    rows = [
        {
            "tenant": tenant,
            "requests": of.requests,
            "requests_of": rules.of(tenant).requests,
            "tokens_in": of.tokens_in,
            "tokens_out": of.tokens_out,
            "tokens_of": rules.of(tenant).tokens,
            "money": of.cost_micros / 1_000_000,
            "money_of": rules.of(tenant).money,
        }
        for tenant, of in spent.items()
    ]
    if output is Output.JSON:
        print_json(rows)
    elif not rows:
        say("nothing was asked today")
    else:
        print_table(list(rows[0]), [["-" if value is None else value for value in row.values()] for row in rows])


def rules_for(settings: "Settings") -> "LlmRules":
    """The rules of the settings. Raises Failure where there are none."""
    from streams.llm.rules import read_rules

    if settings.llm is None:
        raise Failure("no language model is set up: TICKETPULSE_LLM names llm.toml, or its folder (docs/llm.md)", USAGE)
    return read_rules(settings.llm)


def assistant_for(settings: "Settings") -> "Assistant":
    """Who asks the model. Raises Failure for what keeps it from being asked at all."""
    from streams.llm.wiring import assistant_of

    rules_for(settings)
    assistant = assistant_of(settings)
    assert assistant is not None  # noqa: S101 - there are rules
    return assistant


async def _checked(rules: "LlmRules") -> dict[str, object]:
    from sinks.clock import utc_now
    from streams.llm.assistant import Assistant, Means, Stores
    from streams.llm.cache import Cache
    from streams.llm.ledger import Ledger
    from streams.llm.outcome import NotAnswered
    from streams.llm.rules import TenantRules
    from streams.llm.tasks import Classify, message_data
    from streams.llm.wiring import chat_of

    once = rules.model_copy(
        update={"model": rules.model.model_copy(update={"attempts": 1}), "default": TenantRules(), "tenants": {}}
    )
    assistant = Assistant(once, chat_of(rules), Stores(Ledger(None), Cache(None, 1, 1.0)), Means(utc_now))
    began = time.monotonic()
    try:
        found = await assistant.ask("check", Classify(rules.default.categories), message_data(_HARMLESS))
    finally:
        await assistant.close()
    told = {"endpoint": rules.model.endpoint, "model": rules.model.name, "form": rules.model.form}
    seconds = round(time.monotonic() - began, 3)
    if isinstance(found, NotAnswered):
        return {**told, "answers": False, "seconds": seconds, "problem": f"{found.reason}: {found.detail}"}
    return {
        **told,
        "answers": True,
        "answered_by": found.model,
        "seconds": seconds,
        "label": found.value.label,
        "category": found.value.category,
        "confidence": found.value.confidence,
        "tokens_in": found.tokens_in,
        "tokens_out": found.tokens_out,
        "cost": found.cost_micros / 1_000_000,
    }
