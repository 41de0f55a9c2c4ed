"""Business days: each one walks all aggregates that it concerns, in chunks, then is closed.

The walk is resumable and idempotent: a chunk is one transaction, and what it saves takes its aggregates out of the
walk. No aggregate is locked longer than its chunk. Missed days are caught up in order. An aggregate that fails is
set aside with its reason (`day_exception`), and the rest goes on.
"""

import asyncio
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg

from lendstream.envelope import Erasure
from lendstream.events.base import Event
from lendstream.runtime import metrics
from lendstream.runtime.batch import Workspace
from lendstream.runtime.database import transaction
from lendstream.runtime.decider import Context, DayStep
from lendstream.runtime.outbox import Row, event_row, insert
from lendstream.runtime.queries import queries
from lendstream.runtime.sql import Pool
from lendstream.runtime.story import Story
from lendstream.runtime.telemetry import logger
from lendstream.runtime.unit_of_work import UnitOfWork

_IDLE_SECONDS = 0.2
_STANDBY_SECONDS = 1.0
_AT_A_TIME = 20
"""Aggregates handled before others have their turn: records and callers wait for these, not for the whole chunk."""


class Days:
    """Run `run()` as a task; one instance of the service walks at a time (advisory lock)."""

    def __init__(
        self, database_url: str, pool: Pool, unit_of_work: UnitOfWork, step: DayStep | None, chunk: int
    ) -> None:
        self._url = database_url
        self._pool = pool
        self._unit_of_work = unit_of_work
        self._step = step
        self._chunk = chunk
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """A day may have started."""
        self._woken.set()

    def stop(self) -> None:
        """End `run()` after the chunk in hand."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Walk the days as they start; infrastructure errors are retried for ever."""
        pause = 0.1
        while not self._stopping:
            try:
                await self._session()
                pause = 0.1
            except Exception as error:
                logger().warning("the day's walk starts anew", error=repr(error), pause_seconds=pause)
                await self._sleep(pause)
                pause = min(pause * 2, 5)

    async def _session(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=10, command_timeout=30)
        try:
            while not self._stopping:
                if not await queries.lock_days(connection):
                    await self._sleep(_STANDBY_SECONDS)
                    continue
                while not self._stopping:
                    self._woken.clear()
                    day = await queries.open_day(connection)
                    if day is None:
                        await self._sleep(_IDLE_SECONDS)
                    else:
                        await self._walk(day["day"], Story(day["event_id"], day["event_id"]))
        finally:
            with suppress(Exception):
                await connection.close(timeout=5)

    async def _walk(self, day: date, story: Story) -> None:
        """Take the day through all aggregates; returns early when the service stops."""
        started = time.perf_counter()
        async with self._pool.acquire() as connection:
            aside = {row["aggregate_id"] async for row in queries.set_aside_of(connection, day=day)}
        unchanged: set[UUID] = set()
        while self._step is not None and not self._stopping:
            if not await self._walk_chunk(self._step, day, story, aside, unchanged):
                break
        if self._stopping:
            return
        context = self._context(day)
        async with transaction(self._pool) as connection:
            events = await self._step.close(connection, day, context) if self._step and self._step.close else ()
            await self._unit_of_work.publish(connection, events, story, context.now)
            await queries.close_day(connection, day=day)
        self._finish(events)
        metrics.DAY_CURRENT.set(day.toordinal())
        metrics.DAY_SECONDS.observe(time.perf_counter() - started)
        logger().info(
            "business day closed", day=str(day), seconds=round(time.perf_counter() - started, 3), set_aside=len(aside)
        )

    async def _walk_chunk(self, step: DayStep, day: date, story: Story, aside: set[UUID], unchanged: set[UUID]) -> bool:
        """One transaction; returns whether it found anything to do.

        unchanged: aggregates that were found due and not changed: between the two, a record may have changed them. One
        that is found so again is set aside, or the walk would never end.
        """
        context = self._context(day)
        async with transaction(self._pool) as connection:
            found = await step.due(connection, day, self._chunk + len(aside))
            keys = sorted(set(found) - aside)
            if not keys:
                return False
            workspace = Workspace()
            await workspace.load(connection, {step.store: keys})
            events: list[Event | Erasure] = []
            rows: list[Row] = []
            failed: dict[UUID, str] = {}
            for place, key in enumerate(keys, 1):
                if place % _AT_A_TIME == 0:
                    await asyncio.sleep(0)
                state = workspace.loaded[step.store].get(key)
                try:
                    decision = step.handle(state, day, context)
                    if decision.state is state and key in unchanged:
                        raise LookupError("the day found this aggregate due but did not change it")
                except Exception as error:
                    failed[key] = "".join(traceback.format_exception(error))[-4000:]
                    continue
                if decision.state is state:
                    unchanged.add(key)
                    continue
                workspace.now[step.store][key] = decision.state
                told, source = story.told_as(decision.story), self._unit_of_work.rules.source
                rows += [event_row(event, source, context.now, told) for event in decision.events]
                events += decision.events
            await workspace.save(connection)
            await insert(connection, rows)
            for key, reason in failed.items():
                await queries.set_aside(connection, day=day, aggregate_id=key, reason=reason)
        for key, reason in failed.items():
            logger().error("set aside from the business day", day=str(day), aggregate_id=str(key), reason=reason)
        aside.update(failed)
        metrics.DAY_AGGREGATES.labels("done").inc(len(keys) - len(failed))
        metrics.DAY_AGGREGATES.labels("set_aside").inc(len(failed))
        self._finish(events)
        return True

    def _finish(self, events: Sequence[Event | Erasure]) -> None:
        if events:
            self._unit_of_work.wake()
            self._unit_of_work.observe(events)

    @staticmethod
    def _context(day: date) -> Context:
        now = datetime.now(UTC)
        return Context(now=now, business_date=day, event_id=f"day/{day}", event_time=now)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)


async def keep_tidy(pool: Pool, stopping: asyncio.Event) -> None:
    """Forget, once an hour, what can't come again: inbox ids after 45 days, stored answers after 7."""
    while not stopping.is_set():
        async with pool.acquire() as connection:
            await queries.trim_inbox(connection, keep=timedelta(days=45))
            await queries.trim_idempotency(connection, keep=timedelta(days=7))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 3600)
