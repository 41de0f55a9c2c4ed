"""The SMS gateway's promises: one delivery a key, one answer a key, trouble by script."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from lendstream_simulator.journal import deliveries
from lendstream_simulator.texts import Gateway, application

TOKEN = "secret-of-the-test"
MESSAGE = {"to": "+8610012345678", "text": "您的第1期还款将于3天后到期。", "reference": "loan-1/1/due-3"}


def client_of(gateway: Gateway) -> AsyncClient:
    transport = ASGITransport(application(gateway, TOKEN))
    return AsyncClient(
        transport=transport, base_url="http://gateway.test", headers={"Authorization": f"Bearer {TOKEN}"}
    )


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    async with client_of(Gateway(tmp_path, unavailable=0, lost=0)) as client:
        yield client


async def test_delivers_once_a_key(client: AsyncClient, tmp_path: Path) -> None:
    first = await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
    again = await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == ("false", "true")
    assert [each.key for each in deliveries(tmp_path)] == [MESSAGE["reference"]]


async def test_another_message_under_a_known_key_is_a_conflict(client: AsyncClient, tmp_path: Path) -> None:
    await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
    other = await client.post("/v1/messages", json=MESSAGE | {"text": "else"}, headers={"Idempotency-Key": "k1"})
    assert other.status_code == 409
    assert len(deliveries(tmp_path)) == 1


async def test_another_key_is_another_delivery(client: AsyncClient, tmp_path: Path) -> None:
    for key in ("k1", "k2"):
        await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": key})
    assert len(deliveries(tmp_path)) == 2


async def test_tells_what_became_of_a_text(client: AsyncClient) -> None:
    assert (await client.get(f"/v1/messages/{MESSAGE['reference']}")).status_code == 404
    await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
    found = await client.get(f"/v1/messages/{MESSAGE['reference']}")
    assert found.json()["status"] == "delivered"


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({}, {"Authorization": "Bearer wrong", "Idempotency-Key": "k"}, 401),
        ({}, {"Authorization": "", "Idempotency-Key": "k"}, 401),
        ({}, {}, 422),
        ({"to": "13800138000"}, {"Idempotency-Key": "k"}, 422),
        ({"text": ""}, {"Idempotency-Key": "k"}, 422),
    ],
)
async def test_refuses(
    client: AsyncClient, tmp_path: Path, change: dict[str, str], headers: dict[str, str], status: int
) -> None:
    assert (await client.post("/v1/messages", json=MESSAGE | change, headers=headers)).status_code == status
    assert deliveries(tmp_path) == ()


async def test_is_ready_for_everybody(client: AsyncClient) -> None:
    assert (await client.get("/health/ready", headers={"Authorization": ""})).status_code == 200


async def test_not_available_at_first(tmp_path: Path) -> None:
    async with client_of(Gateway(tmp_path, unavailable=1, lost=0)) as client:
        first = await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
        assert (first.status_code, first.headers["Retry-After"]) == (503, "1")
        assert deliveries(tmp_path) == ()
        assert (await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})).status_code == 202
    assert len(deliveries(tmp_path)) == 1


async def test_delivers_and_loses_the_answer(tmp_path: Path) -> None:
    async with client_of(Gateway(tmp_path, unavailable=0, lost=1)) as client:
        first = await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
        again = await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (504, 202)
    assert len(deliveries(tmp_path)) == 1


async def test_remembers_over_a_restart(tmp_path: Path) -> None:
    answers = []
    for _ in range(2):
        gateway = Gateway(tmp_path, unavailable=0, lost=0)
        async with client_of(gateway) as client:
            answers.append((await client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k1"})).json())
            assert (await client.get(f"/v1/messages/{MESSAGE['reference']}")).status_code == 200
            assert gateway.delivered == 1
    assert answers[0] == answers[1]
    assert len(deliveries(tmp_path)) == 1
