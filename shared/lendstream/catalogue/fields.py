"""The types that product files are made of."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


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

    __hash__ = str.__hash__  # an enum's own is a function of Python, and every allocation looks up several

    FEE = "fee"
    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


class Recipient(StrEnum):
    """Who is paid out: MERCHANT is payment by order of the customer (受托支付)."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"


def _written_as_text(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write the rate in quotes ("0.18" is 18 % a year), so that it stays exact')
    return value


def each_once(order: tuple[Due, ...]) -> tuple[Due, ...]:
    """Validates an order of allocation."""
    if sorted(order) != sorted(Due):
        raise ValueError("list fee, penalty, interest and principal, each once, in the order they are paid")
    return order


Rate = Annotated[Decimal, BeforeValidator(_written_as_text), Field(ge=0, le=1)]
MinorUnits = Annotated[int, Field(ge=0, strict=True)]
Count = Annotated[int, Field(ge=0, le=600, strict=True)]


class Data(BaseModel):
    """A part of a product file: unknown fields are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(Data):
    """What customers read."""

    zh: str = Field(min_length=1, description="in Chinese")
    en: str = Field(min_length=1, description="in English")


class Benefit(Data):
    """What a customer gets besides the money: a discount, a free service, a coupon."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="stable identifier", examples=["free-delivery"])
    name: Name = Field(description="what customers read")


class Amount(Data):
    """Limits of the principal, minor units (fen)."""

    min: MinorUnits = Field(description="smallest loan", examples=[50000])
    max: MinorUnits = Field(description="largest loan", examples=[2000000])
    step: MinorUnits = Field(gt=0, description="amounts are offered in multiples of this", examples=[10000])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.step <= self.min <= self.max:
            raise ValueError(f"must hold step <= min <= max, not {self.step}, {self.min}, {self.max}")
        if self.min % self.step or self.max % self.step:
            raise ValueError(f"min and max must be multiples of the step {self.step}")
        return self

    def offerable(self, amount: int) -> int | None:
        """The largest amount on offer that is not above `amount`; None below the minimum."""
        capped = min(amount, self.max)
        down = capped - capped % self.step
        return down if down >= self.min else None


class RateBySegment(Data):
    """Nominal annual rates of a group of customers."""

    prime: Rate = Field(description="decimal string, 0.18 is 18 % a year", examples=["0.1440"])
    inclusive: Rate = Field(description="decimal string, 0.18 is 18 % a year", examples=["0.1980"])


class AnnualRate(Data):
    """Nominal annual rates by customer history and segment."""

    new: RateBySegment = Field(description="customers without an earlier loan")
    repeat: RateBySegment = Field(description="customers with an earlier loan (续贷)")

    def of(self, history: CustomerHistory, segment: Segment) -> Decimal:
        """The rate for such a customer."""
        rates = self.new if history == CustomerHistory.NEW else self.repeat
        return rates.prime if segment == Segment.PRIME else rates.inclusive
