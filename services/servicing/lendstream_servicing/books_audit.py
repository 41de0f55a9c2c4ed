"""What audits ask of the books: do they balance, do they say what the loans say, was their past changed.

Call each in a transaction that is REPEATABLE READ, so that all its statements see the same moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lendstream.journal_chain import START, Chain, link
from lendstream.runtime.sql import Connection
from lendstream_servicing.books_store import check_home, positions_of
from lendstream_servicing.books_views import (
    BookBreak,
    CurrencySum,
    LoanDifference,
    ProductDifference,
    Reconciliation,
    TotalDifference,
    TrialBalance,
    TrialBalanceRow,
    Verification,
)
from lendstream_servicing.domain.chart import Chart, ProvisionPolicy, Role
from lendstream_servicing.domain.closing import Position
from lendstream_servicing.store import queries

_AT_A_TIME = 2_000
_SHOWN = 1_000


async def trial_balance(connection: Connection, chart: Chart) -> TrialBalance:
    """Turnover and balance of every account. Errors: RestoredElsewhereError."""
    await check_home(connection)
    rows = [_trial_balance_row(row, chart) async for row in queries.balances(connection)]
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        sums[row.currency][0] += row.debit
        sums[row.currency][1] += row.credit
    by_currency = [
        CurrencySum(currency=currency, debit=debit, credit=credit, difference=debit - credit)
        for currency, (debit, credit) in sorted(sums.items())
    ]
    return TrialBalance(balanced=not any(each.difference for each in by_currency), sums=by_currency, rows=rows)


async def reconcile(connection: Connection, chart: Chart, policy: ProvisionPolicy) -> Reconciliation:
    """The loans against their books, and the accounts by product against their loans at the last closed day.

    A day that is being carried through the loans moves them ahead of the books: reconcile between days.
    Errors: RestoredElsewhereError.
    """
    await check_home(connection)
    as_of = await queries.last_closed_day(connection)
    found, shown = 0, list[LoanDifference]()
    account = chart.numbers[Role.LOAN_PRINCIPAL]
    async for row in connection.cursor(queries.loan_differences.sql, account, prefetch=_AT_A_TIME):
        found += 1
        if len(shown) < _SHOWN:
            shown.append(LoanDifference(**row, difference=row["ledger"] - row["loan"]))
    products: list[ProductDifference] = []
    if as_of is not None:
        for position in await positions_of(connection, as_of, chart):
            products += _product_differences(position, policy)
    return Reconciliation(
        as_of=as_of,
        agreed=not found and not products,
        loans=await queries.count_loans(connection),
        loan_differences=shown,
        loan_differences_found=found,
        product_differences=products,
    )


async def verify(connection: Connection) -> Verification:
    """Compute every hash and every total anew. Reads all journals, a few thousand at a time.

    Errors: RestoredElsewhereError.
    """
    await check_home(connection)
    audit = _Audit()
    cursor = await connection.cursor(queries.journals.sql)
    while rows := await cursor.fetch(_AT_A_TIME):
        for row in rows:
            audit.take(row)
        await asyncio.sleep(0)  # an API's other requests go on
    async for row in queries.lost_ends(connection):
        detail = f"the book is known to end with another journal {row['number']}; the last found is {row['found']}"
        audit.note(row["book"], row["number"], "head", detail)
    different = audit.different([row async for row in queries.balances(connection)])
    return Verification(
        sound=not audit.found and not different,
        books=audit.books,
        journals=audit.journals,
        breaks=list(audit.shown.values()),
        breaks_found=audit.found,
        total_differences=different,
    )


@dataclass
class _Audit:
    """What a verification holds: the book at hand, the sums, and the first breaks."""

    books: int = 0
    journals: int = 0
    found: int = 0
    shown: dict[str, BookBreak] = field(default_factory=dict)
    _book: str = ""
    _chain: Chain = START
    _holds: bool = True
    _sums: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))

    def take(self, row: Any) -> None:
        """The next journal; those of a book come one after the other."""
        book = row["book"]
        if book != self._book:
            self._book, self._chain, self._holds = book, START, True
            self.books += 1
        self.journals += 1
        product, currency, sums = row["product"] or "", row["currency"], self._sums
        lines = list(zip(row["accounts"], row["amounts"], strict=True))
        for account, amount in lines:
            sums[product, currency, account] += amount
        if self._holds:
            self._follow(row, lines)

    def _follow(self, row: Any, lines: Sequence[tuple[str, int]]) -> None:
        book, number = row["book"], row["number"]
        if number != self._chain.number + 1:
            self.note(book, number, "gap", f"journal {self._chain.number + 1} was expected")
            return
        agreed = (row["kind"], row["currency"], row["value_date"], row["posted_on"])
        _, expected = link(self._chain, book, *agreed, lines, row["loan_id"], row["product"], row["reference"])
        if row["hash"] != expected:
            self.note(book, number, "changed", "its hash is not that of the journal: it, or one before it, was changed")
        elif difference := sum([amount for _, amount in lines]):
            self.note(book, number, "unbalanced", f"debits and credits differ by {difference}")
        self._chain = Chain(number, row["hash"])

    def note(self, book: str, number: int, reason: str, detail: str) -> None:
        """A book does not hold; the first break of it counts."""
        self._holds = False
        if book in self.shown:
            return
        self.found += 1
        if len(self.shown) < _SHOWN:
            self.shown[book] = BookBreak(book=book, number=number, reason=reason, detail=detail)

    def different(self, balances: Iterable[Any]) -> list[TotalDifference]:
        """The totals that are not the sums of the journals seen."""
        totals = {
            (each["product"], each["currency"], each["account"]): each["debit"] - each["credit"] for each in balances
        }
        return [
            TotalDifference(product=key[0] or None, currency=key[1], account=key[2], total=total, journals=summed)
            for key in sorted(totals.keys() | self._sums.keys())
            if (total := totals.get(key, 0)) != (summed := self._sums.get(key, 0))
        ]


def _product_differences(position: Position, policy: ProvisionPolicy) -> Iterable[ProductDifference]:
    for role, target in position.targets(policy).items():
        ledger = position.balances.get(role, 0)
        if ledger != target:
            yield ProductDifference(
                account=role,
                product=position.product,
                currency=position.currency,
                loans=target,
                ledger=ledger,
                difference=ledger - target,
            )


def _trial_balance_row(row: Any, chart: Chart) -> TrialBalanceRow:
    role = chart.roles.get(row["account"])
    account = chart.accounts[role] if role else None
    return TrialBalanceRow(
        account=row["account"],
        name_zh=account.zh if account else "",
        name_en=account.en if account else "",
        type=account.type if account else "unknown",
        product=row["product"] or None,
        currency=row["currency"],
        debit=row["debit"],
        credit=row["credit"],
        balance=row["debit"] - row["credit"],
    )
