"""amortisation_cn.json: the repayment methods of Chinese consumer loans, worked out to the fen."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from conformance.vector_cases import Case, Differences, compare_rows, differences, load, minor
from lendstream.amortization import (
    Accrual,
    Conventions,
    DayCount,
    Frequency,
    Method,
    Options,
    Schedule,
    Terms,
    Unit,
    accrue,
    disclose,
    generate,
    internal_rate,
    periods_needed,
)
from lendstream.events.loan import ClosingReason
from support.lives import Life, product

FILE = "amortisation_cn"
METHODS = {
    "equal_instalment": Method.EQUAL_INSTALMENT,
    "equal_principal": Method.EQUAL_PRINCIPAL,
    "interest_only": Method.INTEREST_THEN_BULLET,
    "flat": Method.FLAT,
    "bullet": Method.SINGLE_PAYMENT,
    "balloon": Method.BALLOON,
}
OPENED = date(2026, 1, 15)  # the vectors count months, not days


def cases() -> Iterator[Case]:
    """The two tables of methods, then the examples beside them."""
    vectors = load(FILE)
    for table in ("P12000_12m_12pct", "P1000_12m_10pct"):
        for case in vectors[table]:
            yield Case(FILE, f"{table}/{case['method']}", partial(_check_method, case))
    for name, check in EXAMPLES.items():
        yield Case(FILE, name, partial(check, vectors[name]))


def _schedule(principal: int, rate: str, count: int, method: Method, options: Options | None = None) -> Schedule:
    return generate(Terms(principal, Decimal(rate), count, method, OPENED, options=options or Options()))


def _check_method(case: dict[str, Any]) -> Differences:
    # "12 payments on an 36-month amortisation"
    options = Options(amortised_over=36) if case["method"] == "balloon" else None
    method = METHODS[case["method"]]
    schedule = _schedule(minor(case["principal"]), case["annual_rate"], case["n"], method, options)
    cost = disclose(schedule)
    paid = [row.total for row in schedule.instalments]
    monthly = internal_rate(cost.principal, [0] * (case["n"] - len(paid)) + paid)
    return [
        *compare_rows(case["rows"], schedule.instalments),
        *differences("total interest", minor(case["total_interest"]), cost.total_interest),
        *differences("total paid", minor(case["total_paid"]), cost.total_to_repay),
        *differences("irr", Decimal(case["irr_month"]), round(monthly, 10)),
        *differences("apr", Decimal(case["apr_nominal_pct"]), cost.apr * 100),
        *differences("effective rate", Decimal(case["ear_pct"]), cost.effective_rate * 100),
    ]


def _check_upfront_fee(case: dict[str, str]) -> Differences:
    cost = disclose(_schedule(1_200_000, "0.12", 12, Method.EQUAL_INSTALMENT), upfront_fee=36_000)
    return [
        *differences("net", minor(case["net_disbursed"]), cost.net_payout),
        *differences("apr", Decimal(case["apr_nominal_pct"]), cost.apr * 100),
        *differences("effective rate", Decimal(case["ear_pct"]), cost.effective_rate * 100),
    ]


def _check_day_counts(case: dict[str, str]) -> Differences:
    by_days, by_months = Frequency(90, Unit.DAYS), Frequency(3, Unit.MONTHS)
    found = []
    for name, frequency, count in (
        ("act/360", by_days, DayCount.ACTUAL_360),
        ("act/365", by_days, DayCount.ACTUAL_365),
        ("30/360_3m", by_months, DayCount.THIRTY_360),
    ):
        conventions = Conventions(frequency=frequency, day_count=count, accrual=Accrual.PER_PERIOD)
        schedule = generate(Terms(100_000, Decimal("0.10"), 1, Method.SINGLE_PAYMENT, OPENED, conventions))
        found += differences(name, minor(case[name]), schedule.total_interest)
    return found


def _check_penalty(case: dict[str, str]) -> Differences:
    rate, until = Decimal(case["penalty_rate_year"]), OPENED + timedelta(10)

    def ten_days(on: str) -> int:
        return accrue(minor(case[on]), rate, OPENED, until, DayCount.ACTUAL_360)

    return [
        *differences("on principal", minor(case["penalty_on_principal"]), ten_days("overdue_principal")),
        *differences("on interest", minor(case["compound_on_interest"]), ten_days("overdue_interest")),
        *_check_penalty_charged(case),
    ]


def _check_penalty_charged(case: dict[str, str]) -> Differences:
    """Rule A and rule B as a loan is charged them, and the days of grace."""
    principal, interest = minor(case["penalty_on_principal"]), minor(case["compound_on_interest"])
    rules: dict[str, Any] = {"penalty_annual_rate": case["penalty_rate_year"]}
    found: Differences = []
    for on_interest, grace, paid_after, expected in (
        (False, 0, 10, principal),
        (True, 0, 10, principal + interest),
        (False, 3, 3, 0),
        (False, 3, 10, principal),
    ):
        life = _lived(penalty_on_interest=on_interest, grace_days=grace, **rules)
        first = life.loan.instalments[0]
        life.pay(minor(case["instalment"]) + expected, first.due_date + timedelta(paid_after))
        first = life.loan.instalments[0]
        found += differences(f"penalty, grace {grace}", (expected, 0), (first.penalty, first.outstanding))
    return found


def _lived(opened: date = OPENED, **rules: Any) -> Life:
    """The loan of the vectors, 12,000 yuan over a year at 12 %."""
    return Life.of(product(method="equal_instalment", **rules), 1_200_000, 12, "0.12", opened)


def _check_waterfall(case: dict[str, Any]) -> Differences:
    """500 yuan for the first instalment, ten days late; and more than 90 days late, where the principal goes first."""
    orders: dict[str, Any] = {
        "fee>penalty>interest>principal": 10,
        "principal_first(over 90 days)": 91,
    }
    found: Differences = []
    for name, late in orders.items():
        life = _lived(
            instalment_fee=minor(case["due"]["fee"]),
            penalty_annual_rate="0.18",
            late_allocation=["principal", "interest", "penalty", "fee"],
        )
        first = life.loan.instalments[0]
        due = {part: getattr(first, part) for part in ("fee", "interest", "principal")}
        found += differences("due", {part: minor(case["due"][part]) for part in due}, due)
        life.pay(50_000, first.due_date + timedelta(late))
        part, left = life.loan.entries[0].parts[0], life.loan.entries[0].unallocated
        for column, amount in case[name].items():
            got = left if column == "left" else getattr(part, column)
            found += differences(f"{name} {column}", minor(amount), got)
    return found


def _check_full_prepayment(case: dict[str, str]) -> Differences:
    sixth = _schedule(1_200_000, "0.12", 12, Method.EQUAL_INSTALMENT).instalments[5]
    until = sixth.due_date + timedelta(10)
    accrued = accrue(sixth.balance_after, Decimal("0.12"), sixth.due_date, until, DayCount.ACTUAL_360)
    return [
        *differences("balance", minor(case["balance"]), sixth.balance_after),
        *differences("accrued", minor(case["accrued_10d_act360"]), accrued),
        *differences("settle", minor(case["settle"]), sixth.balance_after + accrued),
        *_check_settled(case),
    ]


def _check_settled(case: dict[str, str]) -> Differences:
    """What a loan's pay-off takes: opened so that the seventh month has thirty days, as the vectors count them."""
    life = _lived(date(2026, 10, 15), prepayment_fee_rate="0.01")
    for row in life.loan.instalments[:6]:
        life.pay(row.outstanding, row.due_date)
    total = life.pay_off(life.loan.instalments[5].due_date + timedelta(10))
    fee = life.loan.entries[-1].fee
    return [
        *differences("fee", minor(case["fee_1pct_variant"]), fee),
        *differences("paid off", minor(case["settle"]), total - fee),
        *differences("ending", ClosingReason.PREPAID, life.loan.ending),
    ]


