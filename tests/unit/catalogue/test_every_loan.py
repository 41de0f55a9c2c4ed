"""What holds for every loan of every product, on every day, with whatever its customer chose."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lendstream.amortization import Method, Schedule, TermsError, disclose
from lendstream.catalogue import CustomerHistory, Product, Segment, load, load_coupons
from lendstream.catalogue.repayment import Grace
from lendstream.events.intake import LoanOptions, PlannedTranche

ON_SALE = list(load())
ORDER = LoanOptions(order_reference="ORDER-1")
INCOME = 800_000
COUPONS = sorted(load_coupons())


def check(schedule: Schedule, principal: int) -> None:
    """A loan is repaid to the last minor unit, and its parts are its totals."""
    rows = schedule.instalments
    assert sum(row.principal for row in rows) == principal
    assert rows[-1].balance_after == 0
    assert min(row.balance_after for row in rows) >= 0
    assert min(min(row.principal, row.interest, row.fee, row.subsidy) for row in rows) >= 0
    assert all(earlier.due_date < later.due_date for earlier, later in pairwise(rows))
    assert rows[0].due_date > schedule.terms.disbursed_on
    assert (
        sum(row.total for row in rows)
        == schedule.total
        == principal + schedule.total_interest + sum(row.fee for row in rows)
    )
    assert sum(map(sum, schedule.subsidies.values())) == schedule.total_subsidy


@pytest.mark.parametrize("product", ON_SALE, ids=lambda product: product.code)
def test_no_day_of_disbursement_breaks_a_product(product: Product) -> None:
    last, amounts = product.tenors[-1], (product.amount.min, product.amount.max)
    before = date.min
    for number in range(2 * 366):
        opened = date(2027, 1, 1) + timedelta(number)  # over the leap day of 2028
        principal = amounts[number % 2]
        schedule = product.schedule_for(principal, last, product.highest_rate, opened, ORDER, INCOME)
        check(schedule, principal)
        assert schedule.instalments[0].due_date >= before
        before = schedule.instalments[0].due_date


@st.composite
def choices(draw: st.DrawFn, product: Product, principal: int, opened: date) -> LoanOptions:
    """Options as a customer might send them; some the product refuses."""
    months = product.timing.every.unit == "months"
    count = draw(st.integers(0, product.tranches_max - 1))
    days = sorted(draw(st.sets(st.integers(1, 300), min_size=count, max_size=count)))
    return LoanOptions(
        due_day=draw(st.none() | st.integers(1, 31)) if months else None,
        income=draw(st.none() | st.integers(0, 5_000_000)) if product.income else None,
        tranches=tuple(PlannedTranche(on=opened + timedelta(day), amount=principal // 5) for day in days),
        coupon=draw(st.sampled_from([None, *(code for code in COUPONS if _fits(code, product))])),
        order_reference="ORDER-1",
    )


def _fits(code: str, product: Product) -> bool:
    return product.code in load_coupons()[code].products


@settings(deadline=None, max_examples=1000)
@given(st.data())
def test_every_choice_adds_up(data: st.DataObject) -> None:
    product = data.draw(st.sampled_from(ON_SALE))
    steps = (product.amount.max - product.amount.min) // product.amount.step
    principal = product.amount.min + product.amount.step * data.draw(st.integers(0, steps))
    opened = data.draw(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
    rate = product.rate(data.draw(st.sampled_from(CustomerHistory)), data.draw(st.sampled_from(Segment)))
    tenor = data.draw(st.sampled_from(product.tenors))
    options = data.draw(choices(product, principal, opened))
    try:
        schedule = product.schedule_for(principal, tenor, rate, opened, options, INCOME)
    except TermsError:
        assume(False)
    check(schedule, principal)
    cost = disclose(schedule, contingent=product.contingent_costs())
    assert cost.total_to_repay == schedule.total + cost.upfront_fee
    assert sum(fee.amount for fee in cost.fees) == cost.total_fees
    falling = (
        product.method in (Method.EQUAL_PRINCIPAL, Method.EQUAL_INSTALMENT) and product.timing.accrual == "per_period"
    )
    if falling and product.grace == Grace() and not schedule.subsidies and not options.tranches:
        later = schedule.instalments[1:]  # with a due day of the customer's, the first period is another
        assert all(earlier.interest >= after.interest for earlier, after in pairwise(later))
