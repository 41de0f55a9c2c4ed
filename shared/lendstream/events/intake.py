"""What channel partners publish on `lending.intake.<partner>.v1`, and what they are answered.

The partner is the one whose topic (and ACL) it is; no field of the payload claims it.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from lendstream.events.base import (
    Currency,
    Event,
    InstalmentCount,
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


class IdentityType(StrEnum):
    """The document that a person is known by."""

    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    OTHER = "other"


class Language(StrEnum):
    """The languages that customers are written to in."""

    CHINESE = "zh"
    ENGLISH = "en"


class EmploymentStatus(StrEnum):
    """How the applicant earns a living."""

    EMPLOYED = "employed"
    SELF_EMPLOYED = "self_employed"
    STUDENT = "student"
    RETIRED = "retired"
    UNEMPLOYED = "unemployed"


class Identity(Model):
    """Who applies: direct identifiers, which leave the intake only encrypted, in CustomerProfile."""

    model_config = ConfigDict(json_schema_extra={"x-personal-data": "direct"})

    identity_type: IdentityType = IdentityType.RESIDENT_ID
    """The kind of document; resident_id for a Chinese resident identity card."""
    identity_number: Annotated[
        str, Field(min_length=4, max_length=40, pattern=r"^[0-9A-Za-z-]+$", examples=["110101199003070017"])
    ]
    """The number on the document."""
    name: Annotated[str, Field(min_length=1, max_length=100, examples=["王小明"])]
    """The full name as on the document."""
    birth_date: Annotated[date, Field(examples=["1990-03-07"])]
    """The date of birth."""
    mobile: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+8613800138000"])]
    """The mobile number in E.164 form."""
    email: (
        Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["xiaoming@example.com"])]
        | None
    ) = None
    """The mail address, if the customer has one."""


class Finances(Model):
    """What the applicant declares about income and obligations, a month."""

    employment_status: EmploymentStatus
    """How the applicant earns a living."""
    employment_months: Annotated[int, Field(ge=0, le=720, examples=[36])] = 0
    """Months in the present occupation."""
    monthly_income: MinorUnits
    """Net income a month, in minor units of the application's currency."""
    monthly_debt: MinorUnits = 0
    """Repayments to other lenders a month, in minor units of the application's currency."""


class BureauSummary(Model):
    """The applicant's credit history in figures, as a bureau or the partner reports it."""

    source: Annotated[str, Field(min_length=1, max_length=40, examples=["partner"])]
    """Who reported it."""
    open_accounts: Annotated[int, Field(ge=0, le=1000, examples=[4])]
    """Credit accounts that are open."""
    delinquencies_24m: Annotated[int, Field(ge=0, le=1000, examples=[0])]
    """Times 30 or more days late in the last 24 months."""
    inquiries_12m: Annotated[int, Field(ge=0, le=1000, examples=[2])]
    """Credit inquiries in the last 12 months."""
    accounts_past_due: Annotated[int, Field(ge=0, le=1000, examples=[0])] = 0
    """Accounts past due at this moment."""
    bankruptcies: Annotated[int, Field(ge=0, le=100, examples=[0])] = 0
    """Bankruptcies on public record."""
    history_months: Annotated[int, Field(ge=0, le=1200, examples=[84])]
    """Age of the oldest account, in months."""
    credit_limit: MinorUnits
    """The sum of all limits, in minor units of the application's currency."""
    credit_used: MinorUnits
    """The sum of all balances, in minor units of the application's currency."""
    reported_at: Timestamp | None = None
    """When the report was made; left out: at the submission."""
    subject: Annotated[str, Field(min_length=4, max_length=4, examples=["0017"])] | None = None
    """The last four characters of the identity number that the report is about: a report of another person is refused.
    It does not leave the intake."""


class EducationLevel(StrEnum):
    """The highest degree, finished or under way."""

    SECONDARY = "secondary"
    VOCATIONAL = "vocational"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"


class Education(Model):
    """Digital collateral (数字担保): what was learnt."""

    level: EducationLevel
    """The highest degree."""
    verified: bool = False
    """Whether an education registry confirmed it."""


class Reputation(Model):
    """Digital collateral: how a platform that knows the applicant rates him."""

    score: Annotated[int, Field(ge=0, le=100, examples=[82])]
    """The platform's score, brought to 0 (worst) to 100 (best) by the partner."""
    member_months: Annotated[int, Field(ge=0, le=600, examples=[40])]
    """Months since the applicant joined the platform."""


