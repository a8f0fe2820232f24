"""notify: plans who is told of what, and what is done when that fails. Whoever sends is `sinks/notify/`."""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.deadletters import attempts_so_far, error_headers, own_headers
from schemas.notices import AnswerOver, AnswerWanted, SenderReady, Tried, decode_notice
from schemas.rejections import Reason, Rejected
from streams import topics
from streams.engine.log import Record
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay
from streams.notify.answering import ANSWERING, Articles, answer, end, forget, settle
from streams.notify.book import NotifyBook
from streams.notify.dispatch import overdue, send_due, take_answer, take_sender, try_again
from streams.notify.forgetting import forget_answering, forget_fact, forget_job
from streams.notify.jobs import ADDRESSED, FACTS, JOBS, OPEN, is_old_address, release
from streams.notify.ledger import Ledger
from streams.notify.planning import plan
from streams.notify.steps import step_of
from streams.privacy.forgetting import Forgetter, is_erasure
from streams.privacy.keys import NO_KEYS, Keys

SWEEP_ROWS: Final = 250
# What was told is known for so long: a stage that plays history again tells what the topics still have, a week.
KNOWN_MS: Final = 30 * 86_400_000


class NotifyStage:
    """Reads `tickets.notices.v1`, keyed by tenant: facts, and what came of attempts to tell them.

    Every notification is told in the ledger (`tickets.notifications.v1`): when it is planned, each time it is to be
    sent, and what came of it. One that is given up is a dead letter too; sent back, it is tried again.
    """

    name = "notify"
    input = topics.NOTICES
    outputs: Sequence[str] = (topics.NOTIFICATIONS, topics.ERASURES, topics.DEAD_LETTERS)
    patience = 0.05

    def __init__(self, book: NotifyBook, articles: Articles | None = None, keys: Keys = NO_KEYS) -> None:
        """`articles` are what automatic answers are made of; without them there are none."""
        self._book = book
        self._articles = articles
        # Facts first: a notification goes with them.
        looked_at = ((FACTS, forget_fact), (JOBS, forget_job), (ANSWERING, forget_answering))
        self._forgetter = Forgetter(self.name, keys, looked_at)

    def adopt(self, book: NotifyBook) -> None:
        """Plan by other targets and routes from the next batch on."""
        self._book = book

    def adopt_articles(self, articles: Articles) -> None:
        """Answer by other articles from the next batch on."""
        self._articles = articles

    def restore(self, state: Overlay) -> Iterator[None]:
        """Find the notifications that are on their way."""
        for key, job in state.rows(JOBS):
            yield
            if job.is_open:
                state.put(OPEN, key, True)

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """Plan what is to be told, and take note of what came of it. What is known already changes nothing."""
        output = Output()
        ledger = Ledger(self._book, state, output)
        for record in batch.records:
            if record.headers and is_erasure(record):
                self._forgetter.take(record, state, output)
                continue
            told = decode_notice(record.value or b"")
            if isinstance(told, SenderReady):
                take_sender(told, record.timestamp, state, ledger)
            elif isinstance(told, AnswerWanted):
                answer(told, record.timestamp, self._articles, self._book, state, ledger)
            elif isinstance(told, AnswerOver):
                end(told, record.timestamp, state, ledger, self._book)
            elif not isinstance(told, Tried):
                plan(step_of(told), record.timestamp, self._book, state, ledger)
            elif attempts_so_far(record.headers):
                try_again(told, record.timestamp, state, ledger)
            else:
                reason = take_answer(told, record.timestamp, self._book, state, ledger)
                settle(told.notification_id, record.timestamp, state, ledger)
                if reason is not None:
                    _bury(batch, record, reason, output)
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Ask for what is due to be sent, and forget what is long over."""
        output = Output()
        send_due(now, self._book, state, Ledger(self._book, state, output))
        output.stand("notifications_overdue", overdue(now, self._book, state))
        for key, job in state.sweep(JOBS, SWEEP_ROWS):
            if not job.is_open and job.fresh_at < now - KNOWN_MS:
                if job.state == "failed":
                    release(job, state)
                state.delete(JOBS, key)
        for key, times in state.sweep(ADDRESSED, SWEEP_ROWS):
            if is_old_address(times, now):
                state.delete(ADDRESSED, key)
        forget(now, KNOWN_MS, state)
        self._forgetter.tick(state, output)
        return output


def _bury(batch: Batch, record: Record, reason: str, output: Output) -> None:
    why = Rejected(Reason.REFUSED, "notification", reason)
    headers = error_headers("notify", batch.topic, batch.partition, record.offset, why, 1)
    output.send(topics.DEAD_LETTERS, record.key, record.value, (*own_headers(record.headers), *headers))
