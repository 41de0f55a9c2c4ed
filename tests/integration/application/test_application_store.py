"""Applications and customers on a real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from lendstream.events.intake import ApplicationStatus, ApplicationWithdrawn, OfferAccepted
from lendstream.runtime.decider import Change
from lendstream.runtime.migrate import migrate
from lendstream.runtime.sql import Pool
from lendstream_application.domain.acceptance import accept, expire, withdraw
from lendstream_application.domain.customer import erase, keep_profile
from lendstream_application.domain.decision import ask_again, decided
from lendstream_application.domain.model import Application
from lendstream_application.main import MIGRATIONS
from lendstream_application.store import Applications, Customers
from lendstream_local.testing import fresh_database
from unit.application.samples import (
    DESK,
    NOW,
    PARTNER,
    TODAY,
    context,
    decision,
    received,
    submission,
)

APPLICATIONS, CUSTOMERS = Applications(), Customers()
CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migration'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migration'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> to_regclass('schema_migration')""",
}


def lives() -> list[Application]:
    """An application in every state that it can be saved in first or later."""
    waiting = [received(f"R-{number}", disburse_on="2026-03-09") for number in range(4)]
    offered = decided(DESK, waiting[1], decision(waiting[1]), context())[0]
    declined = decided(DESK, waiting[2], decision(waiting[2], approved=False), context())[0]
    asked, _ = ask_again(waiting[3], NOW, timedelta(seconds=30))
    chosen = received("R-4", options={"due_day": 10, "coupon": "SPRING-50"}, debit_account="acct_mine")
    with_options = decided(DESK, chosen, decision(chosen, options=chosen.asked.options), context())[0]
    return [waiting[0], offered, declined, asked, with_options]