class TradeHistory(Model):
    """Digital collateral: what the applicant bought or sold on a platform in the last twelve months."""

    months_active: Annotated[int, Field(ge=0, le=12, examples=[11])]
    """Months with at least one finished order."""
    orders: Annotated[int, Field(ge=0, le=1_000_000, examples=[64])]
    """Orders finished."""
    turnover: MinorUnits
    """What the finished orders came to, in minor units of the application's currency."""
    disputes: Annotated[int, Field(ge=0, le=1_000_000, examples=[1])] = 0
    """Orders that the applicant was found at fault for."""


class AlternativeData(Model):
    """What speaks for an applicant beside a credit record; used only with the consent to it, source by source."""

    source: Annotated[str, Field(min_length=1, max_length=40, examples=["partner"])]
    """Who reported it."""
    reported_at: Timestamp | None = None
    """When; left out: at the submission."""
    education: Education | None = None
    """Education, if known."""
    reputation: Reputation | None = None
    """Reputation, if known."""
    trade: TradeHistory | None = None
    """Trade history, if known."""


class Consents(Model):
    """What the applicant agreed to at the partner's counter."""

    data_processing: bool
    """Consent to process the data for this application; an application without it is refused."""
    reminders: bool = True
    """Consent to payment reminders."""
    education: bool = True
    """Consent to articles about money."""
    marketing: bool = False
    """Consent to offers of other loans."""
    bureau: bool = True
    """Consent to ask a credit bureau; without it the application counts as one without a credit record."""
    alternative_data: bool = False
    """Consent to use what is known beside the credit record (AlternativeData) for the decision."""


class PlannedTranche(Model):
    """A later part of the principal, paid out on a day."""

    on: Annotated[date, Field(examples=["2026-09-01"])]
    """The day of the payout."""
    amount: PositiveMinorUnits
    """The part of the principal."""


class LoanOptions(Model):
    """What the customer may choose beside amount and tenor, as far as the product allows it."""

    due_day: Annotated[int, Field(ge=1, le=31, examples=[10])] | None = None
    """The day of the month to pay on; left out: the day of the payout."""
    income: MinorUnits | None = None
    """The income of a period that an income-based instalment follows; left out: the declared monthly income."""
    tranches: Annotated[tuple[PlannedTranche, ...], Field(max_length=60)] = ()
    """Later payouts, in order of date: the first payout is the rest of the principal."""
    coupon: Annotated[str, Field(pattern=r"^[A-Z0-9-]{3,40}$", examples=["SPRING-50"])] | None = None
    """The code of an interest coupon."""
    order_reference: Reference | None = None
    """The merchant's number of the order that the loan pays for."""


class ApplicationSubmitted(Event):
    """A partner submits an application for a loan."""

    reference: Reference
    """The partner's number; the same number with the same content is the same application."""
    product: ProductCode
    """The product applied for."""
    amount: PositiveMinorUnits
    """The amount applied for."""
    currency: Currency
    """The currency of every amount in the application."""
    instalments: InstalmentCount
    """The number of instalments applied for."""
    purpose: ShortText = ""
    """What the money is for, in the applicant's words."""
    identity: Identity
    """Who applies."""
    finances: Finances
    """Income and obligations."""
    bureau: BureauSummary | None = None
    """Credit history, when the partner has one."""
    consents: Consents
    """What the applicant agreed to."""
    language: Language = Language.CHINESE
    """The language that the customer is written to in."""
    payout_account: Annotated[
        str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["acct_8f2c"])
    ]
    """The token of the account to pay out to, as the payment channel knows it (never an account number)."""
    disburse_on: Annotated[date, Field(examples=["2026-03-05"])] | None = None
    """The day the customer wants the money; not before the lender's business day. At once, if left out."""
    submitted_at: Timestamp
    """When the applicant pressed the button; end-to-end times are counted from here."""
    debit_account: (
        Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["acct_8f2c"])] | None
    ) = None
    """The token of the account to collect from on due days; left out: payout_account, if it is the customer's."""
    options: LoanOptions | None = None
    """What the customer chooses beside amount and tenor."""
    alternative: AlternativeData | None = None
    """What speaks for the applicant beside a credit record; only with the consent to use it."""
    device: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$", examples=["dev_1f8c20aa"])] | None = None
    """A token of the device that the application was made on: the same device always has the same."""


