"""Why a decision went the way it did: stable codes, and their texts as data."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lendstream.events.intake import StatusReason

MOST = 4
"""A decision names at most so many reasons."""


class Code(StrEnum):
    """The codes. A code keeps its meaning for ever; texts may be reworded."""

    PRODUCT_NOT_OFFERED = "PRODUCT_NOT_OFFERED"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"
    TENOR_NOT_OFFERED = "TENOR_NOT_OFFERED"
    PARTNER_NOT_ALLOWED = "PARTNER_NOT_ALLOWED"
    NEW_CUSTOMERS_ONLY = "NEW_CUSTOMERS_ONLY"
    REPEAT_CUSTOMERS_ONLY = "REPEAT_CUSTOMERS_ONLY"
    OPTIONS_NOT_OFFERED = "OPTIONS_NOT_OFFERED"
    BANKRUPTCY = "BANKRUPTCY"
    PAST_DUE_WITH_US = "PAST_DUE_WITH_US"
    ACCOUNTS_PAST_DUE = "ACCOUNTS_PAST_DUE"
    AGE_BELOW_MINIMUM = "AGE_BELOW_MINIMUM"
    AGE_ABOVE_MAXIMUM = "AGE_ABOVE_MAXIMUM"
    EMPLOYMENT = "EMPLOYMENT"
    EMPLOYMENT_TOO_SHORT = "EMPLOYMENT_TOO_SHORT"
    INCOME_BELOW_MINIMUM = "INCOME_BELOW_MINIMUM"
    DELINQUENCIES = "DELINQUENCIES"
    TOO_MANY_LOANS = "TOO_MANY_LOANS"
    AFFORDABILITY = "AFFORDABILITY"
    EXPOSURE_LIMIT = "EXPOSURE_LIMIT"
    TOO_MANY_INQUIRIES = "TOO_MANY_INQUIRIES"
    REDUCED_TO_INCOME = "REDUCED_TO_INCOME"
    REDUCED_TO_LIMIT = "REDUCED_TO_LIMIT"
    REPAID_BEFORE = "REPAID_BEFORE"
    GOOD_RECORD = "GOOD_RECORD"
    SHORT_RECORD = "SHORT_RECORD"
    FITS_INCOME = "FITS_INCOME"


class ReasonText(BaseModel):
    """One reason as the customer reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code = Field(description="the stable code")
    zh: Annotated[str, Field(min_length=1, max_length=200, description="the reason in Chinese")]
    en: Annotated[str, Field(min_length=1, max_length=200, description="the reason in English")]


class Reasons(BaseModel):
    """All reasons; their order is their weight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reasons: tuple[ReasonText, ...] = Field(description="every code once, the weightiest first")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        codes = [each.code for each in self.reasons]
        if missing := [code.value for code in Code if code not in codes]:
            raise ValueError(f"add a text for {', '.join(missing)}")
        if len(codes) > len(set(codes)):
            raise ValueError("keep one text of each code")
        return self

    def weightiest(self, codes: Iterable[Code]) -> tuple[StatusReason, ...]:
        """At most four of them, the weightiest first, with their texts."""
        wanted = set(codes)
        found = [each for each in self.reasons if each.code in wanted]
        return tuple(StatusReason(code=each.code.value, zh=each.zh, en=each.en) for each in found[:MOST])
