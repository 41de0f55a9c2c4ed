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
    SignedMinorUnits,
    Timestamp,
)
from lendstream.events.intake import LoanOptions
from lendstream.events.payment import PaymentIntent

PaymentId = Annotated[str, Field(min_length=1, max_length=64, examples=["pay_01J9"])]
"""The payment channel's number of a payment."""


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


class Classification(StrEnum):
    """The five classes of loan quality (贷款五级分类), here by days past due."""

    NORMAL = "normal"
    """正常: nothing is past due."""
    SPECIAL_MENTION = "special_mention"
    """关注."""
    SUBSTANDARD = "substandard"
    """次级."""
    DOUBTFUL = "doubtful"
    """可疑."""
    LOSS = "loss"
    """损失."""


class Recipient(StrEnum):
    """Who is paid out."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"
    """Payment by order of the customer (受托支付)."""


class ScheduledInstalment(Model):
    """One instalment of a loan's schedule."""

    number: Annotated[int, Field(ge=0, examples=[1])]
    """The instalment's number, from 1; 0 is the down payment, due at the disbursement."""
    due_date: date
    """The day it is due."""
    principal: MinorUnits
    """Principal due."""
    interest: MinorUnits
    """Interest due."""
    fee: MinorUnits
    """Fee due with the instalment."""
    subsidy: MinorUnits = 0
    """Interest of it that others than the customer bear."""


class Payer(Model):
    """Who bears interest instead of the customer."""

    payer: Annotated[str, Field(min_length=1, max_length=40, examples=["merchant"])]
    """Who bears it."""
    amount: MinorUnits
    """The interest borne over the whole schedule."""


class OpeningFee(Model):
    """A fee kept from the payout."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["upfront"])]
    """The fee's code in the product."""
    payee: Annotated[str, Field(min_length=1, max_length=40, examples=["lender"])]
    """Who takes it."""
    amount: MinorUnits
    """The amount."""


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
    options: LoanOptions | None = None
    """What the customer chose beside amount and tenor."""
    recipient: Recipient = Recipient.CUSTOMER
    """Who is paid out."""
    limit: MinorUnits = 0
    """For a credit line, the most that may be drawn at a time; else 0."""
    opening_fees: tuple[OpeningFee, ...] = ()
    """The parts of the upfront fee."""
    subsidies: tuple[Payer, ...] = ()
    """Who bears interest instead of the customer."""


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
    recipient: Recipient = Recipient.CUSTOMER
    """Whose account it is."""
    order_reference: Reference | None = None
    """The merchant's order that is paid, where a merchant is."""
    part: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Which payout of the loan: 0 the first, then each tranche or draw by its number."""


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
    part: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Which payout of the loan: 0 the first, then each tranche or draw by its number."""
    principal: MinorUnits = 0
    """The principal that it makes the customer owe: the payout and what was kept from it."""


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

    instalment: Annotated[int, Field(ge=0, examples=[1])]
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

    payment_id: PaymentId
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
    fee: MinorUnits = 0
    """The part that paid the fee for repaying early, which belongs to no instalment."""
    recovery: bool = False
    """Whether the loan was charged off before: what is paid now is a recovery."""
    intent: PaymentIntent | None = None
    """What the customer wanted with it, where it was said."""
    channel: Annotated[str, Field(max_length=40, examples=["bank-transfer"])] = ""
    """The payment channel."""


class PaymentReallocated(LoanEvent):
    """A payment applied before now counts differently: an earlier one was found, or one was taken back.

    The last of PaymentApplied and PaymentReallocated of a payment holds. The parts, `fee` and `credit` sum to the
    amount, before and after.
    """

    payment_id: PaymentId
    """The payment."""
    amount: PositiveMinorUnits
    """The amount received."""
    currency: Currency
    """Its currency."""
    value_date: date
    """The day from which it counts."""
    cause: ShortText
    """What made it necessary, as `payment pay_01J9 of 2026-03-02` or `reversal of pay_01J9`."""
    previous: tuple[Allocation, ...]
    """Where it went before."""
    previous_fee: MinorUnits = 0
    """The part that paid the fee for repaying early, before."""
    previous_credit: MinorUnits = 0
    """What was left over, before."""
    allocations: tuple[Allocation, ...]
    """Where it goes now."""
    fee: MinorUnits = 0
    """The part that pays the fee for repaying early, now."""
    credit: MinorUnits = 0
    """What is left over, now."""
    recovery: bool = False
    """Whether the loan was charged off before it."""


