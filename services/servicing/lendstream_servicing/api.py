"""The HTTP API: loans, the suspense list, business days. Reading only; errors are problem+json."""

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from pydantic import SecretStr

from lendstream.errors import FieldError, problem
from lendstream.events.calendar import BucketTotals
from lendstream.runtime.state import Runtime
from lendstream_servicing.domain.loan import Awaiting
from lendstream_servicing.store import AccountStore, queries
from lendstream_servicing.views import (
    AwaitingView,
    BookTotals,
    DayView,
    LoanList,
    LoanSummary,
    LoanView,
    SuspenseEntry,
    SuspenseList,
    awaiting_view,
    loan_view,
)


def api(runtime: Runtime, store: AccountStore, token: SecretStr | None) -> APIRouter:
    """The routes; when there is a token, every one of them wants it."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(_bearer(token))])
    pool = runtime.pool

    @router.get("/loans/{loan_id}", tags=["loans"])
    async def loan(loan_id: UUID) -> LoanView | AwaitingView:
        """One loan with its schedule, balances and history."""
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            account = (await store.read(connection, [loan_id])).get(loan_id)
            history = [row async for row in queries.history(connection, loan_id=loan_id)]
            as_of = await queries.last_day(connection)
        if account is None or (isinstance(account, Awaiting) and not (account.acceptance or account.approval)):
            fix = "Use the loan_id of LoanOpened; money sent to an unknown loan is at /v1/suspense."
            raise _not_found("There is no such loan", FieldError("loan_id", "unknown_loan", f"No loan {loan_id}.", fix))
        return awaiting_view(account) if isinstance(account, Awaiting) else loan_view(account, history, as_of)

    @router.get("/loans", tags=["loans"])
    async def loans(customer_id: UUID) -> LoanList:
        """A customer's loans."""
        async with pool.acquire() as connection:
            rows = [row async for row in queries.loans_of_customer(connection, customer_id=customer_id)]
        return LoanList(loans=[LoanSummary.model_validate(dict(row)) for row in rows])

    @router.get("/suspense", tags=["payments"])
    async def suspense(
        cursor: Annotated[
            str | None, Query(pattern=r"^[0-9]{1,18}$", description="next_cursor of the page before")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="the most entries in the answer")] = 100,
    ) -> SuspenseList:
        """Money that pays no instalment: in suspense, or a credit; in the order of arrival."""
        async with pool.acquire() as connection:
            after = int(cursor) if cursor else 0
            rows = [row async for row in queries.suspense(connection, after=after, n=limit + 1)]
        page = rows[:limit]
        return SuspenseList(
            items=[SuspenseEntry(**row) for row in page],
            next_cursor=str(page[-1]["position"]) if len(rows) > limit else None,
        )

    @router.get("/days/{day}", tags=["days"])
    async def business_day(day: date) -> DayView:
        """How far a business day is, and the book at its close."""
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            row = await queries.read_day(connection, day=day)
            totals = [total async for total in queries.read_book(connection, day=day)]
        if row is None:
            fix = "Ask for a day that a BusinessDayStarted has opened."
            raise _not_found(
                "The day was not started", FieldError("day", "unknown_day", f"{day} was not started.", fix)
            )
        status = "closed" if row["closed_at"] else "open"
        return DayView(**row, status=status, totals=[_book(total) for total in totals])

    return router


def _book(row: Any) -> BookTotals:
    buckets = [BucketTotals.model_validate_json(json.dumps(each)) for each in json.loads(row["buckets"])]
    return BookTotals(**{**row, "buckets": buckets})


def _bearer(token: SecretStr | None) -> Callable[[str], Awaitable[None]]:
    async def check(authorization: Annotated[str, Header()] = "") -> None:
        if token is None:
            return
        expected = f"Bearer {token.get_secret_value()}".encode()
        if not secrets.compare_digest(authorization.encode(), expected):
            fix = "Send the header Authorization: Bearer <operator token>."
            error = FieldError("headers.Authorization", "unauthorized", "No valid token.", fix)
            raise HTTPException(401, problem(401, "Not authorized", [error]), {"WWW-Authenticate": "Bearer"})

    return check


def _not_found(title: str, error: FieldError) -> HTTPException:
    return HTTPException(404, problem(404, title, [error]))
