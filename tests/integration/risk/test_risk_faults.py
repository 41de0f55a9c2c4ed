"""Kills, rebalances and a broker that goes away: nothing is lost, nothing is decided twice in two ways.

Each test ends with the same audit: what is on the decision topic is what the rules say to the application topic read
once from its beginning, to the byte. Each decision names the customer's position, so a lost or doubled state shows.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
import pytest

from integration.risk.workers import Workers
from lendstream.events.base import Event
from lendstream_local.stack import Stack
from support.processes import Process
from support.risk import closed, opened, paid, ready, withdrawn
from support.waiting import until

CUSTOMERS = 60


def story(chance: random.Random, customers: list[UUID], count: int) -> list[Event]:
    """Applications of few customers, some of them withdrawn: each decision depends on the ones before."""
    events: list[Event] = []
    for _ in range(count):
        asked = ready(customer_id=chance.choice(customers), amount=chance.choice([50_000, 100_000, 400_000]))
        events.append(asked)
        if chance.random() < 0.6:
            events.append(withdrawn(asked))
    return events


@asynccontextmanager
async def flow(workers: Workers, seed: int) -> AsyncIterator[None]:
    """Publishes in small batches for as long as the block runs: whoever waits in it for more decisions gets them."""
    chance = random.Random(seed)
    customers = [uuid4() for _ in range(CUSTOMERS)]
    over = asyncio.Event()

    async def publish() -> None:
        while not over.is_set():
            await workers.publish(*story(chance, customers, 40))
            await asyncio.sleep(0.2)

    publishing = asyncio.create_task(publish())
    try:
        yield
        over.set()
        await publishing
    finally:
        publishing.cancel()


async def some_decisions(workers: Workers, more_than: int) -> int:
    """Wait until there are more decisions than so many; says how many there are."""

    async def more() -> int:
        count = len(await workers.decisions())
        return count if count > more_than else 0

    return await until(more, f"more than {more_than} applications are decided")


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
@pytest.mark.parametrize("settings", [{}, {"LENDSTREAM_INSTANCE": "risk-0"}], ids=["dynamic", "static"])
async def test_kills_in_the_middle_lose_and_double_nothing(
    workers: Workers, store: str, settings: dict[str, str]
) -> None:
    worker = await workers.make(LENDSTREAM_STORE=store, **settings).started()
    async with flow(workers, seed=1):
        seen = 0
        for _ in range(3):
            seen = await some_decisions(workers, seen)
            worker.kill()
            await worker.started()
    await workers.assert_as_expected()
    assert worker.stop() == 0
    assert "CRITICAL" not in worker.log.read_text().upper()


@pytest.mark.parametrize("attempt", range(3))
async def test_a_kill_before_the_first_commit_loses_nothing(workers: Workers, attempt: int) -> None:
    await workers.publish(*story(random.Random(attempt), [uuid4() for _ in range(CUSTOMERS)], 400))
    worker = workers.make().start()
    await some_decisions(workers, 0)
    worker.kill()
    worker.start()
    await workers.assert_as_expected()


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
async def test_two_instances_share_the_work_and_take_over_from_each_other(workers: Workers, store: str) -> None:
    first = await workers.make(LENDSTREAM_STORE=store).started()
    second = workers.make(LENDSTREAM_STORE=store)
    async with flow(workers, seed=2):
        seen = await some_decisions(workers, 0)
        await second.started()
        seen = await some_decisions(workers, seen)
        assert first.stop() == 0
        seen = await some_decisions(workers, seen)
        await first.started()
        seen = await some_decisions(workers, seen)
        second.kill()
        await second.started()
    await workers.assert_as_expected()


async def test_an_instance_that_stood_still_does_not_publish_what_it_knew_before(workers: Workers) -> None:
    customers = [uuid4() for _ in range(CUSTOMERS)]
    frozen = await workers.make().started()
    await workers.publish(*story(random.Random(4), customers, 3_000))
    await some_decisions(workers, 0)
    frozen.send_signal(signal.SIGSTOP)
    other = await workers.make().started()
    await workers.assert_as_expected()
    frozen.send_signal(signal.SIGCONT)
    await until(lambda: "stood still" in frozen.log.read_text(), "it notices")
    await until(frozen.ready, "it takes part again")
    frozen.kill()
    other.kill()
    await workers.make().started()
    await workers.publish(*story(random.Random(5), customers, 300))
    await workers.assert_as_expected()


async def test_both_instances_work(workers: Workers) -> None:
    instances = [await workers.make().started(), await workers.make().started()]
    asked = [ready() for _ in range(60)]
    await workers.publish(*asked)
    await workers.decided(*asked)

    def decided_by(number: int) -> bool:
        return "lendstream_decisions_total{" in httpx.get(f"{instances[number].url}/metrics").text

    await until(lambda: decided_by(0) and decided_by(1), "both have decided")


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
async def test_what_is_known_of_a_customer_survives(workers: Workers, store: str) -> None:
    worker = await workers.make(LENDSTREAM_STORE=store).started()
    asked = [ready(amount=2_000_000) for _ in range(30)]
    await workers.publish(*asked)
    decided = await workers.decided(*asked)
    loans = [opened(each) for each in decided]
    await workers.publish(
        *loans, *(paid(loan, 3, 700_000) for loan in loans[:10]), *(closed(loan, 4) for loan in loans[10:20])
    )

    async def known() -> list[tuple[int, int]]:
        again = [ready(customer_id=each.customer_id) for each in asked]
        await workers.publish(*again, *(withdrawn(each) for each in again))
        return [(each.position.exposure, each.position.loans_repaid) for each in await workers.decided(*again)]

    truth = [(700_000, 0)] * 10 + [(0, 1)] * 10 + [(2_000_000, 0)] * 10

    async def is_known() -> bool:
        return await known() == truth

    await until(is_known, "the loans' events are known")
    worker.kill()
    await worker.started()
    assert await known() == truth
    assert worker.stop() == 0
    elsewhere = await workers.make(LENDSTREAM_STORE=store).started()
    assert await known() == truth
    assert elsewhere.stop() == 0


@pytest.mark.parametrize("seconds", [2, 35])
async def test_a_broker_that_goes_away_loses_and_doubles_nothing(
    workers: Workers, stack: Stack, seconds: float
) -> None:
    """A worker may end while the broker is away; then whoever supervises it starts it again."""
    await workers.publish(*story(random.Random(3), [uuid4() for _ in range(CUSTOMERS)], 2_000))
    worker = workers.make().start()
    async with kept_running(worker):
        await some_decisions(workers, 0)
        stack.kafka.kill()
        try:
            await asyncio.sleep(seconds)
        finally:
            stack.kafka.start()
        await workers.assert_as_expected()
        await until(worker.ready, "the worker is ready again")
    assert worker.stop() == 0


@asynccontextmanager
async def kept_running(worker: Process) -> AsyncIterator[None]:
    """What a supervisor does: start it again when it has ended."""

    async def supervise() -> None:
        while True:
            if not worker.running():
                worker.start()
            await asyncio.sleep(0.5)

    supervising = asyncio.create_task(supervise())
    try:
        yield
    finally:
        supervising.cancel()
