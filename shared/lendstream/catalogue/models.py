"""A loan product as data. The field descriptions below are the manual of a product file."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..amortization import Conventions, Fee, Method, Options, Rounding, Terms, TermsError, When
from ..amortization.rounding import rounded


class CustomerHistory(StrEnum):
    """NEW: no loan before. REPEAT: had one with us."""

    NEW = "new"
    REPEAT = "repeat"


class Segment(StrEnum):
    """PRIME: the better score. INCLUSIVE: thin file or lower score, 普惠."""

    PRIME = "prime"
    INCLUSIVE = "inclusive"


class Due(StrEnum):
    """What a payment can be allocated to."""

    FEE = "fee"
    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


def _written_as_text(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write the rate in quotes ("0.18" is 18 % a year), so that it stays exact')
    return value


def _each_once(order: tuple[Due, ...]) -> tuple[Due, ...]:
    if sorted(order) != sorted(Due):
        raise ValueError("list fee, penalty, interest and principal, each once, in the order they are paid")
    return order


Rate = Annotated[Decimal, BeforeValidator(_written_as_text), Field(ge=0, le=1)]
MinorUnits = Annotated[int, Field(ge=0, strict=True)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(_Data):
    """What customers read."""

    zh: str = Field(min_length=1, description="Chinese name")
    en: str = Field(min_length=1, description="English name")


class Amount(_Data):
    """Limits of the principal, minor units (fen)."""

    min: MinorUnits = Field(description="smallest loan", examples=[50000])
    max: MinorUnits = Field(description="largest loan", examples=[2000000])
    step: MinorUnits = Field(gt=0, description="amounts are offered in multiples of this", examples=[10000])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.step <= self.min <= self.max:
            raise ValueError(f"must hold step <= min <= max, not {self.step}, {self.min}, {self.max}")
        return self

    def offerable(self, amount: int) -> int | None:
        """The largest amount on offer that is not above `amount`; None below the minimum."""
        capped = min(amount, self.max)
        down = capped - capped % self.step
        return down if down >= self.min else None


class RateBySegment(_Data):
    """Nominal annual rates of a group of customers."""

    prime: Rate = Field(description="decimal string, 0.18 is 18 % a year", examples=["0.1440"])
    inclusive: Rate = Field(description="decimal string, 0.18 is 18 % a year", examples=["0.1980"])


class AnnualRate(_Data):
    """Nominal annual rates by customer history and segment."""

    new: RateBySegment = Field(description="customers without an earlier loan")
    repeat: RateBySegment = Field(description="customers with an earlier loan (续贷)")


class Product(_Data):
    """One version of one product; a loan keeps the version it was opened with."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]{2,39}$", description="stable identifier", examples=["cash-small"])
    version: int = Field(ge=1, strict=True, description="raised with every change; old files stay for old loans")
    name: Name = Field(description="what customers read")
    scenario: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="what the money is for", examples=["education"])
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217", examples=["CNY"])
    amount: Amount = Field(description="limits of the principal")
    tenors: tuple[Annotated[int, Field(ge=1, strict=True)], ...] = Field(
        min_length=1, description="instalment counts on offer", examples=[[3, 6, 12]]
    )
    method: Method = Field(description="how the principal is repaid")
    annual_rate: AnnualRate = Field(description="price")
    upfront_fee_rate: Rate = Field(default=Decimal(0), description="share of the principal, charged at opening")
    instalment_fee: MinorUnits = Field(default=0, description="charged with every instalment, minor units")
    late_fee: MinorUnits = Field(default=0, description="charged once for an overdue instalment, minor units")
    penalty_annual_rate: Rate = Field(description="on overdue principal, a year, by the day (罚息)")
    grace_days: Annotated[int, Field(ge=0, le=31, strict=True)] = Field(
        default=0, description="days after the due date before late fee and penalty are charged"
    )
    allocation: Annotated[tuple[Due, ...], AfterValidator(_each_once)] = Field(
        default=(Due.FEE, Due.PENALTY, Due.INTEREST, Due.PRINCIPAL), description="what a payment settles first"
    )
    rounding: Rounding = Field(default=Rounding.HALF_UP, description="what happens to half a minor unit")
    offer_valid_days: Annotated[int, Field(ge=1, le=90, strict=True)] = Field(
        description="days until an offer that is not accepted expires", examples=[7]
    )

    def rate(self, history: CustomerHistory, segment: Segment) -> Decimal:
        """The nominal annual rate for such a customer."""
        rates = self.annual_rate.new if history == CustomerHistory.NEW else self.annual_rate.repeat
        return rates.prime if segment == Segment.PRIME else rates.inclusive

    def upfront_fee(self, principal: int) -> int:
        """The fee charged at opening a loan of so many minor units."""
        return rounded(Fraction(self.upfront_fee_rate) * principal, self.rounding)

    def terms(self, principal: int, instalments: int, annual_rate: Decimal, disbursed_on: date) -> Terms:
        """The terms of one loan of this product.

        Raises TermsError if the amount is outside the product's limits or the tenor is not on offer.
        """
        if not self.amount.min <= principal <= self.amount.max:
            raise TermsError("principal", f"{self.code} lends {self.amount.min} to {self.amount.max}, not {principal}")
        if instalments not in self.tenors:
            offered = ", ".join(map(str, self.tenors))
            raise TermsError("instalments", f"{self.code} offers {offered}, not {instalments}")
        return Terms(
            principal=principal,
            annual_rate=annual_rate,
            instalments=instalments,
            method=self.method,
            disbursed_on=disbursed_on,
            conventions=Conventions(rounding=self.rounding),
            options=Options(product=f"{self.code}@{self.version}", fees=self._fees()),
        )

    def _fees(self) -> tuple[Fee, ...]:
        fees = []
        if self.upfront_fee_rate:
            fees.append(Fee("upfront", When.OPENING, rate=self.upfront_fee_rate))
        if self.instalment_fee:
            fees.append(Fee("service", When.INSTALMENT, amount=self.instalment_fee))
        return tuple(fees)