class OfferAccepted(Event):
    """The customer accepts the offer that was made."""

    reference: Reference
    """The application's reference."""
    offer_id: UUID
    """The offer's id, from OfferMade: an acceptance is of exactly those terms."""
    accepted_at: Timestamp
    """When the customer accepted."""


class ApplicationWithdrawn(Event):
    """The customer or the partner withdraws the application."""

    reference: Reference
    """The application's reference."""
    reason: ShortText = ""
    """Why, in the partner's words."""


class Rejection(Model):
    """One thing that is wrong with a submission, and what to do about it."""

    field: Annotated[str, Field(examples=["identity.mobile"])]
    """The field's path, as `identity.mobile`; empty where the whole record is meant."""
    code: Annotated[str, Field(examples=["string_pattern_mismatch"])]
    """A stable code for programs."""
    message: Annotated[str, Field(examples=["String should match pattern '^\\+[1-9][0-9]{6,14}$'"])]
    """What is wrong, for people."""
    fix: Annotated[str, Field(examples=["Send the number in E.164 form, as +8613800138000."])]
    """What to do about it."""


class SubmissionRejected(Event):
    """A record on the intake topic could not be accepted; all its reasons, so that one correction is enough."""

    partner: PartnerName
    """The partner answered."""
    reference: Annotated[str, Field(max_length=64, examples=["SHOP-2026-000123"])]
    """The record's reference where it has one, else its key, else empty."""
    rejected_type: Annotated[str, Field(max_length=100, examples=["ApplicationSubmitted"])]
    """The type of the rejected record as it was sent."""
    rejected_id: Annotated[str, Field(max_length=100)]
    """The id (ce_id) of the rejected record as it was sent, or its topic/partition/offset."""
    reasons: tuple[Rejection, ...]
    """Everything that is wrong."""


class ApplicationStatus(StrEnum):
    """Where an application stands, as its partner sees it."""

    RECEIVED = "received"
    IN_REVIEW = "in_review"
    """A person looks at it; the decision follows."""
    DECLINED = "declined"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LOAN_OPENED = "loan_opened"
    LOAN_CANCELLED = "loan_cancelled"


class StatusReason(Model):
    """Why a decision went the way it did."""

    code: Annotated[str, Field(examples=["AFFORDABILITY"])]
    """The stable code of the reason."""
    zh: str
    """The reason in Chinese."""
    en: str
    """The reason in English."""
    help_zh: str = ""
    """What would help the customer next time, in Chinese; empty where nothing does."""
    help_en: str = ""
    """The same in English."""


class ApplicationStatusChanged(Event):
    """An application moved on."""

    partner: PartnerName
    """The partner answered."""
    reference: Reference
    """The application's reference."""
    application_id: UUID
    """The platform's id of the application."""
    status: ApplicationStatus
    """The new status."""
    reasons: tuple[StatusReason, ...] = ()
    """The decision's reasons, at most four."""
    loan_id: UUID | None = None
    """The loan, once there is one."""


class OfferInstalment(Model):
    """One instalment of an offer."""

    number: Annotated[int, Field(ge=0, examples=[1])]
    """The instalment's number, from 1; 0 is what is due at the payout: a down payment, or odd days' interest."""
    due_date: date
    """The day it is due, if the money is paid out on the offer's disburse_on."""
    principal: MinorUnits
    """Principal due."""
    interest: MinorUnits
    """Interest due."""
    fee: MinorUnits
    """Fee due with the instalment."""
    total: MinorUnits
    """The amount to pay."""
    subsidy: MinorUnits = 0
    """Interest of it that others than the customer bear, not part of the total."""


class FeeTime(StrEnum):
    """When a fee is charged."""

    OPENING = "opening"
    """Kept from the payout."""
    INSTALMENT = "instalment"
    """With every instalment."""


class OfferFee(Model):
    """One fee of an offer, over the whole life of the loan."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["travel-insurance"])]
    """The fee's code in the product."""
    payee: Annotated[str, Field(min_length=1, max_length=40, examples=["insurer"])]
    """Who takes it."""
    when: FeeTime
    """When it is charged."""
    amount: MinorUnits
    """What it comes to in all."""


class OfferSubsidy(Model):
    """Interest that another than the customer bears."""

    payer: Annotated[str, Field(min_length=1, max_length=40, examples=["merchant"])]
    """Who bears it."""
    amount: MinorUnits
    """The interest borne over the whole schedule."""


