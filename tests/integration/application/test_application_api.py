"""The partners' HTTP API of the service as a process."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from integration.application.conftest import TOKENS
from integration.application.story import asked, decide, open_day, publish, read, results, submitted, wait_for
from lendstream.events import application as lending
from lendstream.events.intake import ApplicationStatusChanged, OfferMade
from lendstream.topics import APPLICATION
from lendstream_application.domain.ids import application_id
from support.processes import Process
from support.tokens import OPERATOR
from support.waiting import until
from unit.application import samples

Start = Callable[..., Process]
PROBLEM = "application/problem+json"


@pytest.fixture
async def client(kafka_bootstrap: str, start: Start) -> AsyncIterator[httpx.AsyncClient]:
    """A partner's client of a running service, on an open business day."""
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    headers = {"Authorization": f"Bearer {TOKENS['phone-shop']}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
        yield client


def body(reference: str = "HTTP-1", **changes: Any) -> dict[str, Any]:
    return samples.content(reference, submitted_at=datetime.now(UTC).isoformat(), **changes)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def post(client: httpx.AsyncClient, path: str, content: Any, **headers: str) -> httpx.Response:
    return await client.post(path, json=content, headers={**key(), **headers})


def codes(response: httpx.Response) -> dict[str, str]:
    """Codes by field, of a problem."""
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["status"] == response.status_code
    errors = response.json().get("errors", [])
    assert all(each["message"] and each["fix"] for each in errors)
    return {each["field"]: each["code"] for each in errors}


async def test_from_submission_to_acceptance(kafka_bootstrap: str, client: httpx.AsyncClient) -> None:
    sent = await post(client, "/v1/applications", body())
    assert sent.status_code == 202
    shown = sent.json()
    path = f"/v1/applications/{shown['application_id']}"
    assert shown["application_id"] == str(application_id("phone-shop", "HTTP-1"))
    assert (shown["status"], shown["reference"], shown["offer_id"]) == ("received", "HTTP-1", None)
    early = await client.get(f"{path}/offer")
    assert early.status_code == 404
    assert early.headers["content-type"] == PROBLEM

    await decide(kafka_bootstrap, await asked(kafka_bootstrap))

    async def offered() -> dict[str, Any]:
        answer = await client.get(f"{path}/offer")
        return answer.json() if answer.status_code == 200 else {}

    offer = await until(offered, "the offer is shown")
    (published,) = await wait_for(kafka_bootstrap, results(), OfferMade)
    assert OfferMade.model_validate_json(json.dumps(offer)) == published

    acceptance = {"offer_id": offer["offer_id"], "accepted_at": "2026-03-02T09:00:00Z"}
    wrong = await post(client, f"{path}/acceptance", {**acceptance, "offer_id": str(uuid4())})
    assert (wrong.status_code, codes(wrong)) == (422, {"offer_id": "unknown_offer"})
    done = await post(client, f"{path}/acceptance", acceptance)
    assert (done.status_code, done.json()["status"]) == (202, "accepted")
    assert (await post(client, f"{path}/acceptance", acceptance)).json()["status"] == "accepted"
    assert (await client.get(path)).json() == done.json()
    (told,) = await wait_for(kafka_bootstrap, APPLICATION.name, lending.OfferAccepted)
    assert str(told.offer_id) == offer["offer_id"]
    late = await post(client, f"{path}/withdrawal", {})
    assert (late.status_code, codes(late)) == (422, {"reference": "already_accepted"})


async def test_topic_and_http_are_two_doors_of_one_room(kafka_bootstrap: str, client: httpx.AsyncClient) -> None:
    record = submitted("BOTH-1")
    await publish(kafka_bootstrap, record)
    await asked(kafka_bootstrap)
    content = json.loads(record.value or b"")
    same = await post(client, "/v1/applications", content)
    assert (same.status_code, same.json()["status"]) == (202, "received")
    other = await post(client, "/v1/applications", {**content, "amount": 700_000})
    assert (other.status_code, codes(other)) == (422, {"reference": "reference_reused"})
    path = f"/v1/applications/{same.json()['application_id']}/withdrawal"
    gone = await post(client, path, {"reason": "changed my mind"})
    assert (gone.status_code, gone.json()["status"]) == (202, "withdrawn")
    (told,) = await wait_for(kafka_bootstrap, APPLICATION.name, lending.ApplicationWithdrawn)
    assert told.reason == "changed my mind"
    answers = await wait_for(kafka_bootstrap, results(), ApplicationStatusChanged, 3)
    assert [answer.status.value for answer in answers] == ["received", "received", "withdrawn"]


async def test_strangers_are_told_how_to_come_in(client: httpx.AsyncClient) -> None:
    path = f"/v1/applications/{uuid4()}"
    for header in ("", "Bearer nobody's", f"Basic {TOKENS['phone-shop']}", f"Bearer {OPERATOR}", "Bearer öö"):
        for method, each in (("POST", "/v1/applications"), ("GET", path), ("GET", f"{path}/offer")):
            answer = await client.request(method, each, headers={b"Authorization": header.encode()}, json=body())
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert codes(answer) == {"headers.Authorization": "unknown_token"}


async def test_partners_see_only_their_own(client: httpx.AsyncClient) -> None:
    mine = (await post(client, "/v1/applications", body())).json()["application_id"]
    others = {"Authorization": f"Bearer {TOKENS['clinic']}"}
    for path in (f"/v1/applications/{mine}", f"/v1/applications/{mine}/offer"):
        assert (await client.get(path, headers=others)).status_code == 404
    answer = await post(client, f"/v1/applications/{mine}/withdrawal", {}, **others)
    assert answer.status_code == 404
    assert (await client.get(f"/v1/applications/{mine}")).json()["status"] == "received"
    theirs = await post(client, "/v1/applications", body(), **others)
    assert theirs.status_code == 202
    assert theirs.json()["application_id"] != mine


async def test_everything_wrong_is_said_at_once(client: httpx.AsyncClient) -> None:
    schema = await post(client, "/v1/applications", body(amount="much", identity__mobile="123", finances=None))
    assert schema.status_code == 422
    assert codes(schema) == {
        "amount": "int_type",
        "identity.mobile": "string_pattern_mismatch",
        "finances": "model_type",
    }
    rules = await post(client, "/v1/applications", body(product="yacht", disburse_on="2026-03-01", purpose="\0"))
    assert rules.status_code == 422
    assert codes(rules) == {"product": "unknown_product", "disburse_on": "date_in_past", "purpose": "control_character"}
    for content, code in ((b"", "json_invalid"), (b"[" * 5000, "json_invalid"), (b"null", "model_type")):
        answer = await client.post("/v1/applications", content=content, headers=key())
        assert (answer.status_code, codes(answer)) == (422, {"": code})
    huge = await post(client, "/v1/applications", body(purpose="x" * 1_000_000))
    assert codes(huge) == {"purpose": "string_too_long"}
    assert (await post(client, "/v1/applications", body(purpose="x" * 1_100_000))).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        yield b"{}"

    unsized = await client.post("/v1/applications", content=endless(), headers=key())
    assert (unsized.status_code, unsized.headers["content-type"]) == (411, PROBLEM)
    assert (await client.get("/v1/applications/42")).status_code == 422


async def test_a_command_is_carried_out_once(kafka_bootstrap: str, client: httpx.AsyncClient) -> None:
    content = body("ONCE-1")
    missing = await client.post("/v1/applications", json=content)
    assert (missing.status_code, codes(missing)) == (400, {"headers.Idempotency-Key": "missing"})
    headers = key()
    answers = await asyncio.gather(*(client.post("/v1/applications", json=content, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    first = await client.post("/v1/applications", json=content, headers=headers)
    again = await client.post("/v1/applications", json=content, headers=headers)
    assert (first.status_code, first.content) == (202, again.content)
    other = await client.post("/v1/applications", json=body("ONCE-2"), headers=headers)
    assert (other.status_code, codes(other)) == (409, {"headers.Idempotency-Key": "key_reused"})
    await publish(kafka_bootstrap, submitted("LAST-1"))
    await asked(kafka_bootstrap, 2)
    assert len(await read(kafka_bootstrap, results(), ApplicationStatusChanged)) == 2


async def test_the_same_application_at_the_same_moment_under_many_keys(
    kafka_bootstrap: str, client: httpx.AsyncClient
) -> None:
    content = body("RACE-1")
    answers = await asyncio.gather(*(post(client, "/v1/applications", content) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["application_id"] for answer in answers}) == 1
    assert len(await asked(kafka_bootstrap)) == 1


async def test_the_api_is_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    submit = described["paths"]["/v1/applications"]["post"]
    schema = submit["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["identity"]["properties"]["mobile"]["pattern"]
    assert "$ref" not in json.dumps(schema)
    assert set(submit["responses"]) >= {"202", "401", "409", "422"}
    assert "/v1/customers/{customer_id}" in described["paths"]