class PaymentUndone(LoanEvent):
    """A payment bounced: it is as if it had never come. What it had paid is owed again."""

    payment_id: PaymentId
    """The payment."""
    amount: PositiveMinorUnits
    """The amount taken back."""
    currency: Currency
    """Its currency."""
    value_date: date
    """The day from which it had counted."""
    reason: ShortText
    """Why, as the channel says."""
    undone_on: date
    """The business day."""
    previous: tuple[Allocation, ...]
    """Where it had gone."""
    previous_fee: MinorUnits = 0
    """The part that had paid the fee for repaying early."""
    previous_credit: MinorUnits = 0
    """What had been left over."""
    recovery: bool = False
    """Whether it had been a recovery."""
    principal_outstanding: MinorUnits
    """Principal owed now."""
    total_outstanding: MinorUnits
    """Everything owed now by the schedule, fees and penalties included."""


class PaymentRequested(LoanEvent):
    """The payment channel is asked to collect what is due (代扣)."""

    request_id: UUID
    """The debit order (a UUIDv5 of loan, due date and attempt): the channel collects each once."""
    instalments: tuple[Annotated[int, Field(ge=0)], ...]
    """The numbers of the instalments that it is for."""
    amount: PositiveMinorUnits
    """Everything due and unpaid."""
    currency: Currency
    """Its currency."""
    debit_account: Annotated[str, Field(examples=["acct_8f2c"])]
    """The token of the account to collect from."""
    due_date: date
    """The due date of the latest of the instalments."""
    collect_on: date
    """The business day to collect on."""
    attempt: Annotated[int, Field(ge=1, examples=[1])]
    """The attempt, from 1, by the product's retry plan."""


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
    """The day that found it unpaid."""


class LateFeeCharged(LoanEvent):
    """An instalment was not paid within its days of grace."""

    instalment: Annotated[int, Field(ge=0, examples=[1])]
    """The instalment's number."""
    amount: PositiveMinorUnits
    """The late fee, charged once for the instalment."""
    currency: Currency
    """Its currency."""
    as_of: date
    """The day of the charge."""


class LateFeeReversed(LoanEvent):
    """A late fee had no ground: the payment that was missed is found to have been in time."""

    instalment: Annotated[int, Field(ge=0, examples=[1])]
    """The instalment's number."""
    amount: PositiveMinorUnits
    """The late fee taken back."""
    currency: Currency
    """Its currency."""
    as_of: date
    """The business day."""


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
    classification: Classification = Classification.NORMAL
    """The class of loan quality now."""


class RescheduleReason(StrEnum):
    """Why a loan has another schedule."""

    PREPAYMENT = "prepayment"
    """Principal was repaid early."""
    RESTRUCTURE = "restructure"
    """Relief was agreed for a customer in hardship."""
    RESTRUCTURE_UNDONE = "restructure_undone"
    """The relief was taken back."""
    DRAW = "draw"
    """Money was drawn on a credit line."""
    TRANCHE = "tranche"
    """A later payout came otherwise than planned."""
    CORRECTION = "correction"
    """A payment of the past was found or taken back."""
    ACCELERATION = "acceleration"
    """Everything fell due when the loan was charged off."""
    RECALCULATION = "recalculation"
    """Interest follows what was really owed."""


class LoanRescheduled(LoanEvent):
    """The loan has another schedule from now on; instalments that keep their number keep what was paid on them."""

    reason: RescheduleReason
    """Why."""
    effective_on: date
    """The day from which it holds."""
    detail: ShortText = ""
    """More of why, for people."""
    instalments: tuple[ScheduledInstalment, ...]
    """The whole schedule as it is now: past instalments as they were charged, and the future ones."""
    annual_rate: Rate
    """The nominal yearly rate of the future instalments."""
    currency: Currency
    """Its currency."""
    engine: Annotated[str, Field(examples=["1"])]
    """The version of the amortization engine that made it."""
    principal_outstanding: MinorUnits
    """Principal still owed."""
    total_outstanding: MinorUnits
    """Everything still owed by the schedule, fees and penalties included."""
    capitalised_interest: SignedMinorUnits = 0
    """Unpaid interest that became principal; negative where relief that had done so was undone or corrected."""
    capitalised_fee: SignedMinorUnits = 0
    """Unpaid fees that became principal; negative likewise."""
    capitalised_penalty: SignedMinorUnits = 0
    """Unpaid penalties that became principal; negative likewise."""


