"""An angry customer writes a mail, and everybody hears of it: the whole way, with real servers at all of its ends."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.notifications import Notification, decode_notification
from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from tests.helpdesk.contract import Contract
from tests.helpdesk.desk import Desk
from tests.notify.mail_server import MailBox, mail_server
from tests.notify.web_server import Web, web_server
from tests.servers.dovecot import PASSWORD, USER, Dovecot
from tests.soak.cluster import Cluster, Group
from tests.soak.waiting import until
from tests.soak.workers import ProductProcess, StageProcess
from tests.sources.conftest import own_mail_server
from tests.unit.records import FURIOUS

__all__ = ["own_mail_server"]

PARTITIONS = 2
STAGES = ("score", "track", "registry", "notify")
WAIT = 150.0
# As the contract has it.
DESK_TOKEN = Contract("zammad").credentials.partition("=")[2]
CUSTOMER, MESSAGE_ID = "ann@customer.example", "<complaint-1@customer.example>"
POLICY = """
name = "told"
version = 1
reads = "support"

[acknowledge]
when = "created"
angry = "We are sorry. Ticket {ticket_id} is looked at first."
other = "Ticket {ticket_id} has come."

[remind]
after = "20s"

[[rules]]
name = "very_negative"
when.all = [{ fact = "score", below = 2.0 }]
then.priority = "urgent"
then.reason = "The customer's message scored {score} of 10."
then.notify = ["desk"]
"""
NOTIFY = """
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "support@acme.example"

[targets.leads]
kind = "email"
to = ["leads@acme.example"]

[targets.hook]
kind = "webhook"
url = "{hook}/in"
secret = "env:HOOK_SECRET"

[targets.chat]
kind = "apprise"
url = "env:CHAT_URL"

[targets.desk]
kind = "helpdesk"
system = "zammad"
url = "{desk}"
token = "env:DESK_TOKEN"
settings = {{ group = "Support", customer = "unknown@example.com" }}

[targets.customer]
kind = "email"
to = "customer"

[[routes]]
tell = ["leads", "hook", "chat"]

[[routes]]
tell = ["hook"]
kinds = ["resolved"]

[[routes]]
tell = ["customer"]
kinds = ["acknowledgement"]
"""


class Ends:
    """The servers at the ends of the way."""

    def __init__(self, box: MailBox, hook: Web, chat: Web, desk: Desk) -> None:
        self.box, self.hook, self.chat, self.desk = box, hook, chat, desk

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [mail.message for mail in self.box.mails if mail.recipients == (address,)]


@asynccontextmanager
async def ends() -> AsyncIterator[Ends]:
    desk = Desk("zammad")
    async with mail_server() as box, web_server() as hook, web_server() as chat, desk.server:
        yield Ends(box, hook, chat, desk)


class Ledger:
    """Every record of it, in order."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.records: list[Notification] = []

    async def until(self, holds: Callable[[], bool]) -> None:
        until = asyncio.get_running_loop().time() + WAIT
        while not holds():
            assert asyncio.get_running_loop().time() < until, self.told()
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                self.records += [decode_notification(record.value) for record in records]

    def told(self) -> str:
        """All of it, a line each."""
        return "\n".join(
            f"{each.kind} {each.target} {each.state} {each.attempt} {each.reason}" for each in self.records
        )

    def story(self) -> dict[tuple[str, str], list[str]]:
        """By kind and target, the states of its records."""
        told: dict[tuple[str, str], list[str]] = {}
        for record in self.records:
            told.setdefault((record.kind, record.target), []).append("due" if record.is_due else record.state)
        return told


@asynccontextmanager
async def pipeline(kafka: LocalKafka, folder: Path, mailbox: Dovecot, at: Ends) -> AsyncIterator[Ledger]:
    await kafka.start()
    await apply_topics(kafka.brokers, topics.ALL, PARTITIONS, replication=1)
    policies, notify = folder / "policies", folder / "notify"
    policies.mkdir()
    notify.mkdir()
    (policies / "told.toml").write_text(POLICY)
    (policies / "book.toml").write_text('default = "told"\n')
    (notify / "notify.toml").write_text(NOTIFY.format(smtp=at.box.port, hook=at.hook.address, desk=at.desk.server.url))
    environment = {
        "KAFKA_BROKERS": kafka.brokers,
        "TICKETPULSE_POLICIES": str(policies),
        "TICKETPULSE_NOTIFY": str(notify),
        "TICKETPULSE_MAILBOX_URL": f"imaps://{USER}@127.0.0.1:{mailbox.tls_port}/INBOX",
        "TICKETPULSE_MAILBOX_CA": str(mailbox.certificate),
        "TICKETPULSE_MAILBOX_PASSWORD": PASSWORD,
        "HOOK_SECRET": "hook-secret",
        "CHAT_URL": at.chat.address.replace("http://", "json://") + "/chat",
        "DESK_TOKEN": DESK_TOKEN,
    }
    async with AsyncExitStack() as stack:
        running: list[ProductProcess] = []
        for number, stage in enumerate(STAGES):
            running.append(StageProcess(stage, number, kafka.brokers, folder, also=environment))
            stack.callback(running[-1].discard)
        for command in (("sink", "notify"), ("source", "mailbox")):
            argv = ["-m", "streams.cli", *command]
            running.append(ProductProcess(command[0], argv, environment, folder))
            stack.callback(running[-1].discard)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka.brokers, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        consumer.assign([TopicPartition(topics.NOTIFICATIONS, partition) for partition in range(PARTITIONS)])
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        await all_at_work(kafka, running)
        yield Ledger(consumer)
        for process in reversed(running):
            process.alive()
            await process.leave()
        written = "".join(process.log.read_text() for process in running)
        for secret in (PASSWORD, "hook-secret", DESK_TOKEN):
            assert secret not in written


