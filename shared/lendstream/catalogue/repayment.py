"""The sections of a product file that say how it is repaid; each becomes a part of the engine's terms."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from ..amortization import (
    Accrual,
    Basis,
    Broken,
    Conventions,
    DayCount,
    Fee,
    Frequency,
    Income,
    Level,
    MonthEnd,
    Rounding,
    Shift,
    Subsidy,
    Unit,
    When,
)
from .fields import Count, Data, MinorUnits, Name, Rate


class Every(Data):
    """The period between two instalments."""

    count: Annotated[int, Field(ge=1, le=366, strict=True)] = Field(default=1, description="so many units")
    unit: Unit = Field(default=Unit.MONTHS, description="months, weeks or days")


class Timing(Data):
    """How time is counted and instalments are rounded."""

    every: Every = Field(default=Every(), description="the period between two instalments")
    day_count: DayCount = Field(default=DayCount.THIRTY_360, description="how days are counted")
    accrual: Accrual = Field(
        default=Accrual.PER_PERIOD, description="interest by whole periods (a twelfth a month) or by the day"
    )
    level: Level = Field(default=Level.EXACT, description="the rates from which a level instalment is computed")
    multiple: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=1, description="level instalments are rounded to this many minor units"
    )
    level_rounding: Rounding | None = Field(
        default=None, description="how level instalments are rounded; none: as `rounding`", examples=["up"]
    )
    level_of_all: bool = Field(
        default=False,
        description="paid out in tranches: the level instalment is that of all the principal from the beginning",
    )
    month_end: MonthEnd = Field(default=MonthEnd.LAST_DAY, description="when a month has no such day")
    broken: Broken = Field(
        default=Broken.IN_PERIOD, description="how the odd days of a longer first period are charged"
    )
    shortest_first_period: Annotated[int, Field(ge=0, le=366, strict=True)] = Field(
        default=15, description="days to the first instalment at least, where the customer chooses a due day"
    )
    shift: Shift = Field(default=Shift.NONE, description="where a due date goes that is no working day")
    shift_interest: bool = Field(default=False, description="whether interest runs to the shifted date")
    country: str = Field(default="CN", pattern=r"^[A-Z]{2}$", description="whose working days they are, ISO 3166")

    def conventions(self, rounding: Rounding) -> Conventions:
        """The engine's conventions. Raises TermsError."""
        return Conventions(
            frequency=Frequency(self.every.count, self.every.unit),
            day_count=self.day_count,
            accrual=self.accrual,
            level=self.level,
            rounding=rounding,
            level_rounding=self.level_rounding,
            level_of_all=self.level_of_all,
            multiple=self.multiple,
            month_end=self.month_end,
            broken=self.broken,
            shortest_first_period=self.shortest_first_period,
            shift=self.shift,
            shift_interest=self.shift_interest,
        )


class Grace(Data):
    """How many instalments at the beginning are lighter."""

    principal: Count = Field(default=0, description="repay no principal")
    interest: Count = Field(default=0, description="pay no interest yet: it is due with the next one")
    interest_free: Count = Field(default=0, description="bear no interest at all")


class BalloonRule(Data):
    """What the last instalment of a balloon loan takes: a share of the principal, or what a longer loan would owe."""

    share: Rate | None = Field(default=None, description="share of the principal", examples=["0.4"])
    amortised_over: Count | None = Field(default=None, description="periods the instalments are computed for")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.share) == bool(self.amortised_over):
            raise ValueError("give either share or amortised_over")
        return self


class IncomeRule(Data):
    """An instalment that follows the income the customer declares for a period."""

    share: Rate = Field(gt=0, description="share of the declared income", examples=["0.15"])
    floor: MinorUnits = Field(gt=0, description="smallest instalment, minor units")
    cap: MinorUnits = Field(gt=0, description="largest instalment, minor units")

    def of(self, declared: int) -> Income:
        """The engine's rule for so much income. Raises TermsError."""
        return Income(declared, self.share, self.floor, self.cap)


class FeeRule(Data):
    """A charge beside interest."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", description="stable identifier", examples=["insurance"])
    name: Name = Field(description="what customers read")
    payee: str = Field(default="lender", min_length=1, description="who takes it")
    when: When = Field(description="once at the opening, or with every instalment")
    amount: MinorUnits = Field(default=0, description="minor units each time")
    rate: Rate = Field(default=Decimal(0), lt=1, description="share of the basis each time")
    basis: Basis = Field(default=Basis.PRINCIPAL, description="what the rate is a share of")

    @model_validator(mode="after")
    def _costs_something(self) -> Self:
        if not self.amount and not self.rate:
            raise ValueError("give an amount or a rate")
        return self

    def fee(self) -> Fee:
        """The engine's fee. Raises TermsError."""
        return Fee(self.code, self.when, self.amount, self.rate, self.basis, self.payee)


class SubsidyRule(Data):
    """Interest that another than the customer bears."""

    payer: str = Field(min_length=1, description="who bears it", examples=["merchant"])
    share: Rate = Field(default=Decimal(1), gt=0, description="share of the interest")
    first: Annotated[int, Field(ge=1, strict=True)] = Field(default=1, description="from this instalment on")
    last: Annotated[int, Field(ge=1, strict=True)] | None = Field(default=None, description="to this one")
    cap: MinorUnits | None = Field(default=None, description="at most so many minor units in all")

    def subsidy(self) -> Subsidy:
        """The engine's subsidy. Raises TermsError."""
        return Subsidy(self.payer, self.share, self.first, self.last, self.cap)
