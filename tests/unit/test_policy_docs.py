"""docs/policies.md: its facts are the product's, its examples can be copied, and `support` is as calm as it says."""

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from streams.demo.feed import load_complaints
from streams.escalation.book import read_book
from streams.escalation.facts import FACTS
from streams.escalation.loading import PRESETS, parse_policy, preset
from tests.unit.desk import Desk

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policies.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def facts_table() -> str:
    rows = [
        f"| `{name}` | {fact.kind} | {fact.about}{': ' * bool(fact.choices)}"
        f"{', '.join(f'`{choice}`' for choice in fact.choices)} |"
        for name, fact in FACTS.items()
    ]
    return "\n".join(["| fact | kind | what it is |", "|---|---|---|", *rows])


def test_the_table_of_facts_is_that_of_the_product() -> None:
    told = PAGE.partition("<!-- facts -->\n")[2].partition("\n<!-- /facts -->")[0]
    assert told == facts_table(), f"put this between the marks of docs/policies.md:\n{facts_table()}"


def test_the_examples_are_policies_and_a_book(tmp_path: Path) -> None:
    whole, *parts, book = EXAMPLES
    shop = parse_policy(whole, "shop.toml")
    assert {rule.name for rule in shop.rules} == {"gold_unhappy", *(rule.name for rule in preset("support").rules)}
    assert len(parts) == 3
    for part in parts:
        assert parse_policy(f'name = "x"\nversion = 1\n{part}', "part.toml").name == "x"
    (tmp_path / "shop.toml").write_text(whole)
    (tmp_path / "book.toml").write_text(book)
    assert {ready.name for ready in read_book(tmp_path).ready()} == {"support", "shop", "whatsapp"}


def test_every_preset_and_every_rule_of_support_is_told() -> None:
    for name in PRESETS:
        assert f"\n| `{name}`" in PAGE
    for rule in preset("support").rules:
        assert f"\n| `{rule.name}` |" in PAGE


def test_no_rule_of_support_fires_on_more_than_a_tenth_of_first_complaints() -> None:
    desk, held = Desk("support"), Counter[str]()
    complaints = load_complaints()
    for number, complaint in enumerate(complaints):
        for made in desk.opens(complaint.text, ticket=f"t{number}", subject=complaint.issue)[:1]:
            held.update((made.rule, *made.evidence.also))
    assert {"very_negative", "legal_steps", "fraud", "leaving", "wants_human", "repeat_contact"} == set(held)
    assert max(held.values()) <= len(complaints) / 10


@pytest.mark.parametrize("label", ["neutral", "positive"])
def test_support_calls_nobody_for_a_message_that_people_labelled_as_harmless(label: str) -> None:
    desk = Desk("support")
    lines = (ROOT / "tests" / "data" / "support_messages.jsonl").read_bytes().splitlines()
    messages = [row["text"] for row in map(msgspec.json.decode, lines) if row["label"] == label]
    assert len(messages) > 40
    alarms = [text for number, text in enumerate(messages) if desk.opens(text, ticket=f"t{number}")]
    assert alarms == []
