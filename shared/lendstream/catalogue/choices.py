"""What can be wrong with a customer's choice of options for a product: each fault with its field and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from ..amortization import Unit
from ..amortization.rounding import rounded
from ..errors import FieldError
from ..events.intake import LoanOptions
from .coupon import Coupons
from .fields import Recipient

if TYPE_CHECKING:
    from .product import Product

_A_YEAR = {Unit.MONTHS: 12, Unit.WEEKS: 52, Unit.DAYS: 365}


def option_faults(
    product: Product,
    principal: int,
    options: LoanOptions,
    declared_income: int | None,
    disbursed_on: date,
    asked_on: date | None,
    coupons: Coupons,
) -> Iterator[FieldError]:
    """Everything that is wrong with the options, seen apart from the schedule that they lead to.

    Fields are those of LoanOptions. asked_on: the business day on which a coupon must be valid; None: not looked at.
    """
    if options.due_day is not None and product.timing.every.unit is not Unit.MONTHS:
        message = f"{product.code} is not repaid by months, so it has no day of the month."
        yield FieldError("due_day", "option_not_offered", message, "Leave due_day out.")
    yield from _of_income(product, options, declared_income)
    yield from _of_tranches(product, principal, options, disbursed_on)
    if options.coupon is not None:
        yield from _of_coupon(product, options.coupon, asked_on, coupons)
    if product.payout_to is Recipient.MERCHANT and options.order_reference is None:
        message = f"{product.code} is paid to the merchant, who must know what for."
        yield FieldError("order_reference", "order_missing", message, "Send the merchant's number of the order.")


def income_of(product: Product, options: LoanOptions, declared: int | None) -> int | None:
    """The income of a period that an income-based product follows, minor units; None for the other products.

    declared: the income of a month, for where the options name none.
    """
    if product.income is None or options.income is not None or declared is None:
        return options.income
    every = product.timing.every
    return rounded(Fraction(declared * 12 * every.count, _A_YEAR[every.unit]))


def _of_income(product: Product, options: LoanOptions, declared: int | None) -> Iterator[FieldError]:
    if product.income is None:
        if options.income is not None:
            message = f"{product.code} does not follow the income."
            yield FieldError("income", "option_not_offered", message, "Leave income out.")
    elif income_of(product, options, declared) is None:
        message = f"{product.code} follows the income, and none is declared."
        yield FieldError("income", "income_missing", message, "Send the income of a period, in minor units.")


def _of_tranches(product: Product, principal: int, options: LoanOptions, disbursed_on: date) -> Iterator[FieldError]:
    tranches = options.tranches
    if not tranches:
        return
    if len(tranches) >= product.tranches_max:
        most = product.tranches_max - 1
        message = f"{product.code} is paid out {product.tranches_max} times at most, the first payout included."
        fix = f"Send at most {most} tranches." if most else "Leave tranches out."
        yield FieldError("tranches", "too_many_tranches", message, fix)
    if any(earlier.on >= later.on for earlier, later in pairwise(tranches)):
        message = "The tranches do not follow each other."
        yield FieldError("tranches", "tranches_out_of_order", message, "Send them in order of date, one a day.")
    for number, tranche in enumerate(tranches):
        if tranche.on <= disbursed_on:
            message = f"{tranche.on} is not after the first payout on {disbursed_on}."
            fix = "Send a later day, or leave this part to the first payout."
            yield FieldError(f"tranches.{number}.on", "tranche_too_early", message, fix)
    total = sum(tranche.amount for tranche in tranches)
    if total >= principal:
        message = f"The tranches come to {total} of {principal} and leave nothing to the first payout."
        yield FieldError("tranches", "tranches_too_large", message, "Send smaller tranches, or a larger amount.")


def _of_coupon(product: Product, code: str, asked_on: date | None, coupons: Coupons) -> Iterator[FieldError]:
    coupon = coupons.get(code)
    if coupon is None:
        yield FieldError("coupon", "unknown_coupon", f"There is no coupon {code}.", "Correct the code or leave it out.")
        return
    if product.code not in coupon.products:
        message = f"Coupon {code} is for {', '.join(coupon.products)}, not for {product.code}."
        yield FieldError("coupon", "coupon_not_for_product", message, "Leave coupon out.")
    if asked_on is not None and not coupon.valid_from <= asked_on <= coupon.valid_until:
        message = f"Coupon {code} is valid from {coupon.valid_from} to {coupon.valid_until}; it is {asked_on}."
        yield FieldError("coupon", "coupon_not_valid", message, "Leave coupon out.")
