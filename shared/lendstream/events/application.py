"""What `application` publishes on `lending.application.v1`, keyed by customer."""

from datetime import date
from enum import StrEnum
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
from lendstream.events.intake import AlternativeData, BureauSummary, Finances, LoanOptions


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


class BureauGap(StrEnum):
    """Why there is no bureau report."""

    NO_CONSENT = "no_consent"
    NO_RECORD = "no_record"
    """The bureau knows nobody by that name: a thin file."""
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"
    NOT_ASKED = "not_asked"
    """No bureau is connected and the partner sent no report."""


class Counts(Model):
    """How often something happened, in four windows that end at the submission, itself included."""

    hour: Annotated[int, Field(ge=0, examples=[1])] = 0
    """In the last hour."""
    day: Annotated[int, Field(ge=0, examples=[1])] = 0
    """In the last 24 hours."""
    week: Annotated[int, Field(ge=0, examples=[2])] = 0
    """In the last 7 days."""
    month: Annotated[int, Field(ge=0, examples=[3])] = 0
    """In the last 30 days."""


class Velocity(Model):
    """Applications counted at the intake, where all keys meet."""

    identity: Counts = Counts()
    """Of the same person, through all partners."""
    mobile: Counts = Counts()
    """With the same mobile number."""
    device: Counts = Counts()
    """From the same device."""
    partner: Counts = Counts()
    """Through the same partner."""
    device_identities: Counts = Counts()
    """Different persons from the same device."""
    mobile_identities: Counts = Counts()
    """Different persons with the same mobile number."""


class WatchListHit(Model):
    """The applicant, the mobile number or the device is on a watch-list."""

    listed_as: Annotated[str, Field(min_length=1, max_length=40, examples=["confirmed-fraud"])]
    """The list's name; the policy says what follows."""
    matched: Annotated[str, Field(min_length=1, max_length=20, examples=["device"])]
    """What is on it: identity, mobile or device."""


class ConsentFacts(Model):
    """What the applicant agreed to, as far as the decision is concerned."""

    bureau: bool = True
    """A credit bureau may be asked."""
    alternative_data: bool = False
    """What is known beside the credit record may be used."""
    marketing: bool = False
    """Other loans may be offered."""


class ApplicantFacts(Model):
    """What the decision may know of the applicant: no direct identifier."""

    age: Annotated[int, Field(ge=0, le=150, examples=[34])]
    """Age in whole years on the business day of the submission."""
    finances: Finances
    """Declared income and obligations."""
    bureau: BureauSummary | None = None
    """Credit history, when there is one."""
    bureau_gap: BureauGap | None = None
    """Why there is none; left out where there is one."""
    alternative: AlternativeData | None = None
    """What speaks for the applicant beside a credit record; here only with consent."""
    finances_declared_on: date | None = None
    """The business day on which income and obligations were declared, if that was with an earlier application."""


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
    consents: ConsentFacts | None = None
    """What the applicant agreed to."""
    velocity: Velocity | None = None
    """How often such an application came lately."""
    watch_list: Annotated[tuple[WatchListHit, ...], Field(max_length=20)] = ()
    """What of it is on a watch-list."""


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
