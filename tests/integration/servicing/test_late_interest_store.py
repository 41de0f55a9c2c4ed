"""A loan that bears interest by the day comes back from PostgreSQL as it was, and the close's figures with it."""

from datetime import date, timedelta

import asyncpg

from lendstream.runtime.decider import Change
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream_servicing.domain.accrual import accrual
from lendstream_servicing.main import MIGRATIONS
from lendstream_servicing.store import AccountStore
from support.lives import Life, product

STORE = AccountStore()
OPENED = date(2026, 1, 15)


async def test_late_interest_is_stored(database: str) -> None:
    sold = product(
        method="equal_instalment", interest_on="outstanding", timing={"day_count": "actual/360", "accrual": "daily"}
    )
    life = Life.of(sold, 1_200_000, 6, "0.12", OPENED)
    life.pay(50_000, OPENED + timedelta(10))
    connection = await asyncpg.connect(database)
    try:
        await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
        before = None
        for days in (20, 40, 250):
            life.until(OPENED + timedelta(days))
            async with connection.transaction():
                await STORE.save(connection, {life.loan.id: Change(before, life.loan)})
            async with connection.transaction():
                stored = (await STORE.load(connection, [life.loan.id]))[life.loan.id]
            assert stored == life.loan
            before = life.loan
        assert life.loan.late_interest > 0
        figures = await connection.fetchrow("SELECT interest_receivable, period_interest FROM loan")
        assert figures is not None
        assert tuple(figures) == (accrual(life.loan).interest_receivable, accrual(life.loan).period_interest)
    finally:
        await connection.close()
