"""One run of the Faust worker: wait for broker and topics, restore the state, work, stop."""

import asyncio
from contextlib import suppress

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError

from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.producer import new_producer
from lendstream.runtime.telemetry import logger
from lendstream_risk.app import SOURCES, new_app
from lendstream_risk.domain.rulebook import Rulebook
from lendstream_risk.outgoing import Outgoing
from lendstream_risk.settings import RiskSettings
from lendstream_risk.worker import Worker

_LONGEST_PAUSE = 5.0


class StartError(Exception):
    """The worker cannot start, and trying again would not help."""


class Session:
    """The worker from its start to its stop."""

    def __init__(self, settings: RiskSettings, rulebook: Rulebook) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._app: faust.App | None = None
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
        """Work until told to stop.

        Errors: StartError; whatever else stopped the worker, then nothing unconfirmed is acknowledged.
        """
        stop = asyncio.create_task(stopping.wait())
        producer = new_producer(self._settings.kafka_bootstrap, self._settings.consumer_group)
        preparing = asyncio.create_task(self._prepare(producer))
        try:
            await asyncio.wait({preparing, stop}, return_when=asyncio.FIRST_COMPLETED)
            if preparing.done():
                await self._work(producer, preparing.result(), stop)
        finally:
            stop.cancel()
            preparing.cancel()
            with suppress(Exception):
                await producer.stop()

    async def _prepare(self, producer: AIOKafkaProducer) -> int:
        """Wait for the broker and the topics; return the number of their partitions."""
        pause = 0.1
        while True:
            try:
                await producer.start()
                break
            except KafkaError as error:
                logger().warning("waiting for the broker", error=repr(error), pause_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        pause = 0.1
        while True:
            cluster = await producer.client.fetch_all_metadata()
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

    async def _work(self, producer: AIOKafkaProducer, partitions: int, stop: asyncio.Task[bool]) -> None:
        app = self._app = new_app(self._settings)
        limits = DeadLetterLimits(self._settings.max_consecutive_dead_letters, self._settings.max_dead_letter_ratio)
        Worker(app, Outgoing(producer), self._rulebook, limits, partitions)
        starting = asyncio.create_task(app.start())
        crashed = asyncio.create_task(app.wait_until_stopped())
        try:
            await asyncio.wait({starting, crashed, stop}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and not starting.exception():
                logger().info(
                    "started", partitions=sorted(f"{tp.topic}/{tp.partition}" for tp in app.consumer.assignment())
                )
                await asyncio.wait({crashed, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await app.stop()
            crashed.cancel()
        if reason := app.crash_reason or (starting.done() and starting.exception()):
            raise reason
