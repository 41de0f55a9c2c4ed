"""The part of a product file that says how a loan is served: payments, lateness, repaying early, giving up."""

from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from .fields import Data, Due, MinorUnits, Rate, each_once


class InAdvance(StrEnum):
    """Where money beyond what is due goes when the customer said nothing."""

    NEXT_INSTALMENT = "next_instalment"
    """To the instalments to come, the next one first."""
    LAST_INSTALMENT = "last_instalment"
    """To the instalments to come, the last one first: the loan ends sooner."""
    LOWER_INSTALMENT = "lower_instalment"
    """To the principal; the instalments to come are computed anew, as many as before."""
    FEWER_INSTALMENTS = "fewer_instalments"
    """To the principal; the instalments to come stay as high as before, and there are fewer."""
    EVERY_INSTALMENT = "every_instalment"
    """To all the instalments to come alike, the last one takes the remainder."""
    NEXT_THEN_LOWER = "next_then_lower"
    """To the principal of the running instalment; what is beyond it lowers those after it, as many as before.
    On its due date an instalment is still the running one."""


class AllocationBy(StrEnum):
    """What a payment settles first when more than one instalment is due."""

    INSTALMENT = "instalment"
    """All parts of the oldest instalment, then the next one."""
    PART = "part"
    """One part of all due instalments, the oldest first, then the next part."""


class PayoffInterest(StrEnum):
    """The interest of the running period in a pay-off."""

    ELAPSED_DAYS = "elapsed_days"
    """Of the days since the last due date."""
    WHOLE_PERIOD = "whole_period"
    """All of it."""


class InterestOn(StrEnum):
    """What interest follows."""

    SCHEDULE = "schedule"
    """As scheduled, whatever is paid when."""
    OUTSTANDING = "outstanding"
    """By the day, on the principal that is really owed."""


def rising(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Validates a list whose order and uniqueness matter to its readers."""
    if any(earlier >= later for earlier, later in pairwise(numbers)):
        raise ValueError("list the numbers in rising order, each once")
    return numbers


Order = Annotated[tuple[Due, ...], AfterValidator(each_once)]
"""The order in which the parts of an instalment are settled."""
DebitDays = Annotated[
    tuple[Annotated[int, Field(ge=0, le=30, strict=True)], ...], Field(max_length=31), AfterValidator(rising)
]


class ServingRules(Data):
    """How a loan is served; every field stands at the top of the product file."""

    late_fee: MinorUnits = Field(default=0, description="charged once for an overdue instalment, minor units")
    late_fee_rate: Rate = Field(default=Decimal(0), description="beside it: share of what is overdue of the instalment")
    penalty_annual_rate: Rate = Field(description="on overdue principal, a year, by the day (罚息)")
    penalty_on_interest: bool = Field(
        default=False, description="whether overdue interest bears penalty interest too (复利)"
    )
    penalty_cap_share: Rate | None = Field(
        default=None,
        description="penalty interest of an instalment is at most this share of its principal; none: no such bound",
        examples=["0.5"],
    )
    late_fee_on_interest: bool = Field(
        default=True, description="whether late_fee_rate is charged on overdue interest too, beside the principal"
    )
    grace_days: Annotated[int, Field(ge=0, le=31, strict=True)] = Field(
        default=0, description="days after the due date before late fee and penalty are charged"
    )

    allocation: Order = Field(
        default=(Due.FEE, Due.PENALTY, Due.INTEREST, Due.PRINCIPAL), description="what a payment settles first"
    )
    allocation_by: AllocationBy = Field(
        default=AllocationBy.INSTALMENT, description="whether instalment by instalment or part by part"
    )
    late_allocation: Order | None = Field(
        default=None,
        description="what a payment settles first once the loan is more than late_allocation_days past due",
        examples=[["principal", "interest", "fee", "penalty"]],
    )
    late_allocation_days: Annotated[int, Field(ge=0, le=3650, strict=True)] = Field(
        default=90, description="days past due up to which `allocation` holds where there is a late_allocation"
    )
    in_advance: InAdvance = Field(
        default=InAdvance.NEXT_INSTALMENT,
        description="where money beyond what is due goes when the customer said nothing",
    )
    in_advance_allocation: Order | None = Field(
        default=None,
        description="what is settled first of an instalment paid in advance; none: as in allocation, or where interest "
        "is on what is really owed, principal before interest",
    )

    interest_on: InterestOn = Field(
        default=InterestOn.SCHEDULE, description="interest as scheduled, or by the day on what is really owed"
    )
    interest_after_maturity: bool = Field(
        default=True,
        description="interest on what is really owed: whether principal that is unpaid after the last due date goes on "
        "bearing it, charged with further instalments",
    )
    payoff_interest: PayoffInterest = Field(
        default=PayoffInterest.ELAPSED_DAYS, description="interest of the running period when all is paid off early"
    )
    prepayment_fee_rate: Rate = Field(
        default=Decimal(0), lt=1, description="share of the principal repaid early by pay-off or with a new schedule"
    )

    small_balance: MinorUnits = Field(
        default=0, description="a rest of the loan of at most so much is written off, minor units", examples=[100]
    )
    charge_off_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = Field(
        default=180, description="days past due after which the loan is charged off (核销)"
    )
    charge_off_accelerates: bool = Field(
        default=True,
        description="whether a charge-off makes everything due, with interest until that day (宣布提前到期); false: "
        "the schedule stays, and all of its interest is given up",
    )
    debit_days: DebitDays = Field(
        default=(0, 1, 3, 7),
        description="days after the due date on which direct debit is tried (代扣), rising; empty: never",
    )
