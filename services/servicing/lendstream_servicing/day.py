"""The business day: loans that are due for it are aged, then the books and the book are closed."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from lendstream.events.base import Event
from lendstream.events.calendar import BucketTotals, BusinessDayClosed
from lendstream.events.loan import Bucket
from lendstream.runtime.decider import Context, DayStep, Store
from lendstream.runtime.sql import Connection
from lendstream_servicing.books_store import close_books
from lendstream_servicing.domain.loan import Account, Policy, Status
from lendstream_servicing.handlers import ageing
from lendstream_servicing.ledger import chart, provision_policy
from lendstream_servicing.sql import queries

_AT_RISK = {
    "par1": (Bucket.M1, Bucket.M2, Bucket.M3, Bucket.M4),
    "par30": (Bucket.M2, Bucket.M3, Bucket.M4),
    "par60": (Bucket.M3, Bucket.M4),
    "par90": (Bucket.M4,),
}
"""The buckets that each figure of the portfolio at risk adds up."""


def day_step(store: Store[Account], policy: Policy, lender: str, currency: str) -> DayStep:
    """What servicing does on a business day; `currency` is the one whose totals are told even of an empty book."""

    async def due(connection: Connection, day: date, limit: int) -> list[UUID]:
        return [row["id"] async for row in queries.due_loans(connection, day=day, n=limit)]

    async def close(connection: Connection, day: date, _: Context) -> Sequence[Event]:
        closed = await close_books(connection, day, chart(), provision_policy())
        rows = [dict(row) async for row in queries.book(connection)]
        set_aside = await queries.count_set_aside(connection, day=day)
        events: list[Event] = list(closed.journals)
        for each in sorted({row["currency"] for row in rows} | {currency}):
            own = [row for row in rows if row["currency"] == each]
            provision = {bucket: closed.provision.get((each, bucket), 0) for bucket in Bucket}
            totals = BusinessDayClosed(lender=lender, day=day, currency=each, **_totals(own, provision, set_aside))
            await _save(connection, totals)
            events.append(totals)
        return events

    return DayStep(store, due, ageing(policy), close)


def _totals(rows: Sequence[Mapping[str, Any]], provision: Mapping[Bucket, int], set_aside: int) -> dict[str, Any]:
    active = {Bucket(row["bucket"]): row for row in rows if row["status"] == Status.ACTIVE}
    given_up = [row for row in rows if row["status"] == Status.CHARGED_OFF]

    def sums(name: str, found: Sequence[Mapping[str, Any]]) -> int:
        return sum(row[name] for row in found)

    open_loans = list(active.values())
    return {
        "open_loans": sums("loans", open_loans),
        "principal_outstanding": sums("principal_outstanding", open_loans),
        "overdue_loans": sums("overdue_loans", open_loans),
        "overdue_amount": sums("overdue_amount", open_loans),
        **{
            name: sums("principal_outstanding", [active[bucket] for bucket in buckets if bucket in active])
            for name, buckets in _AT_RISK.items()
        },
        "charged_off_loans": sums("loans", given_up),
        "charged_off": sums("principal_outstanding", given_up),
        "provision": sum(provision.values()),
        "buckets": tuple(
            BucketTotals(
                bucket=bucket,
                loans=active[bucket]["loans"],
                principal_outstanding=active[bucket]["principal_outstanding"],
                provision=provision[bucket],
            )
            for bucket in Bucket
            if bucket in active
        ),
        "set_aside": set_aside,
    }


async def _save(connection: Connection, totals: BusinessDayClosed) -> None:
    buckets = totals.model_dump_json(include={"buckets"}).removeprefix('{"buckets":').removesuffix("}")
    await queries.save_book(
        connection,
        day=totals.day,
        currency=totals.currency,
        open_loans=totals.open_loans,
        principal_outstanding=totals.principal_outstanding,
        overdue_loans=totals.overdue_loans,
        overdue_amount=totals.overdue_amount,
        charged_off_loans=totals.charged_off_loans,
        charged_off=totals.charged_off,
        provision=totals.provision,
        set_aside=totals.set_aside,
        buckets=buckets,
    )
