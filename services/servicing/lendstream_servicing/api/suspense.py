"""Money that pays no instalment: the list, and giving it to the loan that it was meant for."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lendstream.errors import FieldError
from lendstream.runtime.auth import Caller
from lendstream.runtime.bodies import parsed
from lendstream_servicing.api.commands import DONE, carry_out, command_id, described
from lendstream_servicing.api.desk import Desk, not_found, problems
from lendstream_servicing.domain.asked import EntryId, MatchBody, MatchSuspense
from lendstream_servicing.domain.matching import moved_to
from lendstream_servicing.store import queries
from lendstream_servicing.views import SuspenseEntry, SuspenseList


def router(desk: Desk) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix="/suspense", tags=["payments"])

    @api.get("")
    async def suspense(
        _: Annotated[Caller, desk.reader],
        cursor: Annotated[
            str | None, Query(pattern=r"^[0-9]{1,18}$", description="next_cursor of the page before")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="the most entries in the answer")] = 100,
    ) -> SuspenseList:
        """Money that pays no instalment: in suspense, or a credit; in the order of arrival."""
        async with desk.reading() as connection:
            rows = [dict(row) async for row in queries.suspense(connection, after=int(cursor or 0), n=limit + 1)]
        page = rows[:limit]
        return SuspenseList(
            items=[SuspenseEntry(**row) for row in page],
            next_cursor=str(page[-1]["position"]) if len(rows) > limit else None,
        )

    @api.post(
        "/{payment_id}/match",
        responses=DONE | problems({404: "There is no such payment."}),
        openapi_extra=described(MatchBody),
    )
    async def match(caller: Annotated[Caller, desk.operator], payment_id: EntryId, request: Request) -> Response:
        """Give money that no loan could take to the loan that it was meant for. result_id is its number there.

        Out of one account and into another, or neither. A payment that was applied to the wrong loan is reversed first.
        """
        body = await parsed(request, MatchBody)
        async with desk.reading() as connection:
            entry = await queries.entry(connection, id=payment_id)
        if entry is None or entry["kind"] != "payment":
            fix = "Take payment_id from the suspense list."
            raise not_found(
                "There is no such payment", FieldError("payment_id", "unknown_payment", "No such payment.", fix)
            )
        what = MatchSuspense(
            loan_id=entry["loan_id"],
            command_id=command_id(request, caller),
            by=caller.name,
            payment_id=payment_id,
            target_id=body.loan_id,
            amount=entry["amount"],
            currency=entry["currency"],
            value_date=entry["value_date"],
            reason=body.reason,
        )
        return await carry_out(desk, request, what, caller, moved_to(what))

    return api
