"""HTTP: what became of a customer's or a loan's messages. Nothing here names a person."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from lendstream.errors import FieldError, problem
from lendstream.events.intake import Language
from lendstream.events.notification import Channel
from lendstream.runtime.auth import Holders, Scope, needs
from lendstream.runtime.state import Runtime
from lendstream_notifications.domain.message import State
from lendstream_notifications.queries import queries


class MessageView(BaseModel):
    """A message and where it stands."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    message_key: str
    """What it is about; there is one message a key."""
    customer_id: UUID
    loan_id: UUID | None
    instalment: int | None
    kind: str
    planned_for: date
    """The business day it is meant for."""
    state: State
    reason: str | None
    """Why it was skipped or failed, or what went wrong last."""
    channel: Channel
    language: Language | None
    attempts: int
    """How often it was handed over."""
    created_at: datetime
    finished_at: datetime | None


class MessagePage(BaseModel):
    """Messages, oldest first."""

    messages: list[MessageView]
    next: str | None
    """The cursor of the next page; null on the last."""


def router(runtime: Runtime, holders: Holders) -> APIRouter:
    """The service's routes, for readers."""
    api = APIRouter(prefix="/v1", tags=["messages"], dependencies=[Depends(needs(Scope.READER, holders))])

    @api.get("/messages")
    async def messages(
        customer_id: UUID | None = None,
        loan_id: UUID | None = None,
        cursor: Annotated[str | None, Query(max_length=40)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> MessagePage:
        """The messages of a customer, of a loan, or of both, oldest first."""
        if customer_id is None and loan_id is None:
            raise _bad("query", "missing", "Neither customer_id nor loan_id is given.", "Give one of them.")
        after = _after(cursor)
        async with runtime.pool.acquire() as connection:
            rows: list[Any] = [
                row
                async for row in queries.page(
                    connection, customer_id=customer_id, loan_id=loan_id, after=after, n=limit + 1
                )
            ]
        more = len(rows) > limit
        shown = rows[:limit]
        return MessagePage(
            messages=[MessageView.model_validate(dict(row)) for row in shown],
            next=_cursor(shown[-1]["id"]) if more else None,
        )

    return api


def _cursor(identifier: int) -> str:
    return urlsafe_b64encode(str(identifier).encode()).decode()


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        identifier = int(urlsafe_b64decode(cursor.encode()))
    except ValueError:
        identifier = -1
    if not 0 <= identifier < 2**63:
        raise _bad("query.cursor", "bad_cursor", "The cursor is none of ours.", "Use `next` of the page before.")
    return identifier


def _bad(field: str, code: str, message: str, fix: str) -> HTTPException:
    return HTTPException(422, problem(422, "The request is not valid", [FieldError(field, code, message, fix)]))
