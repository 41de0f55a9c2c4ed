"""What something would cost or change: questions, for readers. The answer is the real change, thrown away."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from lendstream.errors import DataError
from lendstream.events.base import Command, PositiveMinorUnits
from lendstream.events.payment import PaymentIntent
from lendstream.runtime.auth import Caller
from lendstream.runtime.bodies import documented, parsed
from lendstream_servicing.api.desk import BODY, NOT_OPEN, Desk, refused
from lendstream_servicing.api.views import (
    PayoffParts,
    PayoffView,
    PlanList,
    PlanView,
    PrepaymentView,
    RestructureView,
    course_view,
)
from lendstream_servicing.domain import quotes
from lendstream_servicing.domain.asked import PlanBody
from lendstream_servicing.domain.loan import Loan
from lendstream_servicing.domain.relief import Relief
from lendstream_servicing.domain.relief_policy import plans, refusals, unknown_circumstance


class PrepaymentBody(Command):
    """A payment to look at."""

    amount: PositiveMinorUnits
    intent: PaymentIntent | None = None
    """What the customer would want with it; none: by the product's rule."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["quotes"])
    Reader = Annotated[Caller, desk.reader]  # noqa: N806 a type

    @api.get("/loans/{loan_id}/payoff", responses=NOT_OPEN)
    async def payoff(
        _: Reader,
        loan_id: UUID,
        on: Annotated[date | None, Query(description="the day the money counts from; today, if not said")] = None,
    ) -> PayoffView:
        """What repaying everything takes, today or on a day up to 60 days from now."""
        loan, today = await desk.loan_today(loan_id)
        try:
            quote = quotes.payoff(loan, on or today, today, desk.policy)
        except DataError as error:
            raise refused(error) from error
        return PayoffView(
            loan_id=loan_id,
            on=quote.on,
            valid_through=quote.valid_through,
            amount=quote.amount,
            currency=loan.contract.currency,
            parts=PayoffParts(
                overdue=quote.overdue,
                principal=quote.principal,
                interest=quote.interest,
                prepayment_fee=quote.prepayment_fee,
                made_good=quote.made_good,
            ),
            next_day=quote.next_day,
            cooling_off_amount=quote.cooling_off,
        )

    @api.post(
        "/loans/{loan_id}/prepayment-preview", responses=NOT_OPEN | BODY, openapi_extra=documented(PrepaymentBody)
    )
    async def prepayment(_: Reader, loan_id: UUID, request: Request) -> PrepaymentView:
        """What a payment would do today: the new schedule, the interest saved, the fee."""
        body = await parsed(request, PrepaymentBody)
        loan, today = await desk.loan_today(loan_id)
        try:
            preview = quotes.prepayment(loan, body.amount, body.intent, today, desk.policy)
        except DataError as error:
            raise refused(error) from error
        return PrepaymentView(
            loan_id=loan_id,
            as_of=today,
            currency=loan.contract.currency,
            amount=body.amount,
            intent=body.intent,
            before=course_view(preview.before),
            after=course_view(preview.after),
            allocated=preview.allocated,
            fee=preview.fee,
            credit=preview.credit,
            interest_saved=preview.interest_saved,
            closes=preview.closes,
        )

    _restructures(api, desk)
    return api


def _restructures(api: APIRouter, desk: Desk) -> None:
    Reader = Annotated[Caller, desk.reader]  # noqa: N806 a type

    @api.get("/loans/{loan_id}/restructure-plans", responses=NOT_OPEN)
    async def possible(
        _: Reader, loan_id: UUID, circumstance: Annotated[str, Query(max_length=40, examples=["illness"])]
    ) -> PlanList:
        """The plans that the loan may get today, each with what it changes; or why it gets none."""
        loan, today = await desk.loan_today(loan_id)
        rules = desk.relief.circumstances.get(circumstance)
        if rules is None:
            raise refused(DataError(unknown_circumstance(circumstance, desk.relief)))
        against = refusals(loan, circumstance, Relief(), today, desk.relief)
        return PlanList(
            loan_id=loan_id,
            as_of=today,
            currency=loan.contract.currency,
            circumstance=circumstance,
            evidence=rules.evidence.model_dump() if rules.evidence else None,
            plans=[
                view
                for plan in plans(loan, circumstance, today, desk.relief)
                if (view := _plan_view(desk, loan, circumstance, plan, today)) is not None
            ],
            refusals=[each.as_dict() for each in against if each.code != "nothing_given"],
        )

    @api.post("/loans/{loan_id}/restructure-previews", responses=NOT_OPEN | BODY, openapi_extra=documented(PlanBody))
    async def restructure(_: Reader, loan_id: UUID, request: Request) -> RestructureView:
        """What a plan would change: both schedules, what it costs, and the token that confirms it.

        A plan that the relief policy does not give is refused with every reason.
        """
        body = await parsed(request, PlanBody)
        loan, today = await desk.loan_today(loan_id)
        try:
            if faults := refusals(loan, body.circumstance, body.plan, today, desk.relief):
                raise DataError(*faults)
            preview = quotes.restructure(loan, body.circumstance, body.plan, today, desk.policy)
        except DataError as error:
            raise refused(error) from error
        return RestructureView(
            loan_id=loan_id,
            as_of=today,
            currency=loan.contract.currency,
            circumstance=body.circumstance,
            plan=Relief(**dict(body.plan)),
            before=course_view(preview.before),
            after=course_view(preview.after),
            waived=preview.waived,
            capitalised=preview.capitalised,
            extra_cost=preview.extra_cost,
            token=preview.token,
        )


def _plan_view(desk: Desk, loan: Loan, circumstance: str, plan: Relief, today: date) -> PlanView | None:
    """A plan in short; None where no schedule can be made of it."""
    try:
        preview = quotes.restructure(loan, circumstance, plan, today, desk.policy)
    except DataError:
        return None
    coming = [row for row in preview.after.instalments if row.due_date > today and row.outstanding]
    return PlanView(
        plan=plan,
        instalments_left=len(coming),
        next_instalment=coming[0].outstanding if coming else 0,
        ends_on=preview.after.ends_on,
        extra_cost=preview.extra_cost,
    )
