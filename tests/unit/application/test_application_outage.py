"""The doors while the database is away, or while everybody comes at once: a problem that says to try again."""

from typing import Any, NoReturn, cast
from uuid import UUID

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from lendstream.runtime.auth import Scope, TokenHolder, digest_of
from lendstream.runtime.http import operations_app
from lendstream.runtime.settings import ServiceSettings
from lendstream.runtime.state import Runtime
from lendstream_application import api, erasure
from lendstream_application.store import Applications, Customers
from unit.application.samples import content

TOKEN = "a-token-of-somebody"


class NoPool:
    """Connections that cannot be had."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def acquire(self, timeout: float | None = None) -> NoReturn:
        raise self._error


def client(error: Exception) -> httpx.AsyncClient:
    settings = ServiceSettings(database_url="postgresql://127.0.0.1/nowhere")
    runtime = Runtime("application", settings, cast("Any", NoPool(error)), cast("Any", None))
    app = operations_app("application", dict)
    app.include_router(api.router(runtime, Applications(), {"phone-shop": SecretStr(TOKEN)}))
    app.include_router(
        erasure.router(runtime, Customers(), {digest_of(TOKEN): TokenHolder(name="mei", scopes=(Scope.ADMIN,))})
    )
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://application", headers=headers)


REQUESTS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/v1/applications", content()),
    ("GET", f"/v1/applications/{UUID(int=7)}", None),
    ("GET", f"/v1/applications/{UUID(int=7)}/offer", None),
    ("POST", f"/v1/applications/{UUID(int=7)}/withdrawal", {}),
    ("DELETE", f"/v1/customers/{UUID(int=7)}", None),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), REQUESTS, ids=[" ".join(each[:2]).split("/v1/")[1] for each in REQUESTS]
)
async def test_an_outage_is_a_503_that_says_when_to_come_back(
    method: str, path: str, body: dict[str, Any] | None
) -> None:
    async with client(ConnectionRefusedError("no server")) as outside:
        answer = await outside.request(method, path, json=body)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["Retry-After"]


async def test_a_race_that_is_lost_again_and_again_is_a_503_too() -> None:
    async with client(asyncpg.UniqueViolationError("application_pkey")) as outside:
        answer = await outside.post("/v1/applications", json=content())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_a_fault_of_ours_tells_nothing_of_itself() -> None:
    async with client(RuntimeError("the secret is 42")) as outside:
        answer = await outside.get(f"/v1/applications/{UUID(int=7)}")
    assert answer.status_code == 500
    assert "42" not in answer.text
