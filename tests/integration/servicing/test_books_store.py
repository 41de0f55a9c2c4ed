"""The books on PostgreSQL: nothing is lost by folding, the close trues up, and what was changed is found."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from lendstream.events.ledger import JournalKind, JournalPosted
from lendstream.events.loan import Bucket, LoanDisbursed, PaymentApplied
from lendstream.journal_chain import START, Chain
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Connection
from lendstream_servicing import books_audit, books_store
from lendstream_servicing.books_store import RestoredElsewhereError, close_books, save_journals
from lendstream_servicing.books_views import Reconciliation, Verification
from lendstream_servicing.domain.books import Draft, Facts, chained, draft, drafts_of
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.ledger import chart, provision_policy
from lendstream_servicing.main import MIGRATIONS
from lendstream_servicing.store import queries
from unit.servicing import ledgers

DAY = date(2026, 3, 17)
CHART, POLICY = chart(), provision_policy()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(database)
    await migrate(opened, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
    yield opened
    await opened.close()


def journals(loan_id: UUID, drafts: Sequence[Draft], chain: Chain = START, product: str = "cash-small") -> Any:
    return chained(chain, str(loan_id), drafts, CHART.numbers, DAY, loan_id=loan_id, product=product)


async def lend(connection: Connection, amount: int, **loan: Any) -> UUID:
    """A loan that is paid out, and its book."""
    loan_id = uuid4()
    fields: dict[str, Any] = {
        "id": loan_id,
        "status": "active",
        "customer_id": uuid4(),
        "currency": "CNY",
        "sequence": 1,
        "attempt": 1,
        "pay_on": DAY,
        "bucket": "current",
        "credit": 0,
        "principal_outstanding": amount,
        "total_outstanding": amount,
        "overdue_amount": 0,
        "annual_rate": Decimal("0.18"),
        "product": "cash-small",
        **loan,
    }
    await connection.copy_records_to_table("loan", columns=list(fields), records=[tuple(fields.values())])
    event = ledgers.event(LoanDisbursed, amount=amount, principal=amount)
    _, posted = journals(loan_id, drafts_of(event, Facts()), product=fields["product"])
    await save_journals(connection, posted)
    return loan_id


async def close(connection: Connection, day: date = DAY) -> books_store.ClosedBooks:
    async with connection.transaction():
        return await close_books(connection, day, CHART, POLICY)


async def balances(connection: Connection) -> dict[str, int]:
    """Debits less credits of each account, by role; all products together."""
    found: dict[str, int] = {}
    async for row in queries.balances(connection):
        role = CHART.roles[row["account"]]
        found[role] = found.get(role, 0) + row["debit"] - row["credit"]
    return {role: balance for role, balance in found.items() if balance}


def lines(posted: Sequence[JournalPosted]) -> list[tuple[str, dict[str, int]]]:
    return [(each.kind, {CHART.roles[line.account].value: line.amount for line in each.lines}) for each in posted]


async def folded(connection: Connection) -> int:
    """The debits that are in the totals."""
    return int(await connection.fetchval("SELECT coalesce(sum(debit), 0) FROM ledger_total"))


async def test_a_journal_that_commits_late_is_not_lost_by_folding(connection: Connection, database: str) -> None:
    other = await asyncpg.connect(database)
    try:
        late = other.transaction()
        await late.start()
        await lend(other, 100)
        await lend(connection, 10)  # begun later, committed earlier
        await close(connection)
        assert await folded(connection) == 0  # nothing that a running transaction may still precede
        assert (await balances(connection))["loan_principal"] == 10
        await late.commit()
        assert (await balances(connection))["loan_principal"] == 110
        await lend(connection, 1)
        await close(connection)
        assert await folded(connection) >= 111
        assert (await balances(connection))["loan_principal"] == 111
        await close(connection)
        assert (await balances(connection))["loan_principal"] == 111
    finally:
        await other.close()


async def test_what_is_rolled_back_is_nowhere(connection: Connection) -> None:
    undo = connection.transaction()
    await undo.start()
    await lend(connection, 600_000)
    await undo.rollback()
    await close(connection)
    await close(connection)
    assert await balances(connection) == {}


PERIOD: dict[str, Any] = {"period_from": DAY - timedelta(days=10), "period_to": DAY + timedelta(days=20)}


async def test_the_close_posts_what_was_earned_and_what_is_set_aside(connection: Connection) -> None:
    await lend(connection, 600_000, interest_receivable=500, period_interest=1_000, fee_receivable=70, **PERIOD)
    await lend(connection, 100_050, bucket="M2", period_interest=100, **PERIOD)
    closed = await close(connection)
    assert lines(closed.journals) == [
        (
            "accrual",
            # 500 + 333.3 (a third of 1,000) + 33.3
            {"interest_receivable": 866, "interest_income": -866, "fee_receivable": 70, "fee_income": -70},
        ),
        ("provision", {"provision_expense": 31_013, "loan_loss_allowance": -31_013}),
    ]
    assert closed.provision == {("CNY", Bucket.CURRENT): 6_000, ("CNY", Bucket.M2): 25_013}
    assert [(each.book, each.number, each.product) for each in closed.journals] == [
        ("product:cash-small:CNY", 1, "cash-small"),
        ("product:cash-small:CNY", 2, "cash-small"),
    ]
    assert (await close(connection)).journals == ()
    (next_day,) = (await close(connection, DAY + timedelta(days=1))).journals
    # 366.67 + 36.67
    assert lines([next_day]) == [("accrual", {"interest_receivable": 38, "interest_income": -38})]
    assert next_day.number == 3
    assert next_day.previous_hash == closed.journals[1].hash


@pytest.mark.parametrize(
    ("passed", "length", "earned"),
    [(-5, 30, 0), (0, 30, 0), (1, 30, 33), (15, 30, 502), (29, 30, 970), (30, 30, 1_003), (45, 30, 1_003), (1, 2, 502)],
)
async def test_interest_is_earned_day_by_day_half_up_within_the_period(
    connection: Connection, passed: int, length: int, earned: int
) -> None:
    begun = DAY - timedelta(days=passed)
    period: dict[str, Any] = {"period_from": begun, "period_to": begun + timedelta(days=length)}
    await lend(connection, 600_000, period_interest=1_003, **period)
    await close(connection)
    assert (await balances(connection)).get("interest_receivable", 0) == earned


async def test_a_subsidy_is_earned_with_its_periods(connection: Connection) -> None:
    loan_id = await lend(connection, 600_000, period_subsidy=300, subsidy_future=900, **PERIOD)
    lines_ = ((Role.SUBSIDY_RECEIVABLE, 1_200), (Role.UNEARNED_INTEREST, -1_200))
    drafts = draft(JournalKind.SUBSIDY, DAY, "CNY", "payout", *lines_)
    _, posted = chained(START, f"{loan_id}/2", drafts, CHART.numbers, DAY, loan_id=loan_id, product="cash-small")
    await save_journals(connection, posted)
    await close(connection)
    found = await balances(connection)
    assert (found["unearned_interest"], found["interest_income"], found["subsidy_receivable"]) == (-1_100, -100, 1_200)
    await connection.execute("UPDATE loan SET status = 'closed'")
    await close(connection)
    assert "unearned_interest" not in await balances(connection)


async def test_a_loan_that_is_gone_takes_its_accruals_back(connection: Connection) -> None:
    await lend(connection, 600_000, interest_receivable=500)
    await close(connection)
    await connection.execute("UPDATE loan SET status = 'closed', principal_outstanding = 0")
    closed = await close(connection, DAY + timedelta(days=1))
    assert lines(closed.journals) == [
        ("accrual", {"interest_receivable": -500, "interest_income": 500}),
        ("provision", {"provision_expense": -6_000, "loan_loss_allowance": 6_000}),
    ]
    assert closed.provision == {}


async def test_products_and_currencies_have_books_of_their_own(connection: Connection) -> None:
    for product, currency in (("a", "CNY"), ("a", "USD"), ("b", "CNY")):
        await lend(connection, 1_000, product=product, currency=currency, interest_receivable=5)
    closed = await close(connection)
    books = [each.book for each in closed.journals if each.kind is JournalKind.ACCRUAL]
    assert books == ["product:a:CNY", "product:a:USD", "product:b:CNY"]


async def test_the_trial_balance_sums_to_zero(connection: Connection) -> None:
    loan_id = await lend(connection, 600_000)
    chain, _ = journals(loan_id, drafts_of(ledgers.event(LoanDisbursed, amount=600_000, principal=600_000), Facts()))
    payment = ledgers.event(PaymentApplied, amount=1_000, allocations=(), credit=1_000)
    await save_journals(connection, journals(loan_id, drafts_of(payment, Facts()), chain)[1])
    waiting = draft(JournalKind.SUSPENSE, DAY, "CNY", "early", (Role.BANK, 7), (Role.SUSPENSE, -7))
    await save_journals(connection, chained(START, str(uuid4()), waiting, CHART.numbers, DAY)[1])
    for _ in range(2):  # not folded yet, then folded
        shown = await books_audit.trial_balance(connection, CHART)
        assert shown.balanced
        assert [(each.currency, each.debit, each.difference) for each in shown.sums] == [("CNY", 601_007, 0)]
        rows = {(row.account, row.product): (row.debit, row.credit, row.balance) for row in shown.rows}
        assert rows == {
            ("1002", None): (7, 0, 7),
            ("1002", "cash-small"): (1_000, 600_000, -599_000),
            ("1303", "cash-small"): (600_000, 0, 600_000),
            ("224101", None): (0, 7, -7),
            ("224102", "cash-small"): (0, 1_000, -1_000),
        }
        assert shown.rows[0].name_zh == "银行存款"
        await queries.fold(connection)
    await connection.execute("UPDATE journal SET amounts = '{600001,-600000}' WHERE kind = 'disbursement'")
    await books_store.rebuild_totals(connection)
    broken = await books_audit.trial_balance(connection, CHART)
    assert (broken.balanced, broken.sums[0].difference) == (False, 1)


async def three_books(connection: Connection) -> UUID:
    """Books that hold; the loan of one of three journals."""
    await lend(connection, 600_000, interest_receivable=5)
    await close(connection)
    loan_id = uuid4()
    payment = drafts_of(ledgers.event(PaymentApplied, amount=1_000, allocations=(), credit=1_000), Facts())
    await save_journals(connection, journals(loan_id, payment * 3)[1])
    return loan_id


async def verified(connection: Connection) -> Verification:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await books_audit.verify(connection)


async def test_books_that_nobody_touched_hold(connection: Connection) -> None:
    await three_books(connection)
    found = await verified(connection)
    assert (found.sound, found.books, found.journals) == (True, 3, 6)


async def reconciled(connection: Connection) -> Reconciliation:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await books_audit.reconcile(connection, CHART, POLICY)


TAMPERED = {
    "value_date = '2020-01-01'": "changed",
    "amounts = '{999,-999}'": "changed",
    "amounts = '{999,-1000}'": "changed",
    "reference = 'x'": "changed",
    "loan_id = NULL": "changed",
    "hash = decode(repeat('ab', 32), 'hex')": "changed",
}


@pytest.mark.parametrize("change", TAMPERED)
async def test_a_journal_that_was_changed_is_found(connection: Connection, change: str) -> None:
    loan_id = await three_books(connection)
    await connection.execute(f"UPDATE journal SET {change} WHERE book = $1 AND number = 2", str(loan_id))
    found = await verified(connection)
    assert [(each.book, each.number, each.reason) for each in found.breaks] == [(str(loan_id), 2, TAMPERED[change])]
    assert not found.sound


async def test_journals_that_were_taken_away_are_found(connection: Connection) -> None:
    loan_id = await three_books(connection)
    await connection.execute("DELETE FROM journal WHERE book = $1 AND number = 2", str(loan_id))
    await connection.execute("DELETE FROM journal WHERE book = 'product:cash-small:CNY' AND number = 2")
    found = await verified(connection)
    assert sorted((each.number, each.reason) for each in found.breaks) == [(2, "head"), (3, "gap")]


async def test_totals_that_were_changed_are_found_and_can_be_rebuilt(connection: Connection) -> None:
    await three_books(connection)
    await close(connection)
    await connection.execute("UPDATE ledger_total SET debit = debit + 1 WHERE account = '1303'")
    (different,) = (await verified(connection)).total_differences
    assert (different.account, different.total - different.journals) == ("1303", 1)
    async with connection.transaction():
        await books_store.rebuild_totals(connection)
    assert (await verified(connection)).sound


async def test_loans_are_reconciled_with_their_books(connection: Connection) -> None:
    good = await lend(connection, 600_000)
    wrong = await lend(connection, 500)
    repaid = await lend(connection, 70)
    stray = uuid4()
    await save_journals(
        connection, journals(stray, draft(JournalKind.REFUND, DAY, "CNY", "", *ledgers.SIMPLE_LINES))[1]
    )
    await connection.execute("UPDATE loan SET principal_outstanding = 499 WHERE id = $1", wrong)
    await connection.execute("UPDATE loan SET status = 'closed', principal_outstanding = 0 WHERE id = $1", repaid)
    found = await reconciled(connection)
    assert good not in {each.loan_id for each in found.loan_differences}
    assert {
        each.loan_id: (each.status, each.loan, each.ledger, each.difference) for each in found.loan_differences
    } == {
        wrong: ("active", 499, 500, 1),
        repaid: ("closed", 0, 70, 70),
        stray: (None, 0, -100, -100),
    }
    assert (found.loans, found.loan_differences_found, found.agreed, found.as_of) == (3, 3, False, None)


async def test_accounts_by_product_are_reconciled_at_the_last_closed_day(connection: Connection) -> None:
    await lend(connection, 600_000, interest_receivable=500)
    await close(connection)
    await connection.execute(
        "INSERT INTO business_day (day, event_id, started_at, closed_at) VALUES ($1, 'day', now(), now())", DAY
    )
    found = await reconciled(connection)
    assert (found.agreed, found.as_of) == (True, DAY)
    await connection.execute("UPDATE loan SET interest_receivable = 498")
    (different,) = (await reconciled(connection)).product_differences
    assert different.model_dump() == {
        "account": "interest_receivable",
        "product": "cash-small",
        "currency": "CNY",
        "loans": 498,
        "ledger": 500,
        "difference": 2,
    }


async def test_a_dump_restored_into_another_server_is_noticed_and_rebuilt(connection: Connection) -> None:
    """Its transaction ids mean nothing here: ahead of this server's, journals would never be folded."""
    await lend(connection, 100)
    await close(connection)
    await connection.execute("UPDATE ledger_fold SET server = server + 1, folded_before = '900000000'")
    await connection.execute("UPDATE journal SET txid = '900000001' WHERE number = 1")
    for refused in (
        lambda: close(connection),
        lambda: books_audit.verify(connection),
        lambda: books_audit.trial_balance(connection, CHART),
        lambda: reconciled(connection),
    ):
        with pytest.raises(RestoredElsewhereError):
            await refused()
    async with connection.transaction():
        await books_store.rebuild_totals(connection)
    await lend(connection, 11)
    await close(connection)
    assert (await balances(connection))["loan_principal"] == 111
    assert (await verified(connection)).sound


async def test_a_place_in_a_book_is_taken_once(connection: Connection) -> None:
    loan_id = await three_books(connection)
    again = journals(loan_id, draft(JournalKind.REFUND, DAY, "CNY", "", *ledgers.SIMPLE_LINES))[1]
    with pytest.raises(asyncpg.UniqueViolationError):
        await save_journals(connection, again)
