"""The API is what its OpenAPI document says: whatever is sent, nothing breaks it and every answer is described."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation.modes import GenerationMode

from integration.servicing.test_servicing_api import begun, lent
from support.processes import Process
from support.tokens import ADMIN, bearer
from unit.servicing import loans

Start = Callable[..., Process]
EXAMPLES = 12


async def test_no_request_breaks_the_api(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await begun(kafka_bootstrap, loans.TODAY, 1)
    loan = await lent(kafka_bootstrap)
    document = (await asyncio.to_thread(service.get, "/openapi.json")).json()
    tried = await asyncio.to_thread(try_all, service.url, document, loan)
    assert tried >= 40
    assert service.ready()


def try_all(url: str, document: dict[str, Any], loan: str) -> int:
    """Valid and invalid requests to every route, half of them to a loan that is there; how many were made."""
    tried = 0
    operations: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    with httpx.Client(base_url=url, timeout=30, headers=bearer(ADMIN)) as client:
        for found in operations:
            operation = found.ok()
            if operation.path.startswith("/v1"):
                described = set(document["paths"][operation.path][operation.method]["responses"])
                tried += try_one(client, operation, described, loan)
    return tried


def try_one(client: httpx.Client, operation: Any, described: set[str], loan: str) -> int:
    """Requests to one route; how many were made."""
    tried = 0
    kinds = [operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(kinds), real=st.booleans())
    def try_it(case: Any, real: bool) -> None:
        nonlocal tried
        if real and "loan_id" in (case.path_parameters or {}):
            case.path_parameters["loan_id"] = loan
        sent = case.as_transport_kwargs(base_url=str(client.base_url).rstrip("/"))
        sent["headers"].pop("Authorization", None)
        named = {name: sent[name] for name in ("method", "url", "params", "headers", "json") if name in sent}
        try:
            answer = client.request(**named)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError, ValueError, TypeError):
            return  # nothing that can be sent
        tried += 1
        assert answer.status_code < 500, (named, answer.text)
        if answer.status_code not in (404, 405, 307):  # a path that is another one
            assert str(answer.status_code) in described, (named, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"

    try_it()
    return tried
