"""One attempt at a batch of records, inside one transaction."""

import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from lendstream.dead_letter import attempt_of, dead_letter
from lendstream.envelope import Envelope, Erasure, Tombstone
from lendstream.errors import DataError, FieldError
from lendstream.events.base import Command, Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.runtime import metrics, outbox
from lendstream.runtime.decider import Change, Context, Route, Store
from lendstream.runtime.intake import Item
from lendstream.runtime.outbox import Row
from lendstream.runtime.queries import queries
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Connection
from lendstream.runtime.story import Story
from lendstream.runtime.telemetry import logger
from lendstream.topics import INTAKE, UnknownTopic, find

TOPIC = "topic"
"""The channel of records; a command's is http."""


@dataclass
class Workspace:
    """The aggregates of one transaction: as loaded, and as they are now."""

    loaded: dict[Store[Any], dict[UUID, Any]] = field(default_factory=dict)
    now: dict[Store[Any], dict[UUID, Any]] = field(default_factory=dict)

    async def load(self, connection: Connection, wanted: Mapping[Store[Any], Iterable[UUID]]) -> None:
        """Load and lock, store by store, ids in order."""
        for store, keys in wanted.items():
            found = dict(await store.load(connection, sorted(keys)))
            self.loaded[store], self.now[store] = found, dict(found)

    async def save(self, connection: Connection) -> None:
        """Save what is another object now than it was when loaded."""
        for store, states in self.now.items():
            before = self.loaded[store]
            changes = {
                key: Change(before.get(key), state)
                for key, state in states.items()
                if state is not None and state is not before.get(key)
            }
            if changes:
                await store.save(connection, changes)


