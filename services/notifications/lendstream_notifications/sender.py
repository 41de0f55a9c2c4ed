"""Takes queued messages of one channel to their outcome, so that none is lost and none goes out twice.

    claim (SKIP LOCKED) -> decide -> `sending`, committed -> hand over -> conclude -> outcome and event, committed

Every instance runs one sender a channel. A message that an ended instance left in `sending` is found by its age: it
may have gone out, and `conclude` knows what that means for the channel.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jinja2 import TemplateError

from lendstream.events.base import Event
from lendstream.runtime.database import is_infrastructure, transaction
from lendstream.runtime.sql import Connection, Pool
from lendstream.runtime.story import Story
from lendstream.runtime.telemetry import logger
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream_notifications import store
from lendstream_notifications.domain.message import Message
from lendstream_notifications.domain.rules import Rules
from lendstream_notifications.domain.sending import Answer, Delivery, HandOver, Retry, Step, conclude, decide
from lendstream_notifications.queries import queries
from lendstream_notifications.recipients import Recipients
from lendstream_notifications.transports import Transport
from lendstream_notifications.wording import Wording

Change = tuple[Message, Step]


@dataclass(frozen=True)
class Pace:
    """How fast and how patiently messages are sent."""

    poll: timedelta
    """How often an idle sender looks for messages."""
    claim: timedelta
    """After so long in `sending` a message counts as left behind: longer than any handing over takes."""
    retry: Retry


class Sender:
    """The sender of one channel. Run `run()` as a task; cancelling it lets the messages in hand finish first."""

    def __init__(
        self,
        pool: Pool,
        unit_of_work: UnitOfWork,
        transport: Transport,
        *,
        recipients: Recipients,
        wording: Wording,
        rules: Rules,
        pace: Pace,
    ) -> None:
        self._pool = pool
        self._unit_of_work = unit_of_work
        self._transport = transport
        self._recipients = recipients
        self._wording = wording
        self._rules = rules
        self._pace = pace
        self._contacts = store.Contacts()
        self._plans = store.Plans()
        self._stopping = False

    async def run(self) -> None:
        """Send for ever. Errors: infrastructure errors of the database, between messages; start it again."""
        try:
            while True:
                work = asyncio.create_task(self.round())
                try:
                    busy = await asyncio.shield(work)
                except asyncio.CancelledError:
                    self._stopping = True
                    await _to_its_end(work)
                    raise
                if not busy:
                    await asyncio.sleep(self._pace.poll.total_seconds())
        finally:
            await self._transport.close()

    async def round(self) -> bool:
        """One handful of messages; returns whether there were any."""
        left_behind = await self._recover()
        claimed, ready = await self._claim()
        pending = {asyncio.create_task(self._hand_over(each)) for each in ready}
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            await self._save_surely([task.result() for task in done])
        return bool(claimed or left_behind)

    async def _claim(self) -> tuple[int, list[HandOver]]:
        """Lock what is due, decide, and commit; what is to be handed over is `sending` then."""
        now = datetime.now(UTC)
        async with transaction(self._pool) as connection:
            messages = await store.claim(connection, self._transport.channel, now, self._transport.at_once)
            changes = await self._decide(connection, messages, now) if messages else []
            events = await self._save(connection, changes, now)
        self._published(events)
        return len(messages), [step.hand_over for _, step in changes if step.hand_over is not None]

    async def _decide(self, connection: Connection, messages: Sequence[Message], now: datetime) -> list[Change]:
        plans = await self._plans.read(connection, [each.loan_id for each in messages if each.loan_id])
        contacts = await self._contacts.read(connection, [each.customer_id for each in messages])
        today = await queries.today(connection)
        return [
            (
                message,
                decide(
                    message,
                    plan=plans.get(message.loan_id) if message.loan_id else None,
                    contact=contacts.get(message.customer_id),
                    today=today,
                    now=now,
                    rules=self._rules,
                    open_profile=self._recipients.open,
                ),
            )
            for message in messages
        ]

    async def _recover(self) -> int:
        """Conclude messages that were left in `sending`: nobody knows whether they went out."""
        now = datetime.now(UTC)
        async with transaction(self._pool) as connection:
            left = await store.claim(
                connection, self._transport.channel, now, self._transport.at_once, now - self._pace.claim
            )
            changes = [(each, self._conclude(each, Delivery(Answer.IN_DOUBT, "no_answer"), now)) for each in left]
            events = await self._save(connection, changes, now)
        self._published(events)
        for message in left:
            logger().warning("left in the middle of handing over", message_key=message.key)
        return len(left)

    async def _hand_over(self, hand_over: HandOver) -> Change:
        message = hand_over.message
        try:
            text = self._wording.text(hand_over)
        except TemplateError as error:
            logger().error("the template is at fault", kind=message.kind, error=repr(error))
            delivery = Delivery(Answer.NOT_NOW, "template")
        else:
            delivery = await self._transport.deliver(hand_over.address, text, message.key)
        step = self._conclude(message, delivery, datetime.now(UTC))
        if delivery.answer is not Answer.ACCEPTED:
            logger().warning(
                "not delivered",
                message_key=message.key,
                channel=message.channel,
                answer=delivery.answer.value,
                reason=delivery.reason,
                attempts=message.attempts,
                state=step.message.state,
            )
        return message, step

    def _conclude(self, message: Message, delivery: Delivery, now: datetime) -> Step:
        return conclude(
            message,
            delivery,
            now=now,
            rules=self._rules,
            retry=self._pace.retry,
            repeatable=self._transport.repeatable,
        )

    async def _save_surely(self, changes: Sequence[Change]) -> None:
        """Save outcomes that only this process knows: while the database is away they are kept and tried again."""
        pause = 0.1
        while True:
            try:
                now = datetime.now(UTC)
                async with transaction(self._pool) as connection:
                    events = await self._save(connection, changes, now)
                return self._published(events)
            except Exception as error:
                if self._stopping or not is_infrastructure(error):
                    raise
                logger().warning("the database is away; outcomes wait", outcomes=len(changes), error=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2)

    async def _save(self, connection: Connection, changes: Sequence[Change], now: datetime) -> list[Event]:
        """Save messages, and publish the events of those that nobody else has concluded meanwhile."""
        if not changes:
            return []
        saved = await store.update(connection, [(before, step.message) for before, step in changes])
        published: list[Event] = []
        for message, step in changes:
            if message.key not in saved:
                logger().warning("concluded elsewhere meanwhile", message_key=message.key)
            elif step.events:
                story = Story(message.correlation_id, None, message.traceparent)
                await self._unit_of_work.publish(connection, step.events, story, now)
                published += step.events
        return published

    def _published(self, events: Sequence[Event]) -> None:
        if events:
            self._unit_of_work.wake()
            self._unit_of_work.observe(events)


async def _to_its_end(task: asyncio.Task[bool]) -> None:
    """Wait for a task although this one is cancelled, however often."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