def _check_partial_prepayment(case: dict[str, Any]) -> Differences:
    whole = _schedule(1_200_000, "0.12", 12, Method.EQUAL_INSTALMENT).instalments
    balance, payment = whole[5].balance_after - 300_000, whole[0].total
    lower = _schedule(balance, "0.12", 6, Method.EQUAL_INSTALMENT)
    fewer = _schedule(balance, "0.12", 6, Method.FIXED_PAYMENT, Options(payment=payment))
    return [
        *differences("balance", minor(case["new_balance"]), balance),
        *differences("lower payment", minor(case["reduce_payment_6_left"]), lower.instalments[0].total),
        *differences(
            "periods",
            Decimal(case["keep_payment_periods"]),
            round(periods_needed(balance, Decimal("0.01"), payment), 4),
        ),
        *differences("instalments", case["keep_payment_rounded_up"], len(fewer.instalments)),
    ]


EXAMPLES = {
    "upfront_fee_3pct_on_equal_instalment": _check_upfront_fee,
    "daycount_bullet_1000_10pct_90days": _check_day_counts,
    "penalty_first_instalment_10_days_late": _check_penalty,
    "prepay_full_10_days_after_6th": _check_full_prepayment,
    "prepay_partial_3000_on_6th_due": _check_partial_prepayment,
    "waterfall_pay_500": _check_waterfall,
}
