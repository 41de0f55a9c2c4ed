"""HTTP commands on a real PostgreSQL: once each, whatever the client repeats."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
from fastapi import Request, Response

from integration.runtime import toy
from lendstream.events.payment import PaymentReceived
from lendstream.runtime.bodies import parsed
from lendstream.runtime.commands import command
from lendstream.runtime.http import operations_app
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.queries import queries
from lendstream.runtime.rules import Rules
from lendstream.runtime.settings import ServiceSettings
from lendstream.runtime.sql import Pool
from lendstream.runtime.state import Runtime
from lendstream.runtime.unit_of_work import UnitOfWork


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(database, min_size=1, max_size=6) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "toy": toy.MIGRATIONS})
        yield pool


@pytest.fixture
async def client(pool: Pool, database: str) -> AsyncIterator[httpx.AsyncClient]:
    rules = Rules("servicing", toy.ROUTES, "lendstream", ZoneInfo("Asia/Shanghai"))
    unit_of_work = UnitOfWork(pool, rules, DeadLetterLimits(3, 0.5), lambda: None)
    runtime = Runtime("servicing", ServiceSettings(database_url=database), pool, unit_of_work)
    app = operations_app("toy", dict)

    @app.post("/payments")
    async def pay(request: Request) -> Response:
        event = await parsed(request, PaymentReceived)
        return await command(
            runtime, request, event, caller="test", respond=lambda states: (201, {"total": states[toy.TILLS].total})
        )

    @app.post("/moves")
    async def move(request: Request) -> Response:
        asked = await parsed(request, toy.Move)
        return await command(
            runtime, request, asked, caller="test", respond=lambda states: (200, {"left": states[toy.TILLS].total})
        )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def pay(client: httpx.AsyncClient, key: str | None, body: dict[str, Any]) -> httpx.Response:
    return await client.post("/payments", json=body, headers={"Idempotency-Key": key} if key else {})


def body(amount: int = 7) -> dict[str, Any]:
    payment: dict[str, Any] = toy.payment(amount).model_dump(mode="json")
    return payment


async def test_the_same_key_and_body_is_carried_out_once(client: httpx.AsyncClient, pool: Pool) -> None:
    sent = body()
    answers = [await pay(client, "k", sent) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(201, {"total": 7})] * 3
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_the_same_key_with_another_body_is_a_conflict(client: httpx.AsyncClient, pool: Pool) -> None:
    await pay(client, "k", body())
    answer = await pay(client, "k", body())
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "key_reused"
    assert answer.headers["content-type"] == "application/problem+json"
    assert await pool.fetchval("SELECT count(*) FROM till") == 1


async def test_a_command_in_flight_is_a_conflict_with_retry_after(client: httpx.AsyncClient, pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        assert await queries.lock_command(connection, key="test\nk")
        answer = await pay(client, "k", body())
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert (await pay(client, "k", body())).status_code == 201


async def test_a_key_is_missing_or_too_long(client: httpx.AsyncClient) -> None:
    for key in (None, "k" * 201):
        answer = await pay(client, key, body())
        assert answer.status_code == 400
        assert "same one when you retry" in answer.json()["errors"][0]["fix"]


async def test_a_refused_command_says_why_and_leaves_nothing(client: httpx.AsyncClient, pool: Pool) -> None:
    sent = body(13)
    for _ in range(2):
        answer = await pay(client, "k", sent)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"field": "amount", "code": "unlucky", "message": "13 is refused.", "fix": "Send another amount."}
        ]
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_every_field_that_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    answer = await pay(client, "k", {"amount": "7", "currency": "yuan"})
    assert answer.status_code == 422
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"payment_id", "loan_id", "amount", "currency", "value_date", "channel"}


async def test_commands_that_make_the_same_aggregate_at_once_all_count(client: httpx.AsyncClient, pool: Pool) -> None:
    loan = uuid4()
    sent = [{**body(1), "loan_id": str(loan)} for _ in range(4)]
    answers = await asyncio.gather(*(pay(client, f"k{n}", each) for n, each in enumerate(sent)))
    done = sum(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert await pool.fetchval("SELECT total FROM till WHERE loan_id = $1", loan) == done >= 1


async def moved(client: httpx.AsyncClient, key: str, source: UUID, target: UUID, amount: int) -> httpx.Response:
    body = {"source": str(source), "target": str(target), "amount": amount}
    return await client.post("/moves", json=body, headers={"Idempotency-Key": key})


async def test_a_command_on_no_topic_goes_to_its_aggregates_all_or_nothing(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    ours, theirs = uuid4(), uuid4()
    for number, loan in enumerate((ours, theirs)):
        await pay(client, f"pay {number}", {**body(10), "loan_id": str(loan)})
    answers = [await moved(client, "m", ours, theirs, 4) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"left": 6})] * 2
    refused = await moved(client, "n", ours, uuid4(), 4)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_till")
    totals = {row["loan_id"]: row["total"] for row in await pool.fetch("SELECT loan_id, total FROM till")}
    assert totals == {ours: 6, theirs: 14}


async def test_a_command_with_a_field_that_nobody_knows_is_refused(client: httpx.AsyncClient) -> None:
    sent = {"source": str(uuid4()), "target": str(uuid4()), "amount": 1, "amuont": 2}
    answer = await client.post("/moves", json=sent, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "amuont")


async def test_a_nul_that_no_database_takes_is_refused(client: httpx.AsyncClient) -> None:
    sent = {"source": str(uuid4()), "target": str(uuid4()), "amount": 1, "reason": "a\0b"}
    answer = await client.post("/moves", json=sent, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "nul_character")
