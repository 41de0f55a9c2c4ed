"""The credit policy as data. The descriptions below are the manual of a policy file."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lendstream.events.decision import Segment
from lendstream.events.intake import EmploymentStatus


def _written_as_text(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write the number in quotes ("0.50"), so that it stays exact')
    return value


Share = Annotated[Decimal, BeforeValidator(_written_as_text), Field(ge=0, le=1)]
Multiple = Annotated[Decimal, BeforeValidator(_written_as_text), Field(ge=0, le=1000)]
Count = Annotated[int, Field(ge=0, strict=True)]
AtLeastOne = Annotated[int, Field(ge=1, strict=True)]
MinorUnits = Annotated[int, Field(ge=0, strict=True)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(StrEnum):
    """What the scorecard may look at."""

    HISTORY_MONTHS = "history_months"
    OPEN_ACCOUNTS = "open_accounts"
    DELINQUENCIES_24M = "delinquencies_24m"
    INQUIRIES_12M = "inquiries_12m"
    CREDIT_USAGE_PERCENT = "credit_usage_percent"
    EMPLOYMENT_MONTHS = "employment_months"
    LOANS_REPAID = "loans_repaid"


class AgeRange(_Data):
    """Whom we lend to, in whole years."""

    min: Count = Field(description="youngest age at the application", examples=[18])
    max: Count = Field(description="oldest age at the last instalment", examples=[65])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min must be below max, not {self.min} and {self.max}")
        return self


class Eligibility(_Data):
    """What rules an application out, however small the amount."""

    age: AgeRange = Field(description="ages we lend to")
    employment: tuple[EmploymentStatus, ...] = Field(min_length=1, description="ways of earning a living we lend on")
    employment_months_min: Count = Field(description="shortest time in the present occupation; not asked of retired")
    monthly_income_min: MinorUnits = Field(description="smallest net income a month, minor units")
    bankruptcies_max: Count = Field(description="bankruptcies on record we accept")
    accounts_past_due_max: Count = Field(description="accounts past due elsewhere we accept")
    delinquencies_24m_max: Count = Field(description="times 30 or more days late in 24 months we accept")
    inquiries_12m_max: Count = Field(description="credit inquiries in 12 months we accept")
    days_past_due_max: Count = Field(description="days past due with us, on any open loan, we accept")
    open_loans_max: AtLeastOne = Field(description="loans with us, this one included")


class Scorecard(_Data):
    """Points for facts; from `prime_from` points on a customer is prime, else inclusive (普惠)."""

    prime_from: int = Field(strict=True, description="points that make a customer prime")
    repeat_from: AtLeastOne = Field(description="loans repaid that make a customer a repeat customer")
    points: Mapping[Fact, Mapping[int, int]] = Field(
        min_length=1,
        description="for each fact a table from value to points: the row with the largest value not above it counts",
        examples=[{"history_months": {0: 0, 24: 10, 84: 25}}],
    )

    @model_validator(mode="after")
    def _from_zero(self) -> Self:
        for fact, table in self.points.items():
            if min(table, default=1) != 0 or list(table) != sorted(table):
                raise ValueError(f"points.{fact}: start the table at 0 and keep it in ascending order")
        return self


class SegmentRules(_Data):
    """What a segment may owe and pay."""

    instalments_to_income: Share = Field(
        description="largest share of income for all repayments a month", examples=["0.50"]
    )
    income_multiple: Multiple = Field(description="most owed to us, in monthly incomes", examples=["8"])
    limit: MinorUnits = Field(description="most owed to us, minor units")


class Burden(StrEnum):
    """What of a loan must fit into a month's income."""

    LARGEST_INSTALMENT = "largest_instalment"
    """The largest instalment, brought to a month where it falls due more often."""
    AVERAGE = "average"
    """All that is to be repaid, spread over the months: where income is seasonal, or goods stand against the rest."""


class ProductRules(_Data):
    """A product under this policy. What it says of eligibility replaces what the policy says for all."""

    version: AtLeastOne = Field(description="the version of the product in the catalogue that is sold")
    limit: MinorUnits = Field(description="most owed to us in total by a customer who takes this product, minor units")
    burden: Burden = Field(default=Burden.LARGEST_INSTALMENT, description="what must fit into a month's income")
    employment: Annotated[tuple[EmploymentStatus, ...], Field(min_length=1)] | None = Field(
        default=None, description="ways of earning a living this product is lent on"
    )
    employment_months_min: Count | None = Field(default=None, description="shortest time in the present occupation")
    monthly_income_min: MinorUnits | None = Field(default=None, description="smallest net income a month, minor units")

    @property
    def own_eligibility(self) -> dict[str, object]:
        """What it says instead of the policy's rules for all."""
        own = {field: getattr(self, field) for field in ("employment", "employment_months_min", "monthly_income_min")}
        return {field: rule for field, rule in own.items() if rule is not None}


class Policy(_Data):
    """One version of the credit policy; a decision names the version that made it."""

    version: AtLeastOne = Field(description="raised with every change; a file in force is never changed")
    valid_from: date = Field(description="first business day on which it decides", examples=["2026-01-01"])
    eligibility: Eligibility = Field(description="what rules an application out")
    scorecard: Scorecard = Field(description="who is prime and who is inclusive")
    segments: Mapping[Segment, SegmentRules] = Field(description="what each of the four segments may owe and pay")
    counter_offer_min_share: Share = Field(
        description="smallest share of the amount applied for that is still worth offering", examples=["0.30"]
    )
    products: Mapping[str, ProductRules] = Field(min_length=1, description="the products on sale, by code")

    def eligibility_of(self, product: str) -> Eligibility:
        """What rules an application for the product out."""
        return self._eligibilities.get(product, self.eligibility)

    @cached_property
    def _eligibilities(self) -> Mapping[str, Eligibility]:
        """Of the products that say something of their own."""
        owns = {code: rules.own_eligibility for code, rules in self.products.items()}
        return {code: self.eligibility.model_copy(update=own) for code, own in owns.items() if own}

    @model_validator(mode="after")
    def _all_segments(self) -> Self:
        if missing := [segment.value for segment in Segment if segment not in self.segments]:
            raise ValueError(f"segments: add {', '.join(missing)}")
        return self
