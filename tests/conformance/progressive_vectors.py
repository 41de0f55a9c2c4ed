"""progressive_regular.json: equal instalments by the rules of Apache Fineract's progressive schedules."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from conformance.vector_cases import Case, Differences, compare_rows, day, load, minor
from lendstream.amortization import (
    Accrual,
    Conventions,
    DayCount,
    Frequency,
    Method,
    Rounding,
    Terms,
    Unit,
    generate,
)

FILE = "progressive_regular"
# "the days up to 31 December over the first year's length, the rest over the next year's"
DAY_COUNTS = {
    "30/360": (DayCount.THIRTY_360, Accrual.PER_PERIOD),
    "ACT/365": (DayCount.ACTUAL_365, Accrual.DAILY),
    "ACT/ACT": (DayCount.ACTUAL_ACTUAL_LAST, Accrual.DAILY),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for case in load(FILE)["cases"]:
        yield Case(FILE, case["id"], partial(_check, case))


def _check(case: dict[str, Any]) -> Differences:
    given = case["input"]
    day_count, accrual = DAY_COUNTS[given["dayCount"]]
    conventions = Conventions(
        frequency=Frequency(given["every"], Unit(given["freq"].lower())),
        day_count=day_count,
        accrual=accrual,
        rounding=Rounding(given["rounding"].lower()),
        smooth=True,
    )
    terms = Terms(
        principal=minor(given["principal"]),
        annual_rate=Decimal(given["annualRatePct"]) / 100,
        instalments=given["n"],
        method=Method.EQUAL_INSTALMENT,
        disbursed_on=day(given["disbursed"]),
        conventions=conventions,
    )
    return compare_rows(case["periods"], generate(terms).instalments)
