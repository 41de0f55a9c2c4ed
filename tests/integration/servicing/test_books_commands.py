"""`lendstream-servicing ledger` on a real database, and the entry point that still runs the service."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from integration.servicing.test_books_store import close, lend
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Connection
from lendstream_servicing import cli
from lendstream_servicing.main import MIGRATIONS

Command = Callable[..., Result]
Work = Callable[[Connection], Awaitable[Any]]


def on(database: str, work: Work) -> Any:
    """Do something with the database, as the commands run event loops of their own."""

    async def connected() -> Any:
        connection = await asyncpg.connect(database)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(connected())


async def a_book(connection: Connection) -> None:
    await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "servicing": MIGRATIONS})
    await lend(connection, 600_000, interest_receivable=500)
    await close(connection)


@pytest.fixture
def ledger(database: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `lendstream-servicing ledger ...` on the database of one loan, a day closed."""
    on(database, a_book)
    monkeypatch.setenv("LENDSTREAM_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(cli.app, ["ledger", *arguments])


def test_sound_books_end_with_0(ledger: Command) -> None:
    for command in ("verify", "trial-balance", "reconcile"):
        shown = ledger(command)
        assert shown.exit_code == 0, shown.output
        assert json.loads(ledger(command, "--json").stdout)
    assert "2 books, 3 journals: sound." in ledger("verify").output
    assert "贷款本金" in ledger("trial-balance").output
    assert "1 loans and their books agree" in ledger("reconcile").output


def test_broken_books_end_with_1_and_name_the_place(ledger: Command, database: str) -> None:
    change = "UPDATE journal SET amounts = '{600001,-600000}' WHERE kind = 'disbursement'"
    on(database, lambda connection: connection.execute(change))
    verified = ledger("verify", "--json")
    assert verified.exit_code == 1
    (found,) = json.loads(verified.stdout)["breaks"]
    assert (found["number"], found["reason"]) == (1, "changed")
    assert f"{found['book']}, journal 1: changed" in ledger("verify").output
    assert ledger("rebuild").exit_code == 0
    balance = ledger("trial-balance", "--json")
    assert (balance.exit_code, json.loads(balance.stdout)["balanced"]) == (1, False)
    assert "Debits are not credits" in ledger("trial-balance").output


def test_a_loan_that_differs_ends_with_1(ledger: Command, database: str) -> None:
    on(database, lambda connection: connection.execute("UPDATE loan SET principal_outstanding = 599_999"))
    day = "INSERT INTO business_day (day, event_id, started_at, closed_at) VALUES ('2026-03-17', 'day', now(), now())"
    on(database, lambda connection: connection.execute(day))
    shown = ledger("reconcile")
    assert shown.exit_code == 1
    assert "599,999" in shown.output
    assert "do NOT agree; accounts by product as of 2026-03-17" in shown.output
    assert json.loads(ledger("reconcile", "--json").stdout)["loan_differences"][0]["difference"] == 1


def test_another_server_is_told_with_the_remedy(ledger: Command, database: str) -> None:
    on(database, lambda connection: connection.execute("UPDATE ledger_fold SET server = 1"))
    refused = ledger("verify")
    assert refused.exit_code == 1
    assert "lendstream-servicing ledger rebuild" in " ".join(refused.output.split())
    assert ledger("rebuild").exit_code == 0
    assert ledger("verify").exit_code == 0


@pytest.mark.parametrize("address", ["postgresql://nobody@127.0.0.1:1/none", "nonsense"])
def test_a_database_that_is_not_there_ends_with_3(ledger: Command, address: str) -> None:
    refused = ledger("verify", "--database", address)
    assert refused.exit_code == 3
    assert "The database does not answer" in refused.output


def test_without_a_command_the_service_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(cli, "main", lambda: started.append(True))
    assert CliRunner().invoke(cli.app, []).exit_code == 0
    assert CliRunner().invoke(cli.app, ["ledger", "--help"]).exit_code == 0
    assert started == [True]
