"""Repayment schedules and their cost: pure functions on integers of minor units.

    schedule = generate(Terms(principal=1_200_000, annual_rate=Decimal("0.12"), instalments=12,
                              method=Method.EQUAL_INSTALMENT, disbursed_on=date(2026, 1, 31)))
    cost = disclose(schedule, upfront_fee=36_000)

Offers, disclosures and loans call the same functions, so that their numbers are the same.
"""

from .disclosure import CostDisclosure, disclose
from .engine import ENGINE, generate
from .rounding import Rounding
from .schedule import Instalment, Schedule
from .terms import Method, Terms, TermsError

__all__ = [
    "ENGINE",
    "CostDisclosure",
    "Instalment",
    "Method",
    "Rounding",
    "Schedule",
    "Terms",
    "TermsError",
    "disclose",
    "generate",
]
