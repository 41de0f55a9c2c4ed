"""Takes queued messages of one channel to their outcome, so that none is lost and none goes out twice.

    claim (SKIP LOCKED) -> decide -> `sending`, committed -> hand over -> conclude -> outcome and event, committed

Every instance runs one sender a channel. A message that an ended instance left in `sending` is found by its age: it
may have gone out, and `conclude` knows what that means for the channel.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

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

T = TypeVar("T")
Change = tuple[Message, Step]
_SET_BACK = timedelta(minutes=1)


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
        self._in_hand: set[asyncio.Task[Change]] = set()
        """What is being handed over; a task's name is its message's key."""
        self._quiet = True
        self._recover_at = 0.0
        self._stopping = False

    async def run(self) -> None:
        """Send for ever. Errors: infrastructure errors of the database, between messages; start it again."""
        try:
            while True:
                if not await self._to_its_end(self.step()) and not self._in_hand:
                    await asyncio.sleep(self._pace.poll.total_seconds())
        finally:
            try:
                await self._to_its_end(self.finish())
            finally:
                await self._transport.close()

    async def step(self) -> bool:
        """Take up what is due while there are hands free, and save what has come in; returns whether any was taken up.

        A provider that keeps one message waiting keeps only that one: the other hands go on.
        """
        taken = await self._recover() if time.monotonic() >= self._recover_at else 0
        free = self._transport.at_once - len(self._in_hand)
        if self._quiet or 2 * free >= self._transport.at_once:
            taken += await self._claim(free)
        full = len(self._in_hand) >= self._transport.at_once
        self._quiet = not await self._collect(self._pace.poll.total_seconds() if full or not taken else 0)
        return bool(taken)

    async def finish(self) -> None:
        """Let what is in hand come to its end."""
        while self._in_hand:
            await self._collect(None)

    async def _collect(self, patience: float | None) -> int:
        """Save the outcomes that come in within these seconds; returns how many."""
        if not self._in_hand:
            return 0
        done, self._in_hand = await asyncio.wait(self._in_hand, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if done:
            await self._save_surely([task.result() for task in done])
        return len(done)

    async def _claim(self, limit: int) -> int:
        """Lock what is due, decide, and commit; what is to be handed over is `sending` then, and in hand."""
        now = datetime.now(UTC)
        async with transaction(self._pool) as connection:
            messages = await store.claim(connection, self._transport.channel, now, limit)
            changes = await self._decide(connection, messages, now) if messages else []
            events = await self._save(connection, changes, now)
        self._published(events)
        for _, step in changes:
            if step.hand_over is not None:
                self._in_hand.add(asyncio.create_task(self._hand_over(step.hand_over), name=step.message.key))
        return len(messages)

    async def _decide(self, connection: Connection, messages: Sequence[Message], now: datetime) -> list[Change]:
        plans = await self._plans.read(connection, [each.loan_id for each in messages if each.loan_id])
        contacts = await self._contacts.read(connection, [each.customer_id for each in messages])
        today = await queries.today(connection)

        def step(message: Message) -> Step:
            try:
                return decide(
                    message,
                    plan=plans.get(message.loan_id) if message.loan_id else None,
                    contact=contacts.get(message.customer_id),
                    today=today,
                    now=now,
                    rules=self._rules,
                    open_profile=self._recipients.open,
                )
            except Exception as error:  # one that can't be decided (its kind is gone, say) must not hold up the rest
                logger().error("not decided; set back", message_key=message.key, error=repr(error))
                return Step(replace(message, next_attempt_at=now + _SET_BACK))

        return [(message, step(message)) for message in messages]

    async def _recover(self) -> int:
        """Conclude messages that were left in `sending`: nobody knows whether they went out."""
        self._recover_at = time.monotonic() + self._pace.poll.total_seconds()
        now = datetime.now(UTC)
        mine = {task.get_name() for task in self._in_hand}
        async with transaction(self._pool) as connection:
            old = now - self._pace.claim
            found = await store.claim(connection, self._transport.channel, now, self._transport.at_once, old)
            left = [each for each in found if each.key not in mine]
            changes = [(each, self._conclude(each, Delivery(Answer.IN_DOUBT, "no_answer"), now)) for each in left]
            events = await self._save(connection, changes, now)
        self._published(events)
        for message in left:
            logger().warning("left in the middle of handing over", message_key=message.key)
        return len(left)

    async def _hand_over(self, hand_over: HandOver) -> Change:
        message = hand_over.message
        delivery = await self._deliver(hand_over)
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

    async def _deliver(self, hand_over: HandOver) -> Delivery:
        """Write the text and hand it over. A fault of ours is an answer too: raised, it would strand the others."""
        message = hand_over.message
        try:
            text = self._wording.text(hand_over)
        except Exception as error:
            logger().error("the template is at fault", kind=message.kind, error=type(error).__name__)
            return Delivery(Answer.NOT_NOW, "template")
        try:
            return await self._transport.deliver(hand_over.address, text, message.key)
        except Exception as error:
            logger().error("the transport is at fault", channel=message.channel, error=type(error).__name__)
            return Delivery(Answer.IN_DOUBT, type(error).__name__)

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

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it to its end even if this task is cancelled meanwhile, however often; then be cancelled."""
        task = asyncio.create_task(work)
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                self._stopping, cancelled = True, error
        if cancelled is not None:
            if failure := task.exception():
                logger().error("stopped with outcomes unsaved; they count as in doubt", error=repr(failure))
            raise cancelled
        return task.result()
