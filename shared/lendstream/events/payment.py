"""What payment channels publish on `lending.payment.v1`, keyed by loan."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import Currency, Event, PositiveMinorUnits, ShortText


class PaymentIntent(StrEnum):
    """What the customer wants with money that is more than what is due; none said: by the product's rule."""

    PAY_OFF = "pay_off"
    """Repay everything: interest runs until the value date only."""
    LOWER_INSTALMENT = "lower_instalment"
    """Repay principal early and pay less with each instalment."""
    FEWER_INSTALMENTS = "fewer_instalments"
    """Repay principal early, keep the instalment and be done sooner."""
    RETURN = "return"
    """Give the loan back within the days of cooling off, for its principal alone."""


class FailureReason(StrEnum):
    """Why a debit order brought nothing."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    """There is not enough money on the account."""
    ACCOUNT_CLOSED = "account_closed"
    """The account does not exist any more."""
    NOT_AUTHORISED = "not_authorised"
    """The customer has taken back the mandate."""
    LIMIT_EXCEEDED = "limit_exceeded"
    """More than the channel takes at a time or in a day."""
    TECHNICAL = "technical"
    """The channel could not ask."""


class PaymentReceived(Event):
    """Money came in for a loan."""

    payment_id: Annotated[str, Field(min_length=1, max_length=64, examples=["pay_01J9"])]
    """The channel's number of the payment: the same number is the same money."""
    loan_id: UUID
    """The loan it is meant for."""
    amount: PositiveMinorUnits
    """The amount received."""
    currency: Currency
    """Its currency."""
    value_date: date
    """The day from which it counts."""
    channel: Annotated[str, Field(min_length=1, max_length=40, examples=["bank-transfer"])]
    """The payment channel."""
    request_id: UUID | None = None
    """The debit order that it answers, if it does."""
    intent: PaymentIntent | None = None
    """What the customer wants with it, where it was said."""


class PaymentFailed(Event):
    """A debit order (PaymentRequested) brought nothing."""

    request_id: UUID
    """The debit order."""
    loan_id: UUID
    """The loan."""
    reason: FailureReason
    """Why."""
    detail: ShortText = ""
    """The channel's own words."""
    failed_on: date
    """The business day."""


class PaymentReversed(Event):
    """Money that was reported received is taken back: it bounced, or was a mistake."""

    payment_id: Annotated[str, Field(min_length=1, max_length=64, examples=["pay_01J9"])]
    """The number of the payment that is taken back, all of it."""
    loan_id: UUID
    """The loan it was meant for."""
    reason: ShortText
    """Why, as the channel says."""
    reversed_on: date
    """The business day."""


class RefundConfirmed(Event):
    """A refund order (RefundRequested) was carried out."""

    refund_id: UUID
    """The refund order."""
    loan_id: UUID
    """The loan."""
    amount: PositiveMinorUnits
    """The amount."""
    currency: Currency
    """Its currency."""
    value_date: date
    """The day the money left."""
    bank_reference: ShortText
    """The channel's own number of it."""


class RefundFailed(Event):
    """A refund order could not be carried out; the credit stays with the lender until it is asked for again."""

    refund_id: UUID
    """The refund order."""
    loan_id: UUID
    """The loan."""
    reason: ShortText
    """Why, as the channel says."""
    failed_on: date
    """The business day."""


class DisbursementConfirmed(Event):
    """A payout order was carried out."""

    disbursement_id: UUID
    """The payout order."""
    loan_id: UUID
    """The loan."""
    amount: PositiveMinorUnits
    """The amount paid out."""
    currency: Currency
    """Its currency."""
    value_date: date
    """The day the money left."""
    bank_reference: ShortText
    """The channel's own number of the payout."""


class DisbursementFailed(Event):
    """A payout order could not be carried out."""

    disbursement_id: UUID
    """The payout order."""
    loan_id: UUID
    """The loan."""
    reason: ShortText
    """Why, as the channel says."""
    retryable: bool
    """Whether the same order may succeed later."""
    failed_on: date
    """The business day."""
