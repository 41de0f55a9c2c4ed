"""Interest that others bear, when a loan takes another course: no cap is granted twice, numbers stay the loan's own."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.catalogue import InAdvance
from lendstream_servicing.domain.loan import Loan
from lendstream_servicing.domain.relief import Relief
from support.lives import Life, product

OPENED = date(2026, 1, 15)
CAP = 20_000


def lived(in_advance: str = "lower_instalment", **rule: Any) -> Life:
    """12,000 yuan over a year at 12 %: 120 yuan of interest in the first month."""
    subsidies = [{"payer": "coupon", **rule}]
    sold = product(method="equal_instalment", in_advance=in_advance, subsidies=subsidies)
    return Life.of(sold, 1_200_000, 12, "0.12", OPENED)


def borne(loan: Loan) -> list[int]:
    """The instalments whose interest others bear, by their numbers."""
    return [row.number for row in loan.instalments if row.subsidy]


@pytest.mark.parametrize("in_advance", ["lower_instalment", "fewer_instalments", "next_then_lower"])
def test_what_is_left_of_a_coupon_is_what_it_did_not_bear_yet(in_advance: str) -> None:
    life = lived(in_advance, cap=CAP)
    life.pay(life.loan.instalments[0].outstanding, OPENED + timedelta(31))
    life.pay(400_000, OPENED + timedelta(40))
    life.pay(300_000, OPENED + timedelta(50))
    assert life.loan.instalments[0].subsidy == 12_000
    assert sum(row.subsidy for row in life.loan.instalments) == CAP


def test_a_restructure_grants_no_coupon_anew() -> None:
    life = lived(cap=CAP)
    for months in (1, 2, 3):
        life.relieve(Relief(extra_instalments=2), OPENED + timedelta(31 * months))
    assert sum(row.subsidy for row in life.loan.instalments) == CAP


def test_the_first_and_the_last_that_are_borne_are_counted_by_the_loans_own_numbers() -> None:
    life = lived(first=2, last=5)
    life.pay(life.loan.instalments[0].outstanding, OPENED + timedelta(31))
    life.pay(400_000, OPENED + timedelta(70))
    assert borne(life.loan) == [2, 3, 4, 5]


@given(
    st.sampled_from(sorted(set(InAdvance))),
    st.integers(0, 60_000),
    st.sampled_from(["0.3", "1"]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1_000, 400_000)), max_size=5),
)
def test_no_cap_is_ever_exceeded(rule: str, cap: int, share: str, payments: list[tuple[int, int]]) -> None:
    life = lived(rule, cap=cap, share=share)
    day = OPENED
    for days, amount in payments:
        day += timedelta(days)
        life.pay(amount, day)
        assert sum(row.subsidy for row in life.loan.instalments) <= cap
