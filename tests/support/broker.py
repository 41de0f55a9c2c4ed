"""Publishing to and reading from the broker in tests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from lendstream.admin import apply_topics
from lendstream.envelope import Record
from lendstream.runtime.producer import new_producer
from lendstream.runtime.records import from_kafka
from support.waiting import until


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[Callable[[Iterable[Record]], Awaitable[None]]]:
    """A function that publishes records and waits for their acknowledgement."""
    kafka = new_producer(bootstrap, "tests")
    await kafka.start()

    async def send(records: Iterable[Record]) -> None:
        for future in [await kafka.send(r.topic, r.value, r.key, headers=list(r.headers)) for r in records]:
            await future

    try:
        yield send
    finally:
        await kafka.stop()


Positions = dict[TopicPartition, int]


async def read_topic(bootstrap: str, *topics: str, after: Positions | None = None) -> list[Record]:
    """Everything that is on the topics now; what came after these positions, which are moved on, if they are given."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        cluster = await consumer._client.fetch_all_metadata()  # partitions_for_topic knows subscribed topics only
        places = [
            TopicPartition(topic, number) for topic in topics for number in cluster.partitions_for_topic(topic) or ()
        ]
        if not places:
            return []
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        for place, position in (after or {}).items():
            consumer.seek(place, position)
        records: list[Record] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for taken in (await consumer.getmany(timeout_ms=200)).values():
                records += (from_kafka(record) for record in taken)
        if after is not None:
            after.update({place: await consumer.position(place) for place in places})
        return records
    finally:
        await consumer.stop()


async def fresh_topics(bootstrap: str, partners: Iterable[str] = ()) -> None:
    """Empty topics: those of the registry are deleted and made again, so that a test sees only its own records."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = [name for name in await admin.list_topics() if name.startswith("lending.")]
        if there:
            await admin.delete_topics(there)

        async def gone() -> bool:
            return not [name for name in await admin.list_topics() if name.startswith("lending.")]

        await until(gone, "the old topics are deleted")
    finally:
        await admin.close()
    await apply_topics(bootstrap, partners)
