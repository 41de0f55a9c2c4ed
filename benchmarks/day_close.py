"""A business day over a million active loans, alone and while payments flow.

    python -m benchmarks.day_close [--json] [loans]

The book: 5 % of the loans are overdue by up to four months, 3.3 % have an instalment due on the day, nothing is to be
done for the others; all have six instalments and direct debit. A thousand of them live through the domain, SQL
multiplies them. First the day alone, in this process: the floor is one UPDATE of the overdue and the due loans that
writes as many columns. Then the same day in a process of servicing while 200 payments a second come in: seconds from
handing a payment to the producer to the broker's timestamp of its PaymentApplied, before the day and during it.
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import asyncpg
import psutil
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.latency import percentiles, send
from benchmarks.measure import Figure, own_stack, until
from benchmarks.open_loans import publish
from benchmarks.portfolio import POLICY, STORE, active, lived, payment, save, servicing
from lendstream.admin import apply_topics
from lendstream.envelope import encode
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.loan import PaymentApplied
from lendstream.runtime import collector, telemetry
from lendstream.runtime.days import Days
from lendstream.runtime.producer import new_producer
from lendstream.runtime.records import from_kafka
from lendstream.runtime.settings import ServiceSettings
from lendstream.runtime.sql import Connection
from lendstream.topics import CALENDAR, DEAD_LETTER, LOAN
from lendstream_local.home import free_ports
from lendstream_local.program import Program
from lendstream_local.stack import Stack
from lendstream_servicing.day import day_step
from lendstream_servicing.domain.loan import Loan

LOANS, MODELS = 1_000_000, 1000
DAY = date(2026, 6, 15)
RATE, SECONDS, SLOWER = 200, 20, 3.0
WITHIN = 1 / 6
CONCERNED = "overdue_amount > 0 OR period_to = $1"
"""Overdue, or an instalment is due."""
FLOOR = f"""
UPDATE loan SET sequence = sequence + 1, bucket = 'M1', overdue_amount = overdue_amount + 1, next_action_on = $1 + 1,
    aged_through = $1, walked_to = $1, debit_next_on = $1 + 1, debit_due = $1, debit_attempt = 1,
    debit_waits_for = gen_random_uuid(), interest_receivable = interest_receivable + 1, fee_receivable = 1,
    period_from = $1, period_to = $1 + 30, period_interest = period_interest + 1
WHERE {CONCERNED}"""
TOTALS = """
SELECT count(*) AS open_loans, sum(principal_outstanding) AS principal_outstanding,
       count(*) FILTER (WHERE overdue_amount > 0) AS overdue_loans, sum(overdue_amount) AS overdue_amount
FROM (
    SELECT loan_id, sum(principal - principal_paid) AS principal_outstanding,
           coalesce(sum(principal - principal_paid + interest - interest_paid + fee - fee_paid + late_fee + penalty
               - penalty_paid) FILTER (WHERE overdue_on IS NOT NULL), 0) AS overdue_amount
    FROM instalment JOIN loan ON loan.id = loan_id
    WHERE status = 'active'
    GROUP BY loan_id
) AS owed"""
"""From the instalments: what the day adds up it takes from the loans."""
COPIED = {"account": "id", "loan": "id", "contract": "loan_id", "instalment": "loan_id", "entry": "loan_id"}


def models() -> Iterator[Loan]:
    """A thousand loans, as a book has them on the morning of the day."""
    chosen = random.Random(7)
    for number in range(MODELS):
        if number < 50:  # the oldest unpaid instalment was due up to four months ago
            late = 1 + number * 118 // 50
            paid = chosen.randrange(2)
            yield lived(DAY - timedelta(late + 30 * paid + 31), paid, DAY)
        elif number < 83:
            yield lived(DAY.replace(month=1 + number % 5), 6, DAY)
        else:
            opened = DAY - timedelta(chosen.randrange(3, 150))
            yield lived(opened - timedelta(opened.day == DAY.day), 6, DAY)


async def multiply(connection: Connection, times: int) -> None:
    """Every loan so many times, with all its parts, under other numbers."""
    await connection.execute(
        f"CREATE TABLE copy AS SELECT id AS old, gen_random_uuid() AS new FROM loan, generate_series(2, {times})"
    )
    for table, key in COPIED.items():
        found = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_identity = 'NO'"
            " AND table_schema = 'public'",
            table,
        )
        names = [row["column_name"] for row in found]
        own = {key: "new", "customer_id": "gen_random_uuid()"} | (
            {"id": "id || '/' || new"} if key == "loan_id" else {}
        )
        taken = ", ".join(own.get(name, name) for name in names)
        copied = f"SELECT {taken} FROM copy JOIN {table} ON {key} = old ORDER BY new"
        await connection.execute(f"INSERT INTO {table} ({', '.join(names)}) {copied}")
    await connection.execute("DROP TABLE copy")
    await connection.execute("VACUUM ANALYZE")


async def floor_of(connection: Connection) -> tuple[int, float]:
    """How many loans the day concerns, and how many of them a second one UPDATE changes."""
    transaction = connection.transaction()
    await transaction.start()
    started = time.perf_counter()
    done = await connection.execute(FLOOR, DAY)
    seconds = time.perf_counter() - started
    await transaction.rollback()
    await connection.execute("VACUUM ANALYZE loan")
    count = int(done.split()[-1])
    return count, count / seconds


class Growth:
    """The most memory that this process took beyond what it had."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss
        self.most = 0

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.most = max(self.most, self._process.memory_info().rss - self._before)
            await asyncio.sleep(0.05)


