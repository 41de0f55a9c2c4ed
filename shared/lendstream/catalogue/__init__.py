"""The product catalogue: loan products as YAML data, versioned and checked when loaded.

product = load().product("cash-small")
terms = product.terms(principal=500_000, instalments=6, annual_rate=Decimal("0.18"), disbursed_on=today)
"""

from .loader import PRODUCTS, Catalogue, CatalogueError, UnknownProductError, load, read, schema
from .models import AnnualRate, CustomerHistory, Due, Product, Segment

__all__ = [
    "PRODUCTS",
    "AnnualRate",
    "Catalogue",
    "CatalogueError",
    "CustomerHistory",
    "Due",
    "Product",
    "Segment",
    "UnknownProductError",
    "load",
    "read",
    "schema",
]
