"""The books in PostgreSQL: journals saved, the day's closing journals, totals summed up.

Every function wants to be called in the transaction that it is a part of.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import Bucket
from lendstream.journal_chain import START, Chain
from lendstream.runtime.sql import Connection
from lendstream_servicing.domain.books import chained, product_book
from lendstream_servicing.domain.chart import Chart, ProvisionPolicy
from lendstream_servicing.domain.closing import TRUED_UP, Position, true_up
from lendstream_servicing.sql import queries

COLUMNS = (
    "book", "number", "kind", "loan_id", "product", "currency", "value_date", "posted_on", "accounts", "amounts",
    "reference", "hash",
)  # fmt: skip


class RestoredElsewhereError(Exception):
    """The database was restored into another server, whose transaction ids are not those of the folded totals."""

    def __init__(self) -> None:
        super().__init__(
            "the books were restored into another server, where it is unknown what their totals contain: run "
            "`lendstream-servicing ledger rebuild` once"
        )


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
    positions = await positions_of(connection, day, chart)
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


async def check_home(connection: Connection) -> None:
    """Make sure that the totals are this server's. Errors: RestoredElsewhereError."""
    if await queries.folded_elsewhere(connection):
        raise RestoredElsewhereError


async def positions_of(connection: Connection, day: date, chart: Chart) -> Sequence[Position]:
    """What the books should say at the end of a day and what they say, by product and currency, of one moment."""
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
