"""The embedded stack serves real clients."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def test_kafka_keeps_and_gives_records(kafka_bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("local.stack.hello", 1, 1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait("local.stack.hello", b"hello")
    async with AIOKafkaConsumer(
        "local.stack.hello", bootstrap_servers=kafka_bootstrap, group_id="local.stack", auto_offset_reset="earliest"
    ) as consumer:
        assert (await consumer.getone()).value == b"hello"


async def test_a_fresh_database_is_there_and_empty(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SHOW server_version_num") >= "180000"
        assert await connection.fetch("SELECT * FROM pg_tables WHERE schemaname = 'public'") == []
    finally:
        await connection.close()
