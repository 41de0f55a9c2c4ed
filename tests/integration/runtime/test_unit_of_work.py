"""The unit of work on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from integration.runtime import toy
from lendstream.envelope import Record
from lendstream.events.payment import DisbursementFailed
from lendstream.runtime.limits import DeadLetterLimits, TooManyDeadLettersError
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, ChangedMigrationError, migrate
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Pool
from lendstream.runtime.unit_of_work import UnitOfWork


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "toy": toy.MIGRATIONS})
        yield pool


@pytest.fixture
def unit_of_work(pool: Pool) -> UnitOfWork:
    rules = Rules("servicing", toy.ROUTES, "lendstream", ZoneInfo("Asia/Shanghai"))
    return UnitOfWork(pool, rules, DeadLetterLimits(3, 0.5, window=10), lambda: None)


async def outbox(pool: Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT * FROM outbox ORDER BY seq")


async def test_a_batch_is_saved_with_its_events_in_order(pool: Pool, unit_of_work: UnitOfWork) -> None:
    loan = uuid4()
    await unit_of_work.process(
        [toy.record(toy.payment(amount, loan), correlation_id="story-1") for amount in (1, 2, 3)]
    )
    assert await pool.fetchval("SELECT total FROM till WHERE loan_id = $1", loan) == 6
    rows = await outbox(pool)
    assert [row["type"] for row in rows] == ["PaymentApplied"] * 3
    assert all(row["aggregatetype"] == "lending.loan.v1" for row in rows)
    headers = dict(zip(rows[0]["headers"][::2], rows[0]["headers"][1::2], strict=True))
    assert headers["ce_correlationid"] == "story-1"
    assert headers["ce_source"] == "lendstream/servicing"


async def test_a_record_seen_again_changes_nothing(pool: Pool, unit_of_work: UnitOfWork) -> None:
    record = toy.record(toy.payment(4))
    await unit_of_work.process([record, record])
    await unit_of_work.process([record])
    assert await pool.fetchval("SELECT sum(total) FROM till") == 4
    assert len(await outbox(pool)) == 1


async def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(pool: Pool, unit_of_work: UnitOfWork) -> None:
    junk = Record("lending.payment.v1", b"k", b"not json", toy.record(toy.payment(1)).headers, 2, 17)
    too_much = toy.record(toy.payment(2_000_000))
    await unit_of_work.process(
        [toy.record(toy.payment(1)), junk, toy.record(toy.payment(2)), too_much, toy.record(toy.payment(13))]
    )
    await unit_of_work.process([toy.record(toy.payment(3)), toy.record(toy.payment(666)), toy.record(toy.payment(4))])
    assert await pool.fetchval("SELECT sum(total) FROM till") == 10
    dead = [row for row in await outbox(pool) if row["type"] == "DeadLetter"]
    assert {row["aggregatetype"] for row in dead} == {"lending.dead-letter.servicing.v1"}
    kinds = [dict(zip(row["headers"][::2], row["headers"][1::2], strict=True))["dlq_error_type"] for row in dead]
    assert sorted(kinds) == ["CheckViolationError", "DataError", "KeyError", "Refused"]
    assert next(row["payload"] for row in dead if b"not" in row["payload"]) == b"not json"


async def test_what_no_rule_answers_is_left_alone_whatever_it_holds(pool: Pool, unit_of_work: UnitOfWork) -> None:
    failed = DisbursementFailed(
        disbursement_id=uuid4(), loan_id=uuid4(), reason="closed", retryable=False, failed_on=date(2026, 1, 1)
    )
    record = toy.record(failed)
    await unit_of_work.process([record, replace(record, value=b"not json"), toy.record(toy.payment(1))])
    assert [row["type"] for row in await outbox(pool)] == ["PaymentApplied"]
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 1


async def test_a_dead_letter_can_be_tried_again_under_the_same_id(pool: Pool, unit_of_work: UnitOfWork) -> None:
    record = toy.record(toy.payment(13))
    await unit_of_work.process([record])
    await unit_of_work.process([record])
    assert len(await outbox(pool)) == 2


async def test_too_many_dead_letters_stop_the_batch_before_anything_is_kept(
    pool: Pool, unit_of_work: UnitOfWork
) -> None:
    with pytest.raises(TooManyDeadLettersError, match="3 dead letters in a row"):
        await unit_of_work.process([toy.record(toy.payment(1)), *(toy.record(toy.payment(13)) for _ in range(4))])
    assert await outbox(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 0


async def test_two_instances_that_take_the_same_batch_apply_it_once(pool: Pool, unit_of_work: UnitOfWork) -> None:
    loan = uuid4()
    batch = [toy.record(toy.payment(1, loan)) for _ in range(50)]
    await asyncio.gather(*(unit_of_work.process(batch) for _ in range(3)))
    assert await pool.fetchval("SELECT total FROM till WHERE loan_id = $1", loan) == 50
    assert len(await outbox(pool)) == 50


async def test_two_instances_that_create_the_same_aggregate_both_count(pool: Pool, unit_of_work: UnitOfWork) -> None:
    loan = uuid4()
    await asyncio.gather(*(unit_of_work.process([toy.record(toy.payment(1, loan))]) for _ in range(4)))
    assert await pool.fetchval("SELECT total FROM till WHERE loan_id = $1", loan) == 4


async def test_migrations_are_applied_once_and_never_changed(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "0001.a.sql").write_text("CREATE TABLE a (n int)")
    async with pool.acquire() as connection:
        assert await migrate(connection, {"other": tmp_path}) == ["other/0001.a"]
        assert await migrate(connection, {"other": tmp_path}) == []
        (tmp_path / "0001.a.sql").write_text("CREATE TABLE a (n bigint)")
        with pytest.raises(ChangedMigrationError, match="add a new migration"):
            await migrate(connection, {"other": tmp_path})
