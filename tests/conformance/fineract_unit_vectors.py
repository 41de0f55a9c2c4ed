"""fineract_emi_unit.json: the unit tests of Apache Fineract's progressive instalment calculator.

A disbursement after the first is a tranche, a changed rate a rate change; the vectors' convention that a change
dated d applies "from end of d-1" is the engine's change on d-1. Compared are the amounts of each period; the
factors of its segments are inner values of the calculator.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
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
    Options,
    RateChange,
    Rounding,
    Terms,
    Tranche,
    Unit,
    generate,
)

FILE = "fineract_emi_unit"
DAY_COUNTS = {
    ("365", "ACTUAL"): (DayCount.ACTUAL_365, Accrual.DAILY),
    ("364", "ACTUAL"): (DayCount.ACTUAL_364, Accrual.DAILY),
    ("360", "INVALID"): (DayCount.ACTUAL_360, Accrual.DAILY),
    ("ACTUAL", "ACTUAL"): (DayCount.ACTUAL_ACTUAL_LAST, Accrual.DAILY),
    ("360", "30"): (DayCount.THIRTY_360, Accrual.PER_PERIOD),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for case in load(FILE)["cases"]:
        yield Case(FILE, case["id"], partial(_check, case))


def _check(case: dict[str, Any]) -> Differences:
    found: Differences = []
    tranches: list[Tranche] = []
    changes: list[RateChange] = []
    opened: dict[str, str] = {}
    expected: dict[int, dict[str, str]] = {}
    for step in case["steps"]:
        if step["op"] == "expect_period":
            expected[step["period_index"]] = step
            continue
        if expected:
            found += _compare(case, expected, opened, tranches, changes)
            expected = {}
        if step["op"] == "change_rate":
            rate = Decimal(step["annual_percent"]) / 100
            changes.append(RateChange(day(step["from"]) - timedelta(1), rate))
        elif opened:
            tranches.append(Tranche(day(step["date"]), minor(step["amount"])))
        else:
            opened = step
    return found + _compare(case, expected, opened, tranches, changes)


def _compare(
    case: dict[str, Any],
    expected: dict[int, dict[str, str]],
    opened: dict[str, str],
    tranches: list[Tranche],
    changes: list[RateChange],
) -> Differences:
    given, convention = case["inputs"], case["conventions"]
    day_count, accrual = DAY_COUNTS[convention["days_in_year"], convention["days_in_month"]]
    terms = Terms(
        principal=minor(opened["amount"]) + sum(tranche.amount for tranche in tranches),
        annual_rate=Decimal(given["nominal_annual_rate_percent"]) / 100,
        instalments=len(given["periods"]),
        method=Method.EQUAL_INSTALMENT,
        disbursed_on=day(opened["date"]),
        conventions=Conventions(
            frequency=Frequency(given["repay_every"], Unit(given["frequency"].lower())),
            day_count=day_count,
            accrual=accrual,
            rounding=Rounding(convention["rounding"].lower()),
            smooth=True,
        ),
        options=Options(tranches=tuple(tranches), rate_changes=tuple(changes)),
    )
    rows = generate(terms).instalments
    starts = [day(period["from"]) for period in given["periods"]]
    if starts[1:] != [row.due_date for row in rows[:-1]]:
        due_dates = tuple(day(period["due"]) for period in given["periods"])
        rows = generate(replace(terms, options=replace(terms.options, due_dates=due_dates))).instalments
    return compare_rows(list(expected.values()), tuple(rows[number] for number in expected))
