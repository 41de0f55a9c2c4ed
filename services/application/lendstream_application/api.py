"""The partners' HTTP API: the same commands as on the intake topic, answered by the same rules."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import SecretStr

from lendstream.events import intake
from lendstream.events.base import Event
from lendstream.runtime.bodies import documented, parsed
from lendstream.runtime.commands import command
from lendstream.runtime.database import is_infrastructure
from lendstream.runtime.decider import Store
from lendstream.runtime.state import Runtime

from .auth import partner_of
from .bodies import Acceptance, ApplicationView, Withdrawal, view
from .domain.model import Application
from .store import Applications

_READ: dict[int | str, dict[str, Any]] = {401: {"description": "Unknown token."}, 404: {"description": "Not yours."}}
_DONE: dict[int | str, dict[str, Any]] = {
    202: {"model": ApplicationView, "description": "Taken in; this is where the application stands."},
    401: {"description": "Unknown token."},
    409: {"description": "The Idempotency-Key is in use, or was used for another request."},
    422: {"description": "Everything that is wrong, each with field, code, message and fix."},
}


def router(runtime: Runtime, applications: Applications, tokens: Mapping[str, SecretStr]) -> APIRouter:
    """The routes for the partners of these tokens."""
    partners = Partners(runtime, applications, tokens)
    bearer = Depends(HTTPBearer(auto_error=False, description="The partner's token."))
    api = APIRouter(prefix="/v1/applications", tags=["partners"], dependencies=[bearer])
    for path, endpoint, body in (
        ("", partners.submit, intake.ApplicationSubmitted),
        ("/{application_id}/acceptance", partners.accept, Acceptance),
        ("/{application_id}/withdrawal", partners.withdraw, Withdrawal),
    ):
        api.add_api_route(
            path, endpoint, methods=["POST"], status_code=202, responses=_DONE, openapi_extra=documented(body)
        )
    api.add_api_route("/{application_id}", partners.read, response_model=ApplicationView, responses=_READ)
    api.add_api_route("/{application_id}/offer", partners.read_offer, response_model=intake.OfferMade, responses=_READ)
    return api


class Partners:
    """Where partners are served."""

    def __init__(self, runtime: Runtime, applications: Applications, tokens: Mapping[str, SecretStr]) -> None:
        self._runtime = runtime
        self._applications = applications
        self._tokens = tokens

    async def submit(self, request: Request) -> Response:
        """Submit an application. The same reference with the same content is the same application."""
        partner = partner_of(request, self._tokens)
        return await self._carry_out(request, await parsed(request, intake.ApplicationSubmitted), partner)

    async def accept(self, request: Request, application_id: UUID) -> Response:
        """The customer accepts exactly this offer; the loan is opened from it."""
        partner = partner_of(request, self._tokens)
        body = await parsed(request, Acceptance)
        found = await self._existing(application_id, partner)
        event = intake.OfferAccepted(reference=found.reference, offer_id=body.offer_id, accepted_at=body.accepted_at)
        return await self._carry_out(request, event, partner)

    async def withdraw(self, request: Request, application_id: UUID) -> Response:
        """The customer or the partner withdraws, before an offer was accepted."""
        partner = partner_of(request, self._tokens)
        body = await parsed(request, Withdrawal)
        found = await self._existing(application_id, partner)
        event = intake.ApplicationWithdrawn(reference=found.reference, reason=body.reason)
        return await self._carry_out(request, event, partner)

    async def read(self, request: Request, application_id: UUID) -> Response:
        """Where the application stands."""
        return JSONResponse(view(await self._existing(application_id, partner_of(request, self._tokens))))

    async def read_offer(self, request: Request, application_id: UUID) -> Response:
        """The offer with every instalment and its whole cost."""
        found = await self._existing(application_id, partner_of(request, self._tokens))
        if found.offer is None:
            raise HTTPException(404, f"The application is {found.status.value}; it has no offer")
        return JSONResponse(found.offer.model_dump(mode="json"))

    async def _carry_out(self, request: Request, event: Event, partner: str) -> Response:
        return await command(
            self._runtime, request, event, caller=f"partner/{partner}", partner=partner, respond=self._respond
        )

    def _respond(self, states: Mapping[Store[Any], Any]) -> tuple[int, dict[str, Any]]:
        return 202, view(states[self._applications])

    async def _existing(self, application_id: UUID, partner: str) -> Application:
        try:
            async with self._runtime.pool.acquire(timeout=30) as connection:
                found = await self._applications.peek(connection, application_id, partner)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            raise HTTPException(503, "The database is away; ask again", {"Retry-After": "2"}) from error
        if found is None:
            raise HTTPException(404, f"There is no application {application_id} of yours")
        return found
