"""The life of a service with a database: start, probes, work, graceful stop.

A service's `main.py` builds a `Service` and calls `run`. Order of the start: logs, probes, migrations, pool, relay,
consumer, days, background tasks. SIGTERM or SIGINT: the batch in hand is finished and committed, the group is left,
what is in the outbox is published, then the process ends with 0.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import uvloop
from fastapi import APIRouter, FastAPI

from lendstream.events.base import Event
from lendstream.runtime import collector, telemetry
from lendstream.runtime.consumer import Consumer
from lendstream.runtime.database import is_infrastructure, open_pool
from lendstream.runtime.days import Days, keep_tidy
from lendstream.runtime.decider import DayStep, Route
from lendstream.runtime.http import Server, operations_app
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.relay import Relay
from lendstream.runtime.rules import AnswerInvalid, Observer, Rules
from lendstream.runtime.settings import ServiceSettings
from lendstream.runtime.state import Runtime
from lendstream.runtime.telemetry import logger
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream.topics import Topic

__all__ = ["Runtime", "Service", "run"]

Background = Callable[[Runtime], Awaitable[None]]
_STOP_SECONDS = 20


@dataclass(frozen=True)
class Service:
    """Everything that makes a service, put together by its composition root."""

    name: str
    """Its name: the consumer group, the dead-letter topic's parameter, the source of its events."""
    settings: ServiceSettings
    topics: tuple[Topic, ...]
    """What it consumes; members of families are found without a restart."""
    routes: tuple[Route, ...]
    migrations: Path
    """The folder of its own `*.sql` migrations."""
    day: DayStep | None = None
    """What a business day does to its aggregates."""
    answer_invalid: AnswerInvalid | None = None
    """Events that answer a partner's invalid or refused record, instead of a dead letter."""
    api: Callable[[Runtime], APIRouter] | None = None
    background: tuple[Background, ...] = ()
    """Tasks beside the consumer; one that raises is started again after a growing pause."""
    published: Mapping[type[Event], Observer] = field(default_factory=dict)
    """Observers of events once they are committed, for metrics."""


def run(service: Service) -> None:
    """Run the service until SIGTERM; exits with 1 and a sentence when it cannot start."""
    telemetry.configure(service.name, service.settings.log_level, service.settings.log_format)
    collector.calm()
    try:
        uvloop.run(_Process(service).main())
    except StartError as error:
        logger().critical("cannot start", reason=str(error))
        sys.exit(1)


class StartError(Exception):
    """The service cannot start, and trying again would not help."""


class _Process:
    """One run of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings
        self._stopping = asyncio.Event()
        self._consumer: Consumer | None = None

    def _ailments(self) -> Mapping[str, str | None]:
        if self._stopping.is_set():
            return {"process": "stopping"}
        if self._consumer is None:
            return {"database": "waiting for it, or migrating"}
        if self._consumer.stopped_for:
            return {"consumer": f"stopped for good: {self._consumer.stopped_for}"}
        return {
            "consumer": None if self._consumer.assigned else "waiting for the broker or for partitions",
            "database": self._consumer.ailing,
        }

    async def main(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        app = operations_app(self._service.name, self._ailments)
        server = Server(app, self._settings.http_host, self._settings.http_port)
        serving = asyncio.create_task(server.serve())
        try:
            await self._until_stopped(app, serving)
        finally:
            server.should_exit = True
            await asyncio.wait({serving}, timeout=5)
            logger().info("stopped")

    async def _until_stopped(self, app: FastAPI, serving: asyncio.Task[None]) -> None:
        starting = asyncio.create_task(self._start(app))
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({starting, stop, serving}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            starting.cancel()
            stop.cancel()
            raise StartError(
                f"cannot listen on {self._settings.http_host}:{self._settings.http_port}; set LENDSTREAM_HTTP_PORT"
            )
        if not starting.done():
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return
        work = starting.result()
        await self._stopping.wait()
        await work.stop()

    async def _start(self, app: FastAPI) -> "_Work":
        await self._migrate()
        settings, name = self._settings, self._service.name
        pool = await open_pool(
            settings.database_url,
            name=name,
            size=settings.pool_size,
            statement_timeout=settings.statement_timeout_seconds,
        )
        relay = Relay(settings.database_url, settings.kafka_bootstrap, name)
        rules = Rules(
            name,
            self._service.routes,
            settings.lender,
            settings.zone,
            self._service.answer_invalid,
            self._service.published,
        )
        limits = DeadLetterLimits(settings.max_consecutive_dead_letters, settings.max_dead_letter_ratio)
        unit_of_work = UnitOfWork(pool, rules, limits, relay.wake)
        days = Days(settings.database_url, pool, unit_of_work, self._service.day, settings.day_chunk)
        self._consumer = Consumer(
            settings.kafka_bootstrap,
            settings.consumer_group or f"lendstream-{name}",
            self._service.topics,
            unit_of_work.process,
            settings.batch_size,
            settings.gather_ms,
        )
        runtime = Runtime(name, settings, pool, unit_of_work)
        if self._service.api is not None:
            app.include_router(self._service.api(runtime))
        tasks = [asyncio.create_task(part()) for part in (self._consumer.run, relay.run, days.run)]
        tasks += [
            asyncio.create_task(self._keep_running(task, runtime))
            for task in (*self._service.background, lambda runtime: keep_tidy(runtime.pool, self._stopping))
        ]
        logger().info("started", topics=[topic.name for topic in self._service.topics])
        return _Work(self._consumer, relay, days, tasks, runtime)

    async def _migrate(self) -> None:
        pause = 0.1
        while True:
            try:
                connection = await asyncpg.connect(self._settings.database_url, timeout=10)
                try:
                    applied = await migrate(
                        connection, {"runtime": RUNTIME_MIGRATIONS, self._service.name: self._service.migrations}
                    )
                finally:
                    await connection.close(timeout=5)
            except Exception as error:
                if not is_infrastructure(error):
                    raise StartError(f"{type(error).__name__}: {error} (LENDSTREAM_DATABASE_URL)") from error
                logger().warning("the database is away; trying again", error=repr(error), pause_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)
            else:
                if applied:
                    logger().info("migrated", applied=applied)
                return

    async def _keep_running(self, task: Background, runtime: Runtime) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            try:
                await task(runtime)
                return
            except Exception as error:
                logger().warning("a background task starts anew", error=repr(error), pause_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)


@dataclass
class _Work:
    """The running parts, and the order in which they stop."""

    consumer: Consumer
    relay: Relay
    days: Days
    tasks: list[asyncio.Task[None]]
    runtime: Runtime

    async def stop(self) -> None:
        """Finish the batch, then publish what it left in the outbox, then close."""
        consuming, relaying, walking, *others = self.tasks
        for other in others:
            other.cancel()
        self.consumer.stop()
        self.days.stop()
        await asyncio.wait({consuming, walking}, timeout=_STOP_SECONDS)
        self.relay.stop()
        await asyncio.wait({relaying}, timeout=_STOP_SECONDS)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        with suppress(Exception):
            await asyncio.wait_for(self.runtime.pool.close(), 10)
