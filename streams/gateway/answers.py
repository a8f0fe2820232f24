"""What the pipeline answers to an event: the conversation's state after it, and the number of its escalation.

Whoever waits says so before the event is written. Nothing is remembered: an answer that nobody waits for is not even
decoded.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol

import msgspec

from schemas.conversations import ConversationState, decode_state
from schemas.escalations import Escalation, decode_escalation
from streams import topics

log = logging.getLogger(__name__)

# Where answers come from.
TOPICS = (topics.CONVERSATIONS, topics.ESCALATIONS)


class Awaited:
    """What has been heard about one event and its ticket so far."""

    def __init__(self, event_id: str) -> None:
        self.state: ConversationState | None = None
        self._event_id = event_id
        self._escalations: dict[str, Escalation] = {}
        self._heard = asyncio.Event()

    @property
    def escalation(self) -> Escalation | None:
        """The newest record of the escalation that the state names, if one was heard. It may come before the state."""
        return None if self.state is None else self._escalations.get(self.state.escalation_id or "")

    @property
    def number(self) -> str | None:
        """The escalation's number, once it is given."""
        if self.escalation is not None and self.escalation.number:
            return self.escalation.number
        return None if self.state is None else self.state.number

    def hear(self, answer: ConversationState | Escalation) -> None:
        """Take in an answer to this or to another event of the ticket."""
        if isinstance(answer, Escalation):
            known = self._escalations.get(answer.escalation_id)
            if known is None or known.revision < answer.revision:
                self._escalations[answer.escalation_id] = answer
        elif answer.event_id == self._event_id:
            self.state = answer
        self._heard.set()

    async def until(self, enough: Callable[["Awaited"], bool], seconds: float) -> bool:
        """Wait until `enough` is known; False when the time is over before."""
        try:
            async with asyncio.timeout(seconds):
                while not enough(self):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return enough(self)
        return True


class Answers(Protocol):
    """Listens to the pipeline for those who wait. It may be lost or late: an answer that does not come is no error."""

    def awaiting(self, key: bytes, event_id: str, seconds: float) -> AbstractAsyncContextManager[Awaited]:
        """Hear, within the block, what is answered to an event that is written in it; `key` is its ticket's.

        Listening begins with the first block, for which up to `seconds` may pass.
        """
        ...

    async def stop(self) -> None:
        """Listen no more. May be called without a block before."""
        ...


class Board:
    """Who waits, by the ticket's key."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, set[Awaited]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def awaiting(self, key: bytes, event_id: str) -> Iterator[Awaited]:
        """One that waits, until the end of the block."""
        awaited = Awaited(event_id)
        self._waiting.setdefault(key, set()).add(awaited)
        try:
            yield awaited
        finally:
            self._waiting[key].discard(awaited)
            if not self._waiting[key]:
                del self._waiting[key]

    def hear(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Hand a record of one of TOPICS to those who wait for its ticket."""
        waiting = self._waiting.get(key or b"")
        if not waiting:
            return
        try:
            answer = (decode_state if topic == topics.CONVERSATIONS else decode_escalation)(value or b"")
        except msgspec.DecodeError as error:
            log.warning("%s has a record that is no answer: %s", topic, error)
            return
        for awaited in waiting:
            awaited.hear(answer)
