"""Which draft a ticket gets, and what is in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from sinks.suggestions.drafting import draft_for
from sinks.suggestions.reply_facts import SAMPLES, ReplyFacts
from sinks.suggestions.reply_files import read_replies, ties

PRESETS, _ = read_replies(None)
TICKET = ReplyFacts(ticket_id="T-1", category="billing", label="negative", urgency="high")


def chosen(folder: Path | None, facts: ReplyFacts, tenant: str = "default", language: str | None = "en") -> str:
    templates, wrong = read_replies(folder)
    assert wrong == []
    draft = draft_for(templates, facts, tenant, language)
    return draft.template.name if draft else ""


@pytest.mark.parametrize(
    ("category", "label", "language", "name"),
    [
        ("billing", "very_negative", "en", "en/billing-negative"),
        ("billing", "neutral", "en", "en/billing"),
        ("general", "negative", "en", "en/negative"),
        ("general", "neutral", "en", "en/any"),
        ("", "", None, "en/any"),
        ("feature", "positive", "en", "en/feature-positive"),
        ("how_to", "neutral", "en", "en/documentation"),
        ("billing", "negative", "de", "de/billing"),
        ("security", "neutral", "de", "de/any"),
        ("billing", "negative", "fi", "en/billing-negative"),
    ],
)
def test_the_preset_that_says_most_is_taken(category: str, label: str, language: str | None, name: str) -> None:
    facts = ReplyFacts(ticket_id="T-1", category=category, label=label)
    assert chosen(None, facts, language=language) == f"preset/{name}"


def test_ones_own_goes_before_presets_and_a_tenants_before_everybodys(tmp_path: Path) -> None:
    (tmp_path / "billing.txt").write_text('+++\ncategories = ["billing"]\n+++\nOurs.')
    assert chosen(tmp_path, replace(TICKET, label="neutral")) == "billing"
    # What says more goes first, whoever wrote it.
    assert chosen(tmp_path, TICKET) == "preset/en/billing-negative"
    (tmp_path / "acme.txt").write_text('+++\ntenant = "acme"\n+++\nAcme.')
    assert chosen(tmp_path, TICKET, "acme") == "acme"
    assert chosen(tmp_path, TICKET, "acme2") == "preset/en/billing-negative"
    (tmp_path / "acme-billing.txt").write_text('+++\ntenant = "acme"\ncategories = ["billing"]\n+++\nAcme bills.')
    assert chosen(tmp_path, TICKET, "acme") == "acme-billing"


def test_a_tie_is_told_and_the_first_is_taken(tmp_path: Path) -> None:
    for name, categories in (("b", '["billing", "account"]'), ("a", '["billing"]'), ("c", '["account"]')):
        (tmp_path / f"{name}.txt").write_text(f"+++\ncategories = {categories}\n+++\n{name}")
    templates, _ = read_replies(tmp_path)
    draft = draft_for(templates, replace(TICKET, label="neutral"), "default", "en")
    assert draft is not None
    assert (draft.template.name, draft.tied) == ("a", ("b",))
    assert "category billing" in draft.reason
    told = [(one.name, other.name) for one, other in ties(templates) if not one.name.startswith("preset/")]
    assert told == [("a", "b"), ("b", "c")]


def test_no_two_presets_tie() -> None:
    assert list(ties(PRESETS)) == []


def test_facts_are_filled_in_and_customers_words_are_harmless(tmp_path: Path) -> None:
    text = "Dear {{ customer }}, {{ ticket }}, {{ subject }}, {{ waiting_since|time }}, {{ category|word }}"
    (tmp_path / "a.txt").write_text(f"+++\n+++\n{{% if waiting_since %}}{text}{{% else %}}no{{% endif %}}")
    templates, wrong = read_replies(tmp_path)
    assert wrong == []
    facts = replace(SAMPLES[0], customer="Ann\n\u202eBob {{ 7*7 }}", subject="<b>x</b>\r\nBcc: y", category="how_to")
    draft = draft_for([each for each in templates if each.name == "a"], facts, "default", "en")
    assert draft is not None
    assert draft.text == "Dear Ann Bob {{ 7*7 }}, TKT-2026-0042, <b>x</b> Bcc: y, 2026-11-21 09:30 UTC, how to"


def test_a_draft_that_runs_for_long_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    loops = "{% for a in subject %}{% for b in subject %}x{% endfor %}{% endfor %}"
    (tmp_path / "a.txt").write_text(f'+++\ncategories = ["billing"]\nlabels = ["negative"]\n+++\nx{loops}')
    templates, wrong = read_replies(tmp_path)
    assert wrong == []
    draft = draft_for(templates, replace(TICKET, subject="secret" * 40), "default", "en")
    assert draft is not None
    assert draft.template.name == "preset/en/billing-negative"
    assert "a.txt" in caplog.text
    assert "secret" not in caplog.text
