"""frappe_lending.json: facts from the tests of frappe/lending.

It rounds the instalment up to a whole currency unit and its amounts only where it shows them; compared are the
published digits. Which question a case asks shows in its inputs and conventions.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from conformance.vector_cases import Case, Check, Differences, compare_rows, day, differences, load, minor
from lendstream.amortization import (
    Accrual,
    Broken,
    Conventions,
    DayCount,
    Level,
    Method,
    Options,
    Rounding,
    Schedule,
    Terms,
    accrue,
    generate,
)
from lendstream.events.intake import LoanOptions
from lendstream.events.loan import Classification
from lendstream_servicing.domain.delinquency import bucket_of, classification_of, days_past_due
from support.lives import Life, product

FILE = "frappe_lending"
OPENED = "2024-01-15"
STUBS = {
    "amortised over tenure": Broken.SPREAD,
    "deducted upfront: extra row 0 carrying only stub interest": Broken.UPFRONT,
}
UP_TO_UNITS = Conventions(level_rounding=Rounding.UP, multiple=100)


def cases() -> Iterator[Case]:
    """Schedules and accrual, allocating a payment, ageing arrears."""
    for case in load(FILE)["cases"]:
        yield Case(FILE, case["id"], _check_of(case))


def _check_of(case: dict[str, Any]) -> Check:
    given, conventions = case["inputs"], case.get("conventions", {})
    if "repayment" in given:
        return partial(_check_payment, case)
    if "payments" in given:
        return partial(_check_days_past_due, case)
    if "oldest_unpaid_due_date" in given:
        return partial(_check_classes, case)
    if "accrual_from" in given:
        return partial(_check_accrual, case)
    if "principal" not in given:
        return partial(_check_due_dates, case)
    if "stub" in conventions:
        return partial(_check_stub, case)
    if "total_interest" in conventions:
        return partial(_check_whole_units, case)
    return partial(_check_rounded, case)


def _rate(case: dict[str, Any]) -> Decimal:
    return Decimal(case["inputs"]["nominal_annual_rate_percent"]) / 100


def _units(amount: int) -> str:
    """Cents shown as whole units."""
    return str(round(Fraction(amount, 100)))


def _check_rounded(case: dict[str, Any]) -> Differences:
    """A given number of instalments, or as many as a given instalment takes; shown in whole units."""
    given, expected = case["inputs"], case["expected"]
    fixed = minor(given["fixed_instalment"]) if "fixed_instalment" in given else 0
    schedule = _monthly(
        principal=minor(given["principal"]),
        annual_rate=_rate(case),
        instalments=given.get("number_of_instalments", 600),
        method=Method.FIXED_PAYMENT if fixed else Method.EQUAL_INSTALMENT,
        conventions=UP_TO_UNITS,
        options=Options(payment=fixed),
    )
    rows = schedule.instalments
    shown = {
        "emi": _units(rows[0].total),
        "number_of_instalments": len(rows),
        "total_interest_rounded_0": _units(schedule.total_interest),
        "total_payment_rounded_0": _units(schedule.total),
        "rows_rounded_0": [
            {
                "nr": row["nr"],
                "principal_due": _units(rows[row["nr"] - 1].principal),
                "interest_due": _units(rows[row["nr"] - 1].interest),
                "balance_after": _units(rows[row["nr"] - 1].balance_after),
            }
            for row in expected.get("rows_rounded_0", ())
        ],
    }
    return [found for name, value in expected.items() for found in differences(name, value, shown[name])]


def _check_whole_units(case: dict[str, Any]) -> Differences:
    """Interest and balance kept in whole units: a currency without smaller ones."""
    given, expected = case["inputs"], case["expected"]
    schedule = _monthly(
        principal=int(given["principal"]),
        annual_rate=_rate(case),
        instalments=given["number_of_instalments"],
        method=Method.EQUAL_INSTALMENT,
        conventions=Conventions(rounding=Rounding.HALF_EVEN, level_rounding=Rounding.UP),
        options=Options(),
    )
    return [
        *differences("emi", int(expected["emi"]), schedule.instalments[0].total),
        *differences("total interest", int(expected["total_interest"]), schedule.total_interest),
        *differences("total payment", int(expected["total_payment"]), schedule.total),
    ]


def _monthly(**terms: Any) -> Schedule:
    return generate(Terms(disbursed_on=day(OPENED), **terms))


def _check_stub(case: dict[str, Any]) -> Differences:
    given, expected = case["inputs"], case["expected"]
    opened, first_due = day(given["disbursed_on"]), day(given["first_due_date"])
    conventions = Conventions(
        day_count=DayCount.ACTUAL_365,
        accrual=Accrual.DAILY,
        level=Level.PERIODS,
        level_rounding=Rounding.UP,
        multiple=100,
        broken=STUBS[case["conventions"]["stub"]],
    )
    principal = minor(given["principal"])
    schedule = generate(
        Terms(
            principal=principal,
            annual_rate=_rate(case),
            instalments=given["number_of_instalments"],
            method=Method.EQUAL_INSTALMENT,
            disbursed_on=opened,
            conventions=conventions,
            options=Options(first_due=first_due),
        )
    )
    by_number = {row.number: row for row in schedule.instalments}
    found = compare_rows(expected["rows"], tuple(by_number[row["nr"]] for row in expected["rows"]))
    if "broken_period_interest" in expected:
        odd_from = first_due - timedelta(expected["broken_period_days"])
        interest = accrue(principal, _rate(case), odd_from, first_due)
        found += differences("broken period", minor(expected["broken_period_interest"]), interest)
    return found


def _check_accrual(case: dict[str, Any]) -> Differences:
    given = case["inputs"]
    after = day(given["accrual_to_inclusive"]) + timedelta(1)
    accrued = accrue(minor(given["principal"]), _rate(case), day(given["accrual_from"]), after)
    return differences("accrued", case["expected"]["accrued_interest_rounded_0"], _units(accrued))


def _check_due_dates(case: dict[str, Any]) -> Differences:
    given, expected = case["inputs"], case["expected"]["due_dates"]
    first, count = day(given["first_due_date"]), given["number_of_instalments"]
    if given["schedule"] == "as per start date":
        opened, options = first - timedelta(30), Options(first_due=first)
    else:
        opened, options = first, Options(due_day=1)
    conventions = Conventions(shortest_first_period=0)
    terms = Terms(100_000, Decimal(0), count, Method.EQUAL_PRINCIPAL, opened, conventions, options)
    dues = [row.due_date.isoformat() for row in generate(terms).instalments]
    return differences("due dates", [*expected.values()], [dues[0], dues[1], dues[-1]])


WHOLE_UNITS: dict[str, Any] = {
    "timing": {"multiple": 100, "level_rounding": "up"},
    "method": "equal_instalment",
}


def _check_payment(case: dict[str, Any]) -> Differences:
    """A payment of more than the first instalment, some days late: that one gets all its parts."""
    given, expected = case["inputs"], case["expected"]
    life = Life.of(
        product(**WHOLE_UNITS), minor(given["principal"]), given["number_of_instalments"], _rate(case), day(OPENED)
    )
    life.pay(minor(given["repayment"]), life.loan.instalments[0].due_date + timedelta(given["repaid_days_after_due"]))
    first = life.loan.instalments[0]
    return [
        *differences("interest", minor(expected["first_period_interest_paid"]), first.interest_paid),
        *differences("principal", minor(expected["first_period_principal_paid"]), first.principal_paid),
        *differences("left of it", 0, first.outstanding),
    ]


def _check_classes(case: dict[str, Any]) -> Differences:
    """Days past due of a loan whose oldest unpaid instalment fell due on a day, and the class they put it in."""
    given = case["inputs"]
    due = day(given["oldest_unpaid_due_date"])
    life = Life.of(product(method="equal_instalment"), 1_200_000, 12, "0.12", due - timedelta(31))
    found = differences("due", due, life.loan.instalments[0].due_date)
    for seen in case["expected"]:
        on = day(seen["on"])
        life.until(on)
        late = days_past_due(life.loan, on)
        (code,) = (each for each in given["ranges"] if each["from"] <= late <= (each["to"] or late))
        found += differences(f"{on} days", seen["days_past_due"], late)
        found += differences(f"{on} code", seen["code"], code["code"])
        # Our buckets begin where the ranges do, as far as there are buckets.
        found += differences(f"{on} bucket", bucket_of(max(code["from"], 1)), life.loan.bucket)
        bad = classification_of(late) not in (Classification.NORMAL, Classification.SPECIAL_MENTION)
        found += differences(f"{on} bad", seen.get("non_performing", False), bad)
    return found


def _check_days_past_due(case: dict[str, Any]) -> Differences:
    """Days past due at the end of each day, the due date counted: with us, those that the next day begins with."""
    given = case["inputs"]
    first_due = day(given["first_due_date"])
    opened = day(given["disbursed_on"])
    sold = product(
        **{**WHOLE_UNITS, "timing": {**WHOLE_UNITS["timing"], "shortest_first_period": 0, "level": "periods"}}
    )
    options = LoanOptions(due_day=first_due.day)
    life = Life.of(sold, minor(given["principal"]), given["number_of_instalments"], _rate(case), opened, options)
    first = life.loan.instalments[0]
    payments = {day(paid["on"]): minor(paid["amount"]) for paid in given["payments"]}
    found = differences("first due", first_due, first.due_date)
    found += differences("instalment", minor(case["conventions"]["instalment"]), first.outstanding)
    for text, expected in case["expected_days_past_due"].items():
        on = day(text)
        life.until(on)
        if on in payments:
            life.pay(payments[on], on)
        found += differences(text, expected, days_past_due(life.loan, on + timedelta(1)))
    return found
