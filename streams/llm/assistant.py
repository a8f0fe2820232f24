"""Asks a model for a text, within bounds: budget, breaker, cache, turns, time. Whatever goes wrong is an answer too."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, TypeVar

from sinks.prometheus import LLM_BREAKER, LLM_CACHE, LLM_COST, LLM_NOT_ANSWERED, LLM_REQUESTS, LLM_SECONDS, LLM_TOKENS
from streams.llm.breaker import STATES, Breaker
from streams.llm.cache import Cache, key_of
from streams.llm.chat import Chat, Question, Reply
from streams.llm.ledger import Budget, Ledger, Spent
from streams.llm.outcome import REASON_OF, REASONS, RESULTS, Answered, Failed, NotAnswered, Reason
from streams.llm.rules import LlmRules, TenantRules
from streams.llm.tasks import Invalid, Task
from streams.llm.tokens import estimated

log = logging.getLogger(__name__)
Value = TypeVar("Value")

_FIRST_PAUSE: Final = 0.5
_REPAIR: Final = " The answer before this one was not taken: {}. Answer again, in the form that is asked for."


class _GivenUp(Exception):
    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


class Stores(NamedTuple):
    """What is kept between questions."""

    ledger: Ledger
    cache: Cache


class Means(NamedTuple):
    """What comes from outside: `now` is aware, `clock` are seconds of any clock that only rises."""

    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = random.random


class Assistant:
    """Asks by one set of rules. Nothing that a server or a text does raises or takes longer than `model.within`."""

    def __init__(self, rules: LlmRules, chat: Chat, stores: Stores, means: Means) -> None:
        self.rules = rules
        self._chat = chat
        self._ledger, self._cache = stores
        self._means = means
        self._breaker = Breaker(rules.breaker.failures, rules.breaker.pause / 1000)
        self._turns = asyncio.Semaphore(rules.model.at_once)
        _show_from_the_start()
        for state in STATES:
            # Looked up at the scrape: time alone opens the way again.
            LLM_BREAKER.labels(state).set_function(partial(self._is, state))

    async def ask(self, tenant: str, task: Task[Value], data: str) -> Answered[Value] | NotAnswered:
        """The answer to a task about data that holds nothing personal any more, or why there is none."""
        model = self.rules.model
        key = key_of(tenant, f"{model.endpoint} {model.name}", task.fingerprint, data)
        known = await self._known(key, task)
        LLM_CACHE.labels("hit" if known else "miss").inc()
        if known:
            return known
        try:
            async with asyncio.timeout(model.within / 1000), self._turns:
                answered, text = await self._answered(tenant, task, data)
        except TimeoutError:
            return self._without("timeout", f"no answer within {model.within / 1000:g} s")
        except _GivenUp as error:
            return self._without(error.reason, error.detail)
        await asyncio.to_thread(self._cache.put, key, answered.model, text, self._means.now().timestamp())
        return answered

    def _is(self, state: str) -> float:
        return float(self.breaker_state() == state)

    def breaker_state(self) -> str:
        """closed, half_open or open."""
        return self._breaker.state(self._means.clock())

    async def close(self) -> None:
        """Let go of connections and files."""
        await self._chat.close()
        self._ledger.close()
        self._cache.close()

    async def _known(self, key: str, task: Task[Value]) -> Answered[Value] | None:
        found = await asyncio.to_thread(self._cache.get, key, self._means.now().timestamp())
        if found is None:
            return None
        try:
            return Answered(task.read(found[1]), found[0], cached=True)
        except Invalid:
            # An older program took it.
            return None

    def _without(self, reason: Reason, detail: str) -> NotAnswered:
        LLM_NOT_ANSWERED.labels(reason).inc()
        return NotAnswered(reason, detail)

    async def _answered(self, tenant: str, task: Task[Value], data: str) -> tuple[Answered[Value], str]:
        """The answer and its text; asked for a second time when the first is not of the form."""
        spent, wrong = Spent(), ""
        for hint in (False, True):
            instructions = task.instructions + (_REPAIR.format(wrong) if hint else "")
            reply, used = await self._replied(tenant, Question(task.name, instructions, data, task.schema))
            spent = Spent(*(one + two for one, two in zip(spent, used, strict=True)))
            try:
                value = task.read(reply.text)
            except Invalid as error:
                wrong = str(error)
                LLM_REQUESTS.labels("invalid").inc()
                continue
            LLM_REQUESTS.labels("answered").inc()
            return Answered(value, reply.model, spent.tokens_in, spent.tokens_out, spent.cost_micros), reply.text
        raise _GivenUp("invalid_answer", wrong)

    async def _replied(self, tenant: str, question: Question) -> tuple[Reply, Spent]:
        """What the server says, after as many tries as are allowed. Raises _GivenUp."""
        model = self.rules.model
        until, attempts = self._means.clock() + model.within / 1000, model.attempts
        for attempt in range(1, attempts + 1):
            try:
                return await self._once(tenant, question)
            except Failed as error:
                LLM_REQUESTS.labels(error.result).inc()
                log.info("the language model: %s", error)
                if not error.again or attempt == attempts:
                    raise _GivenUp(REASON_OF[error.result], str(error)) from None
                # Full jitter: many who were turned away at once come back at different times.
                pause = self._means.draw() * _FIRST_PAUSE * 2.0**attempt
                pause = max(error.retry_after or 0.0, pause)
                if self._means.clock() + pause > until:
                    raise _GivenUp(REASON_OF[error.result], f"{error}, and asks to wait for {pause:.0f} s") from None
                await self._means.sleep(pause)
        raise AssertionError("there is one attempt at least")

    async def _once(self, tenant: str, question: Question) -> tuple[Reply, Spent]:
        """One request, counted. Raises Failed, or _GivenUp when it may not be made."""
        model = self.rules.model
        if not self._breaker.allows(self._means.clock()):
            raise _GivenUp("breaker_open", "it has failed too often and is left alone for a while")
        told = False
        try:
            expected = estimated(question.instructions) + estimated(question.data) + estimated(str(question.schema))
            reserved = self._spent(expected, model.answer_tokens)
            day = self._means.now().strftime("%Y-%m-%d")
            await self._reserve(day, tenant, reserved)
            began = self._means.clock()
            try:
                reply = await self._chat.ask(question, model.timeout / 1000)
            except Failed as error:
                told = True
                self._note(error)
                # What a server may have worked for stays counted; what it turned away cost a request.
                used = reserved if error.spent else Spent(1)
                await self._settle(day, tenant, reserved, used)
                raise
            finally:
                LLM_SECONDS.observe(self._means.clock() - began)
            told = True
            self._breaker.succeeded()
            used = self._spent(
                expected if reply.tokens_in is None else reply.tokens_in,
                estimated(reply.text) if reply.tokens_out is None else reply.tokens_out,
            )
            await self._settle(day, tenant, reserved, used)
            return reply, used
        finally:
            if not told:
                self._breaker.gave_up()

    async def _reserve(self, day: str, tenant: str, reserved: Spent) -> None:
        budget = budget_of(self.rules.of(tenant))
        bound = await asyncio.to_thread(self._ledger.reserve, day, tenant, reserved, budget)
        if bound:
            raise _GivenUp("budget", f"today's budget of {bound} is used up")

    async def _settle(self, day: str, tenant: str, reserved: Spent, used: Spent) -> None:
        LLM_TOKENS.labels("in").inc(used.tokens_in)
        LLM_TOKENS.labels("out").inc(used.tokens_out)
        LLM_COST.inc(used.cost_micros / 1_000_000)
        await asyncio.to_thread(self._ledger.settle, day, tenant, reserved, used)

    def _note(self, error: Failed) -> None:
        # A text that is refused, or answered in another form, says nothing of the server's health.
        if error.result in ("refused", "invalid"):
            self._breaker.succeeded()
        else:
            self._breaker.failed(self._means.clock())

    def _spent(self, tokens_in: int, tokens_out: int) -> Spent:
        model = self.rules.model
        # A price for a million tokens is one of millionths for each.
        micros = -(-(tokens_in * model.price_in + tokens_out * model.price_out) // 1)
        return Spent(1, tokens_in, tokens_out, int(micros))


def budget_of(rules: TenantRules) -> Budget:
    """A tenant's bounds of a day."""
    money = None if rules.money is None else round(rules.money * 1_000_000)
    return Budget(rules.requests, rules.tokens, money)


def _show_from_the_start() -> None:
    """Prometheus sees no rise in a series that begins with 1."""
    for result in RESULTS:
        LLM_REQUESTS.labels(result)
    for reason in REASONS:
        LLM_NOT_ANSWERED.labels(reason)
