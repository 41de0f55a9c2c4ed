"""A whole service on the runtime, as a process, with a real Kafka and a real PostgreSQL; both go away now and then."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from integration.runtime import toy
from lendstream.envelope import Record
from lendstream.events.calendar import BusinessDayStarted
from lendstream_local.stack import Stack
from support.broker import fresh_topics, producer, read_topic
from support.processes import Process
from support.waiting import until

Start = Callable[[], Process]


@pytest.fixture
async def start(kafka_bootstrap: str, database: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Makes instances of the toy service on one database, in one consumer group."""
    await fresh_topics(kafka_bootstrap)
    processes: list[Process] = []
    group = f"toy-{uuid4()}"

    def make() -> Process:
        environment = {
            "LENDSTREAM_KAFKA_BOOTSTRAP": kafka_bootstrap,
            "LENDSTREAM_DATABASE_URL": database,
            "LENDSTREAM_CONSUMER_GROUP": group,
        }
        processes.append(Process("integration.runtime.toy_main", environment, tmp_path / f"toy-{len(processes)}.log"))
        return processes[-1]

    yield make
    for process in processes:
        process.kill()


async def applied(bootstrap: str, loans: set[UUID]) -> list[Record]:
    """The events that the toy published for these loans."""
    names = {str(loan).encode() for loan in loans}
    records = await read_topic(bootstrap, "lending.loan.v1")
    return [record for record in records if record.value and record.value[12:48] in names]


async def total(database: str) -> int:
    connection = await asyncpg.connect(database)
    try:
        return int(await connection.fetchval("SELECT coalesce(sum(total), 0) FROM till"))
    finally:
        await connection.close()


async def outbox_depth(database: str) -> int:
    connection = await asyncpg.connect(database)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
    finally:
        await connection.close()


@asynccontextmanager
async def flowing(bootstrap: str, loans: list[UUID], count: int) -> AsyncIterator[None]:
    """Publishes `count` payments of 1 in the background, each to the next loan; done at the end of the block."""

    async def flow() -> None:
        async with producer(bootstrap) as send:
            for start in range(0, count, 10):
                await send(
                    [toy.record(toy.payment(1, loans[n % len(loans)])) for n in range(start, min(start + 10, count))]
                )

    task = asyncio.create_task(flow())
    yield
    await task


async def all_applied_once(bootstrap: str, database: str, loans: list[UUID], count: int) -> None:
    """Every payment counted once, every event published, in order, without a gap."""

    async def settled() -> bool:
        return await total(database) == count and await outbox_depth(database) == 0

    await until(settled, f"{count} payments are applied and published")
    records = await applied(bootstrap, set(loans))
    ids = {record.header("ce_id") for record in records}
    assert len(ids) == count
    for loan in loans:
        values = [json.loads(record.value or b"") for record in records if str(loan).encode() in (record.value or b"")]
        sequences = list(dict.fromkeys(value["sequence"] for value in values))
        assert sequences == list(range(1, len(sequences) + 1))


async def test_payments_flow_from_topic_to_topic(start: Start, kafka_bootstrap: str, database: str) -> None:
    process = await start().started()
    loans = [uuid4() for _ in range(5)]
    async with flowing(kafka_bootstrap, loans, 100):
        pass
    await all_applied_once(kafka_bootstrap, database, loans, 100)
    metrics = process.get("/metrics").text
    assert 'lendstream_records_total{outcome="handled",topic="lending.payment.v1"} 100.0' in metrics
    assert process.get("/health/live").json() == {"status": "live"}
    assert process.stop() == 0


async def test_killed_and_restarted_nothing_is_lost_or_doubled(
    start: Start, kafka_bootstrap: str, database: str
) -> None:
    process = await start().started()
    loans = [uuid4() for _ in range(5)]
    async with flowing(kafka_bootstrap, loans, 600):
        for goal in (50, 150, 300):
            await until(partial(reached, database, goal), f"{goal} are applied")
            process.kill()
            process.start()
    await all_applied_once(kafka_bootstrap, database, loans, 600)


async def reached(database: str, goal: int) -> bool:
    return await total(database) >= goal


async def test_two_instances_and_a_rebalance_in_the_middle(start: Start, kafka_bootstrap: str, database: str) -> None:
    first, second = await start().started(), start()
    loans = [uuid4() for _ in range(20)]
    async with flowing(kafka_bootstrap, loans, 600):
        await until(lambda: reached(database, 50), "the first is at work")
        await second.started()
        await until(lambda: reached(database, 300), "both are at work")
        assert first.stop() == 0
    await all_applied_once(kafka_bootstrap, database, loans, 600)


async def test_days_are_walked_in_order_and_what_fails_is_set_aside(
    start: Start, kafka_bootstrap: str, database: str
) -> None:
    await start().started()
    loans = [uuid4() for _ in range(3)]
    days = [date(2026, 1, 5), date(2026, 1, 6)]
    async with producer(kafka_bootstrap) as send:
        await send(toy.record(toy.payment(amount, loan)) for loan, amount in zip(loans, (1, 5, 9), strict=True))
        await until(lambda: reached(database, 15), "the payments are applied")
        await send(toy.record(BusinessDayStarted(lender="lendstream", day=day)) for day in days)
    connection = await asyncpg.connect(database)
    try:

        async def closed() -> bool:
            return bool(await connection.fetchval("SELECT count(*) = 2 FROM business_day WHERE closed_at IS NOT NULL"))

        await until(closed, "both days are closed")
        rows = await connection.fetch("SELECT loan_id, seen_on FROM till")
        assert {row["loan_id"]: row["seen_on"] for row in rows} == {
            loans[0]: days[1],
            loans[1]: date(2000, 1, 1),
            loans[2]: days[1],
        }
        aside = await connection.fetch("SELECT * FROM day_exception ORDER BY day")
        assert [(row["day"], row["aggregate_id"]) for row in aside] == [(day, loans[1]) for day in days]
        assert "this till can't" in aside[0]["reason"]
    finally:
        await connection.close()


@pytest.fixture
def servers(stack: Stack) -> Iterator[Stack]:
    """The stack, given back running."""
    yield stack
    for server in (stack.kafka, stack.postgres):
        if not server.running():
            server.start()


@pytest.mark.parametrize("name", ["kafka", "postgres"])
async def test_a_server_away_for_thirty_seconds(
    name: str, servers: Stack, start: Start, kafka_bootstrap: str, database: str
) -> None:
    process = await start().started()
    server = servers.kafka if name == "kafka" else servers.postgres
    loans = [uuid4() for _ in range(5)]
    async with flowing(kafka_bootstrap, loans, 100):
        pass
    await until(lambda: reached(database, 20), "it is at work")
    server.kill()
    await asyncio.sleep(30)  # the outage itself, not a wait for a result
    assert process.running()
    assert process.get("/health/live").status_code == 200
    await asyncio.to_thread(server.start)
    async with flowing(kafka_bootstrap, loans, 100):
        pass
    await all_applied_once(kafka_bootstrap, database, loans, 200)
    await until(process.ready, "it is ready again")


async def test_too_many_dead_letters_stop_the_consumer_loudly(
    start: Start, kafka_bootstrap: str, database: str
) -> None:
    process = await start().started()
    loan = uuid4()
    async with producer(kafka_bootstrap) as send:
        await send([toy.record(toy.payment(13, loan)) for _ in range(60)])

    def stopped() -> bool:
        return "stopped for good" in process.get("/health/ready").text

    await until(stopped, "the consumer stopped")
    assert process.get("/health/live").status_code == 200
    assert "lendstream_consumer_running -1.0" in process.get("/metrics").text