async def all_at_work(kafka: LocalKafka, running: Sequence[ProductProcess]) -> None:
    """Until each stage and the sender have their partitions. One that began long after the others would find an
    escalation and the reminder of it at once, which it may send in any order.
    """
    async with Cluster(kafka.brokers, PARTITIONS) as cluster:

        async def each_has_its_partitions() -> bool:
            groups = [await cluster.group(name) for name in (*STAGES, "sender")]
            return groups == [Group(1, stable=True)] * len(groups)

        await until(
            each_has_its_partitions,
            "each stage and the sender have their partitions",
            WAIT,
            check=lambda: [process.alive() for process in running],
        )


def complaint() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Ann <{CUSTOMER}>"
    mail["To"] = "support@acme.example"
    mail["Subject"] = "Third time"
    mail["Message-ID"] = MESSAGE_ID
    mail["Date"] = datetime.now(UTC)
    mail.set_content(f"{FURIOUS}\n\nOn Monday you wrote:\n> What a wonderful day, thank you so much!\n")
    return mail


def out_of_office() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Bob <bob@customer.example>"
    mail["To"] = "support@acme.example"
    mail["Subject"] = "Out of office"
    mail["Message-ID"] = "<away-1@customer.example>"
    mail["Auto-Submitted"] = "auto-replied"
    mail["Date"] = datetime.now(UTC)
    mail.set_content(FURIOUS)
    return mail


async def resolve(kafka: LocalKafka, ticket_id: str) -> None:
    event = {
        "event_id": "resolved-1",
        "ticket_id": ticket_id,
        "type": "status_changed",
        "status": "resolved",
        "channel": "email",
    }
    async with AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer:
        await producer.send_and_wait(topics.EVENTS, json.dumps(event).encode())


async def test_a_mail_escalates_is_told_of_reminded_of_and_resolved(
    own_kafka: LocalKafka, own_mail_server: Dovecot, tmp_path: Path
) -> None:
    own_mail_server.start()
    async with ends() as at, pipeline(own_kafka, tmp_path, own_mail_server, at) as ledger:
        with own_mail_server.client() as client:
            for mail in (out_of_office(), complaint()):
                client.append("INBOX", "", "", mail.as_bytes())
        # Nobody answers, so it is reminded of.
        await ledger.until(lambda: sent(ledger, "escalation", "leads", "hook", "chat", "desk"))
        await ledger.until(lambda: sent(ledger, "reminder", "leads", "hook", "chat"))
        await ledger.until(lambda: sent(ledger, "acknowledgement", "customer"))
        (ticket,) = {record.ticket_id for record in ledger.records if record.kind == "escalation"}
        await resolve(own_kafka, str(ticket))
        await ledger.until(lambda: sent(ledger, "resolved", "hook", "desk"))
        story = ledger.story()
    told = ["pending", "due", "sent"]
    assert story == {
        ("acknowledgement", "customer"): told,
        ("escalation", "leads"): told,
        ("escalation", "hook"): told,
        ("escalation", "chat"): told,
        ("escalation", "desk"): told,
        ("reminder", "leads"): told,
        ("reminder", "hook"): told,
        ("reminder", "chat"): told,
        ("resolved", "hook"): told,
        ("resolved", "desk"): told,
    }
    _check_mails(at)
    _check_targets(at)


def sent(ledger: Ledger, kind: str, *targets: str) -> bool:
    """Whether each of these targets was told; one may be slower than another."""
    story = ledger.story()
    return all(story.get((kind, target), [])[-1:] == ["sent"] for target in targets)


def _check_mails(at: Ends) -> None:
    (acknowledged,) = at.mails_to(CUSTOMER)
    assert acknowledged["In-Reply-To"] == MESSAGE_ID
    assert acknowledged["Auto-Submitted"] == "auto-replied"
    body = acknowledged.get_body(("plain",))
    assert body is not None
    assert "We are sorry." in body.get_content()
    escalated, reminder = at.mails_to("leads@acme.example")
    assert re.search(r"TKT-\d{4}-0001", escalated["Subject"])
    (conversation,) = escalated.iter_attachments()
    # The whole mail is in the record; only the customer's own words were scored.
    assert "worst, most terrible" in conversation.get_content()
    assert reminder["Message-ID"] != escalated["Message-ID"]
    assert at.mails_to("bob@customer.example") == []


def _check_targets(at: Ends) -> None:
    kinds = [asked.json["kind"] for asked in at.hook.asked]
    assert kinds == ["escalation", "reminder", "resolved"]
    assert len({asked.headers["idempotency-key"] for asked in at.hook.asked}) == 3
    assert all(asked.headers["x-ticketpulse-signature"].startswith("v1=") for asked in at.hook.asked)
    assert len(at.chat.asked) == 2
    assert at.desk.broken == []
    ticket = at.desk.only
    assert (ticket.priority, ticket.flags) == ("3 high", [])
    assert len(ticket.notes) >= 2
