"""The product catalogue: loan products as YAML data, versioned and checked when loaded.

product = load().product("cash-small")
terms = product.terms(principal=500_000, instalments=6, annual_rate=Decimal("0.18"), disbursed_on=today)
"""

from .checks import HIGHEST_APR
from .fields import AnnualRate, Benefit, CustomerHistory, Due, Recipient, Segment
from .loader import PRODUCTS, Catalogue, CatalogueError, UnknownProductError, load, read, schema
from .product import Product
from .servicing import AllocationBy, InAdvance, InterestOn, PayoffInterest

__all__ = [
    "HIGHEST_APR",
    "PRODUCTS",
    "AllocationBy",
    "AnnualRate",
    "Benefit",
    "Catalogue",
    "CatalogueError",
    "CustomerHistory",
    "Due",
    "InAdvance",
    "InterestOn",
    "PayoffInterest",
    "Product",
    "Recipient",
    "Segment",
    "UnknownProductError",
    "load",
    "read",
    "schema",
]
