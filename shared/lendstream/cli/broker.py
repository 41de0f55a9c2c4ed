"""Records read from and written to the broker, for the commands."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from lendstream import admin
from lendstream.envelope import Record
from lendstream.topics import DEAD_LETTER

_WAIT_MS = 500
_LOOK_FOR_TOPICS_EVERY = 4.0  # seconds


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose records are confirmed by every replica in sync and never doubled by its own retries."""
    client = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=DEAD_LETTER.max_message_bytes
    )
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


async def send(client: AIOKafkaProducer, record: Record) -> tuple[int, int]:
    """Publish a record; its partition and offset once the broker has confirmed it."""
    sent = await (await begin(client, record))
    return sent.partition, sent.offset


async def begin(client: AIOKafkaProducer, record: Record) -> Awaitable[Any]:
    """Hand a record over, for its own partition if it names one that is there; to be awaited for the confirmation."""
    known = await client.partitions_for(record.topic)
    partition = record.partition if record.partition in known else None
    key = b"" if record.key is None and record.value is None else record.key  # the client sends no record of neither
    confirmation: Awaitable[Any] = await client.send(
        record.topic, record.value, key=key, partition=partition, headers=list(record.headers)
    )
    return confirmation


async def topics_like(bootstrap: str, wanted: Callable[[str], bool]) -> list[TopicPartition]:
    """The partitions of the broker's topics whose names are wanted."""
    async with admin.connected(bootstrap) as client:
        names = sorted(name for name in await client.list_topics() if wanted(name))
        found = await client.describe_topics(names) if names else []
    return [TopicPartition(each["topic"], part["partition"]) for each in found for part in each["partitions"]]


class Reader:
    """Reads partitions without a consumer group: nothing is committed, no other reader notices."""

    def __init__(self, consumer: AIOKafkaConsumer, bootstrap: str, wanted: Callable[[str], bool]) -> None:
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._wanted = wanted
        self.partitions: list[TopicPartition] = []

    async def start(self, *, at_end: bool = False) -> None:
        """Take up the wanted topics, from their beginning or from their end on."""
        self.partitions = await topics_like(self._bootstrap, self._wanted)
        self._consumer.assign(self.partitions)
        if self.partitions:
            seek = self._consumer.seek_to_end if at_end else self._consumer.seek_to_beginning
            await seek(*self.partitions)

    async def history(self) -> AsyncIterator[Record]:
        """What is there now, the oldest first; several partitions merged by their records' times."""
        ends = await self._consumer.end_offsets(self.partitions) if self.partitions else {}
        fetched: dict[TopicPartition, deque[Record]] = {partition: deque() for partition in self.partitions}
        heads: list[tuple[datetime, TopicPartition]] = []
        for partition in self.partitions:
            await self._advance(partition, ends[partition], fetched[partition], heads)
        while heads:
            _, partition = heapq.heappop(heads)
            record = fetched[partition].popleft()
            yield record
            await self._advance(partition, ends[partition], fetched[partition], heads)

    async def _advance(
        self, partition: TopicPartition, end: int, fetched: deque[Record], heads: list[tuple[datetime, TopicPartition]]
    ) -> None:
        while not fetched and await self._consumer.position(partition) < end:
            batch = await self._consumer.getmany(partition, timeout_ms=_WAIT_MS, max_records=500)
            fetched.extend(to_record(each) for each in batch.get(partition, []))
        if fetched:
            heapq.heappush(heads, (_moment(fetched[0]), partition))

    async def follow(self) -> AsyncIterator[Record]:
        """What comes from here on, for ever; topics that appear meanwhile are read from their beginning."""
        clock = asyncio.get_running_loop()
        looked = clock.time()
        while True:
            if clock.time() - looked > _LOOK_FOR_TOPICS_EVERY or not self.partitions:
                looked = clock.time()
                await self._take_up_new_topics()
            if not self.partitions:
                await asyncio.sleep(_WAIT_MS / 1000)
                continue
            batches = await self._consumer.getmany(timeout_ms=_WAIT_MS)
            records = [to_record(each) for batch in batches.values() for each in batch]
            for record in sorted(records, key=_moment):
                yield record

    async def _take_up_new_topics(self) -> None:
        now = await topics_like(self._bootstrap, self._wanted)
        new = [partition for partition in now if partition not in self.partitions]
        if not new:
            return
        positions = {partition: await self._consumer.position(partition) for partition in self.partitions}
        self.partitions += new
        self._consumer.assign(self.partitions)
        for partition, position in positions.items():
            self._consumer.seek(partition, position)
        await self._consumer.seek_to_beginning(*new)


@asynccontextmanager
async def reader(bootstrap: str, wanted: Callable[[str], bool]) -> AsyncIterator[Reader]:
    """A reader of the topics whose names are wanted."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * DEAD_LETTER.max_message_bytes,
    )
    try:
        await consumer.start()
        yield Reader(consumer, bootstrap, wanted)
    finally:
        await consumer.stop()


def _moment(record: Record) -> datetime:
    return record.timestamp or datetime.min.replace(tzinfo=UTC)


def to_record(consumed: ConsumerRecord) -> Record:
    """The client library's record as ours; a header without a value is empty."""
    return Record(
        topic=consumed.topic,
        key=consumed.key,
        value=consumed.value,
        headers=tuple((name, value or b"") for name, value in consumed.headers),
        partition=consumed.partition,
        offset=consumed.offset,
        timestamp=datetime.fromtimestamp(consumed.timestamp / 1000, UTC),
    )
