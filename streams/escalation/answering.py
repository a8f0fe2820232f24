"""Which of a customer's words may be answered by a help article, and when no more of a ticket may be. Pure."""

from typing import Final

from schemas.notices import AnswerWanted
from schemas.scored import ScoredEvent
from streams.conversations import CLOSED
from streams.escalation.acknowledging import AUTOMATIC, customer_of
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.facts import Moment
from streams.escalation.record import Case
from streams.escalation.signals import text_of

TEXT_CHARS: Final = 4_000
_NEGATIVE: Final = ("very_negative", "negative")
_WANTS_HUMAN: Final = "wants_human"


def wants_answer(policy: ReadyPolicy, moment: Moment) -> bool:
    """Whether a customer's own words (`moment.said`) may be answered automatically. Those without a label may not:
    nobody knows how they sound.
    """
    rule, said, known = policy.policy.auto_answer, moment.said, moment.conversation
    if rule is None or rule.mode == "off" or said is None or why_over(policy, moment, asked=False):
        return False
    if said.metadata.get(AUTOMATIC) or known.bot_replies or known.episode:
        return False
    reading = said.reading
    return said.category in rule.categories and reading.urgency in rule.urgencies and moment.label in rule.labels


def why_over(policy: ReadyPolicy, moment: Moment, *, asked: bool) -> str:
    """Why a ticket is not answered automatically any more; empty while it may be. `asked` says that an answer was
    asked for before these words.
    """
    said, known = moment.said, moment.conversation
    if said is not None and (policy.is_stopped_by(said) or _WANTS_HUMAN in said.reading.signals):
        return "the customer wants no automatic answer"
    if asked and said is not None and moment.label in _NEGATIVE:
        return "the customer is not satisfied"
    if known.agent_replies:
        return "an agent has answered"
    if known.escalated:
        return "the ticket is escalated"
    return "the ticket is closed" if known.status in CLOSED else ""


def answer_wanted(event: ScoredEvent, case: Case, policy: ReadyPolicy) -> AnswerWanted:
    """What is asked for of a customer's words for which `wants_answer` holds."""
    rule = policy.policy.auto_answer
    if rule is None:
        raise ValueError("a policy without [auto_answer] wants no answers")
    return AnswerWanted(
        asked=customer_of(event, case),
        text=text_of(event)[:TEXT_CHARS],
        threshold=rule.threshold,
        per_day=rule.per_day,
        dry_run=rule.mode == "dry_run",
    )
