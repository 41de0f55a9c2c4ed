"""Ageing: which instalments are overdue, how late the loan is, and the next day that anything of it changes.

A loan is touched only on its `next_action_on`; days that were missed are gone through in order, each with its own
date. Days past due (dpd) count from the due date of the oldest instalment that was found overdue and is unpaid.
"""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from lendstream.catalogue import Product
from lendstream.events.loan import Bucket, DelinquencyChanged, InstalmentOverdue

from .loan import Answer, Instalment, Loan, Policy, Status, Telling, numbered

BUCKETS: tuple[tuple[int, Bucket], ...] = (
    (1, Bucket.M1),
    (31, Bucket.M2),
    (61, Bucket.M3),
    (91, Bucket.M4),
)
"""The first day past due of each bucket, rising."""
_RANK = {bucket: rank for rank, bucket in enumerate(Bucket)}


def bucket_of(days_past_due: int) -> Bucket:
    """The bucket of so many days past due."""
    found = Bucket.CURRENT
    for first_day, bucket in BUCKETS:
        if days_past_due >= first_day:
            found = bucket
    return found


def days_past_due(loan: Loan, as_of: date) -> int:
    """Days since the due date of the oldest overdue instalment; 0 where none is overdue."""
    oldest = next((each for each in loan.instalments if each.overdue_on is not None and each.outstanding), None)
    return (as_of - oldest.due_date).days if oldest else 0


def age(loan: Loan, day: date, policy: Policy) -> Answer:
    """Bring the loan through a business day, and through every day missed before it."""
    product = policy.product(loan)
    told: list[Telling] = []
    while loan.next_action_on is not None and loan.next_action_on <= day:
        loan, news = _step(loan, loan.next_action_on, product)
        told += news
    return numbered(loan, told)


def scheduled(loan: Loan, product: Product) -> Loan:
    """The loan with the next day that ageing has something to do."""
    following = _next_action(loan, product) if loan.status is Status.ACTIVE else None
    return loan if following == loan.next_action_on else replace(loan, next_action_on=following)


def rebucketed(loan: Loan, as_of: date) -> tuple[Loan, list[Telling]]:
    """The loan in the bucket it belongs to on a day, and what to tell if it moved."""
    late = days_past_due(loan, as_of)
    bucket = bucket_of(late)
    if bucket is loan.bucket:
        return loan, []
    tell = partial(
        DelinquencyChanged,
        previous=loan.bucket,
        bucket=bucket,
        days_past_due=late,
        overdue_amount=loan.overdue_amount,
        currency=loan.contract.currency,
        as_of=as_of,
    )
    return replace(loan, bucket=bucket), [tell]


def _step(loan: Loan, on: date, product: Product) -> tuple[Loan, list[Telling]]:
    told: list[Telling] = []
    instalments = []
    for each in loan.instalments:
        if each.due_date < on and each.outstanding:
            if each.overdue_on is None:
                told.append(_overdue(loan, each, on))
                each = each._replace(overdue_on=on)
            if product.late_fee and not each.penalty and _late_fee_day(each, product) <= on:
                each = each._replace(penalty=product.late_fee)
        instalments.append(each)
    aged = replace(loan, instalments=tuple(instalments), aged_through=on)
    if _RANK[bucket_of(days_past_due(aged, on))] > _RANK[loan.bucket]:
        aged, moved = rebucketed(aged, on)  # never better: a payment on a later day may have been judged already
        told += moved
    return scheduled(aged, product), told


def _overdue(loan: Loan, instalment: Instalment, on: date) -> Telling:
    return partial(
        InstalmentOverdue,
        instalment=instalment.number,
        due_date=instalment.due_date,
        amount=instalment.outstanding,
        currency=loan.contract.currency,
        as_of=on,
    )


def _late_fee_day(instalment: Instalment, product: Product) -> date:
    return instalment.due_date + timedelta(days=product.grace_days + 1)


def _next_action(loan: Loan, product: Product) -> date | None:
    """The earliest of: an instalment found overdue, a late fee charged, the next bucket reached."""
    dates: list[date] = []
    oldest: Instalment | None = None
    for each in loan.instalments:
        if not each.outstanding:
            continue
        if each.overdue_on is None:  # due dates rise: nothing after it comes earlier
            dates.append(each.due_date + timedelta(days=1))
            break
        oldest = oldest or each
        if product.late_fee and not each.penalty:
            dates.append(_late_fee_day(each, product))
    if oldest is not None:
        worse = (first for first, bucket in BUCKETS if _RANK[bucket] > _RANK[loan.bucket])
        if (first_day := next(worse, None)) is not None:
            dates.append(oldest.due_date + timedelta(days=first_day))
    return min(dates, default=None)
