"""What a loan takes of a month's income."""

from lendstream.amortization import Schedule
from lendstream.catalogue import Product
from lendstream_risk.domain.policy import Burden

_DAYS_OF_A_MONTH = 30
_MONTHS = 12


def burden_of(schedule: Schedule, burden: Burden) -> int:
    """Minor units a month, rounded up; what is due at the payout itself does not count.

    LARGEST_INSTALMENT of a loan with more than one instalment is multiplied by how often one falls due in a month.
    """
    totals = [row.total for row in schedule.instalments if row.number]
    times, of = schedule.terms.conventions.a_year
    if burden is Burden.AVERAGE:
        return -(-sum(totals) * times // (schedule.terms.instalments * of * _MONTHS))
    largest = max(totals)
    if len(totals) == 1:
        return largest
    return -(-largest * times // (of * _MONTHS))


def months_of(product: Product, instalments: int) -> int:
    """How many months, rounded up, so many instalments of the product take."""
    return -(-instalments * product.days_of_a_period // _DAYS_OF_A_MONTH)
