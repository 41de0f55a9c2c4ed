"""Erasing a person: for administrators, over HTTP. It cannot be taken back."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from lendstream.errors import Refused
from lendstream.runtime.auth import Caller, Holders, Scope, needs
from lendstream.runtime.database import is_infrastructure, transaction
from lendstream.runtime.decider import Change
from lendstream.runtime.state import Runtime
from lendstream.runtime.telemetry import logger
from lendstream.topics import INTAKE

from .domain.customer import erase
from .store import Customers


class Erased(BaseModel):
    """What was erased, and what is left to run out."""

    customer_id: UUID
    erased_at: datetime
    tombstones: tuple[str, ...] = Field(description="The topics on which the customer's key now has a tombstone.")
    intake_keeps_until: datetime | None = Field(
        description="The intake topics keep what partners submitted for so long, in clear; nothing outlasts it."
    )


def router(runtime: Runtime, customers: Customers, holders: Holders) -> APIRouter:
    """The route for administrators."""
    api = APIRouter(prefix="/v1/customers", tags=["operators"])
    administrator = Depends(needs(Scope.ADMIN, holders))

    @api.delete(
        "/{customer_id}",
        responses={
            401: {"description": "Unknown token."},
            403: {"description": "Not an administrator."},
            404: {"description": "Unknown."},
        },
    )
    async def erase_customer(customer_id: UUID, caller: Annotated[Caller, administrator]) -> Erased:
        """Erase the person: nobody can read the identity any more, here or from the topics. May be repeated."""
        try:
            return await _erase(runtime, customers, customer_id, caller.name)
        except Refused as error:
            raise HTTPException(404, error.errors[0].message) from error
        except Exception as error:
            if not is_infrastructure(error):
                raise
            raise HTTPException(503, "The database is away; send the command again", {"Retry-After": "2"}) from error

    return api


async def _erase(runtime: Runtime, customers: Customers, customer_id: UUID, by: str) -> Erased:
    now = datetime.now(UTC)
    async with transaction(runtime.pool) as connection:
        before = (await customers.load(connection, [customer_id])).get(customer_id)
        erased, tombstones = erase(before, customer_id, now)
        await customers.save(connection, {customer_id: Change(before, erased)})
        await runtime.unit_of_work.publish(connection, tombstones, now=now)
    runtime.unit_of_work.wake()
    logger().info("customer erased", customer_id=str(customer_id), by=by)
    return Erased(
        customer_id=customer_id,
        erased_at=now,
        tombstones=tuple(tombstone.topic.name for tombstone in tombstones),
        intake_keeps_until=None if INTAKE.longest_kept is None else now + INTAKE.longest_kept,
    )