class Batch:
    """One attempt at a batch, inside one transaction."""

    def __init__(self, rules: Rules, now: datetime, channel: str = TOPIC) -> None:
        self.rules = rules
        self.now = now
        self.channel = channel
        self.items: list[Item] = []
        self.rows: list[Row] = []
        self.events: list[Event | Erasure] = []
        self.deaths: list[bool] = []
        self.workspace = Workspace()
        self.answer: dict[Store[Any], Any] = {}
        """Of the last item handled: the new state by store, of the first of its routes there."""
        self._day: date | None = None
        self._released: list[UUID] = []
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._codes: Counter[tuple[str, str]] = Counter()

    async def claim(self, connection: Connection, items: Sequence[Item]) -> None:
        """Keep the items that are ours and new: the first of each inbox id."""
        ours: dict[UUID, Item] = {}
        for item in items:
            if item.error is None and (item.content is None or not self._concerns(item.content)):
                self._outcomes[item.record.topic, "ignored"] += 1
            elif ours.setdefault(item.inbox_id, item) is not item:
                self._outcomes[item.record.topic, "duplicate"] += 1
        fresh: set[UUID] = set()
        if ours:
            async for row in queries.claim_inbox(connection, ids=sorted(ours)):
                fresh.add(row["id"])
                self._day = row["day"]
        for key, item in ours.items():
            if key in fresh:
                self.items.append(item)
            else:
                self._outcomes[item.record.topic, "duplicate"] += 1

    def _concerns(self, content: Envelope[Event | Command] | Tombstone) -> bool:
        return bool(self.rules.of(content)) or _day_of(content, self.rules.lender) is not None

    async def decide(self, connection: Connection) -> None:
        """Load what the items touch and apply their handlers in order."""
        if self._day is None:
            self._day = await queries.current_day(connection)
        planned = [(item, context := self._context(item), self._keys(item, context)) for item in self.items]
        wanted: dict[Store[Any], set[UUID]] = defaultdict(set)
        for _, _, steps in planned:
            for route, key in steps:
                wanted[route.store].add(key)
        await self.workspace.load(connection, wanted)
        day = self._day
        for item, context, steps in planned:
            await self._handle(connection, item, context if self._day == day else self._context(item), steps)

    def _keys(self, item: Item, context: Context | None) -> list[tuple[Route, UUID]]:
        if item.content is None or item.error is not None or context is None:
            return []
        steps = []
        try:
            for route in self.rules.of(item.content):
                key = route.key(_event(item.content), context)
                if key is not None:
                    steps.append((route, key))
        except Exception as error:
            item.error = error
            return []
        return steps

    async def _handle(
        self, connection: Connection, item: Item, context: Context | None, steps: Sequence[tuple[Route, UUID]]
    ) -> None:
        content = item.content
        if content is None or context is None or item.error is not None:
            self._refuse(item, item.error or DataError())
            return
        if (day := _day_of(content, self.rules.lender)) is not None and isinstance(content, Envelope):
            await queries.start_day(connection, day=day, event_id=content.id, started_at=content.time)
            self._day = max(day, self._day or day)
            context = self._context(item) or context
        tentative: dict[tuple[Store[Any], UUID], Any] = {}
        events: list[Event | Erasure] = []
        rows: list[Row] = []
        try:
            story = Story.of(content)
            for route, key in steps:
                state = tentative.get((route.store, key), self.workspace.now[route.store].get(key))
                decision = route.handle(state, _event(content), context)
                tentative[route.store, key] = decision.state
                events += decision.events
                told = story.told_as(decision.story)
                rows += [outbox.event_row(event, self.rules.source, self.now, told) for event in decision.events]
        except Exception as error:
            item.error = error
            self._refuse(item, error)
            return
        self.answer = {}
        for (store, key), state in tentative.items():
            self.workspace.now[store][key] = state
            self.answer.setdefault(store, state)
        self.rows += rows
        self.events += events
        self.deaths.append(False)
        self._outcomes[item.record.topic, "handled"] += 1

    def _refuse(self, item: Item, error: Exception) -> None:
        """Answer the partner on an intake topic, else write a dead letter. A command's caller is told by its error."""
        if self.channel != TOPIC:
            return
        topic = item.record.topic
        partner = _partner(topic)
        if partner is not None and self.rules.answer_invalid is not None:
            error = self._answer(item, error, partner)
            if isinstance(error, DataError):
                self.deaths.append(False)
                self._outcomes[topic, "rejected"] += 1
                return
        attempt = attempt_of(item.record)
        record = dead_letter(item.record, service=self.rules.service, error=error, attempt=attempt, at=self.now)
        self.rows.append(outbox.record_row(record.header("dlq_id") or item.record.place, "DeadLetter", record))
        self._released.append(item.inbox_id)
        self.deaths.append(True)
        self._outcomes[topic, "dead_letter"] += 1
        self._codes[topic, _code(error)] += 1
        logger().error(
            "dead letter",
            place=item.record.place,
            correlation_id=item.record.header("ce_correlationid") or item.record.header("ce_id"),
            error=repr(error),
            traceback=None if isinstance(error, DataError) else "".join(traceback.format_exception(error)),
        )

    def _answer(self, item: Item, error: Exception, partner: str) -> Exception:
        """Answer the partner; returns the error, or the one that kept it from being told."""
        told = error if isinstance(error, DataError) else _internal(item)
        record = item.record
        story = Story(record.header("ce_correlationid"), record.header("ce_id"), record.header("traceparent"))
        try:
            events = self.rules.answer_invalid(record, told, partner) if self.rules.answer_invalid else ()
            rows = [outbox.event_row(event, self.rules.source, self.now, story) for event in events]
        except Exception as fault:
            return RuntimeError(f"could not answer {error!r}: {fault!r}")
        self.rows += rows
        self.events += events
        return error

    async def save(self, connection: Connection) -> None:
        """Write the changed aggregates and the outbox."""
        await self.workspace.save(connection)
        if self.rows:
            await outbox.insert(connection, self.rows)
        if self._released:
            await queries.release_inbox(connection, ids=self._released)

    def observe(self) -> None:
        """Count, once committed."""
        for (topic, outcome), count in self._outcomes.items():
            metrics.RECORDS.labels(topic, outcome).inc(count)
        for (topic, code), count in self._codes.items():
            metrics.DEAD_LETTERS.labels(topic, code).inc(count)
        for event in self.events:
            if isinstance(event, Event) and (observer := self.rules.published.get(type(event))):
                observer(event)

    def _context(self, item: Item) -> Context | None:
        content = item.content
        if content is None:
            return None
        story = Story.of(content)
        return Context(
            now=self.now,
            business_date=self._day or content.time.astimezone(self.rules.zone).date(),
            event_id=content.id,
            event_time=content.time,
            partner=content.parameter if isinstance(content, Envelope) else None,
            channel=self.channel,
            correlation_id=story.correlation_id,
            traceparent=story.traceparent,
        )


def _event(content: Envelope[Event | Command] | Tombstone) -> Event | Command | Tombstone:
    return content if isinstance(content, Tombstone) else content.data


def _day_of(content: Envelope[Event | Command] | Tombstone, lender: str) -> date | None:
    if isinstance(content, Envelope) and isinstance(content.data, BusinessDayStarted) and content.data.lender == lender:
        return content.data.day
    return None


def _partner(topic: str) -> str | None:
    try:
        found, parameter = find(topic)
    except UnknownTopic:
        return None
    return parameter if found is INTAKE else None


def _internal(item: Item) -> DataError:
    """What a partner is told of a fault of ours: not its details, but that nothing is lost."""
    return DataError(
        FieldError(
            "",
            "not_processed",
            "The record could not be processed; it is kept and being looked at.",
            f"Ask about {item.record.place}.",
        )
    )


def _code(error: Exception) -> str:
    return error.errors[0].code if isinstance(error, DataError) and error.errors else type(error).__name__
