"""Active loans for the benchmarks: made by the domain, copied under numbers of their own, saved by the store."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from itertools import islice
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from benchmarks.open_loans import agreement
from lendstream.catalogue import load
from lendstream.events.payment import DisbursementConfirmed, FailureReason, PaymentFailed, PaymentReceived
from lendstream.runtime.database import open_pool, transaction
from lendstream.runtime.decider import Change
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Pool
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream_servicing.domain import payments
from lendstream_servicing.domain.ageing import age
from lendstream_servicing.domain.loan import Account, Loan, Policy, disbursement_id_of
from lendstream_servicing.domain.opening import accept, approve
from lendstream_servicing.domain.payout import confirm
from lendstream_servicing.handlers import routes
from lendstream_servicing.ledger import chart
from lendstream_servicing.main import MIGRATIONS
from lendstream_servicing.store import AccountStore

POLICY = Policy(load(), chart().numbers)
STORE = AccountStore()
_CHUNK = 1000


def active(opened: date, instalments: int, amount: int = 1_200_000) -> Loan:
    """A loan of small cash with direct debit, paid out on the day that it was opened."""
    decided, accepted = agreement(uuid4(), 1, instalments=instalments, amount=amount, today=opened)
    waiting, _ = approve(None, decided, opened, POLICY)
    loan, _ = accept(waiting, accepted, opened, POLICY)
    assert isinstance(loan, Loan)
    confirmed = DisbursementConfirmed(
        disbursement_id=disbursement_id_of(loan.id, 1),
        loan_id=loan.id,
        amount=loan.contract.payout,
        currency=loan.contract.currency,
        value_date=opened,
        bank_reference="BANK-1",
    )
    paid_out, _ = confirm(loan, confirmed, opened, POLICY)
    assert isinstance(paid_out, Loan)
    return replace(paid_out, news=(), journals=())


def lived(opened: date, paid: int, until: date) -> Loan:
    """A loan of six instalments on the morning of a day: so many paid on time, for the others debit found nothing."""
    loan = active(opened, 6)
    while (on := loan.next_action_on) is not None and on < until:
        account: Account = loan
        for row in loan.instalments:
            if row.due_date == on and row.number <= paid and row.outstanding:
                money = payment(loan, f"{loan.id}/{row.number}", row.outstanding, on)
                account, _ = payments.receive(account, money, on, POLICY)
        assert isinstance(account, Loan)
        account, _ = age(account, on, POLICY)
        assert isinstance(account, Loan)
        if order := account.debit.waits_for:
            empty = FailureReason.INSUFFICIENT_FUNDS
            failed = PaymentFailed(request_id=order, loan_id=loan.id, reason=empty, failed_on=on)
            account, _ = payments.fail(account, failed, on, POLICY)
        assert isinstance(account, Loan)
        loan = account
    return replace(loan, news=(), journals=())


def copies(loan: Loan, count: int) -> Iterator[Loan]:
    """The same loan under other numbers, of another customer each."""
    for _ in range(count):
        contract = replace(loan.contract, customer_id=uuid4(), application_id=uuid4())
        number = uuid4()
        entries = tuple(entry._replace(id=f"{number}-{place}") for place, entry in enumerate(loan.entries))
        yield replace(loan, id=number, contract=contract, entries=entries)


def payment(loan: Loan, number: str, amount: int, on: date) -> PaymentReceived:
    """Money for a loan."""
    return PaymentReceived(
        payment_id=number,
        loan_id=loan.id,
        amount=amount,
        currency=loan.contract.currency,
        value_date=on,
        channel="bank-transfer",
    )


async def save(pool: Pool, loans: Iterable[Loan]) -> None:
    """Write loans that are new, a few at a time."""
    rest = iter(loans)
    while some := list(islice(rest, _CHUNK)):
        changes: dict[UUID, Change[Account]] = {loan.id: Change(None, loan) for loan in some}
        async with transaction(pool) as connection:
            await STORE.save(connection, changes)


@asynccontextmanager
async def servicing(dsn: str, today: date) -> AsyncIterator[tuple[Pool, UnitOfWork]]:
    """Servicing's database, migrated, on a business day that is closed, and the unit of work upon it."""
    pool = await open_pool(dsn, name="bench", size=4, statement_timeout=600)
    try:
        async with pool.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
            await connection.execute(
                "INSERT INTO business_day VALUES ($1, 'bench', now(), now()) ON CONFLICT DO NOTHING", today
            )
        rules = Rules("servicing", routes(STORE, POLICY), "lendstream", ZoneInfo("Asia/Shanghai"))
        yield pool, UnitOfWork(pool, rules, DeadLetterLimits(25, 0.5), lambda: None)
    finally:
        await pool.close()
