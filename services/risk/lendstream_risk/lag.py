"""How far the worker is behind its sources, as a metric."""

import asyncio
from typing import Any

import faust
from aiokafka.errors import KafkaError

from lendstream.runtime import metrics
from lendstream.runtime.telemetry import logger
from lendstream_risk.app import SOURCES

EVERY_SECONDS = 5


class Lag:
    """Measures the lag of the partitions assigned."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._taken: dict[Any, int] = {}
        self._shown: set[Any] = set()
        app.task(self.run)
        app.on_partitions_revoked.connect(self._forget)

    def took(self, place: Any, offset: int) -> None:
        """A record of a topic's partition was taken."""
        self._taken[place] = offset

    async def run(self) -> None:
        """Measure every few seconds until cancelled."""
        while True:
            try:
                await self._measure()
            except (KafkaError, TimeoutError) as error:
                logger().warning("cannot measure the lag", error=repr(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def _measure(self) -> None:
        consumer = self._app.consumer
        places = {place for place in consumer.assignment() if place.topic in SOURCES}
        for gone in self._shown - places:
            metrics.CONSUMER_LAG.remove(gone.topic, str(gone.partition))
        self._shown &= places
        ends = await consumer.highwaters(*places) if places else {}
        for place, end in ends.items():
            last = self._taken.get(place)
            following = await consumer.position(place) if last is None else last + 1
            metrics.CONSUMER_LAG.labels(place.topic, str(place.partition)).set(max(end - (following or 0), 0))
            self._shown.add(place)

    async def _forget(self, *_: Any, **__: Any) -> None:
        self._taken.clear()
