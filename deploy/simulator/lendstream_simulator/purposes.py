"""Which products a purpose asks for: the reasons of the real loans, as scenarios of the catalogue. Pure."""

from collections.abc import Iterator

from lendstream.catalogue import Catalogue, CustomerHistory, Product

FALLBACK = "consumer-general"
"""Lends for anything, and what no other product lends."""

_CASH = ("cash-small", "first-loan", "repeat-loan", "payday-bullet", "income-based", FALLBACK)
PRODUCTS_BY_PURPOSE: dict[str, tuple[str, ...]] = {
    "major_purchase": ("phone-instalment", "phone-interest-free", "home-appliances", "scenario-card"),
    "home_improvement": ("home-renovation", "home-appliances", "green-appliances"),
    "house": ("home-renovation", "rent", "home-appliances"),
    "renewable_energy": ("green-appliances", "home-appliances"),
    "other": ("phone-instalment", "education", "education-study", "aesthetic-medicine", "farmer-seasonal"),
    "small_business": ("micro-business", "farmer-seasonal", "education"),
    "medical": ("medical", "aesthetic-medicine", "cash-small"),
    "moving": ("rent", "cash-small"),
    "vacation": ("travel", "cash-small"),
    "car": ("car-service", "car-balloon", "cash-small"),
    "credit_card": (*_CASH, "credit-line", "phone-instalment", "phone-interest-free"),
    "debt_consolidation": _CASH,
}
"""What a purpose asks for while it is on sale and the amount fits; anything else is a general consumer loan."""


def candidates(
    purpose: str, amount: int, catalogue: Catalogue, *, partner: str, returning: bool
) -> tuple[Product, ...]:
    """The products on sale that lend so much for that purpose, through that partner, to such a customer."""
    wanted = PRODUCTS_BY_PURPOSE.get(purpose, ())
    return tuple(_on_sale(catalogue, wanted, amount, partner, CustomerHistory.REPEAT if returning else None))


def _on_sale(
    catalogue: Catalogue, wanted: tuple[str, ...], amount: int, partner: str, history: CustomerHistory | None
) -> Iterator[Product]:
    for product in catalogue:
        suits = product.amount.min <= amount <= product.amount.max
        bound = bool(product.merchants) and partner not in product.merchants
        # Whether somebody who applies again ever had a loan, only the lender knows: it may say no.
        if product.code in wanted and suits and not bound and (history or CustomerHistory.NEW) in product.customers:
            yield product
