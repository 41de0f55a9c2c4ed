"""Everything about a loan that is out of the ordinary."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from .errors import TermsError
from .parts import Fee, Income, RateChange, Subsidy, Tranche


@dataclass(frozen=True, slots=True)
class Options:
    """What a loan may have beside amount, rate, tenor and method. Amounts in minor units; raises TermsError."""

    product: str = ""
    """The product version it came from, for the record: "cash-small@1"."""

    first_due: date | None = None
    """When the first instalment is due; None: one period after the disbursement, or by `due_day`."""
    due_day: int | None = None
    """Day of the month of monthly instalments; None: the day of the disbursement."""
    due_dates: tuple[date, ...] = ()
    """Every due date, given instead of computed; accrued per period, each then closes one regular period."""

    principal_grace: int = 0
    """The first so many instalments repay no principal."""
    interest_grace: int = 0
    """The interest of the first so many instalments is paid with the next one."""
    interest_free: int = 0
    """The first so many periods bear no interest."""

    balloon: int = 0
    """BALLOON: the principal left for the last instalment."""
    amortised_over: int = 0
    """BALLOON, instead: the number of periods the level instalment is computed for."""
    steps: tuple[int, ...] = ()
    """STEPS: one weight an instalment; 0 repays no principal."""
    payment: int = 0
    """FIXED_PAYMENT: what is paid a period."""
    income: Income | None = None
    """INCOME_BASED."""

    down_payment: Decimal = Decimal(0)
    """Share of the principal due at the disbursement, as instalment number 0."""
    tranches: tuple[Tranche, ...] = ()
    """Later payouts, in order of date; the disbursement pays the rest of the principal."""
    rate_changes: tuple[RateChange, ...] = ()
    """In order of date."""
    fees: tuple[Fee, ...] = ()
    subsidies: tuple[Subsidy, ...] = ()

    ordinary_times: bool = field(init=False, repr=False, compare=False)
    """The due dates and periods follow from the disbursement and the conventions alone."""
    whole_periods: bool = field(init=False, repr=False, compare=False)
    """All that is paid is paid whole periods after the one disbursement."""

    def __post_init__(self) -> None:
        for name in _NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise TermsError(name, f"must not be negative, not {getattr(self, name)}")
        if self.due_day is not None and not 1 <= self.due_day <= 31:
            raise TermsError("due_day", f"must be a day of the month, not {self.due_day}")
        if self.due_dates and (self.due_day is not None or self.first_due is not None):
            raise TermsError("due_dates", "leave no room for due_day or first_due")
        if self.steps and (min(self.steps) < 0 or not any(self.steps)):
            raise TermsError("steps", "must not be negative nor all zero")
        if not 0 <= self.down_payment < 1:
            raise TermsError("down_payment", f"is a share of the principal below 1, not {self.down_payment}")
        if self.down_payment and self.tranches:
            raise TermsError("down_payment", "cannot be asked of a loan paid out in tranches")
        _check_order("due_dates", self.due_dates)
        _check_order("tranches", tuple(tranche.on for tranche in self.tranches))
        _check_order("rate_changes", tuple(change.on for change in self.rate_changes))
        dated = self.first_due is not None or self.due_day is not None or self.due_dates
        object.__setattr__(self, "ordinary_times", not (dated or self.interest_free or self.amortised_over))
        object.__setattr__(self, "whole_periods", not (dated or self.tranches))


_NOT_NEGATIVE = ("principal_grace", "interest_grace", "interest_free", "balloon", "amortised_over", "payment")


def _check_order(name: str, days: tuple[date, ...]) -> None:
    if any(earlier >= later for earlier, later in pairwise(days)):
        raise TermsError(name, "must follow each other")


ORDINARY = Options()
