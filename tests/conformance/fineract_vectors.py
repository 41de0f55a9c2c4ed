"""fineract_e2e_*.json: product scenarios of Apache Fineract.

The schedule at a loan's opening is the engine's; what follows an event in the loan's life (a payment, arrears, a
reschedule, a charge-off) is lived through in `fineract_life`.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from conformance.fineract_life import check_life
from conformance.vector_cases import Case, Differences, compare_rows, day, differences, load, minor
from lendstream.amortization import (
    Accrual,
    Basis,
    Conventions,
    DayCount,
    Fee,
    Frequency,
    Level,
    Method,
    MonthEnd,
    Options,
    Rounding,
    Terms,
    Unit,
    When,
    generate,
)

OLD, NEW = "fineract_e2e_2024_10", "fineract_e2e_2025_2026"
DAY_COUNTS = {
    ("360", "30"): DayCount.THIRTY_360,
    ("365", "ACTUAL"): DayCount.ACTUAL_365,
    ("ACTUAL", "ACTUAL"): DayCount.ACTUAL_ACTUAL_LAST,
}
MONTH_ENDS = {"FIRST_DAY_OF_NEXT_MONTH": MonthEnd.NEXT_MONTH, "LAST_DAY_OF_MONTH": MonthEnd.LAST_DAY}
# Events that leave the schedule as it was opened, or belong to the opening.
QUIET = {"business_date", "close_of_business", "config_future_installment_rule", "disbursement", "charge_added"}


def cases() -> Iterator[Case]:
    """The scenarios of both versions, then the lists of due dates."""
    for case in load(OLD)["cases"]:
        yield _scenario(case)
    recent = load(NEW)
    for case in recent["cases"]:
        yield Case(NEW, case["id"], partial(_check_recent, case))
    for case in recent["due_date_cases"]:
        yield Case(NEW, case["id"], partial(_check_due_dates, case))


def _terms(case: dict[str, Any]) -> Terms:
    given, convention = case["inputs"], case["conventions"]
    whole = given.get("interest_calculation_period") == "SAME_AS_REPAYMENT_PERIOD"
    day_count = DAY_COUNTS[convention["days_in_year"], convention["days_in_month"]]
    flat = given["interest_type"] == "FLAT"
    multiple = minor(convention["emi_multiple_of"] or "0.01")
    progressive = convention["schedule_kind"] == "PROGRESSIVE"
    return Terms(
        principal=minor(given["principal"]),
        annual_rate=Decimal(given["nominal_annual_rate_percent"]) / 100,
        instalments=given["number_of_instalments"],
        method=_method(flat, given["amortization"]),
        disbursed_on=day(given.get("submitted_on") or given["disbursed_on"]),
        conventions=Conventions(
            frequency=Frequency(given["repay_every"], Unit(given["frequency"].lower())),
            day_count=day_count,
            accrual=Accrual.PER_PERIOD if whole or day_count is DayCount.THIRTY_360 else Accrual.DAILY,
            rounding=Rounding(convention["rounding"].lower()),
            multiple=multiple,
            smooth=progressive and multiple == 1,
            exact_flat=flat,
            month_end=MONTH_ENDS[convention.get("month_end_due_date", "LAST_DAY_OF_MONTH")],
        ),
        options=Options(
            principal_grace=given["grace_on_principal_periods"],
            interest_grace=given["grace_on_interest_payment_periods"],
            down_payment=Decimal(convention.get("down_payment_percent", 0)) / 100,
        ),
    )


def _method(flat: bool, amortization: str) -> Method:
    if flat:
        return Method.FLAT
    return Method.EQUAL_PRINCIPAL if amortization == "EQUAL_PRINCIPAL_PAYMENTS" else Method.EQUAL_INSTALMENT


def _scenario(case: dict[str, Any]) -> Case:
    """The schedules expected before anything happens to the loan; and its whole life, if more is expected."""
    opening: list[dict[str, Any]] = []
    fees: list[Fee] = []
    first_due = next(row.due_date for row in generate(_terms(case)).instalments if row.number == 1).isoformat()
    later = lived = False
    for step in case["timeline"]:
        if "event" in step:
            event = step["event"]
            lived = lived or event["type"] not in QUIET
            if event["type"] == "charge_added":
                rate = Decimal(event["percent"]) / 100
                fees.append(Fee("charge", When.INSTALMENT, rate=rate, basis=Basis.INSTALMENT))
        elif step["expect"] == "schedule" and not lived and step["as_of"] < first_due:
            opening.append(step)
        else:
            later = True
    return Case(OLD, case["id"], partial(_check_old, case, opening, tuple(fees), lives=later))


def _check_old(
    case: dict[str, Any], opening: list[dict[str, Any]], fees: tuple[Fee, ...], *, lives: bool
) -> Differences:
    return _check_opening(case, opening, fees) + (check_life(case) if lives else [])


def _check_opening(case: dict[str, Any], expected: list[dict[str, Any]], fees: tuple[Fee, ...]) -> Differences:
    terms = _terms(case)
    rows = generate(replace(terms, options=replace(terms.options, fees=fees))).instalments
    return [found for schedule in expected for found in compare_rows(schedule["periods"], rows)]


def _check_recent(case: dict[str, Any]) -> Differences:
    terms = _terms(case)
    if "event" not in case:
        return compare_rows(case["expected"]["periods"], generate(terms).instalments)
    found = compare_rows(case["expected_before_event"], generate(terms).instalments)
    # Rescheduled on the first due date with nothing paid: the loan as if opened with that first due date, the
    # instalment kept. "One 30/360 month plus 17 extra days at 17/29 of a month" is ICMA's count of odd days.
    conventions = replace(terms.conventions, day_count=DayCount.ACTUAL_ACTUAL_ICMA, level=Level.PERIODS, smooth=False)
    options = replace(terms.options, first_due=day(case["event"]["to_due"]))
    moved = replace(terms, conventions=conventions, options=options)
    return found + compare_rows(case["expected"]["periods"], generate(moved).instalments)


def _check_due_dates(case: dict[str, Any]) -> Differences:
    given = case["inputs"]
    terms = Terms(
        principal=100_000,
        annual_rate=Decimal(0),
        instalments=given["number_of_instalments"],
        method=Method.EQUAL_PRINCIPAL,
        disbursed_on=day(given["seed_date"]),
        conventions=Conventions(
            frequency=Frequency(given["repay_every"], Unit(given["frequency"].lower())),
            month_end=MONTH_ENDS[given["month_end_due_date"]],
        ),
    )
    dues = [row.due_date.isoformat() for row in generate(terms).instalments]
    return differences("due dates", case["expected_due_dates"], dues)
