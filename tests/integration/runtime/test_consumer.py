"""How far a group is said to be: late, but always before another member or the next start has to know it."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from uuid import uuid4

import pytest

from integration.runtime import toy
from lendstream.envelope import Record
from lendstream.runtime import consumer as module
from lendstream.runtime.consumer import Consumer
from lendstream.topics import PAYMENT
from support.broker import fresh_topics, producer
from support.waiting import until


class Members:
    """Consumers of one group, and how often each record was handed to one of them."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.taken: Counter[str] = Counter()
        self._group = f"test-{uuid4()}"
        self._running: dict[Consumer, asyncio.Task[None]] = {}

    async def join(self) -> Consumer:
        """A new member, once it has partitions."""
        member = Consumer(self.bootstrap, self._group, (PAYMENT,), self._take)
        self._running[member] = asyncio.create_task(member.run())
        await until(lambda: member.assigned, "it has partitions")
        return member

    async def leave(self, member: Consumer) -> None:
        """Stop as SIGTERM does."""
        member.stop()
        await self._running.pop(member)

    async def die(self, member: Consumer) -> None:
        """End without a word to the group about what was done."""
        task = self._running.pop(member)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def end(self) -> None:
        """All of them."""
        for member in list(self._running):
            await self.die(member)

    async def pay(self, count: int) -> None:
        """Publish so many records, and wait until all that was ever published has been taken."""
        goal = len(self.taken) + count
        async with producer(self.bootstrap) as send:
            await send([toy.record(toy.payment(1)) for _ in range(count)])
        await until(lambda: len(self.taken) == goal, f"{goal} records are taken")

    async def _take(self, records: Sequence[Record]) -> None:
        self.taken.update(record.place for record in records)


@pytest.fixture
async def members(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Members]:
    """Members that, after their first commit, commit only when they must."""
    await fresh_topics(kafka_bootstrap)
    monkeypatch.setattr(module, "_BETWEEN_COMMITS", math.inf)
    group = Members(kafka_bootstrap)
    yield group
    await group.end()


async def test_whoever_takes_partitions_over_begins_behind_what_is_done(members: Members) -> None:
    first = await members.join()
    for count in (20, 30, 40):
        await members.pay(count)
    second = await members.join()
    await members.pay(50)
    await members.leave(first)
    await members.pay(60)
    await members.leave(second)
    await members.join()
    await members.pay(70)
    assert set(members.taken.values()) == {1}


async def test_what_a_dead_member_had_not_committed_comes_again(members: Members) -> None:
    first = await members.join()
    for count in (20, 30):
        await members.pay(count)
    await members.die(first)
    await members.join()
    await members.pay(40)
    await until(lambda: max(members.taken.values()) == 2, "what was not committed is seen again")
    assert len(members.taken) == 90
