"""Loans opened per second through consumer, decider, save and outbox, against asyncpg COPY of the same rows.

    python -m benchmarks.open_loans [--json]

The decisions have been taken in before, as they are when customers accept. The clock runs from the first batch of
acceptances in hand to the last commit: records decoded, schedules generated, loans of twelve instalments saved with
contract, history, inbox and outbox rows. The floor copies exactly the rows that this left, 500 loans a transaction.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import uvloop

from benchmarks.measure import Figure, own_stack
from lendstream.admin import apply_topics
from lendstream.catalogue import load
from lendstream.envelope import Record, encode
from lendstream.events.application import ApplicantFacts, ApplicationReady, OfferAccepted
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment, Terms
from lendstream.events.intake import EmploymentStatus, Finances, StatusReason
from lendstream.runtime import collector, telemetry
from lendstream.runtime.consumer import Consumer
from lendstream.runtime.database import open_pool
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.producer import new_producer
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Connection, Pool
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream.topics import APPLICATION, DECISION, Topic
from lendstream_servicing import store
from lendstream_servicing.domain.loan import Policy
from lendstream_servicing.handlers import routes
from lendstream_servicing.ledger import chart
from lendstream_servicing.main import MIGRATIONS
from lendstream_servicing.store import AccountStore

LOANS, BATCH, ROUNDS = 10_000, 500, 3
TODAY = date(2026, 3, 2)
TERMS = Terms(
    product="cash-small",
    product_version=1,
    amount=1_200_000,
    currency="CNY",
    instalments=12,
    annual_rate=Decimal("0.18"),
    limit=2_000_000,
)
TABLES: dict[str, tuple[str, str]] = {
    "inbox": ("id", "id"),
    "loan": (", ".join(store.LOAN), "id"),
    "contract": (", ".join(store.CONTRACT), "loan_id"),
    "instalment": (", ".join(store.INSTALMENT), "loan_id, number"),
    "loan_event": ("loan_id, sequence, type, data", "loan_id, sequence"),
    "outbox": ("id, aggregatetype, aggregateid, type, payload, headers", "seq"),
}
"""The columns that are written, and the order of the rows; each batch writes its share of every table."""


def agreement(
    application: UUID,
    number: int,
    *,
    product: str = TERMS.product,
    instalments: int = TERMS.instalments,
    amount: int = TERMS.amount,
    customer: UUID | None = None,
    today: date = TODAY,
) -> tuple[ApplicationDecided, OfferAccepted]:
    """An approval and its acceptance, of usual size."""
    customer, submitted = customer or uuid4(), datetime.now(UTC)
    terms = TERMS.model_copy(update={"product": product, "instalments": instalments, "amount": amount})
    asked = ApplicationReady(
        application_id=application,
        customer_id=customer,
        partner="phone-shop",
        product=terms.product,
        amount=terms.amount,
        currency=terms.currency,
        instalments=terms.instalments,
        applicant=ApplicantFacts(
            age=34, finances=Finances(employment_status=EmploymentStatus.EMPLOYED, monthly_income=900_000)
        ),
        business_date=today,
        submitted_at=submitted,
    )
    decided = ApplicationDecided(
        application_id=application,
        customer_id=customer,
        decision_id=uuid4(),
        outcome=Outcome.APPROVED,
        reasons=(StatusReason(code="STEADY_INCOME", zh="收入稳定", en="Steady income"),),
        terms=terms,
        segment=Segment.NEW_PRIME,
        policy_version=1,
        asked=asked,
        position=CustomerPosition(open_loans=0, exposure=0, instalments_due=0, loans_repaid=0, worst_days_past_due=0),
        as_of=today,
        submitted_at=submitted,
    )
    accepted = OfferAccepted(
        application_id=application,
        customer_id=customer,
        offer_id=uuid4(),
        partner="phone-shop",
        reference=f"SHOP-{number}",
        product=terms.product,
        amount=terms.amount,
        currency=terms.currency,
        instalments=terms.instalments,
        annual_rate=terms.annual_rate,
        payout_account="acct_8f2c",
        accepted_on=today,
        disburse_on=today,
        submitted_at=submitted,
        debit_account="acct_8f2c",
    )
    return decided, accepted


async def publish(bootstrap: str, events: Sequence[Event]) -> None:
    """Put events on their topics."""
    producer = new_producer(bootstrap, "bench")
    await producer.start()
    try:
        now = datetime.now(UTC)
        for event in events:
            record = encode(event, id=str(uuid4()), source="bench", time=now)
            await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def consume(bootstrap: str, topic: Topic, unit_of_work: UnitOfWork, count: int) -> float:
    """Take `count` records of the topic through the service's consumer; records per second."""
    done, started, ended = 0, 0.0, 0.0

    async def process(records: Sequence[Record]) -> None:
        nonlocal done, started, ended
        started = started or time.perf_counter()
        await unit_of_work.process(records)
        done += len(records)
        if done >= count:
            ended = time.perf_counter()
            consumer.stop()

    consumer = Consumer(bootstrap, f"bench-{topic.name}", (topic,), process, BATCH)
    await consumer.run()
    return count / (ended - started)


