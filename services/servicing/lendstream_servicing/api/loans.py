"""Loans: one, a customer's, and what happened to them."""

import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from lendstream.runtime.auth import Caller
from lendstream_servicing.api.desk import NOT_FOUND, NOT_OPEN, Desk
from lendstream_servicing.api.paging import Cursor, Limit, cursor_of, parts_of
from lendstream_servicing.api.views import (
    EventList,
    LoanList,
    ScheduleView,
    TransactionList,
    TransactionView,
    instalment_views,
)
from lendstream_servicing.domain.loan import Awaiting
from lendstream_servicing.domain.statement import transactions
from lendstream_servicing.store import queries
from lendstream_servicing.views import AwaitingView, HistoryEntry, LoanSummary, LoanView, awaiting_view, loan_view


def router(desk: Desk) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["loans"])
    Reader = Annotated[Caller, desk.reader]  # noqa: N806 a type

    @api.get("/loans")
    async def loans(_: Reader, customer_id: UUID, cursor: Cursor = None, limit: Limit = 100) -> LoanList:
        """A customer's loans, oldest first."""
        after = parts_of(cursor, date.fromisoformat, UUID)
        opened_on, last = (date.fromisoformat(after[0]), UUID(after[1])) if after else (date.min, UUID(int=0))
        async with desk.reading() as connection:
            rows = [
                dict(row)
                async for row in queries.loans_of_customer(
                    connection, customer_id=customer_id, opened_on=opened_on, after=last, n=limit + 1
                )
            ]
        page = rows[:limit]
        return LoanList(
            loans=[LoanSummary.model_validate(row) for row in page],
            next_cursor=cursor_of(page[-1]["opened_on"], page[-1]["id"]) if len(rows) > limit else None,
        )

    @api.get("/loans/{loan_id}", responses=NOT_FOUND)
    async def loan(_: Reader, loan_id: UUID) -> LoanView | AwaitingView:
        """One loan with its schedule, balances and history."""
        async with desk.reading() as connection:
            account = await desk.account(connection, loan_id)
            history = [row async for row in queries.history(connection, loan_id=loan_id)]
            as_of = await queries.last_day(connection)
        return awaiting_view(account) if isinstance(account, Awaiting) else loan_view(account, history, as_of)

    _parts(api, desk)
    return api


def _parts(api: APIRouter, desk: Desk) -> None:
    Reader = Annotated[Caller, desk.reader]  # noqa: N806 a type

    @api.get("/loans/{loan_id}/schedule", responses=NOT_OPEN)
    async def schedule(_: Reader, loan_id: UUID) -> ScheduleView:
        """The instalments as they are now, and as they were agreed."""
        async with desk.reading() as connection:
            found = await desk.loan(connection, loan_id)
        return ScheduleView(
            loan_id=loan_id,
            currency=found.contract.currency,
            annual_rate=f"{found.annual_rate:f}",
            instalments=instalment_views(found.instalments),
            original=instalment_views(found.original or found.instalments),
        )

    @api.get("/loans/{loan_id}/events", responses=NOT_FOUND)
    async def events(
        _: Reader,
        loan_id: UUID,
        cursor: Annotated[
            str | None, Query(pattern=r"^[0-9]{1,9}$", description="next_cursor of the page before")
        ] = None,
        limit: Limit = 100,
    ) -> EventList:
        """What was told of the loan, in order."""
        async with desk.reading() as connection:
            await desk.account(connection, loan_id)
            rows: list[Any] = [
                dict(row)
                async for row in queries.events_after(connection, loan_id=loan_id, after=int(cursor or 0), n=limit + 1)
            ]
        page = rows[:limit]
        return EventList(
            items=[HistoryEntry(**{**row, "data": json.loads(row["data"])}) for row in page],
            next_cursor=str(page[-1]["sequence"]) if len(rows) > limit else None,
        )

    @api.get("/loans/{loan_id}/transactions", responses=NOT_OPEN)
    async def account_lines(_: Reader, loan_id: UUID, cursor: Cursor = None, limit: Limit = 100) -> TransactionList:
        """Every line of the loan's account until today, with the running balance, oldest first.

        By value date: what is found later about the past changes it, as the past that is known now.
        """
        start = int((parts_of(cursor, int) or ("0",))[0])
        found, today = await desk.loan_today(loan_id)
        lines = transactions(found, today, desk.policy)
        page = lines[start : start + limit]
        return TransactionList(
            loan_id=loan_id,
            currency=found.contract.currency,
            items=[TransactionView(**line._asdict()) for line in page],
            next_cursor=cursor_of(start + limit) if start + limit < len(lines) else None,
        )
