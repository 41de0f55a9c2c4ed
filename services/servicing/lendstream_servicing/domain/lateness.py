"""What lateness costs: the late fee once, penalty interest (罚息) by the day, both after the days of grace."""

from datetime import date, timedelta

from lendstream.amortization import DayCount
from lendstream.amortization.rounding import DIVIDE
from lendstream.catalogue import Product

from .loan import Instalment

_DAY = timedelta(days=1)
_YEAR = {DayCount.THIRTY_360: 360, DayCount.ACTUAL_360: 360, DayCount.ACTUAL_364: 364}
"""Days in the year of a penalty rate; 365 elsewhere."""


def aged(product: Product, row: Instalment, to: date) -> Instalment:
    """An overdue instalment as it stands on a day: from when it is overdue, its late fee, its penalty interest."""
    bears = row.principal - row.principal_paid
    if product.penalty_on_interest:
        bears += row.interest - row.interest_paid
    base_now = row.penalty_base + bears * (to - (row.penalty_to or row.due_date)).days
    late_fee, penalty = row.late_fee, row.penalty
    if (to - row.due_date).days > product.grace_days:
        late_fee = late_fee or _late_fee(product, row)
        penalty = max(penalty, _penalty(product, row, base_now))
    return row._replace(
        overdue_on=row.overdue_on or row.due_date + _DAY,
        late_fee=late_fee,
        penalty=penalty,
        penalty_base=base_now,
        penalty_to=to,
    )


def _late_fee(product: Product, row: Instalment) -> int:
    fee = product.late_fee
    if product.late_fee_rate:
        rate, of = product.late_fee_rate.as_integer_ratio()
        overdue = row.principal - row.principal_paid
        if product.late_fee_on_interest:
            overdue += row.interest - row.interest_paid
        fee += DIVIDE[product.rounding](overdue * rate, of)
    return fee


def _penalty(product: Product, row: Instalment, base_now: int) -> int:
    rate, of = product.penalty_annual_rate.as_integer_ratio()
    charged = DIVIDE[product.rounding](base_now * rate, of * _YEAR.get(product.timing.day_count, 365))
    if product.penalty_cap_share is not None:
        share, unit = product.penalty_cap_share.as_integer_ratio()
        charged = min(charged, row.principal * share // unit)
    return charged
