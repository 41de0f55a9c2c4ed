"""Business days: how far each is, and the book at its close."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import TypeAdapter

from lendstream.errors import FieldError
from lendstream.events.calendar import BucketTotals
from lendstream.runtime.auth import Caller
from lendstream_servicing.api.desk import Desk, not_found, problems
from lendstream_servicing.store import queries
from lendstream_servicing.views import BookTotals, DayView

_BUCKETS = TypeAdapter(list[BucketTotals])


def router(desk: Desk) -> APIRouter:
    """The route."""
    api = APIRouter(prefix="/days", tags=["days"])

    @api.get("/{day}", responses=problems({404: "The day was not started."}))
    async def business_day(_: Annotated[Caller, desk.reader], day: date) -> DayView:
        """How far a business day is, and the book at its close."""
        async with desk.reading() as connection:
            row = await queries.read_day(connection, day=day)
            totals = [dict(total) async for total in queries.read_book(connection, day=day)]
        if row is None:
            fix = "Ask for a day that a BusinessDayStarted has opened."
            raise not_found("The day was not started", FieldError("day", "unknown_day", f"{day} was not started.", fix))
        status = "closed" if row["closed_at"] else "open"
        return DayView(
            **row,
            status=status,
            totals=[
                BookTotals.model_validate(total | {"buckets": _BUCKETS.validate_json(total["buckets"])})
                for total in totals
            ],
        )

    return api
