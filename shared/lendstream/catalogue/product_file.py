"""A loan product as data. The field descriptions below are the manual of a product file."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ..amortization import Broken, Method, Rounding
from .fields import (
    Amount,
    AnnualRate,
    Benefit,
    Count,
    CustomerHistory,
    Due,
    MinorUnits,
    Name,
    Rate,
    Recipient,
)
from .repayment import BalloonRule, FeeRule, Grace, IncomeRule, SubsidyRule, Timing
from .servicing import InAdvance, InterestOn, ServingRules, rising


class ProductFile(ServingRules):
    """The fields of a product file, and what of them contradicts each other."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]{2,39}$", description="stable identifier", examples=["cash-small"])
    version: int = Field(ge=1, strict=True, description="raised with every change; old files stay for old loans")
    name: Name = Field(description="what customers read")
    scenario: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="what the money is for", examples=["education"])
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217", examples=["CNY"])
    offered: bool = Field(
        default=True, description="on sale; false: kept for the loans made of it, or prepared for later"
    )
    customers: Annotated[tuple[CustomerHistory, ...], Field(min_length=1)] = Field(
        default=(CustomerHistory.NEW, CustomerHistory.REPEAT), description="whom it is for"
    )
    revolving: bool = Field(default=False, description="a credit line: repaid principal can be drawn again")
    amount: Amount = Field(description="limits of the principal")
    tenors: Annotated[tuple[Annotated[int, Field(ge=1, strict=True)], ...], AfterValidator(rising)] = Field(
        min_length=1, description="instalment counts on offer, rising", examples=[[3, 6, 12]]
    )

    method: Method = Field(description="how the principal is repaid")
    timing: Timing = Field(default=Timing(), description="how time is counted and instalments are rounded")
    rounding: Rounding = Field(default=Rounding.HALF_UP, description="what happens to half a minor unit")
    grace: Grace = Field(default=Grace(), description="lighter instalments at the beginning")
    balloon: BalloonRule | None = Field(default=None, description="method balloon: what the last instalment takes")
    season: tuple[Count, ...] = Field(
        default=(), description="method steps: principal weights, repeated over the tenor", examples=[[0, 0, 0, 1]]
    )
    income: IncomeRule | None = Field(default=None, description="method income_based: how the instalment follows it")
    down_payment: Rate = Field(default=Decimal(0), lt=1, description="share of the principal due at the opening")
    tranches_max: Annotated[int, Field(ge=1, le=60, strict=True)] = Field(
        default=1, description="payouts the principal may be divided into"
    )

    annual_rate: AnnualRate = Field(description="price")
    upfront_fee_rate: Rate = Field(default=Decimal(0), description="share of the principal, kept from the payout")
    instalment_fee: MinorUnits = Field(default=0, description="charged with every instalment, minor units")
    fees: tuple[FeeRule, ...] = Field(default=(), description="further fees")
    subsidies: tuple[SubsidyRule, ...] = Field(default=(), description="interest that others bear")
    offer_valid_days: Annotated[int, Field(ge=1, le=90, strict=True)] = Field(
        description="days until an offer that is not accepted expires", examples=[7]
    )
    cooling_off_days: Annotated[int, Field(ge=0, le=31, strict=True)] = Field(
        default=7, description="days in which the loan can be returned for its principal alone"
    )
    payout_to: Recipient = Field(default=Recipient.CUSTOMER, description="who is paid out")
    merchants: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")], ...] = Field(
        default=(), description="partners it is bound to; none: any", examples=[["city-cinema"]]
    )
    benefits: tuple[Benefit, ...] = Field(default=(), description="what comes with it")

    @model_validator(mode="after")
    def _belongs_to_the_method(self) -> Self:
        for field, method in (
            ("balloon", Method.BALLOON),
            ("season", Method.STEPS),
            ("income", Method.INCOME_BASED),
        ):
            if bool(getattr(self, field)) != (self.method is method):
                verb = "needs" if self.method is method else "has no place for"
                raise ValueError(f"method {self.method.value} {verb} {field}")
        if self.method is Method.FIXED_PAYMENT:
            raise ValueError("method fixed_payment is for changed loans; a product needs tenors it can promise")
        return self

    @model_validator(mode="after")
    def _can_be_paid_out(self) -> Self:
        if self.tranches_max > 1 and self.method in (Method.FLAT, Method.SINGLE_PAYMENT, Method.STEPS):
            raise ValueError(f"tranches_max has no place in method {self.method.value}, which spreads one payout")
        if self.tranches_max > 1 and (self.down_payment or self.revolving):
            raise ValueError("tranches_max cannot be combined with down_payment or revolving")
        return self

    @model_validator(mode="after")
    def _can_be_served(self) -> Self:
        if self.interest_on is InterestOn.OUTSTANDING and self.method is Method.FLAT:
            raise ValueError("interest_on outstanding contradicts method flat, whose interest is on all that was lent")
        if self.interest_on is InterestOn.OUTSTANDING:
            self._can_follow_what_is_owed()
        recast = self.in_advance in (
            InAdvance.LOWER_INSTALMENT,
            InAdvance.FEWER_INSTALMENTS,
            InAdvance.NEXT_THEN_LOWER,
        )
        if recast and self.method is Method.SINGLE_PAYMENT:
            raise ValueError(f"in_advance {self.in_advance} has no place in method single_payment")
        if self.small_balance >= self.amount.min:
            raise ValueError(f"small_balance must be below the smallest loan, {self.amount.min}")
        return self

    def _can_follow_what_is_owed(self) -> None:
        """Interest that is charged apart from its period cannot follow the balance of that period."""
        if self.grace.interest:
            raise ValueError("interest_on outstanding has no place for grace.interest, which moves interest on")
        if self.timing.broken is not Broken.IN_PERIOD:
            raise ValueError("interest_on outstanding needs timing.broken in_period")
        order = self.in_advance_allocation
        if order and Due.INTEREST in order[: order.index(Due.PRINCIPAL)]:
            raise ValueError("interest_on outstanding: in_advance_allocation must name principal before interest")
