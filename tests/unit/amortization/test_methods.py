"""Every method and option by a small loan whose figures can be checked by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from lendstream.amortization import (
    Accrual,
    Basis,
    Broken,
    Conventions,
    DayCount,
    Fee,
    Income,
    Instalment,
    Level,
    Method,
    Options,
    RateChange,
    Rounding,
    Schedule,
    Subsidy,
    Terms,
    TermsError,
    Tranche,
    When,
    generate,
)

OPENED = date(2026, 1, 15)
ORDINARY = Options()
BY_DAY = Conventions(day_count=DayCount.ACTUAL_365, accrual=Accrual.DAILY)


def loan(
    method: Method,
    options: Options = ORDINARY,
    count: int = 4,
    rate: str = "0.12",
    conventions: Conventions | None = None,
    principal: int = 120_000,
) -> Schedule:
    """1,200.00 at 1 % a month over four months unless told otherwise."""
    terms = Terms(principal, Decimal(rate), count, method, OPENED, conventions or Conventions(), options)
    return generate(terms)


def parts(schedule: Schedule) -> list[tuple[int, int]]:
    """Principal and interest of each row."""
    return [(row.principal, row.interest) for row in schedule.instalments]


def test_an_equal_instalment_loan() -> None:
    schedule = loan(Method.EQUAL_INSTALMENT)
    assert parts(schedule) == [(29_554, 1_200), (29_850, 904), (30_148, 606), (30_448, 304)]
    assert schedule.instalments[0] == Instalment(1, date(2026, 2, 15), 29_554, 1_200, 0, 90_446)
    assert [row.total for row in schedule.instalments] == [30_754, 30_754, 30_754, 30_752]
    assert (schedule.total, schedule.total_interest) == (123_014, 3_014)


def test_an_equal_principal_loan() -> None:
    assert parts(loan(Method.EQUAL_PRINCIPAL)) == [(30_000, 1_200), (30_000, 900), (30_000, 600), (30_000, 300)]
    assert parts(loan(Method.EQUAL_PRINCIPAL, count=3, rate="0", principal=100)) == [(33, 0), (33, 0), (34, 0)]


def test_interest_then_the_whole_principal() -> None:
    assert parts(loan(Method.INTEREST_THEN_BULLET)) == [(0, 1_200), (0, 1_200), (0, 1_200), (120_000, 1_200)]


def test_flat_interest_on_the_original_principal() -> None:
    assert parts(loan(Method.FLAT)) == [(30_000, 1_200)] * 4
    # 31,200 rounded to whole tens of yuan is 31,000; the last takes the rest.
    to_tens = Conventions(multiple=1_000)
    assert parts(loan(Method.FLAT, conventions=to_tens)) == [(29_800, 1_200)] * 3 + [(30_600, 1_200)]
    # 0.10 / 12 of 1,000.00 is 8.33 1/3 a month: 33.33 over four months, not 4 x 8.33.
    exact = loan(Method.FLAT, rate="0.10", principal=100_000, conventions=Conventions(exact_flat=True))
    assert [row.interest for row in exact.instalments] == [833, 833, 833, 834]


def test_a_single_payment_with_simple_interest() -> None:
    schedule = loan(Method.SINGLE_PAYMENT)
    assert schedule.instalments == (Instalment(1, date(2026, 5, 15), 120_000, 4_800, 0, 0),)


def test_a_balloon() -> None:
    # 400.00 left for the last instalment: the annuity of the rest, and a month's interest on it every month.
    given = loan(Method.BALLOON, Options(balloon=40_000))
    assert [row.total for row in given.instalments] == [20_902, 20_902, 20_902, 60_904]
    assert given.instalments[-1].principal == 40_000 + 20_301
    longer = loan(Method.BALLOON, Options(amortised_over=8))
    level = loan(Method.EQUAL_INSTALMENT, count=8).instalments[0].total
    assert [row.total for row in longer.instalments[:-1]] == [level] * 3
    assert sum(row.principal for row in longer.instalments) == 120_000


def test_steps_follow_the_harvest() -> None:
    schedule = loan(Method.STEPS, Options(steps=(0, 0, 1, 2)))
    assert parts(schedule) == [(0, 1_200), (0, 1_200), (40_000, 1_200), (80_000, 800)]


def test_a_fixed_payment_takes_as_many_instalments_as_it_needs() -> None:
    schedule = loan(Method.FIXED_PAYMENT, Options(payment=50_000), count=12)
    assert parts(schedule) == [(48_800, 1_200), (49_288, 712), (21_912, 219)]
    assert [row.due_date.month for row in schedule.instalments] == [2, 3, 4]
    with pytest.raises(TermsError, match="does not cover the interest 1200"):
        loan(Method.FIXED_PAYMENT, Options(payment=1_200))


@pytest.mark.parametrize(("declared", "payment"), [(100_000, 20_000), (300_000, 30_000), (900_000, 50_000)])
def test_a_payment_by_income_has_a_floor_and_a_cap(declared: int, payment: int) -> None:
    income = Income(declared, Decimal("0.10"), floor=20_000, cap=50_000)
    rows = loan(Method.INCOME_BASED, Options(income=income)).instalments
    assert rows[0].total == payment
    assert sum(row.principal for row in rows) == 120_000


def test_grace_on_principal_and_on_interest() -> None:
    graced = loan(Method.EQUAL_PRINCIPAL, Options(principal_grace=2))
    assert parts(graced) == [(0, 1_200), (0, 1_200), (60_000, 1_200), (60_000, 600)]
    studying = loan(Method.EQUAL_PRINCIPAL, Options(principal_grace=2, interest_grace=2))
    assert parts(studying) == [(0, 0), (0, 0), (60_000, 3_600), (60_000, 600)]
    free = loan(Method.EQUAL_PRINCIPAL, Options(interest_free=1))
    assert parts(free) == [(30_000, 0), (30_000, 900), (30_000, 600), (30_000, 300)]
    level = loan(Method.EQUAL_INSTALMENT, Options(interest_free=4))
    assert parts(level) == [(30_000, 0)] * 4


def test_a_down_payment_is_instalment_zero() -> None:
    schedule = loan(Method.EQUAL_PRINCIPAL, Options(down_payment=Decimal("0.25")))
    assert schedule.instalments[0] == Instalment(0, OPENED, 30_000, 0, 0, 90_000)
    assert parts(schedule)[1:] == [(22_500, 900), (22_500, 675), (22_500, 450), (22_500, 225)]
    assert schedule.opening_balance == 90_000


def test_tranches_are_repaid_from_the_period_they_are_paid_out_in() -> None:
    terms_two_and_three = (Tranche(date(2026, 2, 15), 40_000), Tranche(date(2026, 3, 1), 40_000))
    rows = loan(Method.INTEREST_THEN_BULLET, Options(tranches=terms_two_and_three)).instalments
    # The second tranche is out for 14 of the 28 days of its first period.
    assert [row.interest for row in rows] == [400, 800 + 0 + 200, 1_200, 1_200]
    assert [row.balance_after for row in rows] == [40_000, 120_000, 120_000, 0]


def test_a_rate_change_counts_from_its_day() -> None:
    cut = Options(rate_changes=(RateChange(date(2026, 3, 1), Decimal("0.06")),))
    rows = loan(Method.INTEREST_THEN_BULLET, cut).instalments
    assert [row.interest for row in rows] == [1_200, 600 + 300, 600, 600]
    by_day = loan(Method.INTEREST_THEN_BULLET, cut, rate="0.365", conventions=BY_DAY).instalments
    assert [row.interest for row in by_day] == [31 * 120, 14 * 120 + 276, 612, 592]


def test_level_instalments_under_tranches_stay_level() -> None:
    drawn = Options(tranches=(Tranche(date(2026, 3, 1), 40_000),))
    totals = [row.total for row in loan(Method.EQUAL_INSTALMENT, drawn, count=6).instalments]
    assert totals[1:-1] == [totals[1]] * 4
    assert abs(totals[-1] - totals[1]) <= 3
    assert totals[0] < totals[1]


def test_a_long_first_period_simply_bears_more_interest() -> None:
    """45 days to the first instalment: 31 regular ones and 14 odd ones."""
    first = Options(first_due=date(2026, 3, 1))
    rows = loan(Method.EQUAL_PRINCIPAL, first, rate="0.365", conventions=BY_DAY).instalments
    assert [row.interest for row in rows] == [45 * 120, 31 * 90, 30 * 60, 31 * 30]


@pytest.mark.parametrize(
    ("broken", "interests"),
    [
        (Broken.FIRST, [(31 + 14) * 120, 31 * 90, 30 * 60, 31 * 30]),
        (Broken.SPREAD, [31 * 120 + 420, 31 * 90 + 420, 30 * 60 + 420, 31 * 30 + 420]),
        (Broken.UPFRONT, [14 * 120, 31 * 120, 31 * 90, 30 * 60, 31 * 30]),
    ],
)
def test_odd_days_charged_apart(broken: Broken, interests: list[int]) -> None:
    first = Options(first_due=date(2026, 3, 1))
    conventions = replace(BY_DAY, broken=broken)
    rows = loan(Method.EQUAL_PRINCIPAL, first, rate="0.365", conventions=conventions).instalments
    assert [row.interest for row in rows] == interests
    assert rows[0].number == (0 if broken is Broken.UPFRONT else 1)


def test_odd_days_beside_whole_months() -> None:
    """Whole months at a twelfth, odd days by the day count: 1 month and 14 days."""
    first = Options(first_due=date(2026, 3, 1))
    for count, odd in ((DayCount.ACTUAL_360, 560), (DayCount.ACTUAL_365, 552), (DayCount.THIRTY_360, 640)):
        rows = loan(Method.INTEREST_THEN_BULLET, first, conventions=Conventions(day_count=count)).instalments
        assert [row.interest for row in rows] == [1_200 + odd, 1_200, 1_200, 1_200]


def test_a_short_first_period_bears_less_interest() -> None:
    first = Options(first_due=date(2026, 1, 25))
    rows = loan(Method.INTEREST_THEN_BULLET, first, rate="0.365", conventions=BY_DAY).instalments
    assert [row.interest for row in rows][:2] == [10 * 120, 31 * 120]


def test_the_level_instalment_by_exact_and_by_nominal_rates() -> None:
    exact = loan(Method.EQUAL_INSTALMENT, conventions=BY_DAY)
    nominal = loan(Method.EQUAL_INSTALMENT, conventions=replace(BY_DAY, level=Level.PERIODS))
    assert len({row.total for row in exact.instalments[:-1]}) == 1
    assert abs(exact.instalments[-1].total - exact.instalments[0].total) <= 4
    assert nominal.instalments[0].total == 30_754
    by_thirty_days = loan(Method.EQUAL_INSTALMENT, conventions=replace(BY_DAY, level=Level.THIRTY_DAYS))
    # 0.12 x 30 / 365 is less than a hundredth.
    assert by_thirty_days.instalments[0].total == 30_743


def test_level_instalments_to_a_multiple() -> None:
    up = Conventions(multiple=100, level_rounding=Rounding.UP)
    assert [row.total for row in loan(Method.EQUAL_INSTALMENT, conventions=up).instalments] == [30_800] * 3 + [30_612]
    with pytest.raises(TermsError, match="repaid before the last"):
        loan(Method.EQUAL_INSTALMENT, conventions=replace(up, multiple=50_000))


def test_smoothing_brings_the_last_instalment_near() -> None:
    rough = loan(Method.EQUAL_INSTALMENT, count=12, principal=12_003).instalments
    smooth = loan(Method.EQUAL_INSTALMENT, count=12, principal=12_003, conventions=Conventions(smooth=True)).instalments
    assert abs(smooth[-1].total - smooth[0].total) <= abs(rough[-1].total - rough[0].total)


def test_fees_of_every_basis() -> None:
    fees = (
        Fee("service", When.INSTALMENT, amount=200),
        Fee("insurance", When.INSTALMENT, rate=Decimal("0.001"), basis=Basis.BALANCE, payee="insurer"),
        Fee("collection", When.INSTALMENT, rate=Decimal("0.01"), basis=Basis.INSTALMENT),
        Fee("guarantee", When.INSTALMENT, rate=Decimal("0.0005")),
        Fee("opening", When.OPENING, amount=500),
    )
    rows = loan(Method.EQUAL_PRINCIPAL, Options(fees=fees)).instalments
    assert [row.fee for row in rows] == [
        200 + 120 + 312 + 60,
        200 + 90 + 309 + 60,
        200 + 60 + 306 + 60,
        200 + 30 + 303 + 60,
    ]


def test_a_merchant_pays_the_interest() -> None:
    schedule = loan(Method.FLAT, Options(subsidies=(Subsidy("merchant"),)))
    assert parts(schedule) == [(30_000, 0)] * 4
    assert [row.subsidy for row in schedule.instalments] == [1_200] * 4
    assert schedule.subsidies == {"merchant": (1_200,) * 4}
    assert (schedule.total, schedule.total_subsidy) == (120_000, 4_800)


def test_a_coupon_ends_at_its_cap_and_others_share_the_rest() -> None:
    coupon = Subsidy("coupon", cap=1_500, last=3)
    state = Subsidy("state", share=Decimal("0.5"), first=2)
    schedule = loan(Method.FLAT, Options(subsidies=(coupon, state)))
    assert schedule.subsidies == {"coupon": (1_200, 300, 0, 0), "state": (0, 450, 600, 600)}
    assert [row.interest for row in schedule.instalments] == [0, 450, 600, 600]
    assert [row.subsidy for row in schedule.instalments] == [1_200, 750, 600, 600]


def test_due_dates_of_its_own() -> None:
    harvest = (date(2026, 7, 1), date(2026, 11, 15))
    rows = loan(Method.STEPS, Options(due_dates=harvest, steps=(1, 3)), 2, "0.365", BY_DAY).instalments
    assert [(row.due_date, row.principal, row.interest) for row in rows] == [
        (harvest[0], 30_000, 167 * 120),
        (harvest[1], 90_000, 137 * 90),
    ]
    nothing_earlier = Options(due_dates=(OPENED, date(2026, 2, 15)))
    assert loan(Method.FLAT, nothing_earlier, 2, conventions=BY_DAY).instalments[0].interest == 0


def test_one_instalment() -> None:
    for method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_THEN_BULLET, Method.FLAT):
        assert parts(loan(method, count=1)) == [(120_000, 1_200)]


def test_the_same_terms_give_the_same_schedule() -> None:
    assert loan(Method.EQUAL_INSTALMENT) == loan(Method.EQUAL_INSTALMENT)
