"""The product catalogue: loan products as YAML data, versioned and checked when loaded.

product = load().product("cash-small")
schedule = product.schedule_for(500_000, 6, Decimal("0.18"), today, options, declared_income)
"""

from .checks import HIGHEST_APR
from .choices import option_faults
from .coupon import Coupon, Coupons, coupon_schema, load_coupons, read_coupon
from .faults import CatalogueError, Fault
from .fields import AnnualRate, Benefit, CustomerHistory, Due, Recipient, Segment
from .loader import PRODUCTS, Catalogue, UnknownProductError, load, read, schema
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
    "Coupon",
    "Coupons",
    "CustomerHistory",
    "Due",
    "Fault",
    "InAdvance",
    "InterestOn",
    "PayoffInterest",
    "Product",
    "Recipient",
    "Segment",
    "UnknownProductError",
    "coupon_schema",
    "load",
    "load_coupons",
    "option_faults",
    "read",
    "read_coupon",
    "schema",
]
