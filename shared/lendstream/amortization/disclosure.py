"""The whole cost of a loan, as the customer must see it before accepting."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .apr import internal_rate, to_decimal
from .schedule import Instalment, Schedule
from .terms import TermsError

RATE_PLACES = 6


@dataclass(frozen=True, slots=True)
class CostDisclosure:
    """Amounts in minor units, rates as fractions of one a year with six decimals.

    total_fees: the upfront fee and every instalment's fee. total_to_repay: principal + interest + all fees.
    net_payout: what the customer holds after the upfront fee. apr: the all-in nominal rate, 12 x the monthly
    internal rate of return (内部收益率) of net payout against instalments. effective_rate: the same compounded
    over a year, (1 + monthly)^12 - 1. simple_rate: all cost over the time-weighted principal owed, without
    compounding (单利).
    """

    principal: int
    upfront_fee: int
    net_payout: int
    total_interest: int
    total_fees: int
    total_to_repay: int
    apr: Decimal
    effective_rate: Decimal
    simple_rate: Decimal
    instalments: tuple[Instalment, ...]


def disclose(schedule: Schedule, upfront_fee: int = 0) -> CostDisclosure:
    """The cost of this schedule with a fee of so many minor units taken at the opening.

    Raises TermsError if the fee is negative or leaves nothing of the loan.
    """
    principal = schedule.terms.principal
    if not 0 <= upfront_fee < principal:
        raise TermsError("upfront_fee", f"must be between 0 and less than the principal, not {upfront_fee}")
    rows = schedule.instalments
    interest = schedule.total_interest
    fees = upfront_fee + schedule.total_instalment_fees
    monthly = internal_rate(principal - upfront_fee, [row.total for row in rows])
    owed_months = principal + sum(row.balance_after for row in rows[:-1])
    return CostDisclosure(
        principal=principal,
        upfront_fee=upfront_fee,
        net_payout=principal - upfront_fee,
        total_interest=interest,
        total_fees=fees,
        total_to_repay=principal + interest + fees,
        apr=to_decimal(12 * monthly, RATE_PLACES),
        effective_rate=to_decimal((1 + monthly) ** 12 - 1, RATE_PLACES),
        simple_rate=to_decimal(Fraction(12 * (interest + fees), owed_months), RATE_PLACES),
        instalments=rows,
    )