class WaiverReason(StrEnum):
    """Why the lender lets go of an amount."""

    HARDSHIP = "hardship"
    """Part of a restructure."""
    COOLING_OFF = "cooling_off"
    """The loan was returned within the days of cooling off: its principal is all that is owed."""
    SMALL_BALANCE = "small_balance"
    """What is left is too small to collect."""
    GOODWILL = "goodwill"
    """By decision of an operator."""


class AmountWaived(LoanEvent):
    """The lender lets go of an amount: it counts as settled without being paid."""

    waiver_id: UUID
    """The waiver."""
    reason: WaiverReason
    """Why."""
    currency: Currency
    """The currency of the amounts."""
    waived_on: date
    """The day from which it counts."""
    allocations: tuple[Allocation, ...]
    """What is let go, by instalment."""
    principal_outstanding: MinorUnits
    """Principal still owed."""
    total_outstanding: MinorUnits
    """Everything still owed by the schedule, fees and penalties included."""


class WaiverUndone(LoanEvent):
    """A waiver does not hold any more, or not as it was: what it had settled is owed again."""

    waiver_id: UUID
    """The waiver."""
    reason: WaiverReason
    """Why the amount had been waived."""
    currency: Currency
    """The currency of the amounts."""
    undone_on: date
    """The business day."""
    allocations: tuple[Allocation, ...]
    """What had been let go, by instalment."""


class LoanChargedOff(LoanEvent):
    """The loan is given up in the books (核销); the customer still owes it, and what is paid is a recovery."""

    principal: MinorUnits
    """Principal given up."""
    interest: MinorUnits
    """Interest given up, as far as it was accrued."""
    fee: MinorUnits
    """Fees given up."""
    penalty: MinorUnits
    """Late fees and penalty interest given up."""
    currency: Currency
    """The currency of the amounts."""
    days_past_due: Annotated[int, Field(ge=0, examples=[181])]
    """Days past due of the oldest unpaid instalment."""
    charged_off_on: date
    """The day."""
    reason: ShortText = ""
    """Why: by age, or what an operator said."""


class HardshipRequested(LoanEvent):
    """The customer asks for relief after an event in their life; an operator answers."""

    request_id: UUID
    """The request."""
    circumstance: Annotated[str, Field(min_length=1, max_length=40, examples=["illness"])]
    """What happened, by its code in the relief policy."""
    detail: ShortText = ""
    """In the customer's words."""
    requested_on: date
    """The business day."""


class RefundRequested(LoanEvent):
    """The payment channel is asked to give a credit balance back to the customer."""

    refund_id: UUID
    """The refund order: the channel pays each once."""
    amount: PositiveMinorUnits
    """The amount to give back."""
    currency: Currency
    """Its currency."""
    refund_account: Annotated[str, Field(examples=["acct_8f2c"])]
    """The token of the account to pay to."""
    requested_on: date
    """The business day."""


class RefundPaid(LoanEvent):
    """A credit balance was given back."""

    refund_id: UUID
    """The refund order."""
    amount: PositiveMinorUnits
    """The amount."""
    currency: Currency
    """Its currency."""
    paid_on: date
    """The value date."""
    bank_reference: ShortText
    """The payment channel's own number of it."""


class ClosingReason(StrEnum):
    """How a loan ended."""

    REPAID = "repaid"
    """All instalments were paid."""
    PREPAID = "prepaid"
    """The customer paid everything off early."""
    RETURNED = "returned"
    """Returned within the days of cooling off."""
    WAIVED = "waived"
    """The lender let go of the rest."""


class LoanClosed(LoanEvent):
    """Nothing is owed any more."""

    closed_on: date
    """The value date of the last payment."""
    credit: MinorUnits
    """A credit balance left to refund."""
    currency: Currency
    """Its currency."""
    reason: ClosingReason = ClosingReason.REPAID
    """How it ended."""


class LoanReopened(LoanEvent):
    """A closed loan is owed again: a payment bounced, or was found to belong elsewhere."""

    reopened_on: date
    """The business day."""
    total_outstanding: MinorUnits
    """Everything owed now."""
    currency: Currency
    """Its currency."""