class OfferContingentCost(Model):
    """What is only charged if the customer pays late or early."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["penalty"])]
    """The charge: late_fee, penalty, prepayment_fee."""
    amount: MinorUnits = 0
    """Charged once."""
    rate: Rate = Decimal(0)
    """Charged once, beside the amount: this share of the basis (not a year)."""
    annual_rate: Rate = Decimal(0)
    """Charged by the day: this share of the basis a year."""
    basis: Annotated[str, Field(max_length=80, examples=["overdue principal"])] = ""
    """What the rates are shares of, in words."""


class LocalText(Model):
    """A text in the languages that customers are written to in."""

    zh: str
    """In Chinese."""
    en: str
    """In English."""


class OfferBenefit(Model):
    """What comes with the loan besides the money."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["free-delivery"])]
    """The benefit's code in the product."""
    name: LocalText
    """What the customer reads."""


class OfferAlternative(Model):
    """The same loan over another time; accepted by its own offer_id."""

    offer_id: UUID
    """The id to name when accepting this one."""
    amount: PositiveMinorUnits
    """The principal."""
    annual_rate: Rate
    """The nominal yearly interest rate."""
    upfront_fee: MinorUnits
    """The fee taken from the payout."""
    total_interest: MinorUnits
    """The sum of all interest."""
    total_fees: MinorUnits
    """The sum of all fees, the upfront fee included."""
    total_to_repay: MinorUnits
    """The sum of all instalments."""
    apr: Rate
    """The all-in annual cost (IRR based, all fees included)."""
    instalments: tuple[OfferInstalment, ...]
    """Every instalment."""


class OfferMade(Event):
    """An approved application's offer, its whole cost on the table."""

    partner: PartnerName
    """The partner answered."""
    reference: Reference
    """The application's reference."""
    application_id: UUID
    """The platform's id of the application."""
    offer_id: UUID
    """The offer's id, to be named when accepting."""
    product: ProductCode
    """The product."""
    amount: PositiveMinorUnits
    """The principal offered; it may be less than was applied for."""
    currency: Currency
    """The currency of every amount in the offer."""
    annual_rate: Rate
    """The nominal yearly interest rate."""
    method: Annotated[str, Field(examples=["equal_instalment"])]
    """The repayment method."""
    instalments: tuple[OfferInstalment, ...]
    """Every instalment."""
    total_interest: MinorUnits
    """The sum of all interest."""
    upfront_fee: MinorUnits
    """The fee taken from the payout."""
    total_fees: MinorUnits
    """The sum of all fees, the upfront fee included."""
    total_to_repay: MinorUnits
    """The sum of all instalments."""
    apr: Rate
    """The all-in annual cost (IRR based, all fees included)."""
    valid_until: date
    """The last business day on which the offer can be accepted."""
    product_version: Annotated[int, Field(ge=1, examples=[1])] | None = None
    """The version of the product, which the loan keeps."""
    disburse_on: date | None = None
    """The day of the payout from which the instalments are computed: the day asked for, or that of the offer."""
    options: LoanOptions | None = None
    """What the customer chose, as it is approved: tranches are smaller where the amount is."""
    limit: MinorUnits = 0
    """For a credit line, the most that may be owed on it at a time, its first draw (the amount) included; else 0."""
    net_payout: MinorUnits | None = None
    """What is paid out after the upfront fee, all tranches together."""
    fees: tuple[OfferFee, ...] = ()
    """Every fee with who takes it: they come to total_fees."""
    subsidies: tuple[OfferSubsidy, ...] = ()
    """Interest that others bear; no part of it is in total_interest."""
    contingent_costs: tuple[OfferContingentCost, ...] = ()
    """What is only charged if the customer pays late or early."""
    effective_rate: Rate | None = None
    """The all-in annual cost compounded over the year."""
    simple_rate: Rate | None = None
    """The all-in annual cost without compounding (单利): all cost over the principal owed through time."""
    no_other_charges: LocalText | None = None
    """The statement that nothing else is charged."""
    cooling_off_days: Annotated[int, Field(ge=0, le=31, examples=[7])] = 0
    """Days after the payout in which the loan can be returned for its principal alone."""
    benefits: tuple[OfferBenefit, ...] = ()
    """What comes with the loan besides the money."""
    alternatives: tuple[OfferAlternative, ...] = ()
    """Other tenors that were approved too: accept one by naming its offer_id."""
