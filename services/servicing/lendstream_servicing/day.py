"""The business day: loans that are due for it are aged, then the book is closed."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from lendstream.events.calendar import BusinessDayClosed
from lendstream.runtime.decider import Context, DayStep, Store
from lendstream.runtime.sql import Connection
from lendstream_servicing.domain.loan import Account, Policy
from lendstream_servicing.handlers import ageing
from lendstream_servicing.store import queries


def day_step(store: Store[Account], policy: Policy, lender: str, currency: str) -> DayStep:
    """What servicing does on a business day; `currency` is the one whose totals are told even of an empty book."""

    async def due(connection: Connection, day: date, limit: int) -> list[UUID]:
        return [row["id"] async for row in queries.due_loans(connection, day=day, n=limit)]

    async def close(connection: Connection, day: date, _: Context) -> Sequence[BusinessDayClosed]:
        totals = [dict(row) async for row in queries.close_book(connection, day=day, currency=currency)]
        return [BusinessDayClosed(lender=lender, day=day, **total) for total in totals]

    return DayStep(store, due, ageing(policy), close)