async def copied(connection: Connection) -> float:
    """Loans per second when the very rows that are in the tables are written again by COPY alone."""
    rows: dict[str, list[Any]] = {}
    for table, (columns, order) in TABLES.items():
        found = await connection.fetch(f"SELECT {columns} FROM {table} ORDER BY {order}")
        rows[table] = [tuple(row) for row in found]
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}")
    loans = len(rows["loan"])
    started = time.perf_counter()
    for first in range(0, loans, BATCH):
        async with connection.transaction():
            for table, (columns, _) in TABLES.items():
                share = len(rows[table]) // loans
                part = rows[table][first * share : (first + BATCH) * share]
                await connection.copy_records_to_table(table, records=part, columns=columns.split(", "))
    return loans / (time.perf_counter() - started)


async def round_of(bootstrap: str, pool: Pool, unit_of_work: UnitOfWork) -> tuple[float, float, float]:
    """Decisions taken in, loans opened and rows copied, each per second."""
    agreed = [agreement(uuid4(), number) for number in range(LOANS)]
    await publish(bootstrap, [decided for decided, _ in agreed])
    await publish(bootstrap, [accepted for _, accepted in agreed])
    decisions = await consume(bootstrap, DECISION, unit_of_work, LOANS)
    async with pool.acquire() as connection:
        await connection.execute("TRUNCATE inbox")  # of the decisions
    opened = await consume(bootstrap, APPLICATION, unit_of_work, LOANS)
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM loan WHERE status = 'opened'") == LOANS
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 2 * LOANS
        floor = await copied(connection)
        assert await connection.fetchval("SELECT count(*) FROM instalment") == 12 * LOANS
        await connection.execute(f"TRUNCATE account, {', '.join(TABLES)}")
    return decisions, opened, floor


async def main(show: Callable[[Figure], None] = Figure.show) -> None:
    """Measure in turns, print medians."""
    telemetry.configure("bench", "CRITICAL", "console")
    collector.calm()
    with own_stack() as stack:
        await apply_topics(stack.kafka_bootstrap, [])
        dsn = stack.create_database("open_loans")
        pool = await open_pool(dsn, name="bench", size=4, statement_timeout=60)
        async with pool.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
            await connection.execute("INSERT INTO business_day VALUES ($1, 'bench', now(), now())", TODAY)
        rules = Rules(
            "servicing",
            routes(AccountStore(), Policy(load(), chart().numbers)),
            "lendstream",
            ZoneInfo("Asia/Shanghai"),
        )
        unit_of_work = UnitOfWork(pool, rules, DeadLetterLimits(25, 0.5), lambda: None)
        rounds = [await round_of(stack.kafka_bootstrap, pool, unit_of_work) for _ in range(ROUNDS)]
        await pool.close()
    decisions, opened, floor = map(statistics.median, zip(*rounds, strict=True))
    both = 1 / (1 / decisions + 1 / opened)
    show(
        Figure(
            what=f"open loans (with their decisions taken in too: {both:,.0f} loans/s)",
            figure=opened,
            floor_is="asyncpg COPY of the same rows",
            floor=floor,
            unit="loans/s",
            goal=0.25,
        )
    )


if __name__ == "__main__":
    uvloop.run(main())
