"""Reads scored events by ticket, and the registry's answers to its own questions."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from schemas import registry
from schemas.assignments import Assigned
from schemas.conversations import ConversationState, encode_state
from schemas.escalations import Escalation, encode_escalation, reply_of
from schemas.registry import CustomerKnown, NumberWanted, Question, TicketOpened
from schemas.scored import ScoredEvent
from schemas.tracked import decode_tracked
from streams import topics
from streams.conversations import (
    Conversation,
    Memory,
    current,
    fingerprint,
    fold,
    hear,
    is_forgotten,
    is_spoken,
)
from streams.counted import Counted, count, is_done_with
from streams.engine.log import Record
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, Table
from streams.escalation.awaited import Awaiting
from streams.escalation.awaited import concerns as concerns_waiting
from streams.escalation.book import PolicyBook
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.deciding import armed_again, decide, escalated
from streams.escalation.facts import Moment
from streams.escalation.follow_up import concerns, followed, given_to, numbered
from streams.escalation.record import CONTEXT_MESSAGES, Case, escalation_of, raised
from streams.privacy.forgetting import Forgetter, Subject, is_erasure
from streams.privacy.keys import NO_KEYS, Keys
from streams.scoring.readings import GENERAL
from streams.track import answers, notices, routed, samples, tickets, timers, totals
from streams.track.samples import Sampler
from streams.track.tickets import CONVERSATIONS, Ticket
from streams.windows import EventTime, Place, Tally, WindowRules, event_time, place_of

# Rows looked at for expiry in one tick: bounds its cost, and goes round a million rows in about an hour.
SWEEP_ROWS: Final = 250
# Tickets looked at because their time has come, in one tick.
DUE_TICKETS: Final = 500

# Tickets whose timers are set in one tick after a take-over: a million of them at once would hold up heartbeats.
TIMED_TICKETS: Final = 4_000


# More often than an experiment's arms can begin and end.
_CHANGES: Final = 1_000_000


class Untimed(NamedTuple):
    """The conversations whose timers are to be set, from a place on."""

    keys: Sequence[bytes]
    place: int


# What windows have counted of each ticket.
COUNTED = Table(b"k", Counted)
# Derived: by which policies the timers were set, and for whom they are still to be set.
TIMED_BY = Table(b"G", int, derived=True)
UNTIMED = Table(b"U", Untimed, derived=True)
ONLY: Final = b""


class TrackStage:
    """Reads `tickets.scored.v1`, keyed by ticket. `event_ids` is how many ids of each ticket are remembered."""

    name = "track"
    input = topics.SCORED
    outputs: Sequence[str] = (
        topics.ESCALATIONS,
        topics.PARTIALS,
        topics.REGISTRY,
        topics.CONVERSATIONS,
        topics.NOTICES,
        topics.ROUTING,
        topics.ERASURES,
        topics.DEAD_LETTERS,
    )
    patience = 0.01

    def __init__(self, book: PolicyBook, event_ids: int, rules: WindowRules, keys: Keys = NO_KEYS) -> None:
        self._book = book
        self._books = 1
        self._event_ids = event_ids
        self._known: dict[str, tuple[Memory, Awaiting]] = {}
        self._rules = rules
        self._forgetter = Forgetter(self.name, keys, ((CONVERSATIONS, _forget_of), (COUNTED, _forget_counted)))

    @property
    def routes_tickets(self) -> bool:
        """Whether some tenant's book says who gets its tickets, so that `routing` has to run."""
        return bool(self._book.routes)

    def adopt(self, book: PolicyBook) -> None:
        """Decide by other policies from the next batch on."""
        self._book, self._known = book, {}
        self._books += 1

    def restore(self, state: Overlay) -> Iterator[None]:
        """Find the windows whose last change was not yet told, and set the timers."""
        yield from totals.restore(self._rules, state)
        self._set_timers(state)

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """Apply records in order; an event id that its conversation has seen changes nothing."""
        output = Output()
        tally, sampler = Tally(self._rules), Sampler()
        progress = totals.progress_of(state)
        watermark, appended = progress.watermark, progress.appended
        for record in batch.records:
            headers, timestamp = record.headers, record.timestamp
            if headers and headers[0][0] == registry.ANSWER_HEADER:
                self._answered(record, state, tally, output)
            elif headers and is_erasure(record):
                self._forgetter.take(record, state, output)
            else:
                at = self._track(record, timestamp, state, tally, sampler, output)
                watermark = max(watermark, at)
            appended = max(appended, timestamp)
        state.put(totals.PROGRESS, totals.ONLY, totals.Progress(watermark, appended))
        totals.add(tally.windows(), self._rules, state, output)
        if self._rules.watched:
            sampler.keep(state)
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Decide on tickets whose time has come, tell of those that wait, then tell `trends` what changed."""
        output = Output()
        if state.get(TIMED_BY, ONLY) != self._deciding(now):
            self._set_timers(state, now)
        self._set_more_timers(now, state, output)
        self._time_passed(now, state, output)
        self._tell_who_waits(now, state, output)
        totals.tell(now, idle, self._rules, state, output)
        samples.tell(self._rules, state, output)
        self._forgetter.tick(state, output)
        self._expire(now, state, output)
        return output

    # -- a scored event

    def _track(
        self, record: Record, appended: int, state: Overlay, tally: Tally, sampler: Sampler, output: Output
    ) -> int:
        """Apply one event; returns its time."""
        event = decode_tracked(record.value or b"")
        key = record.key or b""
        time = event_time(round(event.occurred_at.timestamp() * 1000), appended, self._rules)
        at = time.at
        stored = state.get(CONVERSATIONS, key)
        ticket = self._ticket(
            key, event.tenant, event.ticket_id, stored.channel if stored else event.channel, stored, at
        )
        before = current(stored, at, ticket.memory)
        event_id = fingerprint(event.event_id)
        if before is not None and event_id in before.seen:
            output.count("duplicates")
            if event.wants_state:
                _tell_state(event, ticket, before, (), state, output, duplicate=True)
            return at
        if stored is not None and before is None:
            _forget(stored, ticket, appended, state, output)
            ticket = self._ticket(key, event.tenant, event.ticket_id, event.channel, None, at)
        waits_from = None if time.too_late else max(at, appended)
        known = fold(before, event, at, ticket.memory, event_id=event_id, waits_from=waits_from)
        if before is None:
            known, ticket = self._deal(event, ticket, known)
        is_escalated = self._judge(event, ticket, before, known, time, state, output)
        self._tell_standing(ticket, appended, state, output, event)
        if time.cut:
            output.count("future")
        if time.too_late:
            output.count("late")
        else:
            place = place_of(event)
            counted, share = count(state.get(COUNTED, key), event, at, place, appended, self._rules)
            state.put(COUNTED, key, counted)
            tally.add(event, at, place, share, escalated=is_escalated)
            sampler.add(event_id, at, event)
        return at

    def _deal(self, event: ScoredEvent, ticket: Ticket, known: Conversation) -> tuple[Conversation, Ticket]:
        """A conversation that begins may belong to an arm of an experiment, and does so for as long as it is kept."""
        at = known.first_at
        arm = self._book.tryings.deal(event.tenant, event.channel, event.ticket_id, known.customer_id, at)
        if not arm:
            return known, ticket
        known = msgspec.structs.replace(known, arm=arm)
        return known, self._ticket(ticket.key, event.tenant, event.ticket_id, event.channel, known, at)

    def _judge(
        self,
        event: ScoredEvent,
        ticket: Ticket,
        before: Conversation | None,
        known: Conversation,
        time: EventTime,
        state: Overlay,
        output: Output,
    ) -> bool:
        """Decide on a conversation after an event, and keep it; returns whether the event escalated it."""
        policy, at = ticket.policy, time.at
        speaker = known.spoke if is_spoken(event) else None
        said = event if speaker == "customer" else None
        moment = Moment(event, known, at, said, policy.label(event))
        signals = policy.signals(moment) if said else ()
        if signals:
            known = hear(known, signals, at)
            moment = moment._replace(conversation=known, signals=signals)
        if policy.has_risk:
            parts = policy.risk_parts(moment)
            known = msgspec.structs.replace(known, risk_parts=parts)
            moment = moment._replace(conversation=known, risk=policy.risk(parts))
        if speaker and tickets.keep_message(event, speaker, moment, ticket.key, ticket.memory, state):
            output.count("cut")
        if before is not None:
            if (before.escalated or before.episode) and concerns(event, before, known):
                _follow_up(event, ticket, before, known, at, state, output)
            armed = armed_again(before, known)
            if armed is not known:
                moment = moment._replace(conversation=armed)
        known, is_escalated = self._decide(ticket, moment, state, output)
        state.put(CONVERSATIONS, ticket.key, known)
        self._set_timer(ticket, before, known, at, state)
        if ticket.awaiting.is_wanted and (before is None or concerns_waiting(before, known)):
            self._watch(ticket, known, state)
        if said and policy.acknowledges and not time.too_late:
            moment = moment._replace(conversation=known)
            notices.acknowledge(said, ticket, moment, state, output, escalated=is_escalated)
        answers.answer(ticket, moment._replace(conversation=known), state, output, too_late=time.too_late)
        if known.customer_id and (before is None or before.customer_id != known.customer_id):
            _ask(TicketOpened(ticket.tenant, ticket.ticket_id, known.customer_id, at), output)
        if event.wants_state:
            _tell_state(event, ticket, known, signals, state, output, duplicate=False)
        return is_escalated

    # -- decisions

    def _decide(self, ticket: Ticket, moment: Moment, state: Overlay, output: Output) -> tuple[Conversation, bool]:
        """The conversation after what is decided on it, and whether it escalated anew."""
        known = moment.conversation
        decision = decide(ticket.policy, moment)
        if decision is None:
            return known, False
        rule = decision.ready.rule
        messages = tickets.last_messages(known, ticket.key, CONTEXT_MESSAGES, ticket.memory, state)
        case = Case(ticket.tenant, ticket.ticket_id, moment, messages, ticket.arm)
        earlier = tickets.escalation(known, ticket.key, state) if decision.raises else None
        record = raised(earlier, case, decision, ticket.policy) if earlier else None
        if record is None:
            record = escalation_of(case, decision, ticket.policy)
            assignee = routed.assignee_of(ticket.key, known, self._book.routes.get(ticket.tenant), state)
            record = msgspec.structs.replace(record, assignee=assignee)
            year = record.occurred_at.year
            _ask(NumberWanted(ticket.tenant, ticket.ticket_id, record.escalation_id, year), output)
            output.count("escalations", record.channel, rule.name)
        _publish(record, ticket, state, output)
        return escalated(known, rule, moment.now, record.priority), record.revision == 1

    # -- what the registry answers

    def _answered(self, record: Record, state: Overlay, tally: Tally, output: Output) -> None:
        key = record.key or b""
        known = state.get(CONVERSATIONS, key)
        if known is None:
            # Forgotten since it asked.
            return
        ticket = self._ticket_of(key, known, record.timestamp)
        answer = registry.decode_answer(record.value or b"")
        if isinstance(answer, Assigned):
            if routed.take_assignment(key, answer, state):
                if answer.state == "over":
                    routed.let_go(ticket, known, state)
                else:
                    self._tell_standing(ticket, record.timestamp, state, output)
                _name_agent(ticket, known, answer, state, output)
            return
        if isinstance(answer, CustomerKnown):
            known = msgspec.structs.replace(known, tickets=answer.tickets)
            state.put(CONVERSATIONS, key, known)
            self._watch(ticket, self._look_at(ticket, known, record.timestamp, tally, state, output), state)
            return
        escalation = tickets.escalation_by_id(answer.escalation_id, known, key, state)
        if escalation is not None:
            _publish(numbered(escalation, answer.number), ticket, state, output)
        notices.tell_held(answer.escalation_id, answer.number, key, state, output)

    # -- the clock

    def _time_passed(self, now: int, state: Overlay, output: Output) -> None:
        tally = Tally(self._rules)
        for key in timers.take_due(now, DUE_TICKETS, state):
            known = state.get(CONVERSATIONS, key)
            if known is None:
                continue
            ticket = self._ticket_of(key, known, now)
            self._watch(ticket, self._look_at(ticket, known, now, tally, state, output), state)
            due = ticket.policy.next_due(known, now)
            if due is not None:
                timers.set_timer(key, due, state)
        totals.add(tally.windows(), self._rules, state, output)

    def _tell_who_waits(self, now: int, state: Overlay, output: Output) -> None:
        for key in timers.take_due(now, DUE_TICKETS, state, timers.NOTICES):
            known = state.get(CONVERSATIONS, key)
            if known is None:
                continue
            ticket = self._ticket_of(key, known, now)
            for due in ticket.awaiting.due(known, now):
                known = notices.tell_awaited(ticket, known, due, now, state, output)
                state.put(CONVERSATIONS, key, known)
            self._watch(ticket, known, state)

    def _watch(self, ticket: Ticket, known: Conversation, state: Overlay) -> None:
        """Look at a ticket when somebody is to be told that it waits."""
        due = ticket.awaiting.next_due(known)
        if due is not None:
            timers.set_timer(ticket.key, due, state, timers.NOTICES)

    def _look_at(
        self, ticket: Ticket, known: Conversation, now: int, tally: Tally, state: Overlay, output: Output
    ) -> Conversation:
        """Decide on a ticket although nothing was said; returns its conversation."""
        moment = Moment(None, known, now)
        moment = moment._replace(risk=ticket.policy.risk(ticket.policy.risk_parts(moment)))
        after, is_escalated = self._decide(ticket, moment, state, output)
        if after is not known:
            state.put(CONVERSATIONS, ticket.key, after)
        if is_escalated:
            answers.answer(ticket, moment._replace(conversation=after), state, output)
            self._tell_standing(ticket, now, state, output)
            place = Place(known.channel, known.category or GENERAL, known.priority)
            tally.add_escalation(ticket.tenant, place, now)
        return after

    def _set_timer(
        self, ticket: Ticket, before: Conversation | None, after: Conversation, at: int, state: Overlay
    ) -> None:
        """Look at a ticket when the clock may make a rule hold. One whose status has changed is looked at once more if
        its time has passed: the change itself need not be decided on, and may be what a rule waited for.
        """
        if before is not None:
            if before.status != after.status:
                at = 0
            elif before.waiting_since == after.waiting_since and before.first_at == after.first_at:
                return
        due = ticket.policy.next_due(after, at)
        if due is not None:
            timers.set_timer(ticket.key, due, state)

    def _deciding(self, now: int) -> int:
        """Changes whenever other policies decide: with every book, and when an arm of an experiment begins or ends."""
        return self._books * _CHANGES + self._book.tryings.changed(now)

    def _set_timers(self, state: Overlay, now: int = 0) -> None:
        """Begin to set all timers anew: nothing else tells when a policy's spans are over."""
        timers.clear_timers(state)
        timers.clear_timers(state, timers.NOTICES)
        state.put(TIMED_BY, ONLY, self._deciding(now))
        grow = any(ready.growths or self._parts(ready)[1].is_wanted for ready in self._book.ready())
        grow = grow or bool(self._book.routes or state.keys(routed.ROUTED))
        state.put(UNTIMED, ONLY, Untimed(state.keys(CONVERSATIONS) if grow else (), 0))

    def _set_more_timers(self, now: int, state: Overlay, output: Output) -> None:
        untimed = state.get(UNTIMED, ONLY)
        if untimed is None:
            return
        keys, place = untimed
        following = place + TIMED_TICKETS
        if following < len(keys):
            state.put(UNTIMED, ONLY, Untimed(keys, following))
        else:
            state.delete(UNTIMED, ONLY)
        for full_key in keys[place:following]:
            key = full_key[len(CONVERSATIONS.tag) :]
            known = state.peek(CONVERSATIONS, key)
            if known is None:
                continue
            ticket = self._ticket_of(key, known, now)
            due = ticket.policy.next_due(known, 0)
            if due is not None:
                timers.set_timer(key, due, state)
            self._watch(ticket, known, state)
            # Whose tickets are given to agents may have changed with the policies.
            self._tell_standing(ticket, now, state, output)

    def _expire(self, now: int, state: Overlay, output: Output) -> None:
        totals.expire(now, SWEEP_ROWS, self._rules, state)
        for key, counted in state.sweep(COUNTED, SWEEP_ROWS):
            if is_done_with(counted, now, self._rules):
                state.delete(COUNTED, key)
        progress = totals.progress_of(state)
        for key, known in state.sweep(CONVERSATIONS, SWEEP_ROWS):
            ticket = self._ticket_of(key, known, now)
            if progress.watermark and is_forgotten(known, progress.watermark, ticket.memory):
                _forget(known, ticket, now, state, output)

    # -- who has it

    def _tell_standing(
        self, ticket: Ticket, at: int, state: Overlay, output: Output, event: ScoredEvent | None = None
    ) -> None:
        """Tell whoever gives tickets to agents how one stands, if that has changed."""
        known = state.get(CONVERSATIONS, ticket.key)
        if known is not None:
            routed.tell_standing(ticket, known, self._book.routes.get(ticket.tenant), at, state, output, event=event)

    # -- parts

    def _ticket_of(self, key: bytes, known: Conversation, at: int) -> Ticket:
        """The ticket of a conversation that is kept, as it is decided on at a time."""
        tenant, _, ticket_id = key.decode().partition("/")
        return self._ticket(key, tenant, ticket_id, known.channel, known, at)

    def _ticket(
        self, key: bytes, tenant: str, ticket_id: str, channel: str, known: Conversation | None, at: int
    ) -> Ticket:
        dealt, is_escalated = (known.arm, known.escalated is not None) if known is not None else ("", False)
        policy, arm = self._book.choose(tenant, channel, key, arm=dealt, at=at, is_escalated=is_escalated)
        parts = self._known.get(policy.name) or self._parts(policy)
        return Ticket(key, tenant, ticket_id, policy, arm, *parts)

    def _parts(self, policy: ReadyPolicy) -> tuple[Memory, Awaiting]:
        """What a policy asks to be remembered and to be told, under our settings."""
        awaiting = Awaiting(policy.policy, self._rules.respond_within, self._rules.resolve_within)
        self._known[policy.name] = policy.memory(self._event_ids), awaiting
        return self._known[policy.name]


