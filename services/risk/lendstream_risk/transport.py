"""What has to be different in Faust 0.15 so that records come at all, soon, and cheaply.

- When a table has recovered, Faust winds its sources back to their committed offsets, but leaves those that were never
  committed where they stand: what had been fetched of them by then is never seen. Here they go back to their beginning.
- aiokafka leaves partitions that have records in hand out of the fetch it keeps open, and Faust keeps that one open
  for 1.5 s: while every busy partition has records in hand, their next ones wait so long. Here it is 50 ms.
- That fetch is answered with the first record, so that under load there is a fetch for every few of them. Here the
  broker lets them gather for as long.
- Faust makes four tasks to hand one record to its stream, for the case that it has to wait. Here the record is handed
  over first, and only if it has to wait are there tasks.
"""

import asyncio
from collections.abc import Coroutine, Generator, Mapping
from typing import Any

import faust
import uvloop
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.services import WaitResults

LONGEST_FETCH_MS = 50
GATHER_BYTES = 131_072
"""Where there is so much, the broker answers at once."""


class FetchingThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches, with short fetches, and winds back all the way."""

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        """Wind all sources back to their committed offsets, or to their beginning."""
        offsets: Mapping[TP, int | None] = await self.call_thread(self._wind_back)
        return offsets

    async def _wind_back(self) -> Mapping[TP, int | None]:
        consumer = self._ensure_consumer()
        places = [place for place in consumer.assignment() if place.topic in self.app.sources]
        committed = await asyncio.gather(*map(consumer.committed, places))
        offsets = dict(zip(places, committed, strict=True))
        if never := [place for place, offset in offsets.items() if offset is None]:
            await consumer.seek_to_beginning(*never)
        for place, offset in offsets.items():
            if offset is not None:
                consumer.seek(place, offset)
        return offsets

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = LONGEST_FETCH_MS
        consumer._fetch_min_bytes = GATHER_BYTES
        return consumer


class Consumer(driver.Consumer):
    """The consumer, which hands records over at once where it can."""

    def _new_consumer_thread(self) -> FetchingThread:
        return FetchingThread(self, loop=self.loop, thread_loop=uvloop.new_event_loop(), beacon=self.beacon)

    async def wait_first(self, *coros: Any, **options: Any) -> WaitResults:
        """Hand over a record (the first of two), or stop waiting when the flow is suspended (the second)."""
        if len(coros) != 2:
            return await super().wait_first(*coros, **options)
        handing_over, suspended = coros
        try:
            awaited = handing_over.send(None)
        except StopIteration:
            suspended.close()
            return WaitResults([], [], False)
        except BaseException:
            suspended.close()
            raise
        return await super().wait_first(_Rest(handing_over, awaited), suspended, **options)


class _Rest:
    """What is left of a coroutine that was started and now waits."""

    def __init__(self, started: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._started = started
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, None]:
        awaited = self._awaited
        try:
            while True:
                try:
                    result = yield awaited
                except BaseException as error:
                    awaited = self._started.throw(error)
                else:
                    awaited = self._started.send(result)
        except StopIteration:
            return


class Transport(driver.Transport):
    """Kafka, with this consumer."""

    Consumer = Consumer


class App(faust.App):
    """An application on this transport."""

    sources: frozenset[str]
    """The topics that are consumed, other than changelogs."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)
