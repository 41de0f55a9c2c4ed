"""The relay: publishes the outbox, in order, from one instance at a time.

A session-wide advisory lock names the one active relay. It reads unpublished rows in order, hands them to the
idempotent producer, waits for the acknowledgement of all replicas, then deletes them. Killed between the last two,
it publishes those rows again under the same ids, and readers drop them by their inbox.

Never `seq > last`: that loses rows whose transaction commits late. Never several relays with SKIP LOCKED: that
breaks the order.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from lendstream.runtime import metrics
from lendstream.runtime.closing import close_quietly, really_cancelled
from lendstream.runtime.outbox import headers_of
from lendstream.runtime.producer import new_producer
from lendstream.runtime.queries import queries
from lendstream.runtime.sql import Connection
from lendstream.runtime.telemetry import logger

_IDLE_SECONDS = 0.1
_STANDBY_SECONDS = 1.0
_RECHECK_SECONDS = 5.0


class Relay:
    """Run `run()` as a task; call `wake()` after a commit that wrote to the outbox."""

    def __init__(self, database_url: str, bootstrap: str, service: str, batch_size: int = 1000) -> None:
        self._url = database_url
        self._bootstrap = bootstrap
        self._service = service
        self._batch_size = batch_size
        self._woken = asyncio.Event()
        self._stopping = False
        self._blocked: dict[str, float] = {}

    def wake(self) -> None:
        """There is something to publish."""
        self._woken.set()

    def stop(self) -> None:
        """Publish what is there, then end `run()`."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Publish until stopped; infrastructure errors are retried for ever, with a new connection and producer."""
        pause = 0.1
        while not self._stopping:
            started = time.monotonic()
            try:
                await self._session()
            except (Exception, asyncio.CancelledError) as error:
                if really_cancelled():
                    raise
                logger().warning("the relay starts anew", error=repr(error), pause_seconds=pause)
            finally:
                metrics.RELAY_ACTIVE.set(0)
            if not self._stopping:
                pause = 0.1 if time.monotonic() - started > 30 else min(pause * 2, 5)
                await asyncio.sleep(pause)

    async def _session(self) -> None:
        connection: Connection = await asyncpg.connect(
            self._url,
            timeout=10,
            command_timeout=30,
            server_settings={"application_name": f"lendstream-{self._service}-relay"},
        )
        producer = new_producer(self._bootstrap, f"lendstream-{self._service}-relay")
        try:
            while not await queries.lock_relay(connection):
                await self._sleep(_STANDBY_SECONDS)
                if self._stopping:
                    return
            await asyncio.wait_for(producer.start(), 30)
            metrics.RELAY_ACTIVE.set(1)
            logger().info("relay active")
            await self._publish_all(connection, producer)
        finally:
            await close_quietly(producer.stop(), 10)
            with suppress(Exception):
                await connection.close(timeout=5)

    async def _publish_all(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        """Keep two batches on their way: one is read and sent while the other's acknowledgements come in.

        While they come in it reads only where there may be more: after a full batch, or when it was woken.
        """
        flying: asyncio.Task[list[int]] | None = None
        in_flight: list[int] = []
        rows: list[Any] = []
        measured = 0.0
        try:
            while True:
                more = not flying or len(rows) == self._batch_size or self._woken.is_set() or self._stopping
                self._woken.clear()
                stopping = self._stopping
                rows = await self._read(connection, in_flight) if more else []
                sent = await self._send(producer, rows) if rows else None
                if flying is not None:
                    await self._done(connection, await flying)
                flying, in_flight = (asyncio.create_task(_acknowledged(*sent)), sent[0]) if sent else (None, [])
                if time.monotonic() - measured > 2:
                    measured = await self._measure(connection)
                if flying is None:
                    if stopping:
                        return
                    await self._sleep(_IDLE_SECONDS)
        finally:
            if flying is not None:
                flying.cancel()
                with suppress(BaseException):
                    await flying

    async def _read(self, connection: Connection, in_flight: list[int]) -> list[Any]:
        blocked = self._still_blocked()
        rows = queries.read_outbox(connection, in_flight=in_flight, blocked=blocked, n=self._batch_size)
        return [row async for row in rows]

    async def _send(self, producer: AIOKafkaProducer, rows: Sequence[Any]) -> tuple[list[int], list[Any]]:
        """Hand rows to the producer in order; rows for a topic that does not exist stay where they are."""
        seqs, futures = [], []
        for seq, topic, key, payload, headers in rows:
            if topic in self._blocked or not await self._exists(producer, topic):
                continue
            futures.append(await producer.send(topic, value=payload, key=key, headers=headers_of(headers)))
            seqs.append(seq)
        return seqs, futures

    async def _exists(self, producer: AIOKafkaProducer, topic: str) -> bool:
        """Whether the broker has the topic; asking the producer itself would wait and hold up every other topic."""
        if producer.client.cluster.partitions_for_topic(topic):
            return True
        metadata = await producer.client.fetch_all_metadata()
        if metadata.partitions_for_topic(topic):
            await producer.partitions_for(topic)
            return True
        self._blocked[topic] = time.monotonic() + _RECHECK_SECONDS
        metrics.OUTBOX_BLOCKED.set(len(self._blocked))
        logger().error(
            "a topic does not exist; its records wait in the outbox: run `lendstream topics apply`", topic=topic
        )
        return False

    def _still_blocked(self) -> list[str]:
        for topic in [topic for topic, until in self._blocked.items() if until < time.monotonic()]:
            del self._blocked[topic]
        metrics.OUTBOX_BLOCKED.set(len(self._blocked))
        return list(self._blocked)

    async def _done(self, connection: Connection, seqs: list[int]) -> None:
        if seqs:
            await queries.delete_outbox(connection, seqs=seqs)
            metrics.RELAYED.inc(len(seqs))

    async def _measure(self, connection: Connection) -> float:
        state = await queries.outbox_state(connection)
        metrics.OUTBOX_DEPTH.set(state["depth"])
        metrics.OUTBOX_AGE.set(state["age"])
        return time.monotonic()

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)


async def _acknowledged(seqs: list[int], futures: list[Any]) -> list[int]:
    """The rows, once the broker has acknowledged every one of them."""
    await asyncio.gather(*futures)
    return seqs
