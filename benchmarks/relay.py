"""Outbox rows published per second, against a bare aiokafka producer of the same bytes.

python -m benchmarks.relay [--json]
"""

import asyncio
import statistics
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import asyncpg

from benchmarks.measure import Figure, own_stack
from lendstream.admin import apply_topics
from lendstream.events.loan import LoanOpened, ScheduledInstalment
from lendstream.runtime import outbox
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.outbox import Row, event_row, headers_of
from lendstream.runtime.producer import new_producer
from lendstream.runtime.relay import Relay
from lendstream.runtime.story import Story

ROWS, ROUNDS = 20_000, 3


def loan_opened(number: int) -> LoanOpened:
    """A loan of twelve instalments."""
    return LoanOpened(
        loan_id=uuid4(),
        customer_id=uuid4(),
        sequence=1,
        application_id=uuid4(),
        partner="phone-shop",
        reference=f"R-{number}",
        product="cash-small",
        product_version=1,
        method="equal_instalment",
        principal=1_200_000,
        currency="CNY",
        annual_rate=Decimal("0.18"),
        upfront_fee=0,
        instalments=tuple(
            ScheduledInstalment(number=n, due_date=date(2026, n, 5), principal=92_000, interest=18_000, fee=0)
            for n in range(1, 13)
        ),
        engine="1",
        opened_on=date(2026, 1, 5),
        interest_from=date(2026, 1, 5),
        submitted_at=datetime.now(UTC),
    )


async def bare(bootstrap: str, rows: list[Row]) -> float:
    """Rows per second through the producer alone."""
    producer = new_producer(bootstrap, "bare")
    await producer.start()
    try:
        started = time.perf_counter()
        records = [(row[1], row[2], row[4], headers_of(row[5])) for row in rows]
        for start in range(0, len(records), 1000):
            sent = [
                await producer.send(topic, value=value, key=key, headers=headers)
                for topic, key, value, headers in records[start : start + 1000]
            ]
            if start + 1000 >= len(records):
                await asyncio.gather(*sent)
        await producer.flush()
        return len(rows) / (time.perf_counter() - started)
    finally:
        await producer.stop()


async def relayed(dsn: str, bootstrap: str, rows: list[Row]) -> float:
    """Rows per second from the outbox to the broker's acknowledgement and the rows' deletion."""
    connection = await asyncpg.connect(dsn)
    try:
        await outbox.insert(connection, rows)
        relay = Relay(dsn, bootstrap, "servicing")
        task = asyncio.create_task(relay.run())
        started, first = 0.0, len(rows)
        while left := int(await connection.fetchval("SELECT count(*) FROM outbox")):
            if not started and left < len(rows):  # connected: count from the first batch that is through
                started, first = time.perf_counter(), left
            await asyncio.sleep(0.02)
        speed = first / (time.perf_counter() - started)
        relay.stop()
        await task
        return speed
    finally:
        await connection.close()


async def main() -> None:
    """Measure in turns, print medians."""
    with own_stack() as stack:
        await apply_topics(stack.kafka_bootstrap, [])
        dsn = stack.create_database("relay")
        connection = await asyncpg.connect(dsn)
        await migrate(connection, {"runtime": RUNTIME_MIGRATIONS})
        await connection.close()
        now = datetime.now(UTC)
        rows = [event_row(loan_opened(n), "lendstream/servicing", now, Story("c", "d")) for n in range(ROWS)]
        floors, figures = [], []
        for _ in range(ROUNDS):
            floors.append(await bare(stack.kafka_bootstrap, rows))
            figures.append(await relayed(dsn, stack.kafka_bootstrap, rows))
        Figure(
            what="outbox relay",
            figure=statistics.median(figures),
            floor_is="bare idempotent aiokafka producer, same bytes",
            floor=statistics.median(floors),
            unit="records/s",
            goal=0.5,
        ).show()


if __name__ == "__main__":
    asyncio.run(main())
