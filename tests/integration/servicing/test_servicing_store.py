"""Accounts survive PostgreSQL unchanged, many at a time; only what differs is written."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from lendstream.events.calendar import BusinessDayClosed
from lendstream.events.loan import Bucket
from lendstream.runtime.decider import Change, Context
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Connection
from lendstream_servicing.day import day_step
from lendstream_servicing.domain.ageing import age
from lendstream_servicing.domain.loan import Account, Awaiting, Loan, loan_id_of
from lendstream_servicing.domain.opening import accept, approve
from lendstream_servicing.domain.payments import receive
from lendstream_servicing.domain.payout import confirm, fail
from lendstream_servicing.main import MIGRATIONS
from lendstream_servicing.store import AccountStore, queries
from support.waiting import until
from unit.servicing import loans

STORE = AccountStore()
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(database)
    await migrate(opened, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
    yield opened
    await opened.close()


async def load(connection: Connection, *keys: UUID) -> Mapping[UUID, Account]:
    async with connection.transaction():
        return await STORE.load(connection, sorted(keys))


async def save(connection: Connection, before: Account | None, after: Account) -> Account:
    """Save one, and give it as it is loaded again."""
    async with connection.transaction():
        await STORE.save(connection, {after.id: Change(before, after)})
    return (await load(connection, after.id))[after.id]


def as_stored(account: Account) -> Account:
    return replace(account, news=(), journals=()) if isinstance(account, Loan) else replace(account, journals=())


async def test_every_stage_of_a_loan_comes_back_as_it_was_saved(connection: Connection) -> None:
    policy, today = loans.POLICY, loans.TODAY
    late = today + timedelta(days=70)
    steps: list[Any] = [
        lambda account: receive(account, loans.payment(5_000), today, policy),
        lambda account: accept(account, loans.acceptance(), today, policy),
        lambda account: approve(account, loans.approval(), today, policy),
        lambda account: fail(account, loans.failure(), today, policy),
        lambda account: confirm(account, loans.confirmation(attempt=2), today, policy),
        lambda account: age(account, late, policy),
        lambda account: receive(account, loans.payment(120_000, "b", value_date=late), late, policy),
        lambda account: receive(account, loans.payment(900_000, "c", value_date=late), late, policy),
    ]
    account: Account | None = None
    told = []
    for step in steps:
        after, events = step(account)
        stored = await save(connection, account, after)
        assert stored == as_stored(after)
        account = stored
        told += events
    history = await connection.fetch("SELECT sequence, type FROM loan_event ORDER BY sequence")
    assert [tuple(row) for row in history] == [(event.sequence, type(event).__name__) for event in told]
    assert [row["sequence"] for row in history] == list(range(1, len(told) + 1))


async def test_many_accounts_of_every_kind_are_saved_and_loaded_together(connection: Connection) -> None:
    accounts: dict[UUID, Account] = {}
    for number in range(60):
        application = uuid4()
        kind = number % 3
        if kind == 0:
            account, _ = accept(None, loans.acceptance(application_id=application), loans.TODAY, loans.POLICY)
        elif kind == 1:
            account = loans.opened(application_id=application, instalments=12)
        else:
            account = Awaiting(loan_id_of(application))
            money = loans.payment(100, f"pay_{number}", loan_id=account.id)
            account, _ = receive(account, money, loans.TODAY, loans.POLICY)
        accounts[account.id] = account
    async with connection.transaction():
        await STORE.save(connection, {key: Change(None, account) for key, account in accounts.items()})
    stored = await load(connection, *accounts, uuid4())
    assert stored == {key: as_stored(account) for key, account in accounts.items()}


async def test_only_what_changed_is_written(connection: Connection) -> None:
    stored = await save(connection, None, loans.active())
    before = {row["number"]: row["xmin"] for row in await connection.fetch("SELECT number, xmin::text FROM instalment")}
    paid, _ = loans.pay(stored, 1_000)
    await save(connection, stored, paid)
    after = {row["number"]: row["xmin"] for row in await connection.fetch("SELECT number, xmin::text FROM instalment")}
    assert [number for number in before if before[number] != after[number]] == [1]


async def test_a_loaded_account_is_locked_until_the_end_of_the_transaction(
    connection: Connection, database: str
) -> None:
    stored = await save(connection, None, loans.active())
    other = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await STORE.load(connection, [stored.id])
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.execute("SELECT 1 FROM account WHERE id = $1 FOR UPDATE NOWAIT", stored.id)
            read = await STORE.read(other, [stored.id])
            assert read == {stored.id: stored}
    finally:
        await other.close()


async def test_who_waits_for_the_lock_sees_the_loan_that_was_opened_meanwhile(
    connection: Connection, database: str
) -> None:
    """The lock query reads nothing else: that would be as it was when the wait began."""
    awaiting, _ = approve(None, loans.approval(), loans.TODAY, loans.POLICY)
    awaiting = await save(connection, None, awaiting)
    other = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await STORE.load(connection, [awaiting.id])
            waiting = asyncio.create_task(load(other, awaiting.id))
            await until(lambda: connection.fetchval(BLOCKED), "the other connection waits for the lock")
            opened, _ = accept(awaiting, loans.acceptance(), loans.TODAY, loans.POLICY)
            await STORE.save(connection, {awaiting.id: Change(awaiting, opened)})
        assert await waiting == {awaiting.id: as_stored(opened)}
    finally:
        await other.close()


async def test_a_payment_number_is_booked_on_one_loan_only(connection: Connection) -> None:
    await save(connection, None, (await _suspended(uuid4())))
    with pytest.raises(asyncpg.UniqueViolationError):
        await save(connection, None, (await _suspended(uuid4())))


async def _suspended(loan_id: UUID) -> Account:
    account, _ = receive(None, loans.payment(100, loan_id=loan_id), loans.TODAY, loans.POLICY)
    return account


async def test_loading_in_any_order_from_two_connections_never_deadlocks(connection: Connection, database: str) -> None:
    accounts = [loans.active(application_id=uuid4()) for _ in range(40)]
    async with connection.transaction():
        await STORE.save(connection, {each.id: Change(None, each) for each in accounts})

    async def work(seed: int) -> None:
        mine = await asyncpg.connect(database)
        try:
            shuffled = random.Random(seed).sample([each.id for each in accounts], len(accounts))
            for _ in range(20):
                async with mine.transaction():
                    assert len(await STORE.load(mine, shuffled)) == len(accounts)
        finally:
            await mine.close()

    await asyncio.gather(*(work(seed) for seed in range(3)))


async def test_the_day_finds_whom_it_concerns_and_totals_the_book(connection: Connection) -> None:
    late_day = loans.TODAY + timedelta(days=33)
    late = loans.active(application_id=uuid4())
    ahead, _ = loans.pay(loans.active(application_id=uuid4()), 300_000, "ahead")
    unpaid_out = loans.opened(application_id=uuid4())
    async with connection.transaction():
        accounts: Sequence[Account] = (late, ahead, unpaid_out)
        await STORE.save(connection, {each.id: Change(None, each) for each in accounts})
    step = day_step(STORE, loans.POLICY, "lendstream", "CNY")
    assert await step.due(connection, loans.TODAY, 10) == []
    assert sorted(await step.due(connection, late_day, 10)) == sorted([late.id, ahead.id])
    aged, _ = age(late, late_day, loans.POLICY)
    await save(connection, late, aged)
    told = replace(ahead, news=(), journals=())
    await save(connection, told, age(told, late_day, loans.POLICY)[0])
    assert await step.due(connection, late_day, 10) == []
    (closed,) = await _close(step.close, connection, late_day)
    assert isinstance(aged, Loan)
    assert (closed.open_loans, closed.overdue_loans, closed.overdue_amount) == (2, 1, aged.overdue_amount)
    assert closed.principal_outstanding == aged.principal_outstanding + ahead.principal_outstanding
    assert (closed.par1, closed.par30) == (aged.principal_outstanding, 0)
    assert [(each.bucket, each.loans) for each in closed.buckets] == [(Bucket.CURRENT, 1), (Bucket.M1, 1)]
    assert closed.provision == sum(each.provision for each in closed.buckets) > 0


async def test_the_suspense_list_says_why_money_waits(connection: Connection) -> None:
    def early(payment_id: str, **changes: Any) -> Loan:
        loan = loans.opened(application_id=uuid4())
        account, _ = receive(Awaiting(loan.id), loans.payment(100, payment_id, loan_id=loan.id, **changes), *today)
        return replace(loan, entries=account.entries)

    today = (loans.TODAY, loans.POLICY)
    undisbursed = early("undisbursed")
    failed = early("failed")
    foreign = early("foreign", currency="USD")
    paid = loans.active(application_id=uuid4())
    accounts: Sequence[Account] = (
        undisbursed,
        fail(failed, loans.failure(failed.id, retryable=False), *today)[0],
        confirm(foreign, loans.confirmation(foreign.id), *today)[0],
        await _suspended(uuid4()),
        loans.pay(paid, paid.total_outstanding + 7, "too much")[0],
    )
    async with connection.transaction():
        await STORE.save(connection, {each.id: Change(None, each) for each in accounts})
    listed = {row["payment_id"]: row async for row in queries.suspense(connection, after=0, n=10)}
    assert {payment_id: (row["reason"], row["unallocated"]) for payment_id, row in listed.items()} == {
        "undisbursed": ("not_disbursed", 100),
        "failed": ("loan_cancelled", 100),
        "foreign": ("wrong_currency", 100),
        "pay_1": ("unknown_loan", 100),
        "too much": ("credit", 7),
    }


async def test_an_empty_book_is_closed_with_zeros(connection: Connection) -> None:
    step = day_step(STORE, loans.POLICY, "lendstream", "CNY")
    (closed,) = await _close(step.close, connection, loans.TODAY)
    assert (closed.currency, closed.open_loans, closed.principal_outstanding) == ("CNY", 0, 0)


async def _close(close: Any, connection: Connection, day: date) -> list[BusinessDayClosed]:
    context = Context(now=loans.SUBMITTED, business_date=day, event_id="day", event_time=loans.SUBMITTED)
    async with connection.transaction():
        return [each for each in await close(connection, day, context) if isinstance(each, BusinessDayClosed)]


async def test_a_rate_keeps_its_digits(connection: Connection) -> None:
    rate = Decimal("0.1440")
    stored = await save(connection, None, loans.active(annual_rate=rate))
    assert isinstance(stored, Loan)
    assert str(stored.contract.annual_rate) == "0.1440"
