"""Terms that no schedule can be made from name the field and what it must be."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lendstream.amortization import (
    BIWEEKLY,
    Broken,
    Conventions,
    Fee,
    Frequency,
    Income,
    Method,
    Options,
    RateChange,
    Subsidy,
    Terms,
    TermsError,
    Tranche,
    When,
    generate,
)
from lendstream.amortization.parts import Basis

OPENED = date(2026, 1, 15)
GOOD: dict[str, Any] = {
    "principal": 120_000,
    "annual_rate": Decimal("0.12"),
    "instalments": 4,
    "method": Method.EQUAL_INSTALMENT,
    "disbursed_on": OPENED,
}
SOON, LATER, LAST = date(2026, 2, 1), date(2026, 3, 1), date(2026, 5, 15)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("principal", {"principal": 0}),
        ("principal", {"principal": -5}),
        ("principal", {"principal": 3}),
        ("instalments", {"instalments": 0}),
        ("instalments", {"instalments": 601}),
        ("annual_rate", {"annual_rate": Decimal("-0.01")}),
        ("annual_rate", {"annual_rate": Decimal("10.01")}),
        ("balloon", {"method": Method.BALLOON}),
        ("balloon", {"method": Method.BALLOON, "options": Options(balloon=120_000)}),
        ("balloon", {"options": Options(balloon=10)}),
        ("amortised_over", {"method": Method.BALLOON, "options": Options(amortised_over=3)}),
        ("steps", {"method": Method.STEPS}),
        ("steps", {"method": Method.STEPS, "options": Options(steps=(1, 2))}),
        ("payment", {"method": Method.FIXED_PAYMENT}),
        ("payment", {"method": Method.FIXED_PAYMENT, "options": Options(payment=900)}),
        ("income", {"method": Method.INCOME_BASED}),
        ("first_due", {"options": Options(first_due=OPENED)}),
        ("due_day", {"conventions": Conventions(frequency=BIWEEKLY), "options": Options(due_day=3)}),
        ("due_dates", {"options": Options(due_dates=(SOON,))}),
        ("due_dates", {"instalments": 1, "options": Options(due_dates=(date(2026, 1, 14),))}),
        ("principal_grace", {"options": Options(principal_grace=4)}),
        ("interest_grace", {"options": Options(interest_grace=4)}),
        ("interest_free", {"options": Options(interest_free=5)}),
        ("principal_grace", {"method": Method.SINGLE_PAYMENT, "options": Options(principal_grace=1)}),
        ("tranches", {"options": Options(tranches=(Tranche(SOON, 120_000),))}),
        ("tranches", {"options": Options(tranches=(Tranche(date(2026, 1, 1), 10_000),))}),
        ("tranches", {"options": Options(tranches=(Tranche(LAST, 10_000),))}),
        ("tranches", {"method": Method.FLAT, "options": Options(tranches=(Tranche(SOON, 10_000),))}),
        ("rate_changes", {"options": Options(rate_changes=(RateChange(LAST, Decimal("0.1")),))}),
        (
            "tranches",
            {
                "method": Method.FIXED_PAYMENT,
                "options": Options(payment=100_000, tranches=(Tranche(date(2026, 4, 20), 30_000),)),
            },
        ),
        (
            "broken",
            {
                "conventions": Conventions(broken=Broken.UPFRONT),
                "options": Options(first_due=LATER, tranches=(Tranche(SOON, 10_000),)),
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_impossible_terms(field: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(TermsError) as refused:
        generate(Terms(**GOOD | wrong))
    assert refused.value.field == field
    assert refused.value.message
    assert str(refused.value) == f"{field}: {refused.value.message}"


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("frequency", lambda: Frequency(0)),
        ("multiple", lambda: Conventions(multiple=0)),
        ("smooth", lambda: Conventions(smooth=True, multiple=100)),
        ("shortest_first_period", lambda: Conventions(shortest_first_period=-1)),
        ("due_day", lambda: Options(due_day=32)),
        ("due_dates", lambda: Options(due_dates=(SOON, LATER), due_day=1)),
        ("due_dates", lambda: Options(due_dates=(LATER, SOON))),
        ("steps", lambda: Options(steps=(0, 0))),
        ("steps", lambda: Options(steps=(1, -1))),
        ("interest_free", lambda: Options(interest_free=-1)),
        ("payment", lambda: Options(payment=-1)),
        ("down_payment", lambda: Options(down_payment=Decimal(1))),
        ("down_payment", lambda: Options(down_payment=Decimal("0.1"), tranches=(Tranche(SOON, 5),))),
        ("tranches", lambda: Tranche(SOON, 0)),
        ("tranches", lambda: Options(tranches=(Tranche(LATER, 5), Tranche(SOON, 5)))),
        ("rate_changes", lambda: RateChange(SOON, Decimal(11))),
        ("rate_changes", lambda: Options(rate_changes=(RateChange(SOON, Decimal(0)), RateChange(SOON, Decimal(0))))),
        ("fees", lambda: Fee("service", When.INSTALMENT, amount=-1)),
        ("fees", lambda: Fee("service", When.INSTALMENT, rate=Decimal(1))),
        ("fees", lambda: Fee("service", When.OPENING, rate=Decimal("0.1"), basis=Basis.INSTALMENT)),
        ("subsidies", lambda: Subsidy("merchant", share=Decimal(0))),
        ("subsidies", lambda: Subsidy("merchant", first=3, last=2)),
        ("subsidies", lambda: Subsidy("merchant", cap=-1)),
        ("income", lambda: Income(-1, Decimal("0.1"), 1, 2)),
        ("income", lambda: Income(100, Decimal(0), 1, 2)),
        ("income", lambda: Income(100, Decimal("0.1"), 3, 2)),
    ],
)
def test_impossible_parts(field: str, make: Any) -> None:
    with pytest.raises(TermsError) as refused:
        make()
    assert refused.value.field == field
