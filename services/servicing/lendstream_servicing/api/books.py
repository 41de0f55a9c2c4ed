"""The books: trial balance, journals, and the two checks that audits ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query

from lendstream.journal_chain import journal_id
from lendstream.runtime.auth import Caller
from lendstream.runtime.sql import Connection
from lendstream_servicing import books_audit
from lendstream_servicing.api.desk import Desk
from lendstream_servicing.api.paging import Cursor, Limit, cursor_of, parts_of
from lendstream_servicing.books_store import RestoredElsewhereError
from lendstream_servicing.books_views import Reconciliation, TrialBalance, Verification
from lendstream_servicing.domain.chart import Chart, ProvisionPolicy
from lendstream_servicing.store import queries
from lendstream_servicing.views import View


class JournalLineView(View):
    """One side of a journal."""

    account: str
    name_zh: str
    name_en: str
    amount: int
    """Minor units: a debit if positive, a credit if negative."""


class JournalView(View):
    """A journal, as it was published."""

    journal_id: UUID
    book: str
    """A loan's id, or product:<code>:<currency>."""
    number: int
    kind: str
    loan_id: UUID | None
    product: str | None
    currency: str
    value_date: date
    posted_on: date
    reference: str
    lines: list[JournalLineView]
    hash: str


class JournalList(View):
    """A page of journals, by book and number."""

    items: list[JournalView]
    next_cursor: str | None


def router(desk: Desk, chart: Chart, provision: ProvisionPolicy) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix="/ledger", tags=["ledger"])
    Reader = Annotated[Caller, desk.reader]  # noqa: N806 a type

    @asynccontextmanager
    async def books() -> AsyncIterator[Connection]:
        try:
            async with desk.reading() as connection:
                yield connection
        except RestoredElsewhereError as error:
            raise HTTPException(503, " ".join(str(RestoredElsewhereError.__doc__).split())) from error

    @api.get("/trial-balance")
    async def trial_balance(_: Reader) -> TrialBalance:
        """Turnover and balance of every account by product (试算平衡表)."""
        async with books() as connection:
            return await books_audit.trial_balance(connection, chart)

    @api.get("/reconcile")
    async def reconcile(_: Reader) -> Reconciliation:
        """The loans against their books (总分核对). Ask between business days: one under way moves loans ahead."""
        async with books() as connection:
            return await books_audit.reconcile(connection, chart, provision)

    @api.get("/verify")
    async def verify(_: Annotated[Caller, desk.operator]) -> Verification:
        """Every hash and every total computed anew. Reads all journals: minutes, on a large book."""
        async with books() as connection:
            return await books_audit.verify(connection)

    @api.get("/journals")
    async def journals(
        _: Reader,
        book: Annotated[str | None, Query(max_length=100, description="only of this book, such as a loan's id")] = None,
        posted_from: Annotated[date | None, Query(description="only posted on or after this business day")] = None,
        posted_to: Annotated[date | None, Query(description="only posted on or before this business day")] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> JournalList:
        """Journals, by book and number."""
        after = parts_of(cursor, str, int) or ("", "0")
        async with desk.reading() as connection:
            rows = [
                dict(row)
                async for row in queries.journals_after(
                    connection,
                    book=None if book is None else book.replace("\0", ""),
                    posted_from=posted_from,
                    posted_to=posted_to,
                    after_book=after[0],
                    after_number=int(after[1]),
                    n=limit + 1,
                )
            ]
        page = rows[:limit]
        return JournalList(
            items=[_view(row, chart) for row in page],
            next_cursor=cursor_of(page[-1]["book"], page[-1]["number"]) if len(rows) > limit else None,
        )

    return api


def _view(row: dict[str, Any], chart: Chart) -> JournalView:
    accounts, amounts = row.pop("accounts"), row.pop("amounts")
    lines = []
    for account, amount in zip(accounts, amounts, strict=True):
        role = chart.roles.get(account)
        known = chart.accounts[role] if role else None
        lines.append(
            JournalLineView(
                account=account, name_zh=known.zh if known else "", name_en=known.en if known else "", amount=amount
            )
        )
    identifier = journal_id(row["book"], row["number"])
    return JournalView.model_validate({**row, "journal_id": identifier, "lines": lines})
