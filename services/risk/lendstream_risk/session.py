"""One run of the Faust worker: wait for broker and topics, restore the state, work, stop."""

import asyncio
from contextlib import suppress

import faust
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError

from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.producer import new_producer
from lendstream.runtime.telemetry import logger
from lendstream_risk.app import SOURCES, new_app
from lendstream_risk.domain.rulebook import Rulebook
from lendstream_risk.outgoing import Outgoing
from lendstream_risk.progress import Progress
from lendstream_risk.settings import RiskSettings
from lendstream_risk.standstill import Standstill
from lendstream_risk.worker import Worker

_LONGEST_PAUSE = 5.0


class StartError(Exception):
    """The worker cannot start, and trying again would not help."""


class Session:
    """The worker from its start to its stop; made in a running event loop."""

    def __init__(self, settings: RiskSettings, rulebook: Rulebook) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._app: faust.App | None = None
        self._producer = new_producer(settings.kafka_bootstrap, settings.consumer_group)
        self._waiting_for = "the broker"

    @property
    def ailment(self) -> str | None:
        """What keeps the worker from deciding, or None."""
        if self._app is None:
            return f"waiting for {self._waiting_for}"
        if self._app.should_stop:
            return "stopping"
        if self._app.rebalancing or self._app.in_recovery or not self._app.tables.actives_ready:
            return "restoring the customers' states"
        return None

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; `close` must follow.

        Errors: StartError; whatever else stopped the worker.
        """
        stop = asyncio.create_task(stopping.wait())
        working = asyncio.create_task(self._work())
        await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if working.done():
            working.result()
        working.cancel()

    async def close(self) -> None:
        """Let what was taken be published, confirmed and committed; leave the group."""
        if self._app:
            await self._app.stop()
        with suppress(KafkaError, OSError):
            await self._producer.stop()

    async def _work(self) -> None:
        """Never returns."""
        partitions = await self._prepare()
        app = self._app = new_app(self._settings)
        limits = DeadLetterLimits(self._settings.max_consecutive_dead_letters, self._settings.max_dead_letter_ratio)
        progress = Progress(app)
        standstill = Standstill()
        standstill.guard(self._producer)
        Worker(app, Outgoing(self._producer), self._rulebook, limits, progress, partitions)
        await asyncio.gather(self._start(app), _crash_of(app), progress.watch(), standstill.watch())

    async def _start(self, app: faust.App) -> None:
        await app.start()
        logger().info("started", partitions=len(app.consumer.assignment()))

    async def _prepare(self) -> int:
        """Wait for the broker and the topics; return the number of their partitions."""
        pause = 0.1
        while True:
            try:
                await asyncio.wait_for(self._producer.start(), 30)
                break
            except (KafkaError, OSError) as error:
                logger().warning("waiting for the broker", error=repr(error), pause_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        pause = 0.1
        while True:
            cluster = await self._producer.client.fetch_all_metadata()
            missing = [name for name in SOURCES if not cluster.partitions_for_topic(name)]
            if not missing:
                return self._partitions(cluster)
            self._waiting_for = f"the topics {', '.join(missing)}"
            logger().warning("waiting for topics: run `lendstream topics apply`", missing=missing, pause_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _partitions(self, cluster: ClusterMetadata) -> int:
        counts = {name: len(cluster.partitions_for_topic(name)) for name in SOURCES}
        changelog = f"{self._settings.consumer_group}-customers-changelog"
        if existing := cluster.partitions_for_topic(changelog):
            counts[changelog] = len(existing)
        if len(set(counts.values())) > 1:
            raise StartError(
                f"topics that belong together differ in their partitions: {counts}; widen the narrower sources, or, if "
                "it is the changelog, set another LENDSTREAM_CONSUMER_GROUP, which builds the state anew"
            )
        return counts[SOURCES[0]]


async def _crash_of(app: faust.App) -> None:
    """Wait for the application to crash, and raise what it crashed of."""
    await app.wait_until_stopped()
    raise app.crash_reason or RuntimeError("Faust stopped and does not say why")
