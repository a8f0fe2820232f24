"""A member of a group whose connections to the broker are open and dead."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from sinks.kafka_cluster import client_arguments
from sinks.kafka_membership import expect_answers, membership
from streams.up.local_kafka import Listener, LocalKafka
from streams.up.processes import free_port
from tests.servers.forgetful_proxy import ForgetfulProxy

HOST, TOPIC = "127.0.0.1", "of-members"
SESSION = 3.0
# The client gives every request so long, which is 40 s otherwise, so that what is soon may be long on a busy machine.
REQUEST_SECONDS = 180.0
SOON = 100.0


class Joins(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells of each time that the group has assigned something."""

    def __init__(self) -> None:
        self.joined = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.joined.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.joined.set()


async def test_who_has_no_answer_within_a_session_joins_on_a_new_connection(own_kafka: LocalKafka) -> None:
    port = free_port()
    async with ForgetfulProxy(f"{HOST}:{port}") as proxy:
        own_kafka.listeners = [Listener("AFAR", port, proxy.address)]
        await own_kafka.start()
        admin = AIOKafkaAdminClient(**client_arguments(own_kafka.brokers))
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        await admin.close()
        joins = Joins()
        consumer = AIOKafkaConsumer(
            **client_arguments(proxy.address),
            group_id="g",
            request_timeout_ms=round(REQUEST_SECONDS * 1000),
            **membership(SESSION),
        )
        expect_answers(consumer, SESSION)
        consumer.subscribe([TOPIC], listener=joins)
        try:
            await consumer.start()
            await joins.joined.wait()
            assert await proxy.forget() >= 2
            joins.joined.clear()
            async with asyncio.timeout(SOON):
                await joins.joined.wait()
        finally:
            await consumer.stop()
