"""Interest coupons as data: one file a coupon, `<CODE>.yaml`. The field descriptions are the manual of a file.

A coupon's file is never changed once it is out: loans made with it are computed from it for life.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from .faults import CatalogueError, Fault, faults_in, unreadable
from .fields import Name
from .repayment import SubsidyRule

COUPONS = Path(__file__).parent / "coupons"


class Coupon(SubsidyRule):
    """Interest that its payer bears for a customer who names the coupon's code."""

    code: str = Field(pattern=r"^[A-Z0-9-]{3,40}$", description="what the customer names", examples=["SPRING-50"])
    name: Name = Field(description="what customers read")
    products: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="the products it can be used for, by code", examples=[["cash-small"]]
    )
    valid_from: date = Field(description="first business day on which it can be named in an application")
    valid_until: date = Field(description="last such day; a loan applied for in time keeps it")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_until < self.valid_from:
            raise ValueError(f"valid_until {self.valid_until} is before valid_from {self.valid_from}")
        if self.last is not None and self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self


Coupons = Mapping[str, Coupon]
"""By code."""


@cache
def load_coupons(folder: Path = COUPONS) -> Coupons:
    """Every coupon of a folder, over or not, read and checked once a process. Raises CatalogueError."""
    found = [read_coupon(path) for path in sorted(folder.glob("*.yaml"))]
    return {coupon.code: coupon for coupon in found}


def read_coupon(path: Path) -> Coupon:
    """One coupon file. Raises CatalogueError with every fault found in it."""
    file = f"coupon {path.name}"
    try:
        coupon = Coupon.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(path.name, unreadable(error)) from error
    except ValidationError as error:
        raise CatalogueError(file, *faults_in(error)) from error
    if path.name != f"{coupon.code}.yaml":
        remedy = f"name the file {coupon.code}.yaml or correct the field"
        raise CatalogueError(file, Fault("code", f"the file is named {path.name}", remedy))
    return coupon


def coupon_schema() -> dict[str, Any]:
    """JSON Schema of a coupon file."""
    return Coupon.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
