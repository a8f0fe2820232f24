"""Which draft fits a ticket: the one that says most of it. Pure."""

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from jinja2 import TemplateError

from sinks.suggestions.reply_facts import ReplyFacts
from sinks.suggestions.reply_files import ReplyTemplate

FALLBACK: Final = "en"

log = logging.getLogger(__name__)


class Draft(NamedTuple):
    """A draft for a ticket, why it was taken, and the names of those that fit as well."""

    template: ReplyTemplate
    text: str
    reason: str
    tied: tuple[str, ...]


class Weight(NamedTuple):
    """Of two that fit the greater is taken: the ticket's language before English, the tenant's before everybody's, then
    the one that asks for a category, for a label, for an urgency, and one's own before one that comes with ticketpulse.
    """

    language: bool
    tenant: bool
    category: bool
    label: bool
    urgency: bool
    own: bool


def draft_for(templates: Sequence[ReplyTemplate], facts: ReplyFacts, tenant: str, language: str | None) -> Draft | None:
    """The draft of the template that fits best, None where none does. Of several that fit equally the first by name is
    taken. One that turns out not to be fillable is passed over, and logged without what it was filled with.
    """
    fitting = sorted(
        ((weight, template) for template in templates if (weight := _weight(template, facts, tenant, language))),
        key=lambda each: each[1].name,
    )
    for weight, template in sorted(fitting, key=lambda each: each[0], reverse=True):
        try:
            text = template.filled(facts)
        except TemplateError:
            log.warning("the draft %s cannot be filled in for a ticket, and another one is taken", template.path)
            continue
        if text:
            tied = tuple(other.name for same, other in fitting if same == weight and other is not template)
            return Draft(template, text, _reason(template, weight), tied)
    return None


def _weight(template: ReplyTemplate, facts: ReplyFacts, tenant: str, language: str | None) -> Weight | None:
    head = template.head
    if head.language not in (language, FALLBACK) or head.tenant not in ("", tenant):
        return None
    asked = ((head.categories, facts.category), (head.labels, facts.label), (head.urgencies, facts.urgency))
    if any(wanted and value not in wanted for wanted, value in asked):
        return None
    category, label, urgency = (bool(wanted) for wanted, _ in asked)
    own = not template.name.startswith("preset/")
    return Weight(head.language == language, bool(head.tenant), category, label, urgency, own)


def _reason(template: ReplyTemplate, weight: Weight) -> str:
    head = template.head
    said = [
        *([f"category {' or '.join(head.categories)}"] if weight.category else []),
        *([f"mood {' or '.join(head.labels)}"] if weight.label else []),
        *([f"urgency {' or '.join(head.urgencies)}"] if weight.urgency else []),
        *([f"tenant {head.tenant}"] if weight.tenant else []),
    ]
    return f"for {', '.join(said) or 'any ticket'}, language {head.language}"
