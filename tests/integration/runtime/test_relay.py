"""The relay on a real Kafka and a real PostgreSQL: killed at the worst moment, doubled, and without a topic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from integration.runtime import toy
from lendstream.admin import apply_topics
from lendstream.envelope import Record
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged
from lendstream.runtime import outbox
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.outbox import event_row
from lendstream.runtime.relay import Relay
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Connection, Pool
from lendstream.runtime.story import Story
from lendstream.runtime.unit_of_work import UnitOfWork
from support.broker import fresh_topics, read_topic
from support.waiting import until


@pytest.fixture
async def pool(database: str, kafka_bootstrap: str) -> AsyncIterator[Pool]:
    await fresh_topics(kafka_bootstrap)
    async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "toy": toy.MIGRATIONS})
        yield pool


class HangsBeforeTheMark(Relay):
    """Publishes, and is never heard of again."""

    async def _done(self, connection: Connection, seqs: list[int]) -> None:
        await asyncio.Event().wait()


async def put(pool: Pool, count: int) -> None:
    rows = [event_row(toy.payment(n + 100), "bank/test", datetime.now(UTC), Story()) for n in range(count)]
    async with pool.acquire() as connection:
        await outbox.insert(connection, rows)


async def depth(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM outbox"))


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def payments(bootstrap: str) -> list[Record]:
    return await read_topic(bootstrap, "lending.payment.v1")


async def test_killed_between_send_and_mark_it_sends_again_and_readers_drop_it(
    pool: Pool, database: str, kafka_bootstrap: str
) -> None:
    await put(pool, 20)
    first = asyncio.create_task(HangsBeforeTheMark(database, kafka_bootstrap, "servicing").run())

    async def sent(times: int) -> bool:
        return len(await payments(kafka_bootstrap)) == 20 * times

    await until(lambda: sent(1), "all are on the topic")
    assert await depth(pool) == 20
    await ended(first)

    relay = Relay(database, kafka_bootstrap, "servicing")
    second = asyncio.create_task(relay.run())
    await until(lambda: sent(2), "all are on the topic again")
    relay.stop()
    await second
    assert await depth(pool) == 0

    records = await payments(kafka_bootstrap)
    assert len({record.header("ce_id") for record in records}) == 20
    rules = Rules("servicing", toy.ROUTES, "lendstream", ZoneInfo("Asia/Shanghai"))
    await UnitOfWork(pool, rules, DeadLetterLimits(3, 0.5), lambda: None).process(records)
    assert await pool.fetchval("SELECT sum(payments) FROM till") == 20


async def test_of_two_relays_one_publishes_and_the_other_takes_over(
    pool: Pool, database: str, kafka_bootstrap: str
) -> None:
    first, second = (asyncio.create_task(Relay(database, kafka_bootstrap, "servicing").run()) for _ in range(2))
    await put(pool, 50)

    async def empty() -> bool:
        return await depth(pool) == 0

    await until(empty, "the first has published")
    await ended(first)
    await put(pool, 50)
    await until(empty, "the other has taken over")
    await ended(second)
    assert len(await payments(kafka_bootstrap)) == 100


async def test_a_missing_topic_holds_up_only_its_own_records(pool: Pool, database: str, kafka_bootstrap: str) -> None:
    partner = f"late-{uuid4().hex[:8]}"
    answer = ApplicationStatusChanged(
        partner=partner, reference="R-1", application_id=uuid4(), status=ApplicationStatus.RECEIVED
    )
    async with pool.acquire() as connection:
        await outbox.insert(connection, [event_row(answer, "lendstream/application", datetime.now(UTC), Story())])
    await put(pool, 10)
    task = asyncio.create_task(Relay(database, kafka_bootstrap, "application").run())

    async def one_left() -> bool:
        return await depth(pool) == 1

    async def none_left() -> bool:
        return await depth(pool) == 0

    await until(one_left, "the others are published")
    assert len(await payments(kafka_bootstrap)) == 10
    await apply_topics(kafka_bootstrap, [partner])
    await until(none_left, "the record whose topic was missing is published")
    await ended(task)
    assert len(await read_topic(kafka_bootstrap, f"lending.intake-result.{partner}.v1")) == 1


async def test_order_is_kept(pool: Pool, database: str, kafka_bootstrap: str) -> None:
    loan = uuid4()
    relay = Relay(database, kafka_bootstrap, "servicing", batch_size=7)
    task = asyncio.create_task(relay.run())
    for start in range(0, 100, 10):
        numbers = range(start, start + 10)
        rows = [event_row(toy.payment(n + 100, loan), "bank/test", datetime.now(UTC), Story(str(n))) for n in numbers]
        async with pool.acquire() as connection:
            await outbox.insert(connection, rows)
        relay.wake()
    relay.stop()
    await task
    told = [record.header("ce_correlationid") for record in await payments(kafka_bootstrap)]
    assert told == [str(n) for n in range(100)]
