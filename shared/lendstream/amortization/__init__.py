"""Repayment schedules and their cost: pure functions on integers of minor units.

    schedule = generate(Terms(principal=1_200_000, annual_rate=Decimal("0.12"), instalments=12,
                              method=Method.EQUAL_INSTALMENT, disbursed_on=date(2026, 1, 31)))
    cost = disclose(schedule, upfront_fee=36_000)

Offers, disclosures and loans call the same functions, so that their numbers are the same.
"""

from .apr import Flow, NoRateError, actuarial_rate, effective_rate, internal_rate, periods_needed, worth
from .conventions import (
    BIWEEKLY,
    MONTHLY,
    WEEKLY,
    Accrual,
    Broken,
    Conventions,
    DayCount,
    Frequency,
    Level,
    MonthEnd,
    Shift,
    Unit,
)
from .dates import IsWorkingDay
from .daycount import accrue
from .disclosure import NO_OTHER_CHARGES, ContingentCost, CostDisclosure, FeeCost, disclose
from .engine import ENGINE, generate
from .errors import TermsError
from .options import Options
from .parts import Basis, Fee, Income, RateChange, Subsidy, Tranche, When
from .recast import Course, Keep, Recast, course_of
from .record import provenance, terms_of
from .rounding import Rounding
from .schedule import Instalment, Schedule
from .terms import Method, Terms
from .timing import unit_periods

__all__ = [
    "BIWEEKLY",
    "ENGINE",
    "MONTHLY",
    "NO_OTHER_CHARGES",
    "WEEKLY",
    "Accrual",
    "Basis",
    "Broken",
    "ContingentCost",
    "Conventions",
    "CostDisclosure",
    "Course",
    "DayCount",
    "Fee",
    "FeeCost",
    "Flow",
    "Frequency",
    "Income",
    "Instalment",
    "IsWorkingDay",
    "Keep",
    "Level",
    "Method",
    "MonthEnd",
    "NoRateError",
    "Options",
    "RateChange",
    "Recast",
    "Rounding",
    "Schedule",
    "Shift",
    "Subsidy",
    "Terms",
    "TermsError",
    "Tranche",
    "Unit",
    "When",
    "accrue",
    "actuarial_rate",
    "course_of",
    "disclose",
    "effective_rate",
    "generate",
    "internal_rate",
    "periods_needed",
    "provenance",
    "terms_of",
    "unit_periods",
    "worth",
]
