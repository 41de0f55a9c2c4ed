"""What a customer may choose, and what becomes of it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lendstream.amortization import TermsError
from lendstream.catalogue import CatalogueError, Product, load, load_coupons, option_faults
from lendstream.catalogue.choices import income_of
from lendstream.catalogue.coupon import COUPONS, read_coupon
from lendstream.events.intake import LoanOptions, PlannedTranche

TODAY = date(2026, 1, 15)
RATE = Decimal("0.12")
ORDER = "ORDER-1"
GOOD_COUPON = """
code: TRIAL-1
name: {zh: 试用券, en: Trial}
payer: lender
products: [cash-small]
valid_from: 2026-01-01
valid_until: 2026-12-31
"""


def product(code: str) -> Product:
    """One of the products that are shipped."""
    return load().product(code)


def tranches(*parts: tuple[str, int]) -> tuple[PlannedTranche, ...]:
    """Later payouts."""
    return tuple(PlannedTranche(on=date.fromisoformat(day), amount=amount) for day, amount in parts)


def faults(code: str, principal: int = 1_000_000, declared: int | None = None, **chosen: Any) -> dict[str, str]:
    """Codes of the faults by field."""
    found = option_faults(product(code), principal, LoanOptions(**chosen), declared, TODAY, TODAY, load_coupons())
    return {each.field: each.code for each in found}


def test_the_due_day_is_the_customers() -> None:
    rows = product("cash-small").schedule_for(600_000, 6, RATE, TODAY, LoanOptions(due_day=10)).instalments
    assert [row.due_date.day for row in rows] == [10] * 6
    assert faults("travel", due_day=10, order_reference=ORDER) == {"due_day": "option_not_offered"}


def test_the_income_of_the_options_comes_before_the_declared_one() -> None:
    by_income = product("income-based")
    declared = by_income.schedule_for(1_000_000, 24, RATE, TODAY, None, 500_000)
    chosen = by_income.schedule_for(1_000_000, 24, RATE, TODAY, LoanOptions(income=800_000), 500_000)
    assert (declared.instalments[0].total, chosen.instalments[0].total) == (50_000, 80_000)
    assert faults("income-based") == {"income": "income_missing"}
    assert faults("cash-small", declared=500_000) == {}
    assert faults("cash-small", 500_000, 500_000) == {}


def test_the_income_of_a_month_becomes_that_of_the_period() -> None:
    monthly = product("income-based")
    weekly = monthly.model_copy(update={"timing": product("travel").timing})
    assert income_of(monthly, LoanOptions(), 1_300_000) == 1_300_000
    assert income_of(weekly, LoanOptions(), 1_300_000) == 1_300_000 * 12 * 2 // 52


def test_tranches_are_paid_out_later() -> None:
    options = LoanOptions(tranches=tranches(("2026-09-01", 400_000)), order_reference=ORDER)
    schedule = product("education-study").schedule_for(1_000_000, 24, RATE, TODAY, options)
    assert schedule.opening_balance == 600_000
    assert sum(row.principal for row in schedule.instalments) == 1_000_000


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("2026-01-15", 1)], {"tranches.0.on": "tranche_too_early"}),
        ([("2026-03-01", 1_000_000)], {"tranches": "tranches_too_large"}),
        ([("2026-03-01", 1), ("2026-03-01", 1)], {"tranches": "tranches_out_of_order"}),
        ([(f"2026-0{month}-01", 1) for month in range(2, 6)], {"tranches": "too_many_tranches"}),
    ],
)
def test_tranches_that_make_no_loan(parts: list[tuple[str, int]], expected: dict[str, str]) -> None:
    assert faults("education-study", tranches=tranches(*parts), order_reference=ORDER) == expected


def test_a_tranche_after_the_last_due_date_is_refused() -> None:
    options = LoanOptions(tranches=tranches(("2031-01-01", 1_000)), order_reference=ORDER)
    with pytest.raises(TermsError) as refused:
        product("education-study").schedule_for(1_000_000, 24, RATE, TODAY, options)
    assert refused.value.field == "tranches"


def test_a_coupon_bears_interest() -> None:
    plain = product("cash-small").schedule_for(600_000, 6, RATE, TODAY)
    reduced = product("cash-small").schedule_for(600_000, 6, RATE, TODAY, LoanOptions(coupon="SPRING-50"))
    assert plain.total - reduced.total == 5_000
    assert sum(reduced.subsidies["lender"]) == 5_000


def test_a_coupon_must_be_known_in_time_and_for_the_product() -> None:
    assert faults("cash-small", coupon="NOWHERE") == {"coupon": "unknown_coupon"}
    assert faults("education", coupon="SPRING-50") == {"coupon": "coupon_not_for_product"}
    assert faults("education", coupon="FIRST-TERM") == {"coupon": "coupon_not_valid"}
    late = LoanOptions(coupon="FIRST-TERM")
    assert product("education").terms_for(600_000, 6, RATE, TODAY, late), "what was granted in time is kept"
    with pytest.raises(TermsError, match="valid from 2025-08-01 to 2025-10-31; it is 2026-01-15") as refused:
        product("education").terms_for(600_000, 6, RATE, TODAY, late, asked_on=TODAY)
    assert refused.value.field == "coupon"


def test_a_merchant_is_paid_for_an_order() -> None:
    assert faults("medical") == {"order_reference": "order_missing"}
    with pytest.raises(TermsError, match="order_reference: medical is paid to the merchant"):
        product("medical").terms_for(600_000, 6, RATE, TODAY)
    assert product("medical").schedule_for(600_000, 6, RATE, TODAY, LoanOptions(order_reference=ORDER)).total


def test_everything_wrong_is_told_at_once() -> None:
    wrong: dict[str, Any] = {
        "due_day": 3,
        "income": 1,
        "tranches": tranches(("2026-01-01", 10**9)),
        "coupon": "NOWHERE",
    }
    assert faults("travel", **wrong).keys() == {
        "due_day",
        "income",
        "tranches",
        "tranches.0.on",
        "coupon",
        "order_reference",
    }


def test_due_dates_move_to_the_products_working_days() -> None:
    shifting = product("micro-business")
    rows = shifting.schedule_for(1_000_000, 12, RATE, date(2026, 1, 3)).instalments
    assert shifting.is_working_day
    assert all(shifting.is_working_day(row.due_date) for row in rows)
    assert product("cash-small").is_working_day is None


@pytest.mark.parametrize("path", sorted(COUPONS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_coupons_that_are_shipped_can_be_used(path: Path) -> None:
    coupon = read_coupon(path)
    assert {load().product(code).code for code in coupon.products} == set(coupon.products)
    assert coupon.subsidy().payer == coupon.payer


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("products: [cash-small]", "products: []", "products: Tuple should have at least 1 item"),
        ("valid_until: 2026-12-31", "valid_until: 2025-12-31", "is before valid_from"),
        ("payer: lender", "payer: lender\nfirst: 3\nlast: 2", "is before first"),
        ("code: TRIAL-1", "code: OTHER-1", "name the file OTHER-1.yaml"),
        ("code: TRIAL-1", "code: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_coupon_is_told_with_its_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "TRIAL-1.yaml"
    path.write_text(GOOD_COUPON, "utf-8")
    assert load_coupons(tmp_path).keys() == {"TRIAL-1"}
    path.write_text(GOOD_COUPON.replace(old, new), "utf-8")
    with pytest.raises(CatalogueError) as refused:
        read_coupon(path)
    assert told in str(refused.value)
