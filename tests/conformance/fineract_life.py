"""Product scenarios of Apache Fineract, lived: a product of the stated conventions, a loan, its timeline day by day.

What a scenario calls a repayment comes in as a payment; what it expects is compared with the loan as of the day and
with what the loan told until then.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from conformance.vector_cases import Differences, day, differences, minor
from lendstream.catalogue import Product
from lendstream.events.intake import LoanOptions, PlannedTranche
from lendstream.events.loan import ClosingReason, LoanChargedOff, LoanDisbursed, PaymentApplied
from lendstream_servicing.domain.accrual import accrual
from lendstream_servicing.domain.loan import Instalment, Kind, Loan
from lendstream_servicing.domain.relief import Relief
from support.lives import Life, product

Event = dict[str, Any]
DAY_COUNTS = {
    ("360", "30"): "30/360",
    ("365", "ACTUAL"): "actual/365",
    ("ACTUAL", "ACTUAL"): "actual/actual, last day",
}
EARLY = {
    "REDUCE_EMI_AMOUNT": "next_then_lower",
    "ADJUST_LAST_UNPAID_PERIOD": "next_instalment",
    "NEXT_INSTALLMENT": "next_instalment",
    "LAST_INSTALLMENT": "last_instalment",
    "REAMORTIZATION": "every_instalment",
}
MONTH_ENDS = {"FIRST_DAY_OF_NEXT_MONTH": "next_month", "LAST_DAY_OF_MONTH": "last_day"}


def check_life(case: dict[str, Any]) -> Differences:
    """Everything that the scenario expects, in its order."""
    return [found for life, step in _played(case) for found in _EXPECTED[step["expect"]](case, life, step)]


def _played(case: dict[str, Any], until: date = date.max) -> Iterator[tuple[Life, dict[str, Any]]]:
    """The loan at every expectation up to a day."""
    life: Life | None = None
    events = [step["event"] for step in case["timeline"] if "event" in step]
    for step in case["timeline"]:
        if "expect" not in step:
            event = step["event"]
            if event.get("date") and day(event["date"]) > until:
                continue
            if event["type"] == "disbursement" and life is None:
                life = _opened(case, events, event)
            elif life is not None and (happens := _EVENTS.get(event["type"])):
                happens(life, event)
        elif life is not None:
            yield life, step


def _opened(case: dict[str, Any], events: list[Event], first: Event) -> Life:
    given = case["inputs"]
    later = [event for event in events if event["type"] == "disbursement" and event is not first]
    tranches = tuple(PlannedTranche(on=day(event["date"]), amount=minor(event["amount"])) for event in later)
    life = Life.of(
        product_of(case, events),
        minor(given["principal"]),
        given["number_of_instalments"],
        Decimal(given["nominal_annual_rate_percent"]) / 100,
        day(first["date"]),
        LoanOptions(tranches=tranches) if tranches else None,
    )
    if case["conventions"].get("down_payment_auto_paid"):
        life.pay(life.loan.instalments[0].outstanding, day(first["date"]))
    return life


def product_of(case: dict[str, Any], events: list[Event]) -> Product:
    """The product that has the scenario's conventions."""
    given, convention = case["inputs"], case["conventions"]
    daily = given.get("interest_calculation_period") != "SAME_AS_REPAYMENT_PERIOD"
    day_count = DAY_COUNTS[convention["days_in_year"], convention["days_in_month"]]
    by_days = daily and day_count != "30/360"
    recalculation = convention.get("interest_recalculation", {})
    rules = [event["rule"] for event in events if event["type"] == "config_future_installment_rule"]
    early = (rules or [recalculation.get("on_prepayment", "NEXT_INSTALLMENT")])[-1]
    flat = given["interest_type"] == "FLAT"
    return product(
        method="flat" if flat else "equal_instalment",
        rounding=convention["rounding"].lower(),
        timing={
            "every": {"count": given["repay_every"], "unit": given["frequency"].lower()},
            "day_count": day_count,
            "accrual": "daily" if by_days else "per_period",
            "level": "thirty_days" if by_days and convention["schedule_kind"] == "CUMULATIVE" else "exact",
            "multiple": minor(convention["emi_multiple_of"] or "0.01"),
            "month_end": MONTH_ENDS[convention.get("month_end_due_date", "LAST_DAY_OF_MONTH")],
            "level_of_all": convention.get("multi_disbursement", False),
        },
        down_payment=str(Decimal(convention.get("down_payment_percent", 0)) / 100),
        tranches_max=60 if convention.get("multi_disbursement") else 1,
        interest_on="outstanding" if recalculation.get("rest_frequency") == "DAILY" else "schedule",
        interest_after_maturity=False,
        in_advance=EARLY[early],
        charge_off_accelerates=False,
        fees=[_fee(event) for event in events if event["type"] == "charge_added"],
        **_allocation(convention["allocation_strategy"]),
        **_late_fee(convention.get("late_fee")),
    )


