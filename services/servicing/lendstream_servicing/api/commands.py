"""What operators do to a loan. Each command is carried out once by its Idempotency-Key, and answered with the loan."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, NamedTuple
from uuid import UUID, uuid5

from fastapi import APIRouter, Path, Request, Response

from lendstream.events.base import Command
from lendstream.runtime.auth import Caller
from lendstream.runtime.bodies import documented, parsed
from lendstream.runtime.commands import command
from lendstream.runtime.decider import Store
from lendstream_servicing.api.desk import BODY, Answers, Desk, problems
from lendstream_servicing.api.views import OperationView
from lendstream_servicing.domain import asked
from lendstream_servicing.domain.loan import Loan

Part = Annotated[int, Path(ge=1, le=1000)]
DONE: Answers = {
    200: {"model": OperationView, "description": "Done; this is where the loan stands."},
    **problems(
        {
            400: "No usable Idempotency-Key.",
            409: "The Idempotency-Key is in use, or was used for another request.",
        }
    ),
    **BODY,
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "A key of the caller's own for each command, the same one when it is repeated.",
}


def described(body: type[Command]) -> dict[str, Any]:
    """A command's route for OpenAPI: its body and its key."""
    return {**documented(body), "parameters": [KEY]}


def command_id(request: Request, caller: Caller) -> UUID:
    """The same for the same request of the same caller, however long ago: what it makes is known by it."""
    key = request.headers.get("Idempotency-Key", "")
    return uuid5(UUID(int=0), f"{caller.name}\n{request.method} {request.url.path}\n{key}")


async def carry_out(desk: Desk, request: Request, what: asked.Asked, caller: Caller, result_id: str | None) -> Response:
    """Do it once, and answer with the loan."""

    def respond(states: Mapping[Store[Any], Any]) -> tuple[int, dict[str, Any]]:
        account = states[desk.store]
        view = operation_view(account, result_id) if isinstance(account, Loan) else None
        return 200, view.model_dump(mode="json") if view else {"loan_id": str(account.id), "result_id": result_id}

    return await command(desk.runtime, request, what, caller=f"api/{caller.name}", respond=respond)


def operation_view(loan: Loan, result_id: str | None) -> OperationView:
    """A loan after a command."""
    return OperationView(
        loan_id=loan.id,
        sequence=loan.sequence,
        status=loan.status,
        principal_outstanding=loan.principal_outstanding,
        total_outstanding=loan.total_outstanding,
        credit=loan.credit,
        result_id=result_id,
    )


class Door(NamedTuple):
    """A command on a loan as a whole."""

    path: str
    body: type[Command]
    what: type[asked.Asked]
    said: str
    """What it does, for OpenAPI."""
    result: bool = False
    """Whether it makes something that has a number of its own: result_id."""
    admin: bool = False
    """Whether it cannot be taken back, and so wants the scope admin."""


DOORS = (
    Door("waivers", asked.WaiverBody, asked.Waive, "Let go of what is due, out of goodwill.", result=True),
    Door("restructures", asked.RestructureBody, asked.Restructure, "Give exactly the plan previewed.", result=True),
    Door("hardship", asked.HardshipBody, asked.RequestHardshipRelief, "The customer asks for relief.", result=True),
    Door("draws", asked.DrawBody, asked.DrawMoney, "Draw on a credit line; it counts when the payout is confirmed."),
    Door("refunds", asked.RefundBody, asked.AskRefundAgain, "Ask once more for the refund of a credit balance."),
    Door(
        "charge-off",
        asked.ChargeOffBody,
        asked.ChargeOff,
        "Give the loan up in the books (核销); it stays owed. It cannot be taken back.",
        admin=True,
    ),
)


def router(desk: Desk) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix="/loans/{loan_id}", tags=["commands"], responses=DONE)
    for door in DOORS:
        api.add_api_route(
            f"/{door.path}",
            _endpoint(desk, door),
            methods=["POST"],
            name=door.path,
            description=door.said,
            openapi_extra=described(door.body),
        )
    Operator = Annotated[Caller, desk.operator]  # noqa: N806 a type

    @api.post("/restructures/{restructure_id}/undo", openapi_extra=described(asked.UndoBody))
    async def undo(caller: Operator, loan_id: UUID, restructure_id: UUID, request: Request) -> Response:
        """Take a restructure back: the loan is as if it had never been."""
        more = {"restructure_id": restructure_id}
        return await _do(desk, request, caller, loan_id, asked.UndoBody, asked.UndoRestructure, more)

    @api.post("/payments/{payment_id}/reversal", openapi_extra=described(asked.ReversalBody))
    async def reverse(caller: Operator, loan_id: UUID, payment_id: asked.EntryId, request: Request) -> Response:
        """Take a payment back, all of it: it bounced, or belongs elsewhere."""
        more = {"payment_id": payment_id}
        return await _do(desk, request, caller, loan_id, asked.ReversalBody, asked.ReversePayment, more)

    @api.post("/tranches/{part}/cancellation", openapi_extra=described(asked.CancellationBody))
    async def cancel(caller: Operator, loan_id: UUID, part: Part, request: Request) -> Response:
        """A later payout is not wanted any more."""
        return await _do(desk, request, caller, loan_id, asked.CancellationBody, asked.CancelTranche, {"part": part})

    return api


def _endpoint(desk: Desk, door: Door) -> Callable[..., Awaitable[Response]]:
    allowed = desk.admin if door.admin else desk.operator

    async def endpoint(caller: Annotated[Caller, allowed], loan_id: UUID, request: Request) -> Response:
        return await _do(desk, request, caller, loan_id, door.body, door.what, {}, result=door.result)

    return endpoint


async def _do(
    desk: Desk,
    request: Request,
    caller: Caller,
    loan_id: UUID,
    body: type[Command],
    kind: type[asked.Asked],
    more: Mapping[str, Any],
    *,
    result: bool = False,
) -> Response:
    sent = await parsed(request, body)
    identifier = command_id(request, caller)
    what = kind(**dict(sent), **more, loan_id=loan_id, command_id=identifier, by=caller.name)
    return await carry_out(desk, request, what, caller, str(identifier) if result else None)
