"""What `application` publishes on `lending.application.v1`, keyed by customer."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import (
    Currency,
    Event,
    InstalmentCount,
    Model,
    PartnerName,
    PositiveMinorUnits,
    ProductCode,
    Rate,
    Reference,
    ShortText,
    Timestamp,
)
from lendstream.events.intake import BureauSummary, Finances, LoanOptions


class ApplicationEvent(Event):
    """An event in the life of one application."""

    application_id: UUID
    """The application (a UUIDv5 of partner and reference)."""
    customer_id: UUID
    """The customer, the same through every partner."""


class ApplicationReceived(ApplicationEvent):
    """A submission was accepted for processing."""

    partner: PartnerName
    """The partner it came through."""
    reference: Reference
    """The partner's number of it."""
    product: ProductCode
    """The product applied for."""
    amount: PositiveMinorUnits
    """The amount applied for."""
    currency: Currency
    """The currency of the amount."""
    instalments: InstalmentCount
    """The number of instalments applied for."""
    purpose: ShortText = ""
    """What the money is for."""
    submitted_at: Timestamp
    """When the applicant submitted it."""


class ApplicantFacts(Model):
    """What the decision may know of the applicant: no direct identifier."""

    age: Annotated[int, Field(ge=0, le=150, examples=[34])]
    """Age in whole years on the business day of the submission."""
    finances: Finances
    """Declared income and obligations."""
    bureau: BureauSummary | None = None
    """Credit history, when there is one."""


class ApplicationReady(ApplicationEvent):
    """Everything the decision needs is here: the one event that asks for a decision.

    Published again, with a higher attempt, when no decision came for a while.
    """

    partner: PartnerName
    """The partner it came through."""
    product: ProductCode
    """The product applied for."""
    amount: PositiveMinorUnits
    """The amount applied for."""
    currency: Currency
    """The currency of every amount."""
    instalments: InstalmentCount
    """The number of instalments applied for."""
    purpose: ShortText = ""
    """What the money is for."""
    applicant: ApplicantFacts
    """The applicant, in figures."""
    business_date: date
    """The lender's business day of the submission; the policy in force on it applies."""
    submitted_at: Timestamp
    """When the applicant submitted it."""
    attempt: Annotated[int, Field(ge=1, examples=[1])] = 1
    """How often the decision has been asked for."""
    options: LoanOptions | None = None
    """What the customer chose beside amount and tenor."""
    disburse_on: Annotated[date, Field(examples=["2026-03-05"])] | None = None
    """The day the customer wants the money; left out: at once."""


class OfferAccepted(ApplicationEvent):
    """The customer accepted the offer: with ApplicationDecided, all that servicing needs to open the loan."""

    offer_id: UUID
    """The offer accepted."""
    partner: PartnerName
    """The partner it came through."""
    reference: Reference
    """The partner's number of the application."""
    product: ProductCode
    """The product."""
    amount: PositiveMinorUnits
    """The principal accepted."""
    currency: Currency
    """Its currency."""
    instalments: InstalmentCount
    """The number of instalments accepted."""
    annual_rate: Rate
    """The nominal yearly rate accepted."""
    payout_account: Annotated[str, Field(min_length=1, max_length=64, examples=["acct_8f2c"])]
    """The token of the account to pay out to."""
    accepted_on: date
    """The lender's business day of the acceptance."""
    disburse_on: date
    """The business day to pay out on, not before accepted_on."""
    submitted_at: Timestamp
    """When the applicant submitted the application."""
    debit_account: Annotated[str, Field(min_length=1, max_length=64, examples=["acct_8f2c"])] | None = None
    """The token of the account to collect from on due days; none: the customer pays by himself."""
    options: LoanOptions | None = None
    """What the customer chose beside amount and tenor."""


class ApplicationWithdrawn(ApplicationEvent):
    """The application was withdrawn before a loan was opened."""

    reason: ShortText = ""
    """Why, in the partner's words."""


class ApplicationExpired(ApplicationEvent):
    """The offer was not accepted in time."""

    expired_on: date
    """The business day on which it expired."""
