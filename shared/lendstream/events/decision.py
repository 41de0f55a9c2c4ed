"""What `risk` publishes on `lending.decision.v1`, keyed by customer."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.application import ApplicationReady
from lendstream.events.base import (
    Currency,
    Event,
    InstalmentCount,
    MinorUnits,
    Model,
    PositiveMinorUnits,
    ProductCode,
    Rate,
    Timestamp,
)
from lendstream.events.intake import LoanOptions, StatusReason


class Outcome(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    DECLINED = "declined"


class Segment(StrEnum):
    """Who the customer is to the lender; the price depends on it."""

    NEW_PRIME = "new_prime"
    NEW_INCLUSIVE = "new_inclusive"
    REPEAT_PRIME = "repeat_prime"
    REPEAT_INCLUSIVE = "repeat_inclusive"


class Terms(Model):
    """The terms approved; servicing opens the loan with exactly these."""

    product: ProductCode
    """The product."""
    product_version: Annotated[int, Field(ge=1, examples=[1])]
    """The version of the product; the loan keeps it for life."""
    amount: PositiveMinorUnits
    """The principal approved, at most what was applied for."""
    currency: Currency
    """Its currency."""
    instalments: InstalmentCount
    """The number of instalments."""
    annual_rate: Rate
    """The nominal yearly interest rate."""
    limit: MinorUnits
    """The most the customer may owe in total, this loan included; for a credit line, the most that may be owed on
    the line at a time: the amount is its first draw."""
    options: LoanOptions | None = None
    """What the customer chose beside amount and tenor, as approved: tranches are smaller where the amount is."""


class CustomerPosition(Model):
    """What risk knew of the customer when it decided, from the topics alone."""

    open_loans: Annotated[int, Field(ge=0, examples=[1])]
    """Loans open, approvals not yet taken up included."""
    exposure: MinorUnits
    """Principal outstanding or committed, before this application."""
    instalments_due: MinorUnits
    """The sum of one instalment of each open loan: what the customer already pays us a month."""
    loans_repaid: Annotated[int, Field(ge=0, examples=[0])]
    """Loans repaid in full."""
    worst_days_past_due: Annotated[int, Field(ge=0, examples=[0])]
    """The most days past due over the loans open now."""


class ApplicationDecided(Event):
    """The decision, with its reasons and everything it was made from: anyone can recompute it."""

    application_id: UUID
    """The application decided."""
    customer_id: UUID
    """The customer."""
    decision_id: UUID
    """The decision (a UUIDv5 of the application: deciding again gives the same)."""
    outcome: Outcome
    """Approved or declined."""
    reasons: tuple[StatusReason, ...] = Field(max_length=4)
    """Why: at most four, the weightiest first."""
    terms: Terms | None = None
    """The terms, when approved."""
    segment: Segment
    """The customer's segment."""
    policy_version: Annotated[int, Field(ge=1, examples=[1])]
    """The version of the policy that decided."""
    asked: ApplicationReady
    """The application as it was asked about."""
    position: CustomerPosition
    """The customer's position as it was known."""
    as_of: date
    """The business day that the decision is for."""
    submitted_at: Timestamp
    """When the applicant submitted the application."""
