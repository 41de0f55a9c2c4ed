"""How far the worker is behind its sources: as a metric, and to find out that it has got stuck."""

import asyncio
import time
from typing import Any

import faust
from aiokafka.errors import KafkaError

from lendstream.runtime import metrics
from lendstream.runtime.telemetry import logger
from lendstream_risk.app import SOURCES

EVERY_SECONDS = 5.0
STALLED_SECONDS = 90.0


class StalledError(ConnectionError):
    """There is work, and none of it gets done: a client that met the broker at a bad moment can hang for ever."""


class Progress:
    """Watches a worker."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._taken: dict[Any, int] = {}
        self._count = 0
        self._shown: set[Any] = set()
        app.on_partitions_revoked.connect(self._forget)

    def took(self, place: Any, offset: int) -> None:
        """A record of a topic's partition was taken."""
        self._taken[place] = offset
        self._count += 1

    async def watch(self) -> None:
        """Measure until cancelled.

        Errors: StalledError when records or a recovery wait and nothing moves.
        """
        seen: object = None
        since = time.monotonic()
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            idle = await self._measured() == 0
            moved = (self._count, sum(offset or 0 for offset in self._app.tables.recovery.active_offsets.values()))
            if idle or moved != seen:
                seen, since = moved, time.monotonic()
            elif time.monotonic() - since > STALLED_SECONDS:
                raise StalledError(f"no progress for {STALLED_SECONDS:.0f} s, and not for want of records")

    async def _measured(self) -> int | None:
        """Records behind; None if that cannot be told, as long as the worker has no partitions for one."""
        if not self._app.tables.actives_ready:
            return None
        try:
            return await asyncio.wait_for(self._measure(), 15)
        except (KafkaError, OSError) as error:
            logger().warning("cannot measure the lag", error=repr(error))
            return None

    async def _measure(self) -> int:
        consumer = self._app.consumer
        places = {place for place in consumer.assignment() if place.topic in SOURCES}
        for gone in self._shown - places:
            metrics.CONSUMER_LAG.remove(gone.topic, str(gone.partition))
        self._shown = places
        ends = await consumer.highwaters(*places) if places else {}
        behind = 0
        for place, end in ends.items():
            last = self._taken.get(place)
            following = await consumer.position(place) if last is None else last + 1
            lag = max(end - (following or 0), 0)
            metrics.CONSUMER_LAG.labels(place.topic, str(place.partition)).set(lag)
            behind += lag
        return behind

    async def _forget(self, *_: Any, **__: Any) -> None:
        self._taken.clear()
