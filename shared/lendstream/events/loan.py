"""What `servicing` publishes on `lending.loan.v1`, keyed by customer.

Each event carries the loan's `sequence`, from 1 without gaps, so that a reader knows that it has seen all.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import (
    Currency,
    Event,
    MinorUnits,
    Model,
    PartnerName,
    PositiveMinorUnits,
    ProductCode,
    Rate,
    Reference,
    ShortText,
    Timestamp,
)


class LoanEvent(Event):
    """An event in the life of one loan."""

    loan_id: UUID
    """The loan (a UUIDv5 of its application)."""
    customer_id: UUID
    """The customer."""
    sequence: Annotated[int, Field(ge=1, examples=[1])]
    """The event's place in the loan's life: 1, 2, 3 ... without gaps."""


class Bucket(StrEnum):
    """Delinquency by days past due of the oldest unpaid instalment."""

    CURRENT = "current"
    """Nothing is past due."""
    M1 = "M1"
    """1 to 30 days."""
    M2 = "M2"
    """31 to 60 days."""
    M3 = "M3"
    """61 to 90 days."""
    M4 = "M4+"
    """More than 90 days."""


class ScheduledInstalment(Model):
    """One instalment of a loan's schedule."""

    number: Annotated[int, Field(ge=1, examples=[1])]
    """The instalment's number, from 1."""
    due_date: date
    """The day it is due."""
    principal: MinorUnits
    """Principal due."""
    interest: MinorUnits
    """Interest due."""
    fee: MinorUnits
    """Fee due with the instalment."""


class LoanOpened(LoanEvent):
    """A loan was opened, with its whole schedule."""

    application_id: UUID
    """The application it comes from."""
    partner: PartnerName
    """The partner it came through."""
    reference: Reference
    """The partner's number of the application."""
    product: ProductCode
    """The product."""
    product_version: Annotated[int, Field(ge=1, examples=[1])]
    """The version of the product, for the life of the loan."""
    method: Annotated[str, Field(examples=["equal_instalment"])]
    """The repayment method."""
    principal: PositiveMinorUnits
    """The principal."""
    currency: Currency
    """The currency of every amount of the loan."""
    annual_rate: Rate
    """The nominal yearly interest rate."""
    upfront_fee: MinorUnits
    """The fee taken from the payout."""
    instalments: tuple[ScheduledInstalment, ...]
    """The schedule."""
    engine: Annotated[str, Field(examples=["1"])]
    """The version of the amortization engine that made the schedule."""
    opened_on: date
    """The business day of the opening."""
    interest_from: date
    """The day interest runs from: the day of the payout asked for."""
    submitted_at: Timestamp
    """When the applicant submitted the application."""


class DisbursementRequested(LoanEvent):
    """The payment channel is asked to pay out."""

    disbursement_id: UUID
    """The payout order (a UUIDv5 of loan and attempt): the channel pays each once."""
    amount: PositiveMinorUnits
    """The amount to pay out: the principal less the upfront fee."""
    currency: Currency
    """Its currency."""
    payout_account: Annotated[str, Field(examples=["acct_8f2c"])]
    """The token of the account to pay to."""
    pay_on: date
    """The business day to pay on."""
    attempt: Annotated[int, Field(ge=1, examples=[1])]
    """The attempt, from 1."""


class LoanDisbursed(LoanEvent):
    """The payout arrived."""

    disbursement_id: UUID
    """The payout order."""
    amount: PositiveMinorUnits
    """The amount paid out."""
    currency: Currency
    """Its currency."""
    disbursed_on: date
    """The value date of the payout."""
    bank_reference: ShortText
    """The payment channel's own number of the payout."""


class LoanCancelled(LoanEvent):
    """The loan ended before any money went out."""

    application_id: UUID
    """The application it comes from."""
    reason: ShortText
    """Why."""
    cancelled_on: date
    """The business day."""


class Allocation(Model):
    """The part of a payment that went to one instalment."""

    instalment: Annotated[int, Field(ge=1, examples=[1])]
    """The instalment's number."""
    fee: MinorUnits = 0
    """The part that paid fees."""
    penalty: MinorUnits = 0
    """The part that paid penalties (late fee, penalty interest)."""
    interest: MinorUnits = 0
    """The part that paid interest."""
    principal: MinorUnits = 0
    """The part that paid principal."""
    settled: bool
    """Whether nothing is left of the instalment."""


class PaymentApplied(LoanEvent):
    """A payment was allocated: the parts and `credit` sum to the amount."""

    payment_id: Annotated[str, Field(min_length=1, max_length=64, examples=["pay_01J9"])]
    """The payment channel's number of the payment."""
    amount: PositiveMinorUnits
    """The amount received."""
    currency: Currency
    """Its currency."""
    value_date: date
    """The day from which it counts."""
    allocations: tuple[Allocation, ...]
    """Where it went, oldest instalment first."""
    credit: MinorUnits
    """What was left over: a credit balance in the customer's favour."""
    principal_outstanding: MinorUnits
    """Principal still owed."""
    total_outstanding: MinorUnits
    """Everything still owed by the schedule, fees and penalties included."""


class InstalmentOverdue(LoanEvent):
    """An instalment was not paid by its due date."""

    instalment: Annotated[int, Field(ge=1, examples=[1])]
    """The instalment's number."""
    due_date: date
    """The day it was due."""
    amount: PositiveMinorUnits
    """What is unpaid of it."""
    currency: Currency
    """Its currency."""
    as_of: date
    """The business day that found it unpaid."""


class DelinquencyChanged(LoanEvent):
    """The loan moved to another bucket."""

    previous: Bucket
    """The bucket before."""
    bucket: Bucket
    """The bucket now."""
    days_past_due: Annotated[int, Field(ge=0, examples=[1])]
    """Days past due of the oldest unpaid instalment."""
    overdue_amount: MinorUnits
    """Everything past due."""
    currency: Currency
    """Its currency."""
    as_of: date
    """The business day."""


class LoanClosed(LoanEvent):
    """Nothing is owed any more."""

    closed_on: date
    """The value date of the last payment."""
    credit: MinorUnits
    """A credit balance left to refund."""
    currency: Currency
    """Its currency."""