async def alone(dsn: str, loans: int) -> tuple[Figure, str]:
    """The day with nothing beside it."""
    chunk = ServiceSettings.model_fields["day_chunk"].default
    async with servicing(dsn, DAY - timedelta(1)) as (pool, unit_of_work):
        async with pool.acquire() as connection:
            concerned, floor = await floor_of(connection)
            await connection.execute("CHECKPOINT")
            await connection.execute("INSERT INTO business_day VALUES ($1, 'day', now())", DAY)
        days = Days(dsn, pool, unit_of_work, day_step(STORE, POLICY, "lendstream", "CNY"), chunk)
        growth = Growth()
        watching = asyncio.create_task(growth.watch())
        started = time.perf_counter()
        walking = asyncio.create_task(days.run())
        async with pool.acquire() as connection:
            await closed(connection)
        seconds = time.perf_counter() - started
        days.stop()
        watching.cancel()
        await walking
        async with pool.acquire() as connection:
            touched = await connection.fetchval("SELECT count(*) FROM loan WHERE aged_through = $1", DAY)
            assert not await connection.fetchval("SELECT count(*) FROM day_exception")
            await check_totals(connection)
    figure = Figure(
        f"business day over {loans:,} loans, {concerned:,} overdue or due, {touched:,} of them with something to do"
        f" ({seconds:.1f} s)",
        concerned / seconds,
        "one UPDATE of the loans overdue or due",
        floor,
        "loans/s",
        goal=WITHIN,
    )
    return figure, f"  memory grew by {growth.most / 2**20:.0f} MiB at most, in chunks of {chunk} loans; none set aside"


async def closed(connection: Connection) -> None:
    """Wait for the end of the day."""
    for _ in range(100_000):
        if await connection.fetchval("SELECT closed_at FROM business_day WHERE day = $1", DAY):
            return
        await asyncio.sleep(0.02)


async def check_totals(connection: Connection) -> None:
    """What the day told of the book is what the instalments add up to."""
    payload = await connection.fetchval("SELECT payload FROM outbox WHERE type = 'BusinessDayClosed'")
    told = BusinessDayClosed.model_validate_json(payload)
    for name, value in (await connection.fetchrow(TOTALS) or {}).items():
        assert getattr(told, name) == value, (name, getattr(told, name), value)


