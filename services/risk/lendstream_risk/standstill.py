"""Notice that the process did not run for a while: stopped, swapped out, or on a machine that was paused.

Its group may have given its partitions to another instance by then. What it still has in hand was made from a state
that the other one has left behind, so nothing of it may be published: the process starts anew. The last place to hold
it back is where the producer hands a request to the connection: a standstill may find a whole burst on its way there.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

LONGEST_SECONDS = 8.0
"""Below the group's session timeout."""
_BETWEEN_CHECKS = 0.5


class StoodStillError(KafkaError):  # type: ignore[misc]
    """The process did not run for so long that its group may have gone on without it."""

    retriable = False


class Standstill:
    """Checked by a task of its own, and before every request of the producer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ran = clock()

    def check(self) -> None:
        """Raise StoodStillError if the last check is too long ago; from then on at every check."""
        now = self._clock()
        if now - self._ran > LONGEST_SECONDS:
            raise StoodStillError(
                f"the process stood still for {now - self._ran:.0f} s; another may do its work by now"
            )
        self._ran = now

    def guard(self, producer: AIOKafkaProducer) -> None:
        """Check before anything of the producer goes out; what is refused fails with StoodStillError."""
        send = producer.client.send

        async def checked(*args: Any, **options: Any) -> Any:
            self.check()
            return await send(*args, **options)

        producer.client.send = checked

    async def watch(self) -> None:
        """Check until cancelled. Errors: StoodStillError."""
        while True:
            self.check()
            await asyncio.sleep(_BETWEEN_CHECKS)
