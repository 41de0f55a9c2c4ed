"""What of a loan's interest and fees is earned: the figures that the day's close adds up over the whole book."""

from datetime import date
from typing import NamedTuple

from .loan import Loan, Status


class Accrual(NamedTuple):
    """Earned until `period_from`, and what the running period earns day by day; minor units."""

    interest_receivable: int
    """Interest earned until then less interest settled; negative where it was paid in advance."""
    fee_receivable: int
    """Fees due until then less fees settled."""
    period_from: date | None = None
    period_to: date | None = None
    period_interest: int = 0
    """Interest that the running period earns from `period_from` to `period_to`, if nothing is paid until then."""
    period_subsidy: int = 0
    """The others' interest that it earns."""
    subsidy_future: int = 0
    """The others' interest of the periods after it."""

    def earned(self, day: date) -> int:
        """What is receivable of interest at the end of a day: of the period as its days have passed, half up."""
        if self.period_from is None or self.period_to is None or day <= self.period_from:
            return self.interest_receivable
        if day >= self.period_to:
            return self.interest_receivable + self.period_interest
        length = (self.period_to - self.period_from).days
        part = 2 * self.period_interest * (day - self.period_from).days + length
        return self.interest_receivable + part // (2 * length)


NONE = Accrual(0, 0)


def accrual(loan: Loan) -> Accrual:
    """The figures of a loan as of the last day that it was touched on by itself."""
    if loan.status is not Status.ACTIVE:
        return NONE
    as_of = loan.aged_through or loan.contract.interest_from
    interest = fee = future = 0
    running = start = None
    for row in loan.instalments:
        interest -= row.interest_paid
        fee -= row.fee_paid
        if row.due_date <= as_of:
            interest += row.interest
            fee += row.fee
            start = row.due_date
        elif running is None:
            running = row
        else:
            future += row.subsidy
    if running is None:
        return Accrual(interest, fee)
    start, earned, subsidy = start or loan.contract.interest_from, running.interest, running.subsidy
    if loan.anchor_on is not None and start <= loan.anchor_on < running.due_date:
        start = loan.anchor_on
        interest += loan.anchor_interest
        earned -= loan.anchor_interest
        subsidy -= loan.anchor_subsidy
    earned += loan.late_interest
    return Accrual(interest, fee, start, running.due_date, earned, subsidy, future)
