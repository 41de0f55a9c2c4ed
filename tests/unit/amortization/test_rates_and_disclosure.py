"""Annual rates from flows, and the whole cost of a loan."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lendstream.amortization import (
    BIWEEKLY,
    WEEKLY,
    Basis,
    ContingentCost,
    Conventions,
    Fee,
    FeeCost,
    Flow,
    Frequency,
    Method,
    NoRateError,
    Options,
    Subsidy,
    Terms,
    TermsError,
    Tranche,
    Unit,
    When,
    actuarial_rate,
    disclose,
    effective_rate,
    generate,
    internal_rate,
    periods_needed,
    worth,
)

OPENED = date(2026, 1, 15)
ORDINARY = Options()


def terms(
    method: Method = Method.EQUAL_INSTALMENT,
    options: Options = ORDINARY,
    conventions: Conventions | None = None,
    rate: str = "0.12",
) -> Terms:
    """12,000.00 over twelve periods unless told otherwise."""
    return Terms(1_200_000, Decimal(rate), 12, method, OPENED, conventions or Conventions(), options)


@settings(deadline=None)
@given(st.integers(1, 10**9), st.lists(st.integers(0, 10**8), min_size=1, max_size=40).filter(any))
def test_the_internal_rate_makes_the_flows_worth_nothing(received: int, payments: list[int]) -> None:
    rate = internal_rate(received, payments)
    flows = [Flow(-received, 0), *(Flow(payment, number) for number, payment in enumerate(payments, 1))]
    assert abs(worth(flows, rate)) < Decimal("1e-9") * received


def test_both_solvers_agree() -> None:
    payments = [106_619] * 11 + [106_614]
    flows = [Flow(-1_200_000, 0), *(Flow(payment, number) for number, payment in enumerate(payments, 1))]
    assert abs(internal_rate(1_200_000, payments) - actuarial_rate(flows)) < Decimal("1e-20")
    years = [(flow.amount, Fraction(flow.periods)) for flow in flows]
    assert abs(effective_rate(years) - actuarial_rate(flows)) < Decimal("1e-20")


def test_flows_without_a_rate_are_refused() -> None:
    for received, payments in ((0, [5]), (-1, [5]), (5, [0, 0]), (5, [])):
        with pytest.raises(NoRateError):
            internal_rate(received, payments)
    with pytest.raises(NoRateError):
        actuarial_rate([Flow(-100, 0), Flow(-5, 1)])
    with pytest.raises(NoRateError):
        effective_rate([(100, Fraction(0)), (5, Fraction(1))])


def test_flows_that_cost_nothing_have_rate_zero() -> None:
    assert actuarial_rate([Flow(-100, 0), Flow(60, 1), Flow(40, 2)]) == 0
    assert internal_rate(100, [60, 40]) == 0
    assert disclose(generate(terms(rate="0"))).apr == 0


def test_periods_needed() -> None:
    assert periods_needed(1_000, Decimal(0), 250) == 4
    assert round(periods_needed(317_902, Decimal("0.01"), 106_619), 4) == Decimal("3.0421")
    for payment in (0, 10):
        with pytest.raises(NoRateError):
            periods_needed(1_000, Decimal("0.01"), payment)
    with pytest.raises(NoRateError):
        periods_needed(1_000, Decimal(0), 0)


def test_a_fee_kept_from_the_payout_raises_the_rate() -> None:
    plain, charged = disclose(generate(terms())), disclose(generate(terms()), upfront_fee=36_000)
    assert (plain.apr, plain.effective_rate) == (Decimal("0.120001"), Decimal("0.126826"))
    assert (charged.apr, charged.effective_rate) == (Decimal("0.178250"), Decimal("0.193559"))
    assert (charged.upfront_fee, charged.net_payout) == (36_000, 1_164_000)
    assert charged.total_to_repay == plain.total_to_repay + 36_000
    assert charged.fees == (FeeCost("upfront_fee", "lender", When.OPENING, 36_000),)


def test_the_terms_own_opening_fee_counts_once() -> None:
    fees = (
        Fee("service", When.OPENING, rate=Decimal("0.03")),
        Fee("insurance", When.INSTALMENT, rate=Decimal("0.001"), basis=Basis.BALANCE, payee="insurer"),
    )
    schedule = generate(terms(Method.EQUAL_PRINCIPAL, Options(fees=fees)))
    cost = disclose(schedule)
    assert cost.fees == (
        FeeCost("service", "lender", When.OPENING, 36_000),
        FeeCost("insurance", "insurer", When.INSTALMENT, 100 * sum(range(1, 13))),
    )
    assert disclose(schedule, upfront_fee=36_000) == cost
    assert disclose(schedule, upfront_fee=0).total_fees == cost.total_fees - 36_000


def test_what_late_payment_would_cost_is_told_but_not_counted() -> None:
    contingent = (ContingentCost("late_fee", amount=1_000), ContingentCost("penalty", annual_rate=Decimal("0.24")))
    cost = disclose(generate(terms()), contingent=contingent)
    assert cost.contingent == contingent
    assert cost.total_to_repay == disclose(generate(terms())).total_to_repay


def test_interest_that_others_bear_is_not_the_customers() -> None:
    cost = disclose(generate(terms(Method.FLAT, Options(subsidies=(Subsidy("merchant"),)))))
    assert not any((cost.apr, cost.effective_rate, cost.simple_rate, cost.total_interest))
    assert cost.total_subsidy == 144_000


@pytest.mark.parametrize("fee", [-1, 1_200_000])
def test_an_impossible_upfront_fee_is_refused(fee: int) -> None:
    with pytest.raises(TermsError, match="upfront_fee"):
        disclose(generate(terms()), upfront_fee=fee)


@pytest.mark.parametrize(
    ("frequency", "periods"),
    [(WEEKLY, Fraction(52)), (BIWEEKLY, Fraction(26)), (Frequency(3), Fraction(4)), (Frequency(10, Unit.DAYS), 36.5)],
)
def test_the_rate_of_other_frequencies(frequency: Frequency, periods: Fraction) -> None:
    schedule = generate(terms(conventions=Conventions(frequency=frequency)))
    per_period = internal_rate(1_200_000, [row.total for row in schedule.instalments])
    cost = disclose(schedule)
    assert abs(cost.apr - per_period * Decimal(float(periods))) < Decimal("1e-6")
    assert abs(cost.effective_rate - ((1 + per_period) ** Decimal(float(periods)) - 1)) < Decimal("1e-6")


def test_the_simple_rate_of_a_single_payment_is_its_rate() -> None:
    cost = disclose(generate(terms(Method.SINGLE_PAYMENT)))
    assert (cost.apr, cost.effective_rate, cost.simple_rate) == (
        Decimal("0.113866"),
        Decimal("0.120000"),
        Decimal("0.120000"),
    )


def test_a_loan_repaid_at_once_is_repaid_after_one_period() -> None:
    cost = disclose(generate(terms(Method.FIXED_PAYMENT, Options(payment=2_000_000))))
    assert (cost.apr, cost.simple_rate) == (Decimal("0.12"), Decimal("0.12"))


def test_a_down_payment_is_no_credit() -> None:
    cost = disclose(generate(terms(options=Options(down_payment=Decimal("0.5")))))
    assert abs(cost.apr - Decimal("0.12")) < Decimal("0.00001")
    assert abs(cost.simple_rate - Decimal("0.12")) < Decimal("0.00001")


def test_a_later_first_instalment_and_tranches_are_placed_in_time() -> None:
    for options in (
        Options(first_due=date(2026, 3, 1)),
        Options(due_day=15),
        Options(tranches=(Tranche(date(2026, 3, 1), 300_000), Tranche(date(2026, 4, 15), 300_000))),
        Options(due_dates=tuple(date(2026, month, 20) for month in range(1, 13))),
    ):
        cost = disclose(generate(terms(options=options)))
        assert abs(cost.apr - Decimal("0.12")) < Decimal("0.02")
        assert cost.effective_rate > cost.apr
    due_on_the_same_day = disclose(generate(terms(options=Options(due_day=15))))
    assert due_on_the_same_day.apr == disclose(generate(terms())).apr
