"""HTTP commands through the unit of work, each carried out once by its Idempotency-Key.

An event of a topic can be one, where a topic and HTTP are two doors to the same rule; else it is a `Command`.

Same key and same body: the same answer. Same key and another body: 409. Still in flight: 409 with Retry-After.
The answer is stored in the transaction that carries the command out, so a crash leaves either both or neither.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import uuid_utils
from asyncpg import UniqueViolationError
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from lendstream.envelope import HTTP, Envelope
from lendstream.errors import DataError, FieldError, problem
from lendstream.events.base import Command, Event
from lendstream.runtime import metrics
from lendstream.runtime.database import is_infrastructure, transaction
from lendstream.runtime.decider import Store
from lendstream.runtime.queries import queries
from lendstream.runtime.sql import Connection
from lendstream.runtime.state import Runtime
from lendstream.topics import topic_of

Respond = Callable[[Mapping[Store[Any], Any]], tuple[int, dict[str, Any]]]
PROBLEM = "application/problem+json"
_KEY_BYTES = 200
_RACES = 3


def problem_response(
    status: int, title: str, *errors: FieldError, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as problem+json."""
    return JSONResponse(
        problem(status, title, errors), status_code=status, media_type=PROBLEM, headers=dict(headers or {})
    )


async def command(
    runtime: Runtime,
    request: Request,
    event: Event | Command,
    *,
    caller: str,
    respond: Respond,
    partner: str | None = None,
) -> Response:
    """Carry out a command, once, and answer.

    `caller` owns the key: two callers may use the same one. `respond` makes status and body from the new states, by
    store. A refused command is answered with 422 and all its reasons; the answer is stored like any other.
    """
    name = type(event).__name__
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key.encode()) > _KEY_BYTES:
        fix = f"Send a key of your own for each command (at most {_KEY_BYTES} bytes), the same one when you retry."
        return problem_response(
            400,
            "Idempotency-Key is missing or too long",
            FieldError("headers.Idempotency-Key", "missing", "No usable key.", fix),
        )
    digest = hashlib.sha256(f"{request.method} {request.url.path} ".encode() + await request.body()).digest()
    envelope = _envelope(request, event, partner)
    try:
        answer = await _raced(runtime, f"{caller}\n{key}", digest, envelope, respond)
    except Exception as error:
        if not is_infrastructure(error):
            raise
        return problem_response(503, "The database is away; send the command again", headers={"Retry-After": "2"})
    if answer.status_code < 400:
        runtime.unit_of_work.wake()
    metrics.COMMANDS.labels(name, answer.headers.get("X-Outcome", "done")).inc()
    return answer


async def _raced(
    runtime: Runtime, key: str, digest: bytes, envelope: Envelope[Event | Command], respond: Respond
) -> JSONResponse:
    """Carry it out; again when a record or another command made the same aggregate at that very moment."""
    for _ in range(_RACES):
        with suppress(UniqueViolationError):
            async with transaction(runtime.pool) as connection:
                return await _once(runtime, connection, key, digest, envelope, respond)
    return _outcome(
        "conflict", problem_response(503, "Too much is going on with this; try again", headers={"Retry-After": "1"})
    )


def _envelope(request: Request, event: Event | Command, partner: str | None) -> Envelope[Event | Command]:
    identifier = str(uuid_utils.uuid7())
    return Envelope(
        data=event,
        id=identifier,
        source="http",
        time=datetime.now(UTC),
        topic=topic_of(type(event)) if isinstance(event, Event) else HTTP,
        parameter=partner,
        correlation_id=request.headers.get("X-Correlation-Id", "")[:100] or identifier,
        traceparent=request.headers.get("traceparent"),
    )


async def _once(
    runtime: Runtime,
    connection: Connection,
    key: str,
    digest: bytes,
    envelope: Envelope[Event | Command],
    respond: Respond,
) -> JSONResponse:
    if not await queries.lock_command(connection, key=key):
        return _outcome(
            "in_flight",
            problem_response(409, "This command is still being carried out", headers={"Retry-After": "1"}),
        )
    stored = await queries.stored_answer(connection, key=key)
    if stored is not None:
        if stored["request_hash"] != digest:
            error = FieldError(
                "headers.Idempotency-Key", "key_reused", "The key was used for another request.", "Use a new key."
            )
            return _outcome("conflict", problem_response(409, "Idempotency-Key was used for another request", error))
        return _outcome("repeated", _json(stored["status"], json.loads(stored["body"])))
    try:
        states = await runtime.unit_of_work.decide_one(connection, envelope, "http")
        status, body = respond(states)
        outcome = "done"
    except DataError as error:
        status, body = 422, problem(422, "The command was refused", error.errors)
        outcome = "refused"
    await queries.store_answer(
        connection, key=key, request_hash=digest, status=status, body=json.dumps(body, default=str)
    )
    return _outcome(outcome, _json(status, body))


def _json(status: int, body: dict[str, Any]) -> JSONResponse:
    return JSONResponse(
        json.loads(json.dumps(body, default=str)), status, media_type=PROBLEM if status >= 400 else "application/json"
    )


def _outcome(outcome: str, response: JSONResponse) -> JSONResponse:
    response.headers["X-Outcome"] = outcome
    return response
