"""The batch consumer: takes records from Kafka, has them processed, and tells the group how far it is.

- Offsets are committed after the database, and only now and then: records seen again after a crash are dropped by the
  inbox. Before partitions are given away, and when it stops, all are committed, so that nobody begins with old records.
- The broker lets few records gather for `gather_ms`: a batch, its fetch and its statements cost many times what a
  record costs. And a fetch that is answered with the first record would be all that the next batch holds, since
  aiokafka asks for more only when that is taken: each record would wait for two batches.
- When infrastructure is away, the batch's partitions are wound back and taken again after a growing pause: nothing is
  skipped, and the group's heartbeat goes on.
- Before partitions are given away, the batch in hand is finished.
- A consumer that has lag but makes no progress (a client that connected while the broker recovered its log can hang)
  is built anew.
- Too many dead letters stop it for good: readiness says so, and a person has to look.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import ConsumerRecord

from lendstream.envelope import Record
from lendstream.runtime import metrics
from lendstream.runtime.closing import close_quietly, really_cancelled
from lendstream.runtime.database import is_infrastructure
from lendstream.runtime.limits import TooManyDeadLettersError
from lendstream.runtime.records import from_kafka
from lendstream.runtime.telemetry import logger
from lendstream.topics import Topic

_POLL_MS = 200
_STALLED_SECONDS = 20.0
_NEW_TOPICS_MS = 3_000
_LONGEST_PAUSE = 5.0
_GATHER_BYTES = 131_072
"""Where there is so much, the broker answers at once."""
_BETWEEN_COMMITS = 0.5

Process = Callable[[Sequence[Record]], Awaitable[None]]
Batch = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class StalledError(Exception):
    """There is lag, and nothing comes."""


class Consumer:
    """Run `run()` as a task; `stop()` lets the batch in hand finish."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topics: Iterable[Topic],
        process: Process,
        batch_size: int = 500,
        gather_ms: int = 50,
    ) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._pattern = "|".join(re.sub(r"\?P<\w+>", "?:", topic.pattern) for topic in topics)
        self._process = process
        self._batch_size = batch_size
        self._gather_ms = gather_ms
        self._stopping = asyncio.Event()
        self._busy = asyncio.Lock()
        self.stopped_for: str | None = None
        """Why it stopped for good, if it did."""
        self.assigned = False
        """Whether it is a member of its group and takes records."""
        self.ailing: str | None = None
        """What keeps it waiting, while infrastructure is away."""

    def stop(self) -> None:
        """Finish the batch in hand, commit, leave the group."""
        self._stopping.set()

    async def run(self) -> None:
        """Take records until stopped, or until too many of them are poison."""
        pause = 0.1
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                await self._session()
            except TooManyDeadLettersError as error:
                self.stopped_for = str(error)
                metrics.CONSUMER_STATE.set(-1)
                logger().critical(
                    "the consumer stopped for good; see `lendstream dlq list`, then restart", reason=str(error)
                )
                return
            except (Exception, asyncio.CancelledError) as error:
                if really_cancelled():
                    raise
                reason = "stalled" if isinstance(error, StalledError) else "infrastructure"
                metrics.CONSUMER_REBUILDS.labels(reason).inc()
                logger().warning("the consumer is built anew", error=repr(error), pause_seconds=pause)
            finally:
                self.assigned = False
            if not self._stopping.is_set():
                pause = 0.1 if time.monotonic() - started > 30 else min(pause * 2, _LONGEST_PAUSE)
                await self._pause(pause)

    async def _session(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            client_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metadata_max_age_ms=_NEW_TOPICS_MS,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=300_000,
            fetch_max_wait_ms=self._gather_ms,
            fetch_min_bytes=_GATHER_BYTES,
            max_partition_fetch_bytes=2_097_152,
        )
        offsets = _Offsets(consumer, self._busy)
        consumer.subscribe(pattern=self._pattern, listener=offsets)
        try:
            await asyncio.wait_for(consumer.start(), 30)
            await self._take(consumer, offsets)
            async with self._busy:
                await offsets.commit()
        finally:
            await close_quietly(consumer.stop(), 15)

    async def _take(self, consumer: AIOKafkaConsumer, offsets: "_Offsets") -> None:
        progressed = time.monotonic()
        pause = 0.1
        while not self._stopping.is_set():
            batch = await asyncio.wait_for(consumer.getmany(timeout_ms=_POLL_MS, max_records=self._batch_size), 60)
            self.assigned = bool(consumer.assignment())
            metrics.CONSUMER_STATE.set(1)
            async with self._busy:
                if handled := not batch or await self._handled(consumer, batch):
                    offsets.note(batch)
                    await offsets.commit_if_due()
            if not batch:
                if time.monotonic() - progressed > _STALLED_SECONDS:
                    await self._raise_if_lagging(consumer)
                    progressed = time.monotonic()
                continue
            if handled:
                pause = 0.1
            else:
                await self._pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            progressed = time.monotonic()

    async def _handled(self, consumer: AIOKafkaConsumer, batch: Batch) -> bool:
        """Whether the batch was processed; it is wound back, to be taken again, when infrastructure is away."""
        records = [from_kafka(record) for taken in batch.values() for record in taken]
        started = time.perf_counter()
        try:
            await self._process(records)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            self._wind_back(consumer, batch)
            metrics.BATCH_RETRIES.labels("infrastructure").inc()
            metrics.CONSUMER_STATE.set(0)
            self.ailing = f"away: {error!r}"
            logger().warning("infrastructure is away; the batch is taken again", error=repr(error))
            return False
        self.ailing = None
        metrics.BATCH_SIZE.observe(len(records))
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        self._measure_lag(consumer, batch)
        return True

    def _wind_back(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        for place, taken in batch.items():
            if place in consumer.assignment():
                consumer.seek(place, taken[0].offset)

    def _measure_lag(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        for place, taken in batch.items():
            if place in consumer.assignment() and (highwater := consumer.highwater(place)) is not None:
                lag = highwater - taken[-1].offset - 1
                metrics.CONSUMER_LAG.labels(place.topic, str(place.partition)).set(max(lag, 0))

    async def _raise_if_lagging(self, consumer: AIOKafkaConsumer) -> None:
        places = list(consumer.assignment())
        ends = await asyncio.wait_for(consumer.end_offsets(places), 15)
        for place in places:
            if ends[place] > await asyncio.wait_for(consumer.position(place), 15):
                raise StalledError(f"{place.topic}/{place.partition} has records up to {ends[place]} and none comes")

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


class _Offsets(ConsumerRebalanceListener):
    """How far the consumer is, for its group to know; whoever commits holds `busy`, as does who has a batch in hand."""

    def __init__(self, consumer: AIOKafkaConsumer, busy: asyncio.Lock) -> None:
        self._consumer = consumer
        self._busy = busy
        self._next: dict[TopicPartition, int] = {}
        self._due = 0.0

    def note(self, batch: Batch) -> None:
        """A batch is done."""
        self._next.update((place, taken[-1].offset + 1) for place, taken in batch.items())

    async def commit_if_due(self) -> None:
        """Commit, unless that was done a moment ago. Errors: KafkaError, TimeoutError."""
        if self._next and time.monotonic() >= self._due:
            await self.commit()

    async def commit(self) -> None:
        """Commit what is done. Errors: KafkaError, TimeoutError."""
        held = self._consumer.assignment()
        offsets = {place: offset for place, offset in self._next.items() if place in held}
        self._next.clear()
        self._due = time.monotonic() + _BETWEEN_COMMITS
        if not offsets:
            return
        try:
            await asyncio.wait_for(self._consumer.commit(offsets), 10)
        except (CommitFailedError, IllegalStateError) as error:
            # The group gave the partitions to another member: it sees these records again and its inbox drops them.
            logger().info("offsets not committed after a rebalance", error=repr(error))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Wait for the batch in hand and commit, so that the next holder begins behind it."""
        async with self._busy:
            try:
                await self.commit()
            except (KafkaError, TimeoutError) as error:
                logger().info("offsets not committed before a rebalance", error=repr(error))
            for place in revoked:
                with suppress(KeyError):
                    metrics.CONSUMER_LAG.remove(place.topic, str(place.partition))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Nothing to prepare: state lives in the database."""
        if assigned:
            logger().info(
                "partitions assigned", partitions=sorted(f"{place.topic}/{place.partition}" for place in assigned)
            )
