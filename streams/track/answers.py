"""What `track` tells of automatic answers: words that may have one, and tickets that may have none any more."""

import msgspec

from schemas.notices import AnswerOver, AnswerWanted, encode_notice, notice_key
from streams import topics
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.escalation.answering import answer_wanted, wants_answer, why_over
from streams.escalation.facts import Moment
from streams.escalation.record import Case, time_of
from streams.track.tickets import Ticket


class Answering(msgspec.Struct, frozen=True, array_like=True):
    """Of a ticket: whether an answer was asked for, and whether there is to be none any more."""

    asked: bool
    over: bool


ANSWERING = Table(b"q", Answering)


def answer(ticket: Ticket, moment: Moment, state: Overlay, output: Output, *, too_late: bool = False) -> None:
    """Ask for an automatic answer to a customer's words, if the policy does; or tell that there is to be none, once."""
    rule = ticket.policy.policy.auto_answer
    if rule is None:
        return
    known = state.get(ANSWERING, ticket.key)
    asked = known is not None and known.asked
    # What was asked for is ended all the same when a policy is switched off.
    if (known is not None and known.over) or (rule.mode == "off" and not asked):
        return
    why = why_over(ticket.policy, moment, asked=asked)
    if why and (asked or moment.said is not None):
        state.put(ANSWERING, ticket.key, Answering(asked, over=True))
        if asked:
            _send(AnswerOver(tenant=ticket.tenant, ticket_id=ticket.ticket_id, why=why, at=time_of(moment.now)), output)
    elif moment.said is not None and not too_late and wants_answer(ticket.policy, moment):
        state.put(ANSWERING, ticket.key, Answering(asked=True, over=False))
        case = Case(ticket.tenant, ticket.ticket_id, moment, ())
        _send(answer_wanted(moment.said, case, ticket.policy), output)


def forget(key: bytes, state: Overlay) -> None:
    """Drop what is known of it, with everything else of the ticket."""
    if state.get(ANSWERING, key) is not None:
        state.delete(ANSWERING, key)


def _send(told: AnswerWanted | AnswerOver, output: Output) -> None:
    output.send(topics.NOTICES, notice_key(told), encode_notice(told))
