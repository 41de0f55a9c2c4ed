"""What payment channels publish on `lending.payment.v1`, keyed by loan."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import Currency, Event, PositiveMinorUnits, ShortText


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
