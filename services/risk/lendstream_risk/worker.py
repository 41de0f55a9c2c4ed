"""The agent: each record of the sources becomes a new state, and a decision where one is asked for.

What becomes of a record:
- an event of `HANDLERS`: its state is written to the changelog, its decision published, then it is acknowledged;
- an event of another type: acknowledged;
- a data error (not JSON, against the model, refused by a rule): to the dead letters, then acknowledged. Too many in a
  row, or too large a share, stop the worker: something else is broken;
- any other error stops the worker with nothing of the record acknowledged, and whoever supervises it starts it again.

Every handled record is written to the changelog, also one that changed nothing: after a crash the local state may be
ahead of the changelog, and the record seen again is what brings the changelog up to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import faust
from aiokafka.structs import RecordMetadata
from prometheus_client import Counter

from lendstream.dead_letter import attempt_of, dead_letter
from lendstream.envelope import Envelope, Record, decode, encode
from lendstream.errors import DataError
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream.runtime import metrics
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.telemetry import logger
from lendstream_risk.app import SOURCES
from lendstream_risk.domain.ids import published_id
from lendstream_risk.domain.rulebook import Rulebook
from lendstream_risk.domain.stored import dumps, loads
from lendstream_risk.handlers import HANDLERS
from lendstream_risk.outgoing import Outgoing
from lendstream_risk.progress import Progress

SERVICE = "risk"
SOURCE = f"lendstream/{SERVICE}"


class Worker:
    """The agent and its table."""

    def __init__(
        self,
        app: faust.App,
        outgoing: Outgoing,
        rulebook: Rulebook,
        limits: DeadLetterLimits,
        progress: Progress,
        partitions: int,
    ) -> None:
        self._outgoing = outgoing
        self._rulebook = rulebook
        self._limits = limits
        self._progress = progress
        self._failed: Callable[[BaseException], Awaitable[None]] = app.crash
        self._table = app.Table("customers", key_type=bytes, value_type=bytes, partitions=partitions)
        self._changelog: str = self._table.changelog_topic.get_topic_name()
        self._last = ""
        source = app.topic(*SOURCES, key_serializer="raw", value_serializer="raw")
        app.agent(source, name="decide")(self.decide)
        app.task(outgoing.run)
        app.tables.outgoing = outgoing

    async def decide(self, stream: Any) -> None:
        """Take the stream's records one by one."""
        try:
            async for event in stream.noack().events():
                await self._take(stream, event)
        except Exception as error:
            # An agent that raises is started anew by Faust, and may have its event acknowledged.
            logger().critical("stopped by an error", at=self._last, error=repr(error))
            await self._failed(error)
            await asyncio.Event().wait()

    async def _take(self, stream: Any, event: Any) -> None:
        record = _record(event)
        self._last = record.place

        async def acknowledge(confirmed: Sequence[RecordMetadata]) -> None:
            for each in confirmed:
                if each.topic == self._changelog:
                    self._table.data.set_persisted_offset(each.topic_partition, each.offset)
            await stream.ack(event)

        records, outcome = self._handled(record)
        await self._outgoing.publish(records, acknowledge)
        self._progress.took(event.message.tp, record.offset)
        _of(metrics.RECORDS, record.topic, outcome).inc()

    def _handled(self, record: Record) -> tuple[list[Record], str]:
        """What is to be published because of a record, and what became of it."""
        try:
            envelope = decode(record, HANDLERS)
            if not isinstance(envelope, Envelope):
                self._limits.note([False])
                return [], "ignored"
            records = self._answered(envelope, record)
        except DataError as error:
            self._limits.check([True])
            self._limits.note([True])
            metrics.DEAD_LETTERS.labels(record.topic, error.errors[0].code).inc()
            logger().warning("dead letter", place=record.place, error=str(error))
            letter = dead_letter(record, service=SERVICE, error=error, attempt=attempt_of(record), at=datetime.now(UTC))
            return [letter], "dead_letter"
        self._limits.note([False])
        return records, "handled"

    def _answered(self, envelope: Envelope[Event], record: Record) -> list[Record]:
        key = record.key
        before = loads(self._table.get(key))
        after, events = HANDLERS[type(envelope.data)](before, envelope.data, self._rulebook)
        state = dumps(after)
        self._table[key] = state
        records = [Record(self._changelog, key, state, (), partition=record.partition)]
        records += (_published(event, envelope) for event in events)
        if after is not before:
            for event in events:
                if isinstance(event, ApplicationDecided):
                    _count(event)
        return records


def _published(event: Event, cause: Envelope[Event]) -> Record:
    """The event's record. Its id comes from its cause, so that readers drop what is told again."""
    return encode(
        event,
        id=str(published_id(event)),
        source=SOURCE,
        time=datetime.now(UTC),
        correlation_id=cause.correlation_id,
        causation_id=cause.id,
        traceparent=cause.traceparent,
    )


def _count(decided: ApplicationDecided) -> None:
    _of(metrics.DECISIONS, decided.outcome.value).inc()
    for reason in decided.reasons:
        _of(metrics.DECISION_REASONS, decided.outcome.value, reason.code).inc()
    since = (datetime.now(UTC) - decided.submitted_at).total_seconds()
    metrics.STORY_SECONDS.labels("decided").observe(max(since, 0))


@cache
def _of(metric: Counter, *labels: str) -> Counter:
    """The metric's child for these labels; finding it costs more than counting."""
    return metric.labels(*labels)


def _record(event: Any) -> Record:
    message = event.message
    return Record(
        topic=message.topic,
        key=message.key,
        value=message.value,
        headers=tuple((name, value or b"") for name, value in message.headers or ()),
        partition=message.partition,
        offset=message.offset,
        timestamp=datetime.fromtimestamp(message.timestamp, UTC),
    )
