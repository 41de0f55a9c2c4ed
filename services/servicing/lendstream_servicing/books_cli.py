"""`lendstream-servicing ledger`: the books checked against themselves and against the loans."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, TypeVar

import asyncpg
import typer
from rich.table import Table

from lendstream.cli.common import DATA_AT_FAULT, AsJson, complain, console, fail, print_json
from lendstream.runtime.sql import Connection
from lendstream_servicing import books_audit, books_store
from lendstream_servicing.books_store import RestoredElsewhereError
from lendstream_servicing.books_views import Reconciliation, TrialBalance, Verification
from lendstream_servicing.ledger import chart, provision_policy

T = TypeVar("T")

DATABASE_AT_FAULT = 3
app = typer.Typer(help="Verify the books, and compare them with the loans.", no_args_is_help=True)

Database = Annotated[
    str,
    typer.Option(envvar="LENDSTREAM_DATABASE_URL", metavar="URL", help="The database of servicing.", show_envvar=True),
]


@app.command("verify")
def verify(database: Database, as_json: AsJson = False) -> None:
    """Compute every journal's hash and every total anew; exit code 1 and the first break of each book if one fails."""
    found = _run(database, books_audit.verify)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show_verification(found)
    _end(found.sound)


@app.command("trial-balance")
def trial_balance(database: Database, as_json: AsJson = False) -> None:
    """Turnover and balance of every account by product, in minor units; exit code 1 if debits are not credits."""
    found = _run(database, lambda connection: books_audit.trial_balance(connection, chart()))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show_trial_balance(found)
    _end(found.balanced)


@app.command("reconcile")
def reconcile(database: Database, as_json: AsJson = False) -> None:
    """Compare every loan with its book, and the accounts by product with their loans; exit code 1 if they differ.

    Run it between business days: a day under way moves loans ahead of the accounts by product.
    """
    found = _run(database, lambda connection: books_audit.reconcile(connection, chart(), provision_policy()))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show_reconciliation(found)
    _end(found.agreed)


@app.command("rebuild")
def rebuild(database: Database) -> None:
    """Sum all journals up anew: once after the database was restored into another server, or if totals are wrong."""
    _run(database, books_store.rebuild_totals, read=False)
    console().print("The totals are the sums of the journals again.")


def _run(database: str, work: Callable[[Connection], Awaitable[T]], *, read: bool = True) -> T:
    async def connected() -> T:
        connection = await asyncpg.connect(database, timeout=10)
        try:
            async with connection.transaction(isolation="repeatable_read" if read else None, readonly=read):
                return await work(connection)
        finally:
            await connection.close(timeout=5)

    try:
        return asyncio.run(connected())
    except RestoredElsewhereError as error:
        fail(f"{str(error).capitalize()}.", DATA_AT_FAULT)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        said = str(error) or type(error).__name__
        fail(f"The database does not answer: {said}. Name it with LENDSTREAM_DATABASE_URL.", DATABASE_AT_FAULT)


def _end(good: bool) -> None:
    if not good:
        raise typer.Exit(DATA_AT_FAULT)


def _show_verification(found: Verification) -> None:
    for each in found.breaks:
        complain(f"{each.book}, journal {each.number}: {each.reason}: {each.detail}")
    if (hidden := found.breaks_found - len(found.breaks)) > 0:
        complain(f"... and {hidden} more books")
    for total in found.total_differences:
        where = f"{total.account} {total.product or '-'} {total.currency}"
        complain(f"the total of {where} is {total.total}, its journals sum to {total.journals}")
    verdict = "sound" if found.sound else "NOT sound"
    console().print(f"{found.books} books, {found.journals} journals: {verdict}.")


def _show_trial_balance(found: TrialBalance) -> None:
    table = _table(("account", "name", "", "product", "currency"), ("debit", "credit", "balance"))
    for row in found.rows:
        amounts = (f"{each:,}" for each in (row.debit, row.credit, row.balance))
        table.add_row(row.account, row.name_zh, row.name_en, row.product or "", row.currency, *amounts)
    for each in found.sums:
        amounts = (f"[bold]{amount:,}[/]" for amount in (each.debit, each.credit, each.difference))
        table.add_row("", "", "sum", "", each.currency, *amounts)
    console().print(table)
    if not found.balanced:
        complain("Debits are not credits: run `lendstream-servicing ledger verify`.")


def _show_reconciliation(found: Reconciliation) -> None:
    out = console()
    if found.loan_differences:
        table = _table(("loan", "status", "product", "currency"), ("owed", "in its book", "difference"))
        for each in found.loan_differences:
            amounts = (f"{amount:,}" for amount in (each.loan, each.ledger, each.difference))
            table.add_row(str(each.loan_id), each.status or "no such loan", each.product or "", each.currency, *amounts)
        out.print(table)
        if (hidden := found.loan_differences_found - len(found.loan_differences)) > 0:
            out.print(f"... and {hidden} more")
    if found.product_differences:
        table = _table(("account", "product", "currency"), ("by the loans", "in the books", "difference"))
        for differing in found.product_differences:
            amounts = (f"{amount:,}" for amount in (differing.loans, differing.ledger, differing.difference))
            table.add_row(differing.account, differing.product, differing.currency, *amounts)
        out.print(table)
    day = f"accounts by product as of {found.as_of}" if found.as_of else "no day closed yet"
    verdict = "agree" if found.agreed else "do NOT agree"
    out.print(f"{found.loans} loans and their books {verdict}; {day}.")


def _table(names: Iterable[str], amounts: Iterable[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name)
    for name in amounts:
        table.add_column(name, justify="right")
    return table
