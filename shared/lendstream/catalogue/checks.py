"""What a product's fields cannot say for themselves: that every loan on offer can be made, and what it may cost."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ..amortization import TermsError, disclose, generate
from .faults import Fault
from .fields import CustomerHistory, Segment
from .product import Product

HIGHEST_APR = Decimal("0.24")
"""The all-in annual cost that no loan may exceed: the bound of court protection for loan interest in China."""
_OPENED = date(2026, 1, 15)


def faults(product: Product) -> list[Fault]:
    """Every tenor at the smallest and the largest amount for every customer: what is wrong, once each."""
    return list(dict.fromkeys(_faults(product)))


def _faults(product: Product) -> Iterator[Fault]:
    income = product.income.floor if product.income else None
    for principal in (product.amount.min, product.amount.max):
        for instalments in product.tenors:
            for history in CustomerHistory:
                for segment in Segment:
                    rate = product.rate(history, segment)
                    try:
                        terms = product.terms(principal, instalments, rate, _OPENED, income=income)
                        cost = disclose(generate(terms, lambda _: True))
                    except TermsError as error:
                        message = f"{error.message} (a loan of {principal} over {instalments} instalments)"
                        yield Fault(error.field, message, "change the field, the tenors or the amounts")
                        continue
                    if cost.apr > HIGHEST_APR:
                        message = (
                            f"with all fees a loan of {principal} over {instalments} instalments costs "
                            f"{cost.apr * 100:.2f} % a year"
                        )
                        remedy = f"lower rate or fees to {HIGHEST_APR * 100:.0f} % at most"
                        yield Fault(f"annual_rate.{history}.{segment}", message, remedy)
