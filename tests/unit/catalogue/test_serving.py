"""The fields of a product file that say how its loans are served."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lendstream.amortization import ContingentCost
from lendstream.catalogue import AllocationBy, InAdvance, InterestOn, PayoffInterest, Product, load

PLAIN: dict[str, Any] = {
    "code": "trial",
    "version": 1,
    "name": {"zh": "试用", "en": "Trial"},
    "scenario": "cash",
    "currency": "CNY",
    "amount": {"min": 50_000, "max": 2_000_000, "step": 10_000},
    "tenors": [3, 6],
    "method": "equal_instalment",
    "annual_rate": {segment: {"prime": "0.18", "inclusive": "0.20"} for segment in ("new", "repeat")},
    "penalty_annual_rate": "0.24",
    "offer_valid_days": 7,
}


def made(**fields: Any) -> Product:
    """A plain product with other fields."""
    return Product.model_validate(PLAIN | fields)


def test_what_holds_when_a_file_says_nothing() -> None:
    plain = made()
    assert plain.in_advance is InAdvance.NEXT_INSTALMENT
    assert plain.allocation_by is AllocationBy.INSTALMENT
    assert plain.payoff_interest is PayoffInterest.ELAPSED_DAYS
    assert plain.interest_on is InterestOn.SCHEDULE
    assert plain.debit_days == (0, 1, 3, 7)
    assert (plain.small_balance, plain.charge_off_days) == (0, 180)
    assert plain.contingent_costs() == (
        ContingentCost("penalty", annual_rate=Decimal("0.24"), basis="overdue principal"),
    )


def test_every_cost_of_paying_late_or_early_is_told() -> None:
    dear = made(late_fee=500, late_fee_rate="0.01", prepayment_fee_rate="0.02", penalty_on_interest=True)
    assert dear.contingent_costs() == (
        ContingentCost("prepayment_fee", rate=Decimal("0.02"), basis="principal repaid early"),
        ContingentCost("late_fee", 500, rate=Decimal("0.01"), basis="overdue principal and interest"),
        ContingentCost("penalty", annual_rate=Decimal("0.24"), basis="overdue principal and interest"),
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"debit_days": [3, 1]}, "rising order"),
        ({"debit_days": [1, 1]}, "rising order"),
        ({"debit_days": [31]}, "less than or equal to 30"),
        ({"in_advance_allocation": ["fee"]}, "each once"),
        ({"in_advance": "nowhere"}, "next_instalment"),
        ({"interest_on": "outstanding", "method": "flat"}, "contradicts method flat"),
        ({"in_advance": "lower_instalment", "method": "single_payment"}, "has no place in method single_payment"),
        ({"small_balance": 50_000}, "below the smallest loan"),
        ({"prepayment_fee_rate": "1"}, "less than 1"),
        ({"charge_off_days": 0}, "greater than or equal to 1"),
        ({"tranches_max": 2, "method": "flat"}, "has no place in method flat"),
        ({"tranches_max": 2, "revolving": True}, "cannot be combined"),
        ({"tranches_max": 2, "down_payment": "0.2"}, "cannot be combined"),
        ({"merchants": ["City Cinema"]}, "match pattern"),
        ({"tenors": [6, 3]}, "rising order"),
        ({"amount": {"min": 50_000, "max": 55_000, "step": 10_000}}, "multiples of the step"),
    ],
)
def test_rules_that_contradict_are_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        made(**fields)


def test_the_credit_line_bears_interest_on_what_is_out() -> None:
    line = load().product("credit-line")
    assert line.interest_on is InterestOn.OUTSTANDING
    assert line.in_advance is InAdvance.LOWER_INSTALMENT
