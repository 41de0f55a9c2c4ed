"""Reading topics from their beginning and on, whatever happens to the broker in between."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from lendstream.envelope import Record
from lendstream.runtime.closing import close_quietly, end_task, really_cancelled
from lendstream.runtime.records import from_kafka
from lendstream.topics import UnknownTopic, find

_log = logging.getLogger(__name__)
_POLL_MS = 200
_PATIENCE = 5.0
"""Seconds without a record after which it looks whether there are any."""
_LONGEST_CALL = 15.0
_PAUSE = 0.3
_EPOCH = datetime.fromtimestamp(0, UTC)

See = Callable[[list[Record]], None]
Act = Callable[[], Awaitable[None]]


class StalledError(Exception):
    """There are records, and none comes."""


class Follower:
    """Shows every record of some topics, oldest first, to `see`, and has `act` called after each batch, once all that
    was there at the beginning has been seen. `run()` it as a task.

    It belongs to no consumer group and commits nothing: where it stands is in memory, and a new one begins at the
    beginning. A client that stalls or fails (one that connects while the broker recovers its log can hang) is
    replaced, and reading goes on where it was.
    """

    def __init__(self, bootstrap: str, topics: Iterable[str], see: See, act: Act) -> None:
        self._bootstrap = bootstrap
        self._topics = sorted(topics)
        self._see = see
        self._act = act
        self.positions: dict[TopicPartition, int] = {}
        """The next offset to read, by partition."""
        self.caught_up = False
        """Whether it has read everything that was there when it began."""
        self.trouble: str | None = None
        """What keeps it from reading, if anything does."""

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError, TimeoutError, StalledError, asyncio.CancelledError) as error:
                if really_cancelled():
                    raise
                self.trouble = repr(error)
                _log.info("reading with a new client: %r", error)
                await asyncio.sleep(_PAUSE)

    def reached(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """Whether the records at these offsets have been read."""
        return all(self.positions.get(place, 0) > offset for place, offset in offsets.items())

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=2_097_152,
            request_timeout_ms=20_000,
        )
        try:
            await asyncio.wait_for(consumer.start(), _LONGEST_CALL)
            for place, offset in self.positions.items():
                consumer.seek(place, offset)
            await self._read(consumer)
        finally:
            await close_quietly(consumer.stop(), _LONGEST_CALL)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        ends = None if self.caught_up else await self._ends(consumer)
        heard = time.monotonic()
        while True:
            batch = await asyncio.wait_for(consumer.getmany(timeout_ms=_POLL_MS), _LONGEST_CALL)
            if batch:
                heard, self.trouble = time.monotonic(), None
                self._see(_oldest_first([from_kafka(each) for taken in batch.values() for each in taken]))
                self.positions |= {place: taken[-1].offset + 1 for place, taken in batch.items()}
            elif time.monotonic() - heard > _PATIENCE:
                if place := await self._behind(consumer, await self._ends(consumer)):
                    raise StalledError(f"nothing comes of {place.topic}/{place.partition}")
                heard = time.monotonic()
            if ends is not None and await self._behind(consumer, ends) is None:
                ends, self.caught_up, self.trouble = None, True, None
                await self._act()
            elif batch and self.caught_up:
                await self._act()

    async def _ends(self, consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await asyncio.wait_for(
            consumer.end_offsets(list(consumer.assignment())), _LONGEST_CALL
        )
        return ends

    async def _behind(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> TopicPartition | None:
        """A partition of which records up to these ends have not been read, if there is one."""
        for place, end in ends.items():
            if end > self.positions.get(place, 0) and end > await asyncio.wait_for(
                consumer.position(place), _LONGEST_CALL
            ):
                return place
        return None


def _oldest_first(records: list[Record]) -> list[Record]:
    """Across partitions by time, so that causes come before effects; within a partition the order stays."""
    latest: dict[tuple[str, int], datetime] = {}
    keyed = []
    for record in records:
        place = record.topic, record.partition
        latest[place] = max(record.timestamp or _EPOCH, latest.get(place, _EPOCH))
        keyed.append((latest[place], record))
    return [record for _, record in sorted(keyed, key=lambda each: each[0])]


async def read_topics(bootstrap: str, limit: float = 120.0) -> list[Record]:
    """Everything on the topics of the registry at this moment, in time order.

    Raises:
        TimeoutError: it could not be read within `limit` seconds.
        KafkaError: no broker answers.
    """
    topics = await known_topics(bootstrap)
    records: list[Record] = []
    done = asyncio.Event()

    async def finish() -> None:
        done.set()

    follower = Follower(bootstrap, topics, records.extend, finish)
    reading = asyncio.create_task(follower.run())
    try:
        await asyncio.wait_for(done.wait(), limit)
    finally:
        await end_task(reading)
    return _oldest_first(records)


async def known_topics(bootstrap: str) -> list[str]:
    """The names on the broker that the registry knows. Raises KafkaError when no broker answers."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    try:
        await consumer.start()
        names = await consumer.topics()
    finally:
        await consumer.stop()
    return sorted(name for name in names if _is_known(name))


def _is_known(name: str) -> bool:
    try:
        find(name)
    except UnknownTopic:
        return False
    return True
