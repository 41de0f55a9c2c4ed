"""Publishing that does not give up: a record is sent again until the broker has it."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from lendstream.envelope import Record
from lendstream.runtime.closing import close_quietly, really_cancelled
from lendstream.runtime.producer import new_producer

_log = logging.getLogger(__name__)
_PAUSE = 0.2
_LONGEST_START = 15.0
_LONGEST_STOP = 5.0
_LONGEST_ATTEMPT = 30.0
"""Seconds after which a producer that gets no answer is replaced: one that met a recovering broker may hang."""


class Publisher:
    """Publishes in order, one call at a time, over as many producers and broker outages as it takes.

    After an outage the broker may hold a record twice, with the same id: readers drop the second.
    """

    def __init__(self, bootstrap: str, client: str) -> None:
        self._bootstrap = bootstrap
        self._client = client
        self._producer: AIOKafkaProducer | None = None
        self._turn = asyncio.Lock()
        self.in_flight = 0
        """Records handed over that the broker has not confirmed yet."""
        self.confirmed: dict[TopicPartition, int] = {}
        """The highest offset confirmed, by partition."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._discard()

    async def publish(self, records: Sequence[Record]) -> None:
        """Return once the broker has them all; that is never, while there is none."""
        self.in_flight += len(records)
        async with self._turn:
            waiting = list(records)
            while waiting:
                unsent = await self._attempt(waiting)
                self.in_flight -= len(waiting) - len(unsent)
                waiting = unsent

    async def _attempt(self, records: list[Record]) -> list[Record]:
        """Send them, and return those that the broker has not confirmed."""
        try:
            if self._producer is None:
                self._producer = await self._started()
            sending = [await self._send(self._producer, record) for record in records]
            await asyncio.wait(sending, timeout=_LONGEST_ATTEMPT)
        except (KafkaError, OSError, TimeoutError, asyncio.CancelledError) as error:
            if really_cancelled():
                raise
            await self._begin_anew(error)
            return records
        unsent = [record for record, future in zip(records, sending, strict=True) if not self._confirm(future)]
        if unsent:
            await self._begin_anew(KafkaError(f"{len(unsent)} of {len(records)} records not confirmed"))
        return unsent

    def _confirm(self, future: "asyncio.Future[Any]") -> bool:
        """Whether the broker has the record; where, is kept."""
        if not future.done() or future.cancelled() or future.exception() is not None:
            return False
        answer = future.result()
        place = TopicPartition(answer.topic, answer.partition)
        self.confirmed[place] = max(answer.offset, self.confirmed.get(place, -1))
        return True

    async def _send(self, producer: AIOKafkaProducer, record: Record) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = await producer.send(
            record.topic, record.value, key=record.key, headers=list(record.headers)
        )
        return future

    async def _started(self) -> AIOKafkaProducer:
        producer = new_producer(self._bootstrap, self._client)
        try:
            await asyncio.wait_for(producer.start(), _LONGEST_START)
        except BaseException:
            await close_quietly(producer.stop(), _LONGEST_STOP)
            raise
        return producer

    async def _begin_anew(self, error: BaseException) -> None:
        """An idempotent producer that failed once has a gap in its numbers: only a new one may send again."""
        _log.info("publishing with a new client: %r", error)
        await self._discard()
        await asyncio.sleep(_PAUSE)

    async def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_quietly(producer.stop(), _LONGEST_STOP)