def _fee(event: Event) -> dict[str, Any]:
    rate = str(Decimal(event["percent"]) / 100)
    name = {"zh": "费", "en": "Charge"}
    return {"code": "charge", "name": name, "when": "instalment", "rate": rate, "basis": "instalment"}


def _late_fee(rule: dict[str, str] | None) -> dict[str, Any]:
    if rule is None:
        return {}
    return {
        "late_fee_rate": str(Decimal(rule["percent"]) / 100),
        "late_fee_on_interest": "interest" in rule["base"],
    }


def _allocation(strategy: str) -> dict[str, Any]:
    """Of "due: ...; in advance: ..." both orders; of one order without a name, that."""
    orders: dict[str, list[str]] = {}
    for part in strategy.removesuffix(" per instalment oldest first").split(";"):
        when, _, order = part.strip().replace("in advance:", "in-advance ").rpartition(" ")
        orders[when.strip(": ")] = order.split(",")
    due = orders.get("due") or orders[""]
    return {"allocation": due} | ({"in_advance_allocation": orders["in-advance"]} if "in-advance" in orders else {})


def _pay(life: Life, event: Event) -> None:
    life.pay(minor(event["amount"]), day(event["date"]))


def _tranche(life: Life, event: Event) -> None:
    on = day(event["date"])
    life.until(on)
    payout = next(each for each in life.loan.payouts if each.pay_on == on)
    life.confirm(on, payout.amount, payout.part)


def _reschedule(life: Life, event: Event) -> None:
    """Another rate "from" an instalment counts from the beginning of its period: it is agreed on that day."""
    for change in event["changes"]:
        dues = [row.due_date for row in life.loan.instalments]
        begins = dues[dues.index(day(change["reschedulefromdate"])) - 1]
        life.relieve(Relief(annual_rate=Decimal(change["newinterestrate"]) / 100), begins)


_EVENTS: dict[str, Callable[[Life, Event], object]] = {
    "business_date": lambda life, event: life.until(day(event["date"])),
    "repayment": _pay,
    "disbursement": _tranche,
    "pay_off": lambda life, event: life.pay_off(day(event["date"])),
    "charge_off": lambda life, event: life.charge_off(day(event["date"])),
    "reschedule": _reschedule,
}


def _check_schedule(_: dict[str, Any], life: Life, step: dict[str, Any]) -> Differences:
    loan = life.as_of(day(step["as_of"]))
    ours, theirs = list(_rows(loan)), [_published(row) for row in step["periods"]]
    if loan.ending is ClosingReason.PREPAID and len(theirs) > len(ours):
        theirs[len(ours) - 1 :] = [_as_one(theirs[len(ours) - 1 :])]  # a pay-off makes one instalment of the rest
    found = differences("number of rows", len(theirs), len(ours))
    for number, (expected, got) in enumerate(zip(theirs, ours, strict=False), 1):
        for column, value in expected.items():
            found += differences(f"{step['as_of']} row {number} {column}", value, got[column])
    for column, value in step.get("totals", {}).items():
        found += differences(f"{step['as_of']} total {column}", minor(value), sum(row[column] for row in ours))
    return found


def _published(row: dict[str, Any]) -> dict[str, Any]:
    amounts = {name: minor(value) for name, value in row.items() if name.endswith("_due") or name in _AMOUNTS}
    paid_on = day(row["paid_date"]) if "paid_date" in row else None
    return {"due_date": day(row["due_date"]), "paid_date": paid_on, **amounts}


def _as_one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    amounts = {name: sum(row[name] for row in rows) for name in rows[0] if name.endswith("_due") or name == "paid"}
    return {**amounts, "balance_after": rows[-1]["balance_after"], "paid_date": rows[-1]["paid_date"]}


_AMOUNTS = ("balance_after", "paid", "paid_in_advance", "paid_late", "outstanding")


