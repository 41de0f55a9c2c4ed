"""Where money beyond what is due goes, what a late payment settles first, what a charge-off gives up."""

from datetime import date, timedelta
from typing import Any

import pytest

from lendstream.events.loan import LoanChargedOff
from support.lives import Life, product

OPENED = date(2026, 1, 15)


def lived(**rules: Any) -> Life:
    """12,000 yuan over a year at 12 %."""
    return Life.of(product(method="equal_instalment", **rules), 1_200_000, 12, "0.12", OPENED)


def test_money_in_advance_is_spread_over_every_instalment() -> None:
    life = lived(in_advance="every_instalment", timing={"multiple": 100})
    life.pay(120_050, OPENED + timedelta(5))
    paid = [row.interest_paid + row.principal_paid for row in life.loan.instalments]
    assert paid == [10_000] * 11 + [10_050]


def test_what_is_beyond_the_running_instalment_lowers_those_after_it() -> None:
    life = lived(in_advance="next_then_lower")
    before = life.loan.instalments
    life.pay(before[0].outstanding + 100_000, OPENED + timedelta(5))
    after = life.loan.instalments
    assert after[0].outstanding == 0
    assert after[0].principal == before[0].principal + 100_000
    assert len(after) == 12
    assert all(new.outstanding < old.outstanding for new, old in zip(after[1:], before[1:], strict=True))


def test_on_its_due_date_an_instalment_is_still_the_running_one() -> None:
    life = lived(in_advance="next_then_lower")
    first = life.loan.instalments[0]
    life.pay(first.outstanding + 100_000, first.due_date)
    assert life.loan.instalments[0].principal == first.principal + 100_000
    assert life.loan.instalments[1].principal_paid == 0


def test_more_than_everything_leaves_a_credit() -> None:
    life = lived(in_advance="next_then_lower")
    life.pay(1_300_000, OPENED)
    assert life.loan.credit == 100_000


@pytest.mark.parametrize(("late", "first"), [(90, "interest"), (91, "principal")])
def test_long_arrears_are_paid_principal_first(late: int, first: str) -> None:
    life = lived(late_allocation=["principal", "interest", "fee", "penalty"])
    life.pay(5_000, life.loan.instalments[0].due_date + timedelta(late))
    (part,) = life.loan.entries[0].parts
    assert getattr(part, first) == 5_000


@pytest.mark.parametrize("on_interest", [True, False])
def test_the_late_fee_is_a_share_of_what_is_overdue(on_interest: bool) -> None:
    life = lived(late_fee_rate="0.10", late_fee_on_interest=on_interest)
    first = life.loan.instalments[0]
    life.until(first.due_date + timedelta(1))
    base = first.principal + (first.interest if on_interest else 0)
    assert life.loan.instalments[0].late_fee == (base + 5) // 10


@pytest.mark.parametrize("accelerates", [True, False])
def test_what_is_given_up_of_the_interest(accelerates: bool) -> None:
    life = lived(charge_off_accelerates=accelerates)
    whole = sum(row.interest for row in life.loan.instalments)
    life.charge_off(OPENED + timedelta(10))
    (told,) = (each for each in life.told if isinstance(each, LoanChargedOff))
    assert told.principal == 1_200_000
    assert told.interest == (round(12_000 * 10 / 31) if accelerates else whole)
    assert len(life.loan.instalments) == (1 if accelerates else 12)


@pytest.mark.parametrize("paid", [0, 1, 2])
def test_interest_deferred_by_the_grace_is_not_lost_by_another_course(paid: int) -> None:
    life = lived(in_advance="lower_instalment", grace={"interest": 2})
    deferred = life.loan.instalments[2].interest
    for row in life.loan.instalments[:paid]:
        life.pay(row.outstanding, row.due_date)
    start = life.loan.instalments[paid - 1].due_date if paid else OPENED
    life.pay(1_000, start + timedelta(10))
    life.pay(1_000, start + timedelta(15))
    assert abs(life.loan.instalments[2].interest - deferred) < 200