class Applied:
    """When each payment was told applied, and when the day was closed."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.closed = False
        self.listening = False

    async def follow(self, bootstrap: str) -> None:
        """Until cancelled."""
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=100)
        await consumer.start()
        try:
            consumer.assign([TopicPartition(t.name, n) for t in (LOAN, CALENDAR) for n in range(t.partitions)])
            await consumer.seek_to_end()
            self.listening = True
            while True:
                for taken in (await consumer.getmany(timeout_ms=200)).values():
                    for record in map(from_kafka, taken):
                        kind = record.header("ce_type")
                        if kind == PaymentApplied.__name__ and record.timestamp:
                            event = json.loads(record.value or b"")
                            self.at.setdefault(event["payment_id"], record.timestamp.timestamp())
                        self.closed = self.closed or kind == BusinessDayClosed.__name__
        finally:
            await consumer.stop()


async def under_load(stack: Stack, dsn: str, loans: list[Loan]) -> tuple[list[float], list[float]]:
    """Seconds of each payment, before the day and during it."""
    bootstrap = stack.kafka_bootstrap
    environment = {
        "LENDSTREAM_KAFKA_BOOTSTRAP": bootstrap,
        "LENDSTREAM_DATABASE_URL": dsn,
        "LENDSTREAM_HTTP_PORT": str(port := free_ports(1)[0]),
        "LENDSTREAM_LOG_LEVEL": "WARNING",
    }
    program = Program(stack.home, "servicing", ["-m", "lendstream_servicing.main"], port, environment)
    await asyncio.to_thread(program.start)
    applied = Applied()
    following = asyncio.create_task(applied.follow(bootstrap))
    producer = new_producer(bootstrap, "bench")
    await producer.start()
    sent: dict[str, float] = {}

    async def flow(name: str, enough: float) -> list[str]:
        """At the rate, for so many seconds and until the day is closed, if it was begun."""
        numbers: list[str] = []
        started = time.monotonic()
        while time.monotonic() < started + enough or (name == "during" and not applied.closed):
            await asyncio.sleep(max(0.0, started + len(numbers) / RATE - time.monotonic()))
            number = f"{name}-{len(numbers)}"
            event = payment(random.choice(loans), number, 1000, DAY - timedelta(1))
            record = encode(event, id=str(uuid4()), source="bench", time=datetime.now(UTC))
            sent[number] = time.time()
            await send(producer, record)
            numbers.append(number)
        return numbers

    try:
        await until(lambda: applied.listening, "the watch listens")
        await flow("warm-up", 5)
        await until(lambda: len(applied.at) == len(sent), "the first payments are applied")
        calm = await flow("before", SECONDS)
        await until(lambda: len(applied.at) == len(sent), "every payment before the day is applied")
        await publish(bootstrap, [BusinessDayStarted(lender="lendstream", day=DAY)])
        busy = await flow("during", 0)
        await until(lambda: len(applied.at) == len(sent), "every payment is applied", 300)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await producer.stop()
        await asyncio.to_thread(program.stop)
    connection = await asyncpg.connect(dsn)
    assert not await connection.fetchval("SELECT count(*) FROM day_exception")
    await connection.close()
    assert await dead_letters(bootstrap) == 0
    return [applied.at[n] - sent[n] for n in calm], [applied.at[n] - sent[n] for n in busy]


async def dead_letters(bootstrap: str) -> int:
    """Records that servicing refused."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        place = TopicPartition(DEAD_LETTER.named("servicing"), 0)
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()


async def main(loans: int) -> None:
    """Measure and print."""
    telemetry.configure("bench", "ERROR", "console")
    collector.calm()
    with own_stack() as stack:
        await apply_topics(stack.kafka_bootstrap, [])
        dsn, other = stack.create_database("day_close"), stack.postgres_dsn("day_under_load")
        lived_through = list(models())
        async with servicing(dsn, DAY - timedelta(1)) as (pool, _):
            await save(pool, lived_through)
            async with pool.acquire() as connection:
                await multiply(connection, loans // MODELS)
        admin = await asyncpg.connect(stack.postgres_dsn("postgres"))
        await admin.execute("CREATE DATABASE day_under_load TEMPLATE day_close STRATEGY FILE_COPY")
        await admin.close()
        figure, memory = await alone(dsn, loans)
        figure.show()
        print(memory)
        admin = await asyncpg.connect(other)
        await admin.execute("VACUUM ANALYZE")
        keys = await admin.fetch("SELECT id FROM loan WHERE overdue_amount = 0 AND period_to > $1 LIMIT 20000", DAY)
        await admin.close()
        model = active(DAY - timedelta(40), 6)
        found = await under_load(stack, other, [replace(model, id=row["id"]) for row in keys])
    calm, busy = map(percentiles, found)
    ratio = busy["p99"] / calm["p99"]
    print(f"{RATE} payments/s into servicing, publish to PaymentApplied: before the day {calm}, during it {busy}")
    print(f"  none refused; longest {max(found[1]):.2f} s; mean {statistics.mean(found[1]):.3f} s")
    print(f"  p99 {ratio:.1f} times as long (goal {SLOWER}: {'met' if ratio <= SLOWER else 'MISSED'})")


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each.isdecimal()]
    uvloop.run(main(int(given[0]) if given else LOANS))
