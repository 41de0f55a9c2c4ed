"""The books in PostgreSQL: journals saved, the day's closing journals, and what people and audits ask.

Every function wants to be called in a transaction; those that only read, in one that is REPEATABLE READ, so that all
their statements see the same moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import Bucket
from lendstream.journal_chain import START, Chain, link
from lendstream.runtime.sql import Connection
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
from lendstream_servicing.domain.books import chained, product_book
from lendstream_servicing.domain.chart import Chart, ProvisionPolicy, Role
from lendstream_servicing.domain.closing import TRUED_UP, Position, true_up
from lendstream_servicing.store import queries

COLUMNS = (
    "book", "number", "kind", "loan_id", "product", "currency", "value_date", "posted_on", "accounts", "amounts",
    "reference", "hash",
)  # fmt: skip
_AT_A_TIME = 2_000
_SHOWN = 1_000


class RestoredElsewhereError(Exception):
    """The database was restored into another server, whose transaction ids are not those of the folded totals: run
    `lendstream-servicing ledger rebuild` once."""


class ClosedBooks(NamedTuple):
    """What the close of a day brought."""

    journals: tuple[JournalPosted, ...]
    """To publish; they are saved already."""
    provision: Mapping[tuple[str, Bucket], int]
    """What is set aside for losses, by currency and delinquency: the sum of what the books of all products say."""


async def save_journals(connection: Connection, journals: Iterable[JournalPosted]) -> None:
    """Save journals in the transaction that makes them.

    Errors: asyncpg's UniqueViolationError when another journal has the place in the book.
    """
    if records := [_row(journal) for journal in journals]:
        await connection.copy_records_to_table("journal", columns=COLUMNS, records=records)


async def close_books(connection: Connection, day: date, chart: Chart, policy: ProvisionPolicy) -> ClosedBooks:
    """Post what was earned and what is set aside at the end of a day, then fold the journals so far into the totals.

    To be called in the transaction that closes the day, after all loans were aged. Errors: RestoredElsewhereError.
    """
    if (await queries.lock_fold(connection))["elsewhere"]:
        raise RestoredElsewhereError
    positions = await _positions(connection, day, chart)
    books = {product_book(each.product, each.currency): each for each in positions}
    known = {
        row["book"]: Chain(row["number"], row["head"])
        async for row in queries.lock_chains(connection, books=list(books))
    }
    chains: dict[str, Chain] = {}
    journals: list[JournalPosted] = []
    for book, position in books.items():
        drafts = true_up(position, policy, day)
        if drafts:
            chains[book], posted = chained(
                known.get(book, START), book, drafts, chart.numbers, day, product=position.product or None
            )
            journals += posted
    await save_journals(connection, journals)
    await queries.save_chains(
        connection,
        book=list(chains),
        number=[chain.number for chain in chains.values()],
        head=[bytes.fromhex(chain.head) for chain in chains.values()],
    )
    await queries.fold(connection)
    provision: dict[tuple[str, Bucket], int] = defaultdict(int)
    for position in positions:
        for bucket, amount in position.provision(policy).items():
            provision[position.currency, bucket] += amount
    return ClosedBooks(tuple(journals), dict(provision))


async def rebuild_totals(connection: Connection) -> None:
    """Sum all journals up anew: after the database was restored into another server, or when totals are wrong."""
    await queries.lock_fold(connection)
    await queries.forget_foreign_transactions(connection)
    await queries.forget_totals(connection)
    await queries.restart_fold(connection)
    await queries.fold(connection)


async def trial_balance(connection: Connection, chart: Chart) -> TrialBalance:
    """Turnover and balance of every account. Errors: RestoredElsewhereError."""
    await _check_home(connection)
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
    await _check_home(connection)
    as_of = await queries.last_closed_day(connection)
    found, shown = 0, list[LoanDifference]()
    account = chart.numbers[Role.LOAN_PRINCIPAL]
    async for row in connection.cursor(queries.loan_differences.sql, account, prefetch=_AT_A_TIME):
        found += 1
        if len(shown) < _SHOWN:
            shown.append(LoanDifference(**row, difference=row["ledger"] - row["loan"]))
    products: list[ProductDifference] = []
    if as_of is not None:
        for position in await _positions(connection, as_of, chart):
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
    await _check_home(connection)
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


def _row(journal: JournalPosted) -> tuple[Any, ...]:
    lines = journal.lines
    return (
        journal.book,
        journal.number,
        journal.kind,
        journal.loan_id,
        journal.product,
        journal.currency,
        journal.value_date,
        journal.posted_on,
        [line.account for line in lines],
        [line.amount for line in lines],
        journal.reference,
        bytes.fromhex(journal.hash),
    )


async def _check_home(connection: Connection) -> None:
    if await queries.folded_elsewhere(connection):
        raise RestoredElsewhereError


async def _positions(connection: Connection, day: date, chart: Chart) -> Sequence[Position]:
    accounts = [chart.numbers[role] for role in TRUED_UP]
    positions: dict[tuple[str, str], Position] = {}
    async for row in queries.positions(connection, day=day, accounts=accounts):
        key = (row["product"], row["currency"])
        position = positions.setdefault(key, Position(*key))
        if row["account"] is not None:
            position.balances[chart.roles[row["account"]]] = row["balance"]
            continue
        position.interest += row["interest"]
        position.fee += row["fee"]
        position.unearned += row["unearned"]
        position.principal[Bucket(row["bucket"])] = row["principal"]
    return [positions[key] for key in sorted(positions)]


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
