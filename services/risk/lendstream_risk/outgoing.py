"""Publish in bursts, acknowledge in order: each event once everything it led to is confirmed by the broker.

    await outgoing.publish(records, acknowledge)     # in the agent: returns at once
    await outgoing.run()                             # beside it: publishes, confirms, acknowledges

So an offset is committed only behind its decision and its state, and the agent never waits for a round trip. While a
burst is on its way the next one gathers: the busier the worker, the larger its bursts, and the less each record costs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from lendstream.envelope import Record

MOST = 5_000
"""Events that may wait to be published; then the agent waits too."""
GATHER_SECONDS = 0.005
"""How long the first event of a burst waits for others."""

Acknowledge = Callable[[Sequence[RecordMetadata]], Awaitable[None]]
"""What to do once all records of an event are confirmed, with where they stand."""


class Outgoing:
    """The records on their way, in the order of the events that they come from."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._waiting: asyncio.Queue[tuple[Sequence[Record], Acknowledge]] = asyncio.Queue(MOST)

    async def publish(self, records: Sequence[Record], acknowledge: Acknowledge) -> None:
        """Have the records published; the event is acknowledged after them and after all events before it."""
        await self._waiting.put((records, acknowledge))

    async def run(self) -> None:
        """Publish, confirm and acknowledge until cancelled.

        Errors: KafkaError (StoodStillError is one) for the first record that could not be published; nothing after it
            is acknowledged.
        """
        while True:
            burst = [await self._waiting.get()]
            await asyncio.sleep(GATHER_SECONDS)
            burst += (self._waiting.get_nowait() for _ in range(self._waiting.qsize()))
            sent = [[await self._send(record) for record in records] for records, _ in burst]
            for (_, acknowledge), confirmations in zip(burst, sent, strict=True):
                await acknowledge([await each for each in confirmations])
                self._waiting.task_done()

    async def settled(self) -> None:
        """Wait until all that was published is acknowledged."""
        await self._waiting.join()

    async def _send(self, record: Record) -> asyncio.Future[RecordMetadata]:
        future: asyncio.Future[RecordMetadata] = await self._producer.send(
            record.topic,
            value=record.value,
            key=record.key,
            partition=None if record.partition < 0 else record.partition,
            headers=list(record.headers),
        )
        return future
