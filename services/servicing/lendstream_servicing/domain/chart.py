"""The chart of accounts, and how much is set aside for losses: what the books are set by."""

from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lendstream.events.base import Model, Rate
from lendstream.events.loan import Bucket, Classification


class Role(StrEnum):
    """What the posting rules mean by an account."""

    __hash__ = str.__hash__  # an enum's own is a function of Python, and journals are made of dictionaries by role

    BANK = "bank"
    LOAN_PRINCIPAL = "loan_principal"
    INTEREST_RECEIVABLE = "interest_receivable"
    """Interest earned of customers and not received."""
    FEE_RECEIVABLE = "fee_receivable"
    SUBSIDY_RECEIVABLE = "subsidy_receivable"
    """Interest that others than the customer owe."""
    UNEARNED_INTEREST = "unearned_interest"
    """Subsidised interest that is not earned yet."""
    SUSPENSE = "suspense"
    """Money that belongs to no loan yet."""
    CUSTOMER_CREDIT = "customer_credit"
    """What customers paid beyond what they owed."""
    FEE_PAYABLE_THIRD_PARTY = "fee_payable_third_party"
    """Fees kept from a payout for others than the lender, such as an insurer."""
    INTEREST_INCOME = "interest_income"
    FEE_INCOME = "fee_income"
    PENALTY_INCOME = "penalty_income"
    PREPAYMENT_FEE_INCOME = "prepayment_fee_income"
    RECOVERY_INCOME = "recovery_income"
    WAIVER_EXPENSE = "waiver_expense"
    PROVISION_EXPENSE = "provision_expense"
    LOAN_LOSS_ALLOWANCE = "loan_loss_allowance"
    """What was set aside for losses; a charge-off takes from it."""


class LedgerAccount(Model):
    """An account of the chart."""

    number: Annotated[str, Field(pattern=r"^[0-9]{4,8}$")]
    zh: Annotated[str, Field(min_length=1)]
    """Its name in Chinese."""
    en: Annotated[str, Field(min_length=1)]
    """Its name in English."""
    type: Literal["asset", "liability", "income", "expense", "contra"]
    """What it is; contra: the correction of an asset."""


class Chart(Model):
    """The chart of accounts: an account for every role."""

    version: Annotated[int, Field(ge=1)]
    accounts: dict[Role, LedgerAccount]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [role for role in Role if role not in self.accounts]:
            raise ValueError(f"no account for {', '.join(missing)}")
        if len(self.roles) < len(self.accounts):
            raise ValueError("two roles have the same account number")
        return self

    @cached_property
    def numbers(self) -> dict[Role, str]:
        """The account number of each role."""
        return {role: account.number for role, account in self.accounts.items()}

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The role of each account number."""
        return {account.number: role for role, account in self.accounts.items()}


class ProvisionRate(Model):
    """What is set aside for the loans of a bucket."""

    classification: Classification
    """Their class of loan quality."""
    rate: Annotated[Rate, Field(le=1)]
    """The share of the principal owed."""


class ProvisionPolicy(Model):
    """How much is set aside for losses, by bucket."""

    version: Annotated[int, Field(ge=1)]
    buckets: dict[Bucket, ProvisionRate]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [bucket for bucket in Bucket if bucket not in self.buckets]:
            raise ValueError(f"no rate for {', '.join(missing)}")
        return self

    def amount(self, bucket: Bucket, principal: int) -> int:
        """What is set aside for this principal, in its minor units, half up."""
        return half_up(principal, self.buckets[bucket].rate)


def half_up(amount: int, rate: Decimal) -> int:
    """`amount * rate`, exact, then rounded half up; both not negative."""
    numerator, denominator = rate.as_integer_ratio()
    return (2 * amount * numerator + denominator) // (2 * denominator)
