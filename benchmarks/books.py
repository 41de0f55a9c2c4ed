"""The books: journals chained and verified a second, and the close of a day over many loans.

    python -m benchmarks.books [--json] [loans]

Floors: a journal's hash alone, over a text that is there already; and one plain scan that sums the same table up.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from uuid import UUID

import asyncpg
import uvloop

from benchmarks.measure import Figure, own_stack
from lendstream.events.ledger import JournalKind
from lendstream.journal_chain import START, Chain, hash_of
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Connection
from lendstream_servicing import books_audit
from lendstream_servicing.books_store import close_books, save_journals
from lendstream_servicing.domain.books import chained, draft
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.ledger import chart, provision_policy
from lendstream_servicing.main import MIGRATIONS

DAY = date(2026, 3, 17)
LOAN = UUID("5e0c6f3c-7a53-5f7e-8f52-bb6a0c3b1a01")
JOURNALS, ROUNDS, LOANS = 20_000, 5, 1_000_000
LINES = (
    (Role.BANK, 171_691),
    (Role.LOAN_PRINCIPAL, -155_000),
    (Role.INTEREST_RECEIVABLE, -15_000),
    (Role.PENALTY_INCOME, -1_000),
    (Role.CUSTOMER_CREDIT, -691),
)
FILL = """
INSERT INTO loan (id, status, customer_id, currency, sequence, attempt, pay_on, bucket, credit, principal_outstanding,
                  total_outstanding, overdue_amount, product, interest_receivable, period_from, period_to,
                  period_interest, next_action_on, disbursed_on, bank_reference, aged_through, annual_rate)
SELECT gen_random_uuid(), 'active', gen_random_uuid(), 'CNY', 5, 1, '2026-03-01',
       (ARRAY['current', 'M1', 'M2', 'M3', 'M4+'])[1 + (i % 20) / 16], 0, 100000 + i, 120000, 0, 'product-' || i % 6,
       i % 500, '2026-03-01', '2026-04-01', i % 9000, '2026-04-01', '2026-03-01', 'BANK-' || i, '2026-03-01', 0.18
FROM generate_series(1, $1::integer) AS i"""


def chaining() -> tuple[float, float]:
    """Journals drafted, chained and checked a second; and hashed alone."""
    accounts, chain = chart().numbers, START
    started = time.perf_counter()
    for _ in range(JOURNALS):
        drafts = draft(JournalKind.REPAYMENT, DAY, "CNY", "payment pay_01J9", *LINES)
        chain, journals = chained(chain, str(LOAN), drafts, accounts, DAY, loan_id=LOAN, product="cash-small")
    made = JOURNALS / (time.perf_counter() - started)
    value = json.loads(journals[0].model_dump_json())
    started = time.perf_counter()
    for _ in range(JOURNALS):
        hash_of(value)
    return made, JOURNALS / (time.perf_counter() - started)


async def verifying(connection: Connection) -> float:
    """Journals read from the database and verified a second."""
    accounts, chain = chart().numbers, Chain(*START)
    drafts = draft(JournalKind.REPAYMENT, DAY, "CNY", "payment pay_01J9", *LINES)
    _, journals = chained(chain, str(LOAN), drafts * JOURNALS, accounts, DAY, loan_id=LOAN, product="cash-small")
    await save_journals(connection, journals)
    started = time.perf_counter()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await books_audit.verify(connection)
    assert found.sound
    return found.journals / (time.perf_counter() - started)


async def closing(connection: Connection, day: date, loans: int) -> tuple[float, float]:
    """Loans a second when a day is closed in the books; and when they are summed up once."""
    started = time.perf_counter()
    async with connection.transaction():
        await close_books(connection, day, chart(), provision_policy())
    closed = loans / (time.perf_counter() - started)
    started = time.perf_counter()
    await connection.fetch("SELECT currency, bucket, sum(principal_outstanding) FROM loan GROUP BY currency, bucket")
    return closed, loans / (time.perf_counter() - started)


async def main(loans: int, show: Callable[[Figure], None] = Figure.show) -> None:
    """Measure in turns, print medians."""
    made, hashed = (statistics.median(each) for each in zip(*(chaining() for _ in range(ROUNDS)), strict=True))
    floor = "the hash alone of the same journal"
    show(Figure("journals drafted, chained and checked", made, floor, hashed, "journals/s", goal=0.3))
    with own_stack() as stack:
        connection = await asyncpg.connect(stack.create_database("books"))
        await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
        verified = await verifying(connection)
        show(Figure("journals verified from the database", verified, floor, hashed, "journals/s", goal=0.3))
        await connection.execute(FILL, loans)
        await connection.execute("VACUUM ANALYZE")
        rounds = [await closing(connection, DAY.replace(day=day), loans) for day in range(17, 17 + ROUNDS)]
        await connection.close()
    closed, scanned = (statistics.median(each) for each in zip(*rounds, strict=True))
    what = f"close of {loans:,} loans in the books ({loans / closed:.2f} s)"
    show(Figure(what, closed, "one scan that sums the loans up", scanned, "loans/s", goal=0.15))


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each.isdecimal()]
    uvloop.run(main(int(given[0]) if given else LOANS))
