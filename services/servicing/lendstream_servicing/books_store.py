"""The books in PostgreSQL: journals saved, the day's closing journals, and what people and audits ask.

Every function wants to be called in a transaction; those that only read, in one that is REPEATABLE READ, so that all
their statements see the same moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import Bucket
from lendstream.journal_chain import START, Break, Chain, check, journal_id
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
from lendstream_servicing.sql import queries

COLUMNS = (
    "book", "number", "kind", "loan_id", "product", "currency", "value_date", "posted_on", "accounts", "amounts",
    "reference", "hash",
)  # fmt: skip
_AT_A_TIME = 2_000
_DIFFERENCES_SHOWN = 1_000


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
        if len(shown) < _DIFFERENCES_SHOWN:
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
    """Compute every hash and every total anew. Reads all journals, holds a few thousand at a time."""
    await _check_home(connection)
    breaks: dict[str, Break] = {}
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    books = journals = 0
    chain, book = START, None
    async for row in connection.cursor(queries.journals.sql, prefetch=_AT_A_TIME):
        if row["book"] != book:
            chain, book, books = START, row["book"], books + 1
        journals += 1
        if journals % _AT_A_TIME == 0:
            await asyncio.sleep(0)  # an API's other requests go on
        for account, amount in zip(row["accounts"], row["amounts"], strict=True):
            sums[row["product"] or "", row["currency"], account] += amount
        if row["book"] in breaks:
            continue
        if broken := check(chain, _as_published(row, chain)):
            breaks[row["book"]] = broken
        chain = Chain(row["number"], row["hash"])
    async for row in queries.lost_ends(connection):
        detail = f"the book is known to end with another journal {row['number']}, the last found is {row['found']}"
        breaks.setdefault(row["book"], Break(row["book"], row["number"], "head", detail))
    totals = {
        (row["product"], row["currency"], row["account"]): row["debit"] - row["credit"]
        async for row in queries.balances(connection)
    }
    different = [
        TotalDifference(product=key[0] or None, currency=key[1], account=key[2], total=total, journals=summed)
        for key in sorted(totals.keys() | sums.keys())
        if (total := totals.get(key, 0)) != (summed := sums.get(key, 0))
    ]
    return Verification(
        sound=not breaks and not different,
        books=books,
        journals=journals,
        breaks=[BookBreak(**each._asdict()) for each in breaks.values()],
        total_differences=different,
    )


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


def _as_published(row: Any, previous: Chain) -> Mapping[str, Any]:
    """The record's value that the row was saved of."""
    pairs = zip(row["accounts"], row["amounts"], strict=True)
    return {
        "book": row["book"],
        "number": row["number"],
        "journal_id": str(journal_id(row["book"], row["number"])),
        "kind": row["kind"],
        "loan_id": str(row["loan_id"]) if row["loan_id"] else None,
        "product": row["product"],
        "currency": row["currency"],
        "value_date": row["value_date"].isoformat(),
        "posted_on": row["posted_on"].isoformat(),
        "lines": [{"account": account, "amount": amount} for account, amount in pairs],
        "reference": row["reference"],
        "previous_hash": previous.head,
        "hash": row["hash"],
    }


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
