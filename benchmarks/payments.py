"""Payments applied per second through consumer and unit of work, against bare set-based statements of the same rows.

    python -m benchmarks.payments [--json] [payments]

Loans of twelve instalments, each with a payment that is exactly its first. The clock runs from the first batch of
records in hand to the last commit: records decoded, loans loaded and locked, money allocated, journals chained, events
told, everything saved. The floor updates the same loans and instalments from arrays and copies the same entries,
journals, history, outbox and inbox rows, 500 payments a transaction; it reads, locks and decides nothing.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import uvloop

from benchmarks.measure import Figure, own_stack
from benchmarks.open_loans import BATCH, TODAY, consume, publish
from benchmarks.portfolio import active, copies, payment, save, servicing
from lendstream.admin import apply_topics
from lendstream.runtime import collector, telemetry
from lendstream.runtime.sql import Connection, Pool
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream.topics import PAYMENT
from lendstream_servicing import books_store, store
from lendstream_servicing.store import queries

PAYMENTS, ROUNDS = 10_000, 3
COPIED = {
    "inbox": ("id",),
    "entry": store.ENTRY,
    "journal": books_store.COLUMNS,
    "loan_event": store.EVENT,
    "outbox": ("id", "aggregatetype", "aggregateid", "type", "payload", "headers"),
}
"""New rows, by COPY."""
UPDATED = {"loan": store.LOAN_UPDATE, "instalment": store.INSTALMENT_UPDATE}
"""Changed rows, by UPDATE from arrays."""
WHOLE = {"loan": store.LOAN, "instalment": store.INSTALMENT}
Rows = Sequence[tuple[Any, ...]]


async def rows_of(connection: Connection, table: str, columns: Sequence[str], rest: str = "") -> Rows:
    """What is in a table."""
    named = ", ".join(f"{table}.{column}" for column in columns)
    return [tuple(row) for row in await connection.fetch(f"SELECT {named} FROM {table} {rest}")]


async def bare(connection: Connection, before: dict[str, Rows], count: int) -> float:
    """Payments per second when the very rows that are in the tables are written again onto the loans of before."""
    by_arrival = "JOIN entry USING (loan_id) {} ORDER BY entry.position"
    rests = {
        "inbox": "",
        "entry": "ORDER BY position",
        "journal": by_arrival.format(""),
        "loan_event": by_arrival.format(""),
        "outbox": "ORDER BY seq",
        "loan": "JOIN entry ON loan_id = loan.id ORDER BY entry.position",
        "instalment": by_arrival.format("WHERE settled_on IS NOT NULL"),
    }
    rows = {
        table: await rows_of(connection, table, names, rests[table]) for table, names in {**COPIED, **UPDATED}.items()
    }
    await connection.execute(f"TRUNCATE {', '.join(rests)}")
    for table, found in before.items():
        await connection.copy_records_to_table(table, records=found, columns=WHOLE[table])
    await connection.execute("VACUUM ANALYZE loan, instalment")
    statements = {"loan": queries.update_loans, "instalment": queries.update_instalments}
    started = time.perf_counter()
    for first in range(0, count, BATCH):
        async with connection.transaction():
            for table, names in {**COPIED, **UPDATED}.items():
                share = len(rows[table]) // count
                part = rows[table][first * share : (first + BATCH) * share]
                if table in COPIED:
                    await connection.copy_records_to_table(table, records=part, columns=names)
                else:
                    await statements[table](connection, **dict(zip(names, zip(*part, strict=True), strict=True)))
    return count / (time.perf_counter() - started)


async def round_of(bootstrap: str, pool: Pool, unit_of_work: UnitOfWork, count: int) -> tuple[float, float]:
    """Payments applied, and their rows written, per second."""
    model = active(TODAY, 12)
    first = model.instalments[0]
    loans = list(copies(model, count))
    await save(pool, loans)
    await publish(bootstrap, [payment(loan, f"pay-{loan.id}", first.outstanding, first.due_date) for loan in loans])
    async with pool.acquire() as connection:
        await connection.execute("UPDATE business_day SET day = $1", first.due_date)
        await connection.execute("VACUUM ANALYZE")
        before = {table: await rows_of(connection, table, names) for table, names in WHOLE.items()}
    applied = await consume(bootstrap, PAYMENT, unit_of_work, count)
    async with pool.acquire() as connection:
        for table, each in {"entry": 1, "journal": 1, "loan_event": 1, "outbox": 2, "inbox": 1}.items():
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == each * count, table
        paid = "SELECT count(*) FROM instalment WHERE settled_on IS NOT NULL"
        assert await connection.fetchval(paid) == count
        floor = await bare(connection, before, count)
        assert await connection.fetchval(paid) == count
        await connection.execute(
            "TRUNCATE account, contract, inbox, entry, journal, loan_event, outbox, loan, instalment"
        )
    return applied, floor


async def main(count: int, show: Callable[[Figure], None] = Figure.show) -> None:
    """Measure in turns, print medians."""
    telemetry.configure("bench", "CRITICAL", "console")
    collector.calm()
    with own_stack() as stack:
        await apply_topics(stack.kafka_bootstrap, [])
        async with servicing(stack.create_database("payments"), TODAY) as (pool, unit_of_work):
            rounds = [await round_of(stack.kafka_bootstrap, pool, unit_of_work, count) for _ in range(ROUNDS)]
    applied, floor = map(statistics.median, zip(*rounds, strict=True))
    show(
        Figure(
            what="payments applied, each one instalment of twelve",
            figure=applied,
            floor_is="UPDATE from arrays and COPY of the same rows",
            floor=floor,
            unit="payments/s",
            goal=0.3,
        )
    )


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each.isdecimal()]
    uvloop.run(main(int(given[0]) if given else PAYMENTS))