def _rows(loan: Loan) -> Iterator[dict[str, Any]]:
    """Our instalments in the scenario's columns."""
    tranches = [each for each in loan.payouts if each.kind is Kind.TRANCHE]
    repaid = 0
    for row in loan.instalments:
        repaid += row.principal
        later = sum(each.amount for each in tranches if each.pay_on > row.due_date)
        early, late = _paid_off_time(loan, row)
        yield {
            "due_date": row.due_date,
            "paid_date": row.settled_on,
            "balance_after": loan.contract.principal - later - repaid,
            "principal_due": row.principal,
            "interest_due": row.interest,
            "fees_due": row.fee,
            "penalties_due": row.late_fee + row.penalty,
            "total_due": row.principal + row.interest + row.fee + row.late_fee + row.penalty,
            "paid": row.principal_paid + row.interest_paid + row.fee_paid + row.penalty_paid,
            "paid_in_advance": early,
            "paid_late": late,
            "outstanding": row.outstanding,
        }


def _paid_off_time(loan: Loan, row: Instalment) -> tuple[int, int]:
    """What was paid of an instalment before its due date, and what after it."""
    early = late = 0
    for entry in loan.entries:
        for part in entry.parts:
            if part.instalment == row.number:
                amount = part.fee + part.penalty + part.interest + part.principal
                early += amount if entry.value_date < row.due_date else 0
                late += amount if entry.value_date > row.due_date else 0
    return early, late


def _check_transactions(case: dict[str, Any], life: Life, step: dict[str, Any]) -> Differences:
    found: Differences = []
    rows = [row for row in step["rows"] if row["transaction_type"] != "Accrual"]
    for expected, got in zip(rows, _transactions(life), strict=True):
        for column, value in got.items():
            shown = value if column == "transaction_date" else minor(expected[column])
            theirs = day(expected[column]) if column == "transaction_date" else shown
            found += differences(f"{expected['transaction_type']} {column}", theirs, value)
    return found + _check_accruals(case, life, [row for row in step["rows"] if row not in rows])


def _transactions(life: Life) -> Iterator[dict[str, Any]]:
    out = 0
    for told in life.told:
        if isinstance(told, LoanDisbursed):
            out += told.principal
            yield {"transaction_date": told.disbursed_on, "amount": told.amount, "loan_balance": out}
        elif isinstance(told, PaymentApplied):
            parts = told.allocations
            out -= sum(part.principal for part in parts)
            yield {
                "transaction_date": told.value_date,
                "amount": told.amount,
                "principal": sum(part.principal for part in parts),
                "interest": sum(part.interest for part in parts),
                "fees": sum(part.fee for part in parts),
                "penalties": sum(part.penalty for part in parts),
                "loan_balance": out,
            }
        elif isinstance(told, LoanChargedOff):
            yield {
                "transaction_date": told.charged_off_on,
                "amount": told.principal + told.interest + told.fee + told.penalty,
                "principal": told.principal,
                "interest": told.interest,
            }


def _check_accruals(case: dict[str, Any], life: Life, rows: list[dict[str, Any]]) -> Differences:
    """What was earned between one accrual and the next, and the late fees of what fell due on its day."""
    found: Differences = []
    before = life.loan.contract.interest_from
    for row in rows:
        on = day(row["transaction_date"])
        earned = _earned(case, on) - _earned(case, before)
        fees = sum(each.late_fee for each in life.loan.instalments if each.due_date == on)
        found += differences(f"accrual {on}", (minor(row["interest"]), minor(row["penalties"])), (earned, fees))
        before = on
    return found


def _earned(case: dict[str, Any], on: date) -> int:
    """Interest receivable at the end of a day, lived until then."""
    *_, (life, _) = _played(case, on)
    life.until(on)
    return accrual(life.loan).earned(on)


def _check_charges(_: dict[str, Any], life: Life, step: dict[str, Any]) -> Differences:
    found: Differences = []
    for charge in step["rows"]:
        if charge["ispenalty"] == "true":
            on = day(charge["due_as_of"])
            due = sum(row.late_fee for row in life.loan.instalments if row.due_date == on)
        else:
            due = sum(row.fee for row in life.loan.instalments)
        found += differences(charge["name"], minor(charge["due"]), due)
    return found


_EXPECTED: dict[str, Callable[[dict[str, Any], Life, dict[str, Any]], Differences]] = {
    "schedule": _check_schedule,
    "transactions": _check_transactions,
    "charges": _check_charges,
}
