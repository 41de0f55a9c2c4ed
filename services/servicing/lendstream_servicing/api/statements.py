"""Statements of a loan's account: as data, and as a page to read or print."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from lendstream.errors import FieldError, problem
from lendstream.runtime.auth import Caller
from lendstream_servicing.api.desk import NOT_OPEN, Answers, Desk
from lendstream_servicing.api.views import StatementView, TransactionView
from lendstream_servicing.domain.loan import Loan
from lendstream_servicing.domain.statement import Statement, statement
from lendstream_servicing.statements import Language, page

_ANSWERS: Answers = {
    **NOT_OPEN,
    200: {
        "content": {"text/html": {}},
        "model": StatementView,
        "description": "JSON, or a page where HTML is asked for.",
    },
}
From = Annotated[date | None, Query(alias="from", description="the first day; the first of the month, if not said")]
To = Annotated[date | None, Query(description="the last day; today, if not said")]
Said = Annotated[Language | None, Query(description="of the page; else by Accept-Language")]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["quotes"])
    Reader = Annotated[Caller, desk.reader]  # noqa: N806 a type

    async def made(loan_id: UUID, start: date | None, end: date | None) -> tuple[Loan, Statement, date]:
        loan, today = await desk.loan_today(loan_id)
        end = end or today
        start = start or end.replace(day=1)
        _check(start, end, today)
        return loan, statement(loan, start, end, desk.policy), today

    @api.get("/loans/{loan_id}/statement", responses=_ANSWERS, response_model=StatementView)
    async def as_asked(
        _: Reader, request: Request, loan_id: UUID, start: From = None, to: To = None, language: Said = None
    ) -> Response:
        """The account from one day to another: JSON, or with `Accept: text/html` a page."""
        loan, found, today = await made(loan_id, start, to)
        if _wants_html(request.headers.get("Accept", "")):
            return HTMLResponse(page(loan, found, today, desk.policy.product(loan).name, language or _spoken(request)))
        return JSONResponse(_view(loan, found, today).model_dump(mode="json"))

    @api.get("/loans/{loan_id}/statement.html", responses=NOT_OPEN, response_class=HTMLResponse)
    async def as_page(
        _: Reader, request: Request, loan_id: UUID, start: From = None, to: To = None, language: Said = None
    ) -> HTMLResponse:
        """The same as a page to read or print, in Chinese or English."""
        loan, found, today = await made(loan_id, start, to)
        return HTMLResponse(page(loan, found, today, desk.policy.product(loan).name, language or _spoken(request)))

    return api


def _check(start: date, end: date, today: date) -> None:
    if end > today:
        error = FieldError("query.to", "day_to_come", f"{end} is after {today}.", f"Ask until {today} at the latest.")
    elif start > end:
        error = FieldError("query.from", "after_the_end", f"{start} is after {end}.", "Ask from a day before it.")
    else:
        return
    raise HTTPException(422, problem(422, "The request is not valid", [error]))


def _view(loan: Loan, found: Statement, today: date) -> StatementView:
    return StatementView(
        loan_id=loan.id,
        currency=loan.contract.currency,
        start=found.start,
        end=found.end,
        opening=found.opening,
        lines=[TransactionView(**line._asdict()) for line in found.lines],
        charged={sort.value: amount for sort, amount in found.charged.items()},
        paid=found.paid,
        closing=found.closing,
        as_of=today,
    )


def _wants_html(accept: str) -> bool:
    """Whether a browser asks: HTML stands before JSON, or alone."""
    html, data = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (data < 0 or html < data)


def _spoken(request: Request) -> Literal["zh", "en"]:
    languages = request.headers.get("Accept-Language", "").lower()
    chinese, english = languages.find("zh"), languages.find("en")
    return "en" if english >= 0 and (chinese < 0 or english < chinese) else "zh"
