"""Publish without waiting, acknowledge in order: each event once everything it led to is confirmed by the broker.

    await outgoing.publish(acknowledge, records)     # in the agent: returns before the broker has confirmed
    await outgoing.run()                             # beside it: confirms, then acknowledges, in order

So an offset is committed only behind its decision and its state, and nothing waits for a round trip in between.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from lendstream.envelope import Record

IN_FLIGHT = 5_000
"""Events that may wait for their confirmation; then the agent waits too."""

Acknowledge = Callable[[list[RecordMetadata]], Awaitable[None]]
"""What to do once all records of an event are confirmed, with where they stand."""


class Outgoing:
    """The records on their way, in the order of the events that they come from."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._waiting: asyncio.Queue[tuple[list[asyncio.Future[RecordMetadata]], Acknowledge]] = asyncio.Queue(
            IN_FLIGHT
        )

    async def publish(self, records: Iterable[Record], acknowledge: Acknowledge) -> None:
        """Hand the records to the producer; the event is acknowledged after them and after all before it.

        Errors: KafkaError when the broker does not take them for longer than the producer's timeout.
        """
        sent = [
            await self._producer.send(
                record.topic,
                value=record.value,
                key=record.key,
                partition=None if record.partition < 0 else record.partition,
                headers=list(record.headers),
            )
            for record in records
        ]
        await self._waiting.put((sent, acknowledge))

    async def run(self) -> None:
        """Confirm and acknowledge until cancelled.

        Errors: KafkaError for the first record that could not be published; nothing after it is acknowledged.
        """
        while True:
            sent, acknowledge = await self._waiting.get()
            await acknowledge([await each for each in sent])
            self._waiting.task_done()

    async def settled(self) -> None:
        """Wait until all that was published is acknowledged."""
        await self._waiting.join()
