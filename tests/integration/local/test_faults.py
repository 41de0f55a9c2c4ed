"""Servers that are killed, or taken away for a while, come back with their data on the same address."""

import os
import signal

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lendstream_local import Stack
from lendstream_local.probes import eventually


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_records_survive_a_killed_kafka(own_stack: Stack) -> None:
    address, pid = own_stack.kafka_bootstrap, own_stack.kafka.pid
    values = [str(number).encode() for number in range(100)]
    await produce(address, "faults.killed", values)

    own_stack.kafka.kill()
    assert not own_stack.kafka.running()
    own_stack.kafka.start()

    assert own_stack.kafka_bootstrap == address
    assert own_stack.kafka.pid != pid
    assert await consume(address, "faults.killed", 100) == values


async def test_records_survive_a_stopped_kafka(own_stack: Stack) -> None:
    await produce(own_stack.kafka_bootstrap, "faults.stopped", [b"here"])
    own_stack.kafka.stop()
    own_stack.kafka.start()
    assert await consume(own_stack.kafka_bootstrap, "faults.stopped", 1) == [b"here"]


async def test_commits_survive_a_killed_postgres_with_sessions_at_work(own_stack: Stack) -> None:
    dsn = own_stack.create_database("faults")
    writer = await asyncpg.connect(dsn)
    await writer.execute("CREATE TABLE kept (n int); INSERT INTO kept SELECT generate_series(1, 1000)")

    os.kill(own_stack.postgres.pid, signal.SIGKILL)  # the postmaster alone: its children are still there
    assert eventually(lambda: not own_stack.postgres.running())
    own_stack.postgres.start()

    reader = await asyncpg.connect(dsn)
    assert await reader.fetchval("SELECT count(*) FROM kept") == 1000
    await reader.close()
    writer.terminate()


async def test_postgres_stops_although_sessions_are_open(own_stack: Stack) -> None:
    dsn = own_stack.create_database("sessions")
    session = await asyncpg.connect(dsn)
    own_stack.postgres.stop()
    assert not own_stack.postgres.running()
    own_stack.postgres.start()
    session.terminate()
    again = await asyncpg.connect(dsn)
    assert await again.fetchval("SELECT 1") == 1
    await again.close()


def test_another_handle_sees_the_same_servers(own_stack: Stack) -> None:
    other = Stack.attach(own_stack.home.path)
    other.kafka.kill()
    assert not own_stack.kafka.running()
    own_stack.kafka.start()
    assert other.kafka.pid == own_stack.kafka.pid
