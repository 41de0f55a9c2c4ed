"""What a product makes of a loan."""

from datetime import date
from decimal import Decimal

import pytest

from lendstream.amortization import Subsidy, TermsError, Tranche, generate
from lendstream.catalogue import CustomerHistory, Product, Segment, load
from lendstream.catalogue.working_days import working_days

TODAY = date(2026, 1, 15)


def product(code: str) -> Product:
    """One of the products that are shipped, in its first version."""
    return load().product(code, 1)


def test_the_rate_depends_on_history_and_segment() -> None:
    cash = product("cash-small")
    rates = [cash.rate(history, segment) for history in CustomerHistory for segment in Segment]
    assert rates == [Decimal("0.18"), Decimal("0.234"), Decimal("0.156"), Decimal("0.204")]


@pytest.mark.parametrize(
    ("asked", "offered"), [(49_999, None), (50_000, 50_000), (129_999, 120_000), (9**9, 2_000_000)]
)
def test_an_offer_is_the_largest_step_that_fits(asked: int, offered: int | None) -> None:
    assert product("cash-small").amount.offerable(asked) == offered


@pytest.mark.parametrize(
    ("field", "principal", "instalments"),
    [("principal", 49_999, 6), ("principal", 2_000_001, 6), ("instalments", 50_000, 5)],
)
def test_a_loan_must_be_on_offer(field: str, principal: int, instalments: int) -> None:
    with pytest.raises(TermsError) as refused:
        product("cash-small").terms(principal, instalments, Decimal("0.18"), TODAY)
    assert refused.value.field == field


def test_a_balloon_is_a_share_of_the_principal() -> None:
    schedule = generate(product("car-balloon").terms(10_000_000, 12, Decimal("0.084"), TODAY))
    assert 4_000_000 < schedule.instalments[-1].principal < 4_600_000


def test_the_farmers_season_repeats_over_the_tenor() -> None:
    rows = generate(product("farmer-seasonal").terms(1_000_000, 24, Decimal("0.054"), TODAY)).instalments
    assert [row.number for row in rows if row.principal] == [6, 12, 18, 24]
    assert [row.principal for row in rows if row.principal] == [200_000, 300_000, 200_000, 300_000]


def test_a_student_pays_nothing_for_a_year_and_draws_four_tranches() -> None:
    terms = (Tranche(date(2026, 9, 1), 500_000), Tranche(date(2027, 3, 1), 500_000))
    with_tranches = product("education-study").terms(2_000_000, 24, Decimal("0.06"), TODAY, tranches=terms)
    rows = generate(with_tranches).instalments
    assert [row.total for row in rows[:12]] == [0] * 12
    assert rows[12].interest > 12 * 5_000
    too_many = tuple(Tranche(date(2026, month, 1), 100_000) for month in (3, 6, 9, 12))
    with pytest.raises(TermsError, match="paid out 4 times at most"):
        product("education-study").terms(2_000_000, 24, Decimal("0.06"), TODAY, tranches=too_many)
    with pytest.raises(TermsError, match="paid out 1 times at most"):
        product("cash-small").terms(500_000, 6, Decimal("0.18"), TODAY, tranches=terms[:1])


def test_the_merchant_pays_for_the_phone() -> None:
    schedule = generate(product("phone-interest-free").terms(600_000, 12, Decimal("0.072"), TODAY))
    assert schedule.total == 600_000
    assert schedule.subsidies == {"merchant": (3_600,) * 12}


def test_a_coupon_comes_beside_the_products_subsidies() -> None:
    terms = product("medical").terms(
        1_200_000, 12, Decimal("0.12"), TODAY, coupons=(Subsidy("coupon", first=1, last=1, cap=5_000),)
    )
    schedule = generate(terms)
    assert schedule.subsidies["aid-fund"][:2] == (6_000, schedule.subsidies["aid-fund"][1])
    assert schedule.subsidies["coupon"] == (5_000, *[0] * 11)
    assert schedule.instalments[0].interest == 12_000 - 6_000 - 5_000


def test_the_instalment_follows_the_income() -> None:
    by_income = product("income-based")
    rows = generate(by_income.terms(1_000_000, 24, Decimal("0.12"), TODAY, income=800_000)).instalments
    assert rows[0].total == 80_000
    assert len(rows) < 24
    with pytest.raises(TermsError, match="income"):
        by_income.terms(1_000_000, 24, Decimal("0.12"), TODAY)
    with pytest.raises(TermsError, match="does not follow the income"):
        product("cash-small").terms(500_000, 6, Decimal("0.18"), TODAY, income=800_000)


def test_a_chosen_due_day() -> None:
    rows = generate(product("cash-small").terms(500_000, 3, Decimal("0.18"), TODAY, due_day=8)).instalments
    assert [row.due_date.isoformat() for row in rows] == ["2026-02-08", "2026-03-08", "2026-04-08"]


def test_all_that_is_kept_from_the_payout() -> None:
    assert product("home-appliances").upfront_fee(100_050) == 1_001
    assert product("travel").upfront_fee(100_000) == 500
    assert product("cash-small").upfront_fee(100_000) == 0


def test_chinese_working_days() -> None:
    is_working_day = working_days()
    assert is_working_day(date(2026, 10, 10)), "a Saturday worked to make up for the holidays"
    assert not is_working_day(date(2026, 10, 1))
    assert not is_working_day(date(2026, 10, 11))
    assert is_working_day(date(2026, 10, 12))
    with pytest.raises(LookupError, match="XX"):
        working_days("XX")
