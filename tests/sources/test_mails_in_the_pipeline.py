"""From a real mailbox through the real stages: an angry mail escalates, a machine's does not, and nothing is lost."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import SecretStr

from schemas.deadletters import REASON, STAGE
from schemas.escalations import decode_escalation
from schemas.scored import ScoredEvent, decode_scored
from streams import topics
from streams.engine.local import LocalLog, LocalWriter
from streams.engine.local.storage import LocalRecord
from streams.sources.mailbox import MailboxPlan, MailboxSource
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.sources.test_mailbox import Box, plan_of
from tests.sources.test_mails import mail
from tests.unit.gateway_pipeline import Stages, memory_log, records

ANGRY = "This is the worst service I have ever seen. Terrible, horrible, useless. I want to speak to a manager!"


async def test_mails_in_the_pipeline(mail_server: Dovecot, unique: Callable[[str], str]) -> None:
    box = Box(mail_server, unique("support"))
    quoted = f"{ANGRY}\n\nOn Sat, 21 Nov 2026 at 10:00, Support wrote:\n> Thank you so much, you are wonderful!"
    box.put(
        mail(quoted, Message_ID="<angry@x>", Date=""),
        mail(ANGRY, Message_ID="<away@x>", Auto_Submitted="auto-replied", Date=""),
        mail("", Message_ID="<empty@x>", Subject="", Date=""),
    )
    log = memory_log()
    async with Stages(log).running():
        await _carry(plan_of(box), log)
        angry, automatic = await _until(log, topics.SCORED, 2)
        first, *_ = await _until(log, topics.ESCALATIONS, 1)
        (letter,) = await _until(log, topics.DEAD_LETTERS, 1)
    escalation = decode_escalation(first.value or b"")
    scored = {each.metadata["message_id"]: each for each in map(_scored, (angry, automatic))}
    assert scored["<angry@x>"].voice == "customer"
    assert scored["<angry@x>"].removed["quoted_lines"] > 0
    assert "wonderful" in (scored["<angry@x>"].text or "")
    assert scored["<away@x>"].voice == "agent"
    assert escalation.ticket_id == scored["<angry@x>"].ticket_id
    assert escalation.channel == "email"
    assert dict(letter.headers)[REASON] == b"empty"
    assert dict(letter.headers)[STAGE] == b"score"
    tickets = {decode_escalation(each.value or b"").ticket_id for each in records(log, topics.ESCALATIONS)}
    assert tickets == {escalation.ticket_id}


async def _carry(plan: MailboxPlan, log: LocalLog) -> None:
    """Carry over the mails that wait."""
    writer = LocalWriter(log, topics.EVENTS)
    await writer.start()
    stop = asyncio.Event()
    source = MailboxSource(plan, lambda: SecretStr(PASSWORD), writer, lambda: datetime.now(UTC))
    task = asyncio.create_task(source.run(stop))
    try:
        await _until(log, topics.EVENTS, 3)
    finally:
        stop.set()
        await task
        await writer.stop()


async def _until(log: LocalLog, topic: str, count: int) -> list[LocalRecord]:
    """The records of a topic, once there are so many; answers of the registry are none of them."""
    while len(found := [each for each in records(log, topic) if not each.headers or topic != topics.SCORED]) < count:
        await asyncio.sleep(0.02)
    return found


def _scored(record: LocalRecord) -> ScoredEvent:
    return decode_scored(record.value or b"")
