"""The unit of work: a batch of records becomes new states and new records in one transaction.

    inbox -> load all aggregates the batch touches -> apply the handlers in order -> save -> outbox -> commit

See `lendstream.runtime.decider` for what handlers may raise and what becomes of their records.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from lendstream.envelope import Envelope, Erasure, Record
from lendstream.events.base import Command, Event
from lendstream.runtime import metrics, outbox
from lendstream.runtime.batch import Batch
from lendstream.runtime.database import is_infrastructure, transaction
from lendstream.runtime.decider import Store
from lendstream.runtime.intake import Item, read_all
from lendstream.runtime.limits import DeadLetterLimits, TooManyDeadLettersError
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Connection, Pool
from lendstream.runtime.story import Story
from lendstream.runtime.telemetry import logger

_RACES = 3


class UnitOfWork:
    """Carries out batches of records, single commands, and anything else that must be saved with its events."""

    def __init__(self, pool: Pool, rules: Rules, limits: DeadLetterLimits, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._rules = rules
        self._limits = limits
        self._wake = wake

    @property
    def rules(self) -> Rules:
        """The service's rules."""
        return self._rules

    async def process(self, records: Sequence[Record]) -> None:
        """Handle a batch: on return it is committed whole, poison as dead letters.

        Errors: infrastructure errors (try the same batch again), TooManyDeadLettersError (stop).
        """
        items = read_all(records, self._rules.events)
        try:
            await self._attempt(items)
        except Exception as error:
            if is_infrastructure(error) or not _is_data(error):
                raise
            metrics.BATCH_RETRIES.labels("data").inc()
            logger().warning(
                "the database refused a batch; redoing it record by record", error=repr(error), records=len(items)
            )
            for item in items:
                await self._alone(item)

    async def _alone(self, item: Item) -> None:
        for _ in range(_RACES):  # two instances may create the same aggregate: the second try finds it
            try:
                return await self._attempt([item])
            except Exception as error:
                if is_infrastructure(error) or not _is_data(error):
                    raise
                refusal = error
        item.error = refusal
        return await self._attempt([item])

    async def _attempt(self, items: Sequence[Item]) -> None:
        now = datetime.now(UTC)
        async with transaction(self._pool) as connection:
            batch = Batch(self._rules, now)
            await batch.claim(connection, items)
            await batch.decide(connection)
            self._limits.check(batch.deaths)
            await batch.save(connection)
        self._limits.note(batch.deaths)
        if batch.rows:
            self._wake()
        batch.observe()

    async def decide_one(
        self, connection: Connection, envelope: Envelope[Event | Command], channel: str
    ) -> Mapping[Store[Any], Any]:
        """Handle one command inside the caller's transaction; returns the new state of each aggregate, by store.

        Of a store that several of its routes lead to, it is the state of the first of them.

        Errors: Refused and DataError, then nothing was written; infrastructure errors.
        """
        batch = Batch(self._rules, datetime.now(UTC), channel=channel)
        item = Item(Record(envelope.topic.name, None, None, ()), UUID(int=0), envelope)
        batch.items = [item]
        await batch.decide(connection)
        if item.error is not None:
            raise item.error
        await batch.save(connection)
        batch.observe()
        return batch.answer

    async def publish(
        self,
        connection: Connection,
        events: Sequence[Event | Erasure],
        story: Story | None = None,
        now: datetime | None = None,
    ) -> None:
        """Put events into the outbox inside the caller's transaction. Call `wake` after the commit for speed."""
        moment = now or datetime.now(UTC)
        rows = [outbox.event_row(event, self._rules.source, moment, story or Story()) for event in events]
        await outbox.insert(connection, rows)

    def observe(self, events: Iterable[Event | Erasure]) -> None:
        """Let the service's metrics see events that were committed."""
        for event in events:
            if isinstance(event, Event) and (observer := self._rules.published.get(type(event))):
                observer(event)

    def wake(self) -> None:
        """Tell the relay that there is something to publish."""
        self._wake()


def _is_data(error: Exception) -> bool:
    """Whether the error may come from the values of a record: then the poison is looked for."""
    return not isinstance(error, TooManyDeadLettersError) and isinstance(
        error, asyncpg.PostgresError | asyncpg.DataError | ValueError | TypeError | ArithmeticError | LookupError
    )
