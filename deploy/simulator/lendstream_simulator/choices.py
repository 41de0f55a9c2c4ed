"""What a customer chooses beside amount and tenor, as far as the product allows it. Pure.

Whatever the engine would refuse is left out: an application is turned down for the customer's sake, not for a due day.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from lendstream import catalogue
from lendstream.amortization import TermsError, Tranche, Unit, generate
from lendstream.catalogue import Product, Recipient
from lendstream.events.intake import LoanOptions, PlannedTranche

DUE_DAYS = (5, 10, 15, 20, 25)
_CHOOSES_DUE_DAY, _USES_COUPON = 0.25, 0.3
_BETWEEN_TRANCHES = timedelta(days=25)
_SOME_RATE = Decimal("0.06")


def options(
    rng: Random, product: Product, amount: int, instalments: int, income: int, today: date, reference: str
) -> LoanOptions | None:
    """The customer's choice; None for none. `income` is a month's, in minor units."""
    chosen = LoanOptions(
        due_day=rng.choice(DUE_DAYS) if rng.random() < _CHOOSES_DUE_DAY and _by_months(product) else None,
        income=income if product.income else None,
        tranches=_tranches(rng, product, amount, today) if product.tranches_max > 1 else (),
        coupon=_coupon(rng, product, today),
        order_reference=f"ORDER-{reference}" if product.payout_to is Recipient.MERCHANT else None,
    )
    for simpler in ({}, {"due_day": None}, {"due_day": None, "tranches": ()}):
        tried = chosen.model_copy(update=simpler)
        if _possible(product, amount, instalments, today, tried):
            return None if tried == LoanOptions() else tried
    return None


def _by_months(product: Product) -> bool:
    return product.timing.every.unit is Unit.MONTHS


def _tranches(rng: Random, product: Product, amount: int, today: date) -> tuple[PlannedTranche, ...]:
    """A quarter of the amount each, some weeks apart; the first payout is the rest."""
    step = product.amount.step
    part = amount // 4 // step * step
    count = rng.randrange(1, product.tranches_max) if part else 0
    return tuple(PlannedTranche(on=today + _BETWEEN_TRANCHES * (each + 1), amount=part) for each in range(count))


def _coupon(rng: Random, product: Product, today: date) -> str | None:
    if rng.random() >= _USES_COUPON:
        return None
    return next((each for each in coupons() if _holds(product, today, each)), None)


def coupons() -> Iterator[str]:
    """The codes of the catalogue's coupons, in order."""
    yield from sorted(_known_coupons())


def _holds(product: Product, today: date, code: str) -> bool:
    coupon = _known_coupons()[code]
    return product.code in coupon.products and coupon.valid_from <= today <= coupon.valid_until


def _known_coupons() -> dict[str, Any]:
    """Empty while the catalogue has none."""
    load = getattr(catalogue, "load_coupons", None)
    return dict(load()) if load else {}


def _possible(product: Product, amount: int, instalments: int, today: date, chosen: LoanOptions) -> bool:
    tranches = tuple(Tranche(each.on, each.amount) for each in chosen.tranches)
    try:
        terms = product.terms(
            amount, instalments, _SOME_RATE, today, due_day=chosen.due_day, income=chosen.income, tranches=tranches
        )
        generate(terms, lambda _: True)
    except TermsError:
        return False
    return True
