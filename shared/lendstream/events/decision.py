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
    SignedMinorUnits,
    Timestamp,
)
from lendstream.events.intake import LoanOptions, StatusReason


class Outcome(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    DECLINED = "declined"
    REFERRED = "referred"
    """A person decides within what the referral allows; another ApplicationDecided follows."""


class Segment(StrEnum):
    """Who the customer is to the lender; the price depends on it."""

    NEW_PRIME = "new_prime"
    NEW_MAINSTREAM = "new_mainstream"
    NEW_INCLUSIVE = "new_inclusive"
    REPEAT_PRIME = "repeat_prime"
    REPEAT_MAINSTREAM = "repeat_mainstream"
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
    worst_days_past_due_ever: Annotated[int, Field(ge=0, examples=[0])] = 0
    """The most days past due over all loans, at any time."""
    instalments_on_time: Annotated[int, Field(ge=0, examples=[6])] = 0
    """Instalments paid by their due day, over all loans."""
    on_time_streak: Annotated[int, Field(ge=0, examples=[6])] = 0
    """Instalments paid by their due day since the last one that was not."""
    instalments_late: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Instalments that fell overdue, over all loans."""
    late_last_6: tuple[Annotated[int, Field(ge=0, le=9999)], ...] = ()
    """Days late of each of the last six instalments that were paid or fell overdue, the latest first."""
    pay_drift_days: Annotated[int, Field(ge=-999, le=999, examples=[0])] = 0
    """How much later than before the customer pays: the mean days from due day to payment of the last three instalments
    less that of the three before."""
    partial_payments: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Payments in the last 180 days that left something due unpaid."""
    failed_debits: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Direct debits refused in the last 180 days."""
    broken_promises: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Instalments of a rescheduled loan that fell overdue."""
    ignored_reminders: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Reminders since the last payment, while something was overdue."""
    utilisation_percent: Annotated[int, Field(ge=0, le=1000, examples=[40])] = 0
    """Exposure as a share of the limit granted; 0 without a limit."""
    paid_ratio_percent: Annotated[int, Field(ge=0, le=1000, examples=[100])] = 0
    """Of what fell due in the last 180 days, the share that was paid by its due day; 0 where nothing fell due."""
    applications_30d: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Applications of this customer decided in the 30 days before this one."""
    declined_30d: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Of those, the ones declined."""
    same_open: bool = False
    """Whether an approval of the same product and amount waits to be taken up: the application is a duplicate."""
    months_known: Annotated[int, Field(ge=0, examples=[8])] = 0
    """Whole months since the first loan was opened."""
    limit_granted: MinorUnits = 0
    """The limit granted to the customer; 0: none yet, the policy's first limit counts."""
    limit_step: Annotated[int, Field(ge=0, le=9, examples=[0])] = 0
    """How often the limit was raised: the step of the ladder."""
    frozen: bool = False
    """Whether a warning froze the limit."""
    warning: Annotated[int, Field(ge=0, le=3, examples=[0])] = 0
    """The highest level of a warning in force: 0 none, 1 watch, 2 warning, 3 severe."""
    renewable: bool = False
    """Whether an open loan is repaid so far, without arrears, that it may be renewed (续贷)."""


class ScorePart(Model):
    """What one feature added to the score."""

    feature: Annotated[str, Field(max_length=60, examples=["history_months"])]
    """The feature's name in the scorecard."""
    value: Annotated[str, Field(max_length=60, examples=["84"])]
    """Its value as text; empty: not known."""
    points: Annotated[int, Field(ge=-10_000, le=10_000, examples=[31])]
    """Its points."""


class CreditScore(Model):
    """The score with every point attributed."""

    card: Annotated[str, Field(max_length=40, examples=["application"])]
    """The scorecard."""
    version: Annotated[int, Field(ge=1, examples=[1])]
    """Its version."""
    points: Annotated[int, Field(ge=-100_000, le=100_000, examples=[612])]
    """The total."""
    band: Annotated[str, Field(max_length=10, examples=["B"])]
    """The risk band that the total lies in."""
    default_probability: Annotated[Rate, Field(examples=["0.042"])]
    """The calibrated probability of default within a year: a share, not a rate a year."""
    parts: tuple[ScorePart, ...] = ()
    """The points by feature: with the card's base they come to the total."""


class Referral(Model):
    """What a reviewer needs and may do."""

    triggers: Annotated[tuple[str, ...], Field(min_length=1, max_length=20, examples=[["BUREAU_UNAVAILABLE"]])]
    """The codes of the rules that referred it."""
    suggested: Terms | None = None
    """What the policy would approve if the triggers are cleared."""
    most: MinorUnits = 0
    """The largest amount that a reviewer may approve; 0: he can only decline."""
    longest: Annotated[int, Field(ge=0, le=480, examples=[12])] = 0
    """The most instalments that he may approve."""
    answer_by: date
    """The business day by which it has to be answered; after it the application is declined."""


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
    alternatives: tuple[Terms, ...] = ()
    """The same product over other tenors, approved as well: the customer takes one of them or `terms`."""
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
    score: CreditScore | None = None
    """The score it was decided by, where one could be made."""
    rules_hit: tuple[str, ...] = ()
    """Every rule's code that spoke against it or reduced it, reported or not, in the policy's order."""
    referral: Referral | None = None
    """What the reviewer needs, when referred."""
    review_id: UUID | None = None
    """The review that led to it, when a person decided."""
    overridden: bool = False
    """Whether a person decided otherwise than the policy suggested."""


class ShadowDecided(Event):
    """What a challenger policy would have decided: for comparison only, nothing follows from it."""

    application_id: UUID
    """The application."""
    customer_id: UUID
    """The customer."""
    shadow_id: UUID
    """This shadow decision (a UUIDv5 of application and challenger)."""
    challenger: Annotated[str, Field(max_length=40, examples=["higher-limits"])]
    """The challenger's name in the policy."""
    champion_policy: Annotated[int, Field(ge=1, examples=[3])]
    """The policy that decided."""
    challenger_policy: Annotated[int, Field(ge=1, examples=[4])]
    """The policy that would have decided."""
    champion_outcome: Outcome
    """What was decided."""
    outcome: Outcome
    """What would have been."""
    terms: Terms | None = None
    """The terms, had it been approved."""
    reasons: Annotated[tuple[str, ...], Field(max_length=4)] = ()
    """The codes of its reasons."""
    segment: Segment
    """The segment under the challenger."""
    as_of: date
    """The business day."""


class LimitChange(StrEnum):
    """Why a limit moved."""

    GRANTED = "granted"
    """The first."""
    RAISED = "raised"
    """A step of the ladder."""
    LOWERED = "lowered"
    FROZEN = "frozen"
    """Nothing new is lent until it is released."""
    RELEASED = "released"


class LimitChanged(Event):
    """What the customer may owe in total has changed."""

    customer_id: UUID
    """The customer."""
    change_id: UUID
    """This change (a UUIDv5 of its cause)."""
    change: LimitChange
    """What happened."""
    limit: MinorUnits
    """The limit from now on; of a frozen limit, what it will be when released."""
    before: MinorUnits
    """The limit before."""
    currency: Currency
    """The currency of both."""
    reason: StatusReason
    """Why."""
    effective_on: date
    """The business day from which it holds."""
    policy_version: Annotated[int, Field(ge=1, examples=[3])]
    """The policy that moved it."""


class WarningKind(StrEnum):
    """What an early warning is about."""

    ABILITY = "ability"
    """The customer may no longer be able to pay: income drop, utilisation jump, new lenders."""
    WILLINGNESS = "willingness"
    """The customer pays later, in parts, not as promised, or does not answer."""


class WarningAction(StrEnum):
    """What the policy binds to a warning."""

    NONE = "none"
    FREEZE_LIMIT = "freeze_limit"
    OFFER_HARDSHIP_PLAN = "offer_hardship_plan"
    CALL_LIST = "call_list"


class WarningSignal(Model):
    """One observation behind a warning."""

    code: Annotated[str, Field(max_length=40, examples=["LATE_DRIFT"])]
    """The signal's code in the policy."""
    value: Annotated[int, Field(examples=[9])]
    """What was observed: days, a count or per cent, as the signal says."""
    threshold: Annotated[int, Field(examples=[5])]
    """From where on it counts."""


class RiskAlertRaised(Event):
    """A customer shows signs of trouble before, or as, a loan goes bad."""

    customer_id: UUID
    """The customer."""
    alert_id: UUID
    """This alert (a UUIDv5 of its cause)."""
    kind: WarningKind
    """Ability or willingness."""
    level: Annotated[int, Field(ge=1, le=3, examples=[2])]
    """1 watch, 2 warning, 3 severe."""
    signals: Annotated[tuple[WarningSignal, ...], Field(min_length=1, max_length=12)]
    """What led to it."""
    actions: Annotated[tuple[WarningAction, ...], Field(max_length=4)] = ()
    """What follows from it."""
    loan_id: UUID | None = None
    """The loan whose event raised it."""
    raised_on: date
    """The business day."""
    policy_version: Annotated[int, Field(ge=1, examples=[3])]
    """The policy that raised it."""


class NextOfferRecommended(Event):
    """The next best offer (精准营销) to a customer who agreed to offers."""

    customer_id: UUID
    """The customer."""
    recommendation_id: UUID
    """This recommendation (a UUIDv5 of its cause)."""
    product: ProductCode
    """The product to offer."""
    amount: PositiveMinorUnits
    """The amount to offer."""
    currency: Currency
    """Its currency."""
    instalments: InstalmentCount
    """The tenor to offer."""
    annual_rate: Rate
    """The nominal yearly rate that the policy would give."""
    trigger: Annotated[str, Field(max_length=40, examples=["NEARLY_REPAID"])]
    """What made it the moment."""
    expected_value: SignedMinorUnits
    """What the lender expects to earn: interest by its chance of being taken, less expected loss and contact cost."""
    why: Annotated[tuple[StatusReason, ...], Field(min_length=1, max_length=4)]
    """Why this offer to this customer."""
    valid_until: date
    """The business day after which it is out of date."""
    policy_version: Annotated[int, Field(ge=1, examples=[3])]
    """The policy that chose it."""