def _forget(conversation: Conversation, ticket: Ticket, at: int, state: Overlay, output: Output) -> None:
    """Remove everything that is kept of a ticket."""
    routed.forget(ticket, conversation, at, state, output)
    tickets.forget(conversation, ticket.key, state)
    notices.forget(ticket.key, state)
    answers.forget(ticket.key, state)


def _forget_of(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Remove a ticket if it is one of an erasure, or of its person."""
    known = state.peek(CONVERSATIONS, key)
    if known is None:
        return ()
    tenant, _, ticket_id = key.decode().partition("/")
    if not (
        subject.is_ticket(tenant, ticket_id)
        or subject.is_person(tenant, "customer", known.customer_id)
        or subject.is_person(tenant, "email", known.email)
        or subject.is_person(tenant, "phone", known.phone)
    ):
        return ()
    # Nobody is told that it is over: `routing` is told of the erasure itself.
    tickets.forget(known, key, state)
    notices.forget(key, state)
    answers.forget(key, state)
    state.delete(routed.ROUTED, key)
    state.delete(COUNTED, key)
    return ("conversations", *["messages"] * known.messages)


def _forget_counted(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """What windows counted of a ticket is kept longer than its conversation. The windows stay as they are."""
    tenant, _, ticket_id = key.decode().partition("/")
    if state.peek(COUNTED, key) is None or not subject.is_ticket(tenant, ticket_id):
        return ()
    state.delete(COUNTED, key)
    return ("counted",)


def _follow_up(
    event: ScoredEvent,
    ticket: Ticket,
    before: Conversation,
    after: Conversation,
    at: int,
    state: Overlay,
    output: Output,
) -> None:
    record = tickets.escalation(before, ticket.key, state)
    if record is None:
        return
    newer = followed(record, event, before, after, at)
    if newer is not record:
        _publish(newer, ticket, state, output)


def _tell_state(
    event: ScoredEvent,
    ticket: Ticket,
    known: Conversation,
    signals: Sequence[str],
    state: Overlay,
    output: Output,
    *,
    duplicate: bool,
) -> None:
    record = tickets.escalation(known, ticket.key, state)
    told = ConversationState(
        tenant=event.tenant,
        ticket_id=event.ticket_id,
        event_id=event.event_id,
        duplicate=duplicate,
        status=known.status,
        priority=known.priority,
        customer_messages=known.customer_messages,
        agent_replies=known.agent_replies,
        score=event.sentiment.score if event.sentiment else None,
        label=ticket.policy.label(event),
        unscored=event.unscored,
        confidence=event.confidence,
        category=event.category,
        signals=tuple(signals),
        heard={name: heard.times for name, heard in known.signals.items()},
        escalated=known.escalated is not None,
        escalation_id=record.escalation_id if record else None,
        number=record.number if record else None,
        queue=record.queue if record else None,
        respond_within=record.respond_within if record else None,
        reply=reply_of(record) if record else None,
    )
    output.send(topics.CONVERSATIONS, ticket.key, encode_state(told))


def _name_agent(ticket: Ticket, known: Conversation, answer: Assigned, state: Overlay, output: Output) -> None:
    """Name the agent in the ticket's escalation, if it has one that is not over."""
    record = tickets.escalation(known, ticket.key, state) if known.escalated else None
    if record is None or not answer.agent or answer.state == "over":
        return
    named = given_to(record, answer.agent)
    if named is not record:
        _publish(named, ticket, state, output)


def _publish(record: Escalation, ticket: Ticket, state: Overlay, output: Output) -> None:
    tickets.keep_escalation(record, ticket.key, state)
    output.send(topics.ESCALATIONS, ticket.key, encode_escalation(record))
    notices.tell_escalation(record, output)


def _ask(question: Question, output: Output) -> None:
    output.send(topics.REGISTRY, registry.question_key(question), registry.encode(question))