async def save(pool: Pool, store: Any, changes: dict[UUID, Any]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await store.save(connection, changes)


async def load(pool: Pool, store: Any, keys: list[UUID]) -> Any:
    async with pool.acquire() as connection, connection.transaction():
        return await store.load(connection, sorted(keys))


async def test_applications_come_back_as_they_were_saved(pool: Pool) -> None:
    states = {state.application_id: state for state in lives()}
    await save(pool, APPLICATIONS, {key: Change(None, state) for key, state in states.items()})
    assert await load(pool, APPLICATIONS, [*states, uuid4()]) == states


async def test_changes_come_back_and_leave_the_others_alone(pool: Pool) -> None:
    before = {state.application_id: state for state in (received("R-0"), received("R-1"), received("R-2"))}
    await save(pool, APPLICATIONS, {key: Change(None, state) for key, state in before.items()})
    zero, one, two = before.values()
    offered = decided(DESK, zero, decision(zero), context())[0]
    again, _ = ask_again(one, NOW, timedelta(seconds=5))
    await save(pool, APPLICATIONS, {zero.application_id: Change(zero, offered), one.application_id: Change(one, again)})
    found = await load(pool, APPLICATIONS, list(before))
    assert found == {zero.application_id: offered, one.application_id: again, two.application_id: two}
    loan = replace(offered, status=ApplicationStatus.LOAN_OPENED, loan_id=uuid4())
    await save(pool, APPLICATIONS, {zero.application_id: Change(offered, loan)})
    assert (await load(pool, APPLICATIONS, [zero.application_id]))[zero.application_id] == loan


async def test_open_offers_are_found_when_their_last_day_is_over(pool: Pool) -> None:
    states = lives()
    await save(pool, APPLICATIONS, {state.application_id: Change(None, state) for state in states})
    offered = states[1]
    last = TODAY + timedelta(DESK.catalogue.product("cash-small").offer_valid_days)
    async with pool.acquire() as connection:
        assert await APPLICATIONS.offers_over(connection, last, 10) == []
        over = await APPLICATIONS.offers_over(connection, last + timedelta(1), 10)
        assert set(over) == {offered.application_id, states[4].application_id}
    expired = expire(offered, last + timedelta(1), context())[0]
    await save(pool, APPLICATIONS, {offered.application_id: Change(offered, expired)})
    async with pool.acquire() as connection:
        assert await APPLICATIONS.offers_over(connection, last + timedelta(1), 10) == [states[4].application_id]


async def test_overdue_decisions_are_found_in_the_order_of_their_waiting(pool: Pool) -> None:
    states = [replace(received(f"R-{n}"), ask_again_at=NOW + timedelta(seconds=n)) for n in (3, 1, 2)]
    states.append(withdraw(received("R-9"), ApplicationWithdrawn(reference="R-9"), context())[0])
    await save(pool, APPLICATIONS, {state.application_id: Change(None, state) for state in states})
    async with pool.acquire() as connection, connection.transaction():
        found = await APPLICATIONS.undecided(connection, NOW + timedelta(seconds=2), 10)
        assert {state.reference for state in found.values()} == {"R-1", "R-2"}
        first = await APPLICATIONS.undecided(connection, NOW + timedelta(seconds=9), 1)
        assert [state.reference for state in first.values()] == ["R-1"]
        async with pool.acquire() as other, other.transaction():
            assert len(await APPLICATIONS.undecided(other, NOW + timedelta(seconds=9), 10)) == 1


async def test_customers_come_back_and_an_erasure_blanks_their_row(pool: Pool) -> None:
    customer = keep_profile(DESK, None, submission(), context())[0]
    other = keep_profile(DESK, None, submission(identity__identity_number="X-99"), context())[0]
    assert customer is not None
    assert other is not None
    both = {each.customer_id: each for each in (customer, other)}
    await save(pool, CUSTOMERS, {key: Change(None, each) for key, each in both.items()})
    assert await load(pool, CUSTOMERS, list(both)) == both
    erased, _ = erase(customer, customer.customer_id, NOW)
    await save(pool, CUSTOMERS, {customer.customer_id: Change(customer, erased)})
    assert await load(pool, CUSTOMERS, list(both)) == {**both, customer.customer_id: erased}
    row = await pool.fetchrow("SELECT * FROM customer WHERE customer_id = $1", customer.customer_id)
    assert row is not None
    assert {name for name, value in row.items() if value is not None} == {"customer_id", "erased_at"}


async def described(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    await connection.execute("CREATE TABLE IF NOT EXISTS schema_migration ()")
    return {name: sorted(map(tuple, await connection.fetch(sql)), key=repr) for name, sql in CATALOGUE.items()}


async def test_schema_sql_is_what_the_migrations_make(postgres_admin: str) -> None:
    descriptions = []
    for migrations in (MIGRATIONS, None):
        with fresh_database(postgres_admin) as dsn:
            connection = await asyncpg.connect(dsn)
            try:
                if migrations:
                    await migrate(connection, {"application": migrations})
                else:
                    await connection.execute((Path(MIGRATIONS).parent / "schema.sql").read_text("utf-8"))
                descriptions.append(await described(connection))
            finally:
                await connection.close()
    migrated, documented = descriptions
    assert documented == migrated
    assert {row[0] for row in migrated["columns"]} == {"application", "offer", "customer"}


@pytest.mark.parametrize("broken", [{"ciphertext": None}, {"wrapped_key": None}], ids=str)
async def test_the_database_takes_no_half_erased_customer(pool: Pool, broken: dict[str, None]) -> None:
    customer = keep_profile(DESK, None, submission(), context())[0]
    assert customer is not None
    await save(pool, CUSTOMERS, {customer.customer_id: Change(None, customer)})
    (column,) = broken
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(f"UPDATE customer SET {column} = NULL")


async def test_partners_see_their_own_only(pool: Pool) -> None:
    state = received()
    await save(pool, APPLICATIONS, {state.application_id: Change(None, state)})
    async with pool.acquire() as connection:
        assert await APPLICATIONS.peek(connection, state.application_id, PARTNER) == state
        assert await APPLICATIONS.peek(connection, state.application_id, "clinic") is None


async def test_an_acceptance_is_of_the_offer_as_it_was_stored(pool: Pool) -> None:
    state = received()
    offered = decided(DESK, state, decision(state), context())[0]
    await save(pool, APPLICATIONS, {state.application_id: Change(None, offered)})
    stored = (await load(pool, APPLICATIONS, [state.application_id]))[state.application_id]
    assert stored.offer is not None
    event = OfferAccepted(reference="SHOP-1", offer_id=stored.offer.offer_id, accepted_at=NOW)
    assert accept(stored, event, context()) == accept(offered, event, context())
